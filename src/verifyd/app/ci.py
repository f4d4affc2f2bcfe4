"""The tree of a CI job, opened: what the commit declares may run there, with the base's pipeline as a floor under it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from verifyd.app.ci_accept import VARIABLE, Consent, digest_to_accept
from verifyd.app.ci_protected import read_protected
from verifyd.app.declared import SIZE_LIMIT_BYTES, VERIFY_MD, Declared
from verifyd.app.judged import Judged, Opened, Request, open_now
from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.clone import Clone, Missing, choose_base, names_to_look_for
from verifyd.edge.git_clone import find_commits, read_clone
from verifyd.errors import ConfigurationError
from verifyd.floor import Floor, floor_lines, hold_floor
from verifyd.pipeline import Approval, ApprovedBy, Pipeline
from verifyd.plan import matches
from verifyd.report import Approved, Hold
from verifyd.verdict import Reason, counted

MOST_NAMED = 5


class DeclaredInCi(Declared, frozen=True, kw_only=True):
    """
    What VERIFY.md says in a CI job, held against what the base says.

    Attributes:
        floor: None where there is no page to hold it against.
        holds_floor: Whether the base's gates run where they were weakened. Not where a person accepted the pipeline as it is
            written, nor where it has been let in: then what changed is told.
        protected: Whether the base lists VERIFY.md as protected.
        accepted: Other protected paths, by the change of which a person accepted that very change.
    """

    floor: Floor | None = None
    holds_floor: bool = True
    protected: bool = False
    accepted: frozenset[str] = frozenset()

    @property
    def agreed(self) -> frozenset[str]:
        """Those that a person accepted for this job as well."""
        return self.accepted | {VERIFY_MD}

    @property
    def is_held(self) -> bool:
        """Whether a person has to look at what the change does to the gates."""
        if self.floor is None or not self.holds_floor:
            return False
        return bool(self.floor.weakened) or (self.protected and bool(self.floor.differences))

    @property
    def approved(self) -> Approved | None:
        """For the report: by the job itself; *current* is false where gates of the base ran in place of those written."""
        at = self.approval.at if self.approval is not None else ""
        return Approved(by=ApprovedBy.CI, at=at, current=self.is_current)

    @property
    def difference_lines(self) -> tuple[str, ...]:
        """What the change does to the base's gates, a line for each field."""
        if self.floor is None:
            return ()
        return floor_lines(self.floor.differences, put_back=self.holds_floor)

    @property
    def holds(self) -> tuple[Hold, ...]:
        """A change that weakens its own gates cannot be called ready before a person said so."""
        if self.floor is None or not self.is_held:
            return ()
        named = self.floor.weakened or self.floor.differences
        what = "weakens gates of the base" if self.floor.weakened else "changes VERIFY.md, which the base protects"
        says = (
            f"the change {what} ({', '.join(difference.gate for difference in named)}); once a person has accepted that, give "
            f"the job {VARIABLE}={digest_to_accept(self.written.digest)}"
        )
        return (Hold(reason=Reason.PIPELINE_CHANGED, explanation=says),)


def find_base(
    world: World, repository: Repository, bases: Sequence[str], merged: str | None
) -> tuple[Clone, str | Missing | None]:
    """What this clone holds, and the commit that the change is counted from, as far as it is here (see ``choose_base``)."""
    clone = read_clone(world.machine.environment, repository)
    names = names_to_look_for(clone, bases, merged)
    clone = replace(clone, found=find_commits(world.machine.environment, repository, names) if clone.head else {})
    return clone, choose_base(clone, names)


