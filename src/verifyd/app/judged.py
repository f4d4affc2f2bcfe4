"""What a door asks for in, the tree under judgement out, with all that is known before a gate runs."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from verifyd.app.declared import Declared, read_declared
from verifyd.app.ports import Git, Guard, Repository
from verifyd.app.world import World
from verifyd.change import Change
from verifyd.edge.object_ids import FORMATS
from verifyd.pipeline import Door
from verifyd.snapshot import Snapshot, Source


class Request(Struct, frozen=True, kw_only=True):
    """
    What a door asks for.

    Attributes:
        source: Which tree; *ref* names it when it is COMMITTED.
        base: A ref, ``auto``, or None to take what VERIFY.md says.
        selected: Gate names; empty means all.
        door: None for a one-shot run.
        reuse: Whether an earlier verdict with the same action key may answer.
    """

    source: Source = Source.WORKING_TREE
    ref: str | None = None
    base: str | None = None
    selected: tuple[str, ...] = ()
    door: Door | None = None
    fail_fast: bool = False
    reuse: bool = True


class Judged(Struct, frozen=True, kw_only=True):
    """
    The tree under judgement with all that is known before a gate runs.

    Attributes:
        guard: None when the tree is not the working tree: gates then run on a copy of it.
        has_named_base: Whether somebody named the base.
        has_known_base: Whether the base is known to be good: the CI host verifies it, or a person named it by its full id. What
            a name stands for is written in git's folder, where an agent may write, and HEAD may be broken.
    """

    repository: Repository
    snapshot: Snapshot
    guard: Guard | None
    change: Change
    declared: Declared
    has_named_base: bool = False
    has_known_base: bool = False


class Opened(Struct, frozen=True, kw_only=True):
    """
    A tree opened for a pass, with the moment when that began.

    Attributes:
        start_s: On the clock that measures durations.
    """

    judged: Judged
    started_at: datetime
    start_s: float


def open_now(world: World, repository: Repository, request: Request) -> Opened:
    """Open the tree; the pass begins now."""
    started_at, start_s = world.clock.now(), world.clock.monotonic_s()
    return Opened(judged=open_tree(world, repository, request), started_at=started_at, start_s=start_s)


def open_tree(world: World, repository: Repository, request: Request, *, anew: bool = False) -> Judged:
    """Take the snapshot, read VERIFY.md in it (*anew*: see there), and count the change from the base that request or page names."""
    snapshot, guard = take_snapshot(world.git, repository, request, request.base or "auto")
    declared = read_declared(world, repository, snapshot, anew=anew)
    if request.base is None and declared.written.base != "auto":
        snapshot, guard = take_snapshot(world.git, repository, request, declared.written.base)
    base = request.base or declared.written.base
    return Judged(
        repository=repository,
        snapshot=snapshot,
        guard=guard,
        change=world.git.change(snapshot),
        declared=declared,
        has_named_base=base != "auto",
        has_known_base=is_full_id(base),
    )


def is_full_id(base: str) -> bool:
    """Whether a base is named by the whole id of its commit, which is another commit's in no repository."""
    return len(base) in FORMATS and not base.strip("0123456789abcdef")


def take_snapshot(git: Git, repository: Repository, request: Request, base: str) -> tuple[Snapshot, Guard | None]:
    """The snapshot that the request names, with a guard when it is the working tree."""
    if request.source is Source.WORKING_TREE:
        return git.snapshot_working_tree(repository, base=base)
    if request.source is Source.STAGED:
        return git.snapshot_staged(repository, base=base), None
    return git.snapshot_committed(repository, request.ref or "HEAD", base=base), None
