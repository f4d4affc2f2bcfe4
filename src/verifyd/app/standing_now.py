"""What history knows about a tree, where no daemon lives that could be asked."""

from __future__ import annotations

import json

from verifyd.app.crash_loop import read_starts
from verifyd.app.declared import read_declared
from verifyd.app.history_ports import Store
from verifyd.app.judged import Request, open_tree
from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.errors import GitError, UsageError
from verifyd.json_shape import ShapeError, from_json
from verifyd.render.document import ReportDocument
from verifyd.render.standing import stored_standing, unknown_standing
from verifyd.render.standing_document import StandingDocument
from verifyd.snapshot import Source, can_name_tree

ID_LENGTHS = (40, 64)
SHOWN = 3


def standing_without_daemon(
    world: World, repository: Repository, *, tree: str | None = None, notes: tuple[str, ...] = ()
) -> StandingDocument:
    """
    The newest whole report about the tree as it is now, or about *tree*; unproven where there is none.

    Raises:
        VerifydError: The tree or its VERIFY.md cannot be read.
    """
    down = read_starts(world, repository).down
    notes = (*notes, f"{down}; start it by hand: verifyd watch") if down else notes
    with world.open_store(repository) as store:
        found, digest = asked_tree(world, repository, store, tree) if tree is not None else tree_now(world, repository)
        run = store.newest_run(tree=found, pipeline=digest)
        notes = (*notes, *store.notes)
    if run is None or not run.report:
        return unknown_standing(found, notes=notes)
    try:
        report = from_json(ReportDocument, json.loads(run.report))
    except (ValueError, ShapeError):  # a release with another shape wrote it
        return unknown_standing(found, notes=notes)
    return stored_standing(report, notes=notes)


def tree_now(world: World, repository: Repository) -> tuple[str, str]:
    """The tree as it is now, and the digest of the pipeline that is for it."""
    snapshot, _guard = world.git.snapshot_working_tree(repository, base="auto")
    declared = read_declared(world, repository, snapshot)
    return snapshot.tree, (declared.runs or declared.written).digest


def asked_tree(world: World, repository: Repository, store: Store, tree: str) -> tuple[str, str]:
    """The same of a tree or commit that git knows; a tree that was only ever on disk is looked for under what is approved."""
    try:
        judged = open_tree(world, repository, Request(source=Source.COMMITTED, ref=tree))
    except (GitError, UsageError):
        known = (tree.lower(),) if is_whole_id(tree) else trees_named(store, tree)
        if not known:
            raise
        return known[0], approved_digest(world, repository)
    return judged.snapshot.tree, (judged.declared.runs or judged.declared.written).digest


def trees_named(store: Store, tree: str) -> tuple[str, ...]:
    """The judged tree whose id begins so; none where it can begin no id; UsageError where several do."""
    known = store.trees_beginning(tree.lower()) if can_name_tree(tree) else ()
    if len(known) > 1:
        raise UsageError(
            f"{len(known)} trees begin so: {', '.join(one[:12] for one in known[:SHOWN])}",
            where=tree,
            remedy="Give more of the id.",
        )
    return known


def is_whole_id(tree: str) -> bool:
    """Whether it can be a tree that git has no object of: one that was only ever on disk."""
    return len(tree) in ID_LENGTHS and not set(tree.lower()) - set("0123456789abcdef")


def approved_digest(world: World, repository: Repository) -> str:
    """Digest of the approved pipeline; empty when there is none."""
    approval = world.approvals.read(repository)
    return approval.digest if approval is not None else ""
