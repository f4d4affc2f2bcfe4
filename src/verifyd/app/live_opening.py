"""A tree in memory in, all that is known of it before a gate runs out: as ``open_tree``, but in a millisecond or two."""

from __future__ import annotations

from msgspec import Struct

from verifyd.app.declared import VERIFY_MD, Declared, declared_by, read_page
from verifyd.app.judged import Judged, is_full_id
from verifyd.app.ports import Repository
from verifyd.app.watch_ports import LiveTree, TreeState
from verifyd.app.world import World
from verifyd.change import Change, ChangeKind, FileChange
from verifyd.errors import StoreError
from verifyd.pipeline import Isolate
from verifyd.snapshot import Snapshot

AUTO = "auto"
REGULAR = ("100644 ", "100755 ")


class Opened(Struct, frozen=True, kw_only=True):
    """
    A tree with all that is known of it.

    Attributes:
        is_counted: Whether the change holds lines and renames; else it only says which paths are touched.
    """

    state: TreeState
    judged: Judged
    is_counted: bool


class LiveOpening(Struct, kw_only=True):
    """
    Opens the newest tree of a daemon.

    Attributes:
        page: What stands for VERIFY.md's content in the tree, and its bytes; None where that has to be looked up anew.
    """

    world: World
    repository: Repository
    tree: LiveTree
    page: tuple[str, bytes] | None = None

    def open_newest(self) -> Opened:
        """
        The newest tree. Blocks; nobody else may use the tree meanwhile.

        Raises:
            VerifydError: VERIFY.md is missing or wrong, or git refuses.
        """
        state = self.tree.state
        snapshot = self.tree.snapshot(state, AUTO)
        declared = self.read_declared(state, snapshot)
        if declared.written.base != AUTO:
            snapshot = self.tree.snapshot(state, declared.written.base)
        pipeline = declared.runs
        in_tree = pipeline is not None and any(gate.isolate is Isolate.TREE for gate in pipeline.gates)
        change = self.touched(state, snapshot)
        judged = Judged(
            repository=self.repository,
            snapshot=snapshot,
            guard=self.tree.guard(state) if in_tree else None,
            change=change if change is not None else self.world.git.change(snapshot),
            declared=declared,
            has_named_base=declared.written.base != AUTO,
            has_known_base=is_full_id(declared.written.base),
        )
        return Opened(state=state, judged=judged, is_counted=change is None)

    def read_declared(self, state: TreeState, snapshot: Snapshot) -> Declared:
        """What VERIFY.md says; its bytes are looked up only when they have changed."""
        content = state.content_ids.get(VERIFY_MD, "")
        if self.page is None or self.page[0] != content:
            page = read_page(self.world, self.repository, snapshot)
            self.page = (content, page) if content.startswith(REGULAR) else None
        else:
            page = self.page[1]
        return declared_by(self.world, self.repository, page)

    def identity_of(self, judged: Judged) -> tuple[object, ...]:
        """What a report about this tree depends on besides what gates do; two trees with the same have the same report."""
        snapshot = judged.snapshot
        try:
            approval = self.world.approvals.read(self.repository)
            approved: object = (approval.digest, approval.by, approval.at) if approval is not None else None
        except StoreError as error:
            approved = str(error)
        tree = (snapshot.tree, snapshot.base, snapshot.base_tree, snapshot.head, snapshot.conflicted)
        return (*tree, judged.declared.written.digest, approved)

    def touched(self, state: TreeState, snapshot: Snapshot) -> Change | None:
        """Which paths differ from the base, without lines and renames; None where that cannot be told so simply."""
        if state.has_submodules:
            return None
        paths = self.tree.paths_changed(state, snapshot.base_tree)
        if paths is None:
            return None
        return Change(files=tuple(FileChange(path=path, kind=ChangeKind.MODIFIED) for path in sorted(paths)))
