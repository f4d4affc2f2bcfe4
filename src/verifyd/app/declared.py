"""A snapshot in, the pipeline that may run on it out: what VERIFY.md declares, held against what was approved."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec import Struct

from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.errors import ConfigurationError, StoreError
from verifyd.pipeline import Approval, Pipeline
from verifyd.snapshot import Snapshot, Source

if TYPE_CHECKING:
    from verifyd.pipeline_difference import GateDifference
    from verifyd.report import Approved, Hold

VERIFY_MD = "VERIFY.md"
SIZE_LIMIT_BYTES = 1024 * 1024
"""Above this a page is refused (verify_md.md, Errors)."""


class Declared(Struct, frozen=True, kw_only=True):
    """
    What VERIFY.md says and what of it may run.

    Attributes:
        written: The pipeline as the judged tree declares it.
        approval: The last one; None when nothing was ever approved.
        trouble: Why the approval that is there cannot be used; empty when there is nothing wrong with it.
        page: Sha256, hex, of the page that *written* was read from.
    """

    written: Pipeline
    approval: Approval | None
    trouble: str = ""
    page: str = ""

    @property
    def is_current(self) -> bool:
        """Whether the pipeline as written is the approved one."""
        return self.approval is not None and self.approval.digest == self.written.digest

    @property
    def runs(self) -> Pipeline | None:
        """The pipeline that may run: the written one once approved, else the last approved one; None when there is none."""
        if self.approval is None:
            return None
        return self.written if self.is_current else self.approval.pipeline

    @property
    def agreed(self) -> frozenset[str]:
        """Protected paths whose change no limit holds back: that of VERIFY.md is agreed to by approving the pipeline."""
        return frozenset({VERIFY_MD})

    @property
    def approved(self) -> Approved | None:
        """For the report."""
        if self.approval is None:
            return None
        from verifyd.report import Approved  # the tree is opened without it

        return Approved(by=self.approval.by, at=self.approval.at, current=self.is_current)

    @property
    def differences(self) -> tuple[GateDifference, ...]:
        """Between the approved pipeline and the one that is written; empty when nothing was ever approved."""
        if self.approval is None or self.is_current:
            return ()
        from verifyd.pipeline_difference import compare  # most runs have nothing to compare

        return compare(self.approval.pipeline, self.written)

    @property
    def difference_lines(self) -> tuple[str, ...]:
        """The same gate by gate, a line for each field: what was approved, and what is written now."""
        return tuple(line for difference in self.differences for line in lines_of(difference))

    @property
    def holds(self) -> tuple[Hold, ...]:
        """Why a tree cannot be called ready, as far as the pipeline goes."""
        from verifyd.report import Hold  # the tree is opened without it
        from verifyd.verdict import Reason

        if self.approval is None:
            says = self.trouble or "the pipeline was never approved"
            says += "; look at the pipeline with: verifyd plan, then: verifyd approve"
            return (Hold(reason=Reason.UNAPPROVED, explanation=says),)
        if not self.is_current:
            names = ", ".join(difference.gate for difference in self.differences) or "its front matter"
            says = f"VERIFY.md differs from the approved pipeline ({names}); until it is accepted the approved one runs; accept it with: verifyd approve"
            return (Hold(reason=Reason.PIPELINE_CHANGED, explanation=says),)
        return ()


def lines_of(difference: GateDifference) -> list[str]:
    """``VERIFY.md: tests: timeout 60 s, was 30 s (weaker)`` for each field; one line for a gate that came or went."""
    weaker = " (weaker)" if difference.weakened else ""
    if not difference.changes:
        return [f"VERIFY.md: {difference.gate}: {difference.kind}{weaker}"]
    return [
        f"VERIFY.md: {difference.gate}: {change.field} is {change.new}, approved was {change.old}{' (weaker)' if change.weakened else ''}"
        for change in difference.changes
    ]


def read_declared(world: World, repository: Repository, snapshot: Snapshot, *, anew: bool = False) -> Declared:
    """Read VERIFY.md out of the judged tree; ConfigurationError when it is missing or wrong. *anew*: see declared_by."""
    return declared_by(world, repository, read_page(world, repository, snapshot), anew=anew)


def declared_by(world: World, repository: Repository, content: bytes, *, anew: bool = False) -> Declared:
    """
    What a page declares; ConfigurationError when it is wrong.

    The very bytes that were approved mean what was approved, so they are not parsed again (a fifth of the start-up time).
    An approval that cannot be read is none, and the report says why: approving again is the way out.

    Args:
        anew: Parse the page all the same: for whoever shows it to be approved.
    """
    page = hashlib.sha256(content).hexdigest()
    approval, trouble = read_approval(world, repository)
    if approval is not None and approval.page == page and not anew:
        return Declared(written=approval.pipeline, approval=approval, page=page)
    from verifyd.verify_md.reader import parse_verify_md

    return Declared(written=parse_verify_md(content), approval=approval, trouble=trouble, page=page)


def read_approval(world: World, repository: Repository) -> tuple[Approval | None, str]:
    """The last approval, None when there is none; with it why one that is there cannot be used."""
    try:
        return world.approvals.read(repository), ""
    except StoreError as error:
        return None, f"{error.where}: {error.problem}"


def read_page(world: World, repository: Repository, snapshot: Snapshot) -> bytes:
    """VERIFY.md of the judged tree; of the disk when the working tree is judged and git ignores the page."""
    content = world.git.read_file(repository, snapshot.tree, VERIFY_MD)
    if content is None and snapshot.source is Source.WORKING_TREE:
        content = world.files.read(repository.root / VERIFY_MD, limit_bytes=SIZE_LIMIT_BYTES)
    if content is None:
        was_there = world.git.read_file(repository, snapshot.base_tree, VERIFY_MD) is not None
        problem = "deleted: the base has one" if was_there else f"there is none in tree {snapshot.tree[:12]}"
        remedy = "Restore it: git checkout HEAD -- VERIFY.md" if was_there else "Write one with: verifyd init"
        raise ConfigurationError(problem, remedy=remedy)
    return content