def open_for_ci(
    world: World,
    repository: Repository,
    request: Request,
    consent: Consent,
    clone: Clone,
    *,
    trusted: bool,
    before: str | None = None,
) -> Opened:
    """
    Open the job's tree: the checkout as it is on disk, with the floor under its pipeline.

    Args:
        trusted: Whether the base is verified by itself. One that is HEAD itself never is: nobody has verified it yet.
        before: Commit that the branch was at before it was let in, where there is no base.

    Raises:
        ConfigurationError: VERIFY.md is missing or wrong.
    """
    opened = open_now(world, repository, request)
    judged = opened.judged
    named = trusted and request.base not in (None, "auto") and judged.snapshot.base != clone.head
    snapshot = replace(judged.snapshot, notes=(*judged.snapshot.notes, *checkout_notes(world, judged, clone)))
    judged = replace(judged, snapshot=snapshot, has_named_base=named, has_known_base=named)
    if consent.given:
        judged = with_floor(world, repository, judged, consent, before)
    return replace(opened, judged=judged)


def with_floor(world: World, repository: Repository, judged: Judged, consent: Consent, before: str | None) -> Judged:
    """The same tree, with what the commit declares let run, and the base's gates where they are stricter."""
    written = judged.declared.written
    base, trouble = base_pipeline(world, repository, judged, before)
    floor = hold_floor(base, written) if base is not None else None
    holds_floor = before is None and not consent.accepts(written.digest)
    runs = floor.pipeline if floor is not None and holds_floor else written
    touched = read_protected(world, judged, runs)
    accepted = consent.accepts(touched.digest)
    at = world.clock.now().isoformat(timespec="seconds")
    declared = DeclaredInCi(
        written=written,
        approval=Approval(digest=runs.digest, by=ApprovedBy.CI, at=at, pipeline=runs),
        page=judged.declared.page,
        floor=floor,
        holds_floor=holds_floor,
        protected=base is not None and base.scope is not None and bool(matches(base.scope.protected, [VERIFY_MD])),
        accepted=touched.paths if accepted else frozenset(),
    )
    notes = (*judged.snapshot.notes, *([trouble] if trouble else []), *touched.notes(is_accepted=accepted))
    return replace(judged, declared=declared, snapshot=replace(judged.snapshot, notes=notes))


def base_pipeline(
    world: World, repository: Repository, judged: Judged, before: str | None
) -> tuple[Pipeline | None, str]:
    """The pipeline of the base, or of *before*; None with the reason where it has none that can be read."""
    from verifyd.verify_md.reader import parse_verify_md

    commit, tree = judged.snapshot.base, judged.snapshot.base_tree
    if before is not None:
        found = find_commits(world.machine.environment, repository, [before]).get(before)
        if found is None or found.tree is None:
            return (
                None,
                f"commit {before[:12]}, which was here before, is not in this clone: VERIFY.md is held against no other",
            )
        commit, tree = before, found.tree
    if commit is None:
        return None, ""
    content = world.git.read_file(repository, tree, VERIFY_MD)
    named = f"{'base' if before is None else 'commit'} {commit[:12]}"
    if content is None:
        return None, f"the {named} has no VERIFY.md to hold this one against"
    try:
        if len(content) > SIZE_LIMIT_BYTES:
            raise ConfigurationError(f"over {SIZE_LIMIT_BYTES:,} bytes")
        return parse_verify_md(content), ""
    except ConfigurationError as error:
        return (
            None,
            f"VERIFY.md of {named} cannot be read, so this one is held against nothing: {error.where}: {error.problem}",
        )


def checkout_notes(world: World, judged: Judged, clone: Clone) -> tuple[str, ...]:
    """That the checkout is not what the commit holds: the verdict is about the files as they are."""
    tree = judged.snapshot.tree
    if clone.head is None or clone.head_tree is None or clone.head_tree == tree:
        return ()
    paths = sorted(world.git.paths_changed_between(judged.repository, clone.head_tree, tree) or ())
    named = ", ".join(paths[:MOST_NAMED]) + (f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else "")
    which = f": {counted(len(paths), 'file')} ({named})" if paths else ""
    says = (
        f"this checkout is not what commit {clone.head[:12]} holds{which}; the verdict is about the files as they are: "
        "let earlier steps write what .gitignore names, or outside the checkout"
    )
    return (says,)
