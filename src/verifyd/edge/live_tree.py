"""The work tree in memory: kept exact by reading what hints name and what an lstat sweep finds, and held against git's own answer."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from msgspec import Struct

from verifyd.app.ports import Guard, Repository
from verifyd.app.watch_ports import Hint, TreeState
from verifyd.edge.git import GitBinary
from verifyd.edge.git_base import AUTO, find_base
from verifyd.edge.git_objects import Head, read_commit
from verifyd.edge.git_process import GitProcess
from verifyd.edge.git_repository import user_place
from verifyd.edge.guard import TreeGuard
from verifyd.edge.kept_memory import hold_in_common, move_together
from verifyd.edge.kept_objects import make_folders, prune_packs
from verifyd.edge.kept_tree import KeptTree, open_root
from verifyd.edge.known_trees import KnownTrees
from verifyd.edge.lasting_reader import LastingReader
from verifyd.edge.linux import give_back_memory
from verifyd.edge.live_mirrors import LiveMirrors
from verifyd.edge.live_state import is_same, make_state, root_of
from verifyd.edge.merkle import NONE_KNOWN, TreeNode, differences, folders_by_id, id_in, read_stored
from verifyd.edge.object_pruning import Limits, missing_objects, objects_of, prune
from verifyd.edge.object_reader import ObjectReader
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.path_reading import MovingError, packed
from verifyd.edge.shared_mappings import leaves_trace, mapped_paths, read_mappings, settle
from verifyd.edge.submodules import with_contents
from verifyd.edge.sweep import ROOT, expected_stamps, sweep, wait_for_clock
from verifyd.edge.tree_at_rest import TreeMovedError, does_not_rest, read_resting
from verifyd.edge.tree_look import TreeLook
from verifyd.edge.tree_notes import Oddity
from verifyd.edge.tree_taking import take_over
from verifyd.edge.tree_update import StructuralError, TreeUpdate
from verifyd.edge.whole_reading import read_whole
from verifyd.errors import GitError
from verifyd.snapshot import Snapshot, Source

CHECKS = 3
"""A tree that changes beside each of so many comparisons with git's answer cannot be compared now."""

USUAL_LIMITS = Limits()


@contextmanager
def open_live_tree(git: GitBinary, repository: Repository, limits: Limits = USUAL_LIMITS) -> Iterator[LiveWorkTree]:
    """
    Read a work tree into memory, and keep it there for the length of the ``with``.

    Args:
        limits: How many objects that nobody needs any more are kept.

    Raises:
        GitError: git cannot read or store something, or the tree does not come to rest.
    """
    process, store = git.open_store(repository)
    with ExitStack() as stack:
        root = open_root(repository)
        stack.callback(os.close, root)
        live = LiveWorkTree(git=process, store=store, repository=repository, root=root, limits=limits)
        stack.callback(live.close)
        yield live


class LiveWorkTree:
    """
    The port ``LiveTree``.

    Args:
        root: Descriptor of the work tree's top folder.
        limits: As for ``open_live_tree``.
    """

    def __init__(
        self, *, git: GitProcess, store: ObjectStore, repository: Repository, root: int, limits: Limits
    ) -> None:
        self._git = git
        self._limits = limits
        self._store = store
        self._repository = repository
        self._root = root
        self._discarded = 0
        self._dirty: frozenset[str] = frozenset()
        self._is_lost = False
        self._look = TreeLook(git=git, store=store, repository=repository, root=root)
        self._known = KnownTrees()
        self._opened = ExitStack()
        self._objects, self._heads = LastingReader(git), LastingReader(git)
        self._mirrors = LiveMirrors(
            git=git,
            store=store,
            repository=repository,
            root=root,
            objects=self._objects,
            read_tree=lambda tree: self._stored(tree, self._kept.root),
            known_paths=lambda: self._kept.files,
        )
        for one in (self._objects, self._heads, self._mirrors):
            self._opened.callback(one.close)
        with self._refusals():
            make_folders(store)
            prune_packs(store, self._store.now_ns() / 1e9)
            self._kept = read_whole(self._look)
            move_together(self._kept)
            give_back_memory()
        self._state = self._make_state(1)

    @property
    def state(self) -> TreeState:
        """The newest tree that was read."""
        return self._state

    @property
    def discarded(self) -> int:
        """How often git's own answer differed."""
        return self._discarded

    def read(self, hint: Hint) -> TreeState:
        """Read what the hint names. The same state when nothing of the tree differs."""
        if hint.lost or self._dirty or ROOT in hint.paths:
            return self.sweep()
        return self._update(lambda update: self._look.notice(update, hint))

    def sweep(self) -> TreeState:
        """Look at every file by lstat, and read what differs from the last look."""
        return self._update(lambda update: self._look.everywhere(update, self._dirty))

    def cross_check(self) -> bool:
        """Ask git for the tree; whether it says the same. A difference throws our state away and reads everything anew."""
        for _ in range(CHECKS):
            before = self.sweep()
            with self._refusals():
                try:
                    tree = read_resting(self._git, self._store, self._repository)[1].tree
                except TreeMovedError:
                    continue
                finally:
                    give_back_memory()
            after = self.sweep()
            if tree in (before.tree, after.tree):
                return True
            if before is after:
                self._discarded += 1
                self._known.forget()
                with self._refusals():
                    self._read_whole(shares=False)
                return False
        return True

    def snapshot(self, state: TreeState, base: str) -> Snapshot:
        """The state as a snapshot; *base* as for ``Git.snapshot_working_tree``."""
        with self._refusals():
            head = self._heads.ask(user_place(self._repository), lambda objects: read_commit(objects, "HEAD"))
            found, base_tree = self._objects.ask(self._store.place, lambda objects: self._base_of(objects, base, head))
        return Snapshot(
            root=self._repository.root,
            git_dir=self._repository.git_dir,
            common_dir=self._repository.common_dir,
            source=Source.WORKING_TREE,
            tree=state.tree,
            base=found.commit if found else None,
            base_tree=base_tree,
            head=head.commit if head else None,
            paths=state.files,
            notes=state.notes,
            conflicted=state.conflicted,
        )

    def _base_of(self, objects: ObjectReader, base: str, head: Head | None) -> tuple[Head | None, str]:
        """As GitBinary has it for a working tree."""
        found = find_base(self._git, self._repository, objects, base, head)
        tree = found.tree if found else self._store.empty_tree
        if base == AUTO and not self._kept.nested:
            return found, tree
        return found, with_contents(objects, self._store, tree, self._kept.nested)

    def paths_changed(self, state: TreeState, since: str) -> frozenset[str] | None:
        """Paths that differ between a stored tree and the state; None when that tree is no longer known."""
        new = root_of(state)
        with self._refusals():
            old = self._stored(since, new)
        return frozenset(differences(old, new)) if old is not None else None

    def _stored(self, tree: str, like: TreeNode) -> TreeNode | None:
        """A stored tree, of which only what differs from another is read; None when git does not know it any more."""
        found = like if like.id == tree else self._known.get(tree)
        if found is None:
            found = read_stored(self._git, self._store.place, tree, like)
            if found is not None:
                self._known.add(found)
        return found

    @property
    def written_bytes(self) -> int:
        """What was written to disk for objects so far."""
        return self._store.written_bytes

    def clean(self, needed: Collection[str]) -> bool:
        """Remove objects that nobody needs any more; whether all that the state names is still there."""
        root, inside = root_of(self._state), [id_in(leaf) for leaf in self._kept.inside.values()]
        with self._refusals():
            place = self._store.place
            # One after the other: of 100 trees that were read for this alone, one is in memory.
            others = (self._known.get(tree) or read_stored(self._git, place, tree, root) for tree in sorted(needed))
            ids = itertools.chain(inside, objects_of(itertools.chain([root], filter(None, others))))
            prune(self._git, self._store, ids, self._store.now_ns() / 1e9, self._limits)
            return not missing_objects(self._git, self._store, objects_of([root]))

    def guard(self, state: TreeState) -> Guard:
        """Watches the working tree from the moment *state* was read; everything counts as moved when it is not the newest."""
        for _ in range(CHECKS):
            if self.sweep() is not state:
                break
            swept = sweep(self._repository.root, sorted(self._kept.folders))
            expected = expected_stamps(swept, state.files)
            wait_for_clock(swept, self._store.probe)
            mapped = mapped_paths(self._repository.root, swept, read_mappings()).intersection(state.files)
            settle(self._repository.root, mapped)
            kept = self._kept
            if self._update(partial(add_files, paths=mapped.intersection(kept.stamps))) is not state:
                break
            if any(not leaves_trace(self._repository.root / path) for path in mapped):
                kept.held |= mapped
            if all(path in expected and packed(*expected[path]) == stamp for path, stamp in kept.stamps.items()):
                return TreeGuard(
                    root=self._repository.root,
                    absent=frozenset(kept.absent) | kept.oddities.found.get(Oddity.SPARSE, set()),
                    baseline=swept,
                    expected=expected,
                    rules=kept.rules,
                    no_index=self._store.no_index,
                    held=kept.held,
                )
        return MovedAlready(paths=("the working tree, since the snapshot was taken",))

    @contextmanager
    def mirror(self, state: TreeState) -> Iterator[Path]:
        """A folder with exactly that tree's files, as a checkout would write them; see Mirrors."""
        with ExitStack() as stack:
            with self._refusals():
                folder = stack.enter_context(self._mirrors.lend(root_of(state), self._kept.size_bytes))
            yield folder

    def mirror_changes(self, folder: Path) -> tuple[str, ...]:
        """What somebody changed in a mirror, sorted."""
        return self._mirrors.changes(folder)

    def close(self) -> None:
        """End what is kept running, and remove the mirrors."""
        self._opened.close()

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """What the disk refuses inside becomes a GitError; our folder is made anew when somebody removed it."""
        try:
            if not self._store.objects.is_dir():
                self._store.prepare()
                self._is_lost = True
            yield
        except OSError as error:
            where = str(error.filename or self._repository.root)
            raise GitError(f"{error.strerror or error}", where=where) from error

    def _update(self, look: Callable[[TreeUpdate], None]) -> TreeState:
        """One incremental reading, or a whole one when that is needed."""
        with self._refusals():
            if self._is_lost:
                return self._read_whole()
            try:
                update = self._look.update_of(self._kept)
                look(update)
                blobs = update.work_out()
                if update.edits and self._kept.is_under_way:
                    raise StructuralError("a merge or the like is under way")
            except (StructuralError, OSError):
                return self._read_whole()
            except MovingError as error:
                self._dirty |= {str(error)}
                raise does_not_rest(self._repository, (str(error),)) from error
            self._is_lost = True
            take_over(update, blobs)
            self._mirrors.remember(blobs)
            self._is_lost = False
            self._dirty = frozenset()
            return self._publish()

    def _read_whole(self, *, shares: bool = True) -> TreeState:
        """Read everything anew; *shares*: folders whose ids are in memory are not read twice."""
        self._is_lost = True
        known = folders_by_id(self._kept.root) if shares else NONE_KNOWN
        self._replace(read_whole(self._look, known))
        give_back_memory()
        return self._state

    def _replace(self, found: KeptTree) -> None:
        """Take over a whole reading; the set of files stays the same object where it is equal, for what is known of it too."""
        hold_in_common(found, self._kept)
        self._kept, self._is_lost, self._dirty, self._look.maps_from_ns = found, False, frozenset(), 0
        self._publish()

    def _publish(self) -> TreeState:
        """The state as it is now; the same one when nothing of it differs."""
        kept, old = self._kept, self._state
        number = old.number if kept.root.id == old.tree else old.number + 1
        made = self._make_state(number)
        if not is_same(made, old):
            self._state = made
        return self._state

    def _make_state(self, number: int) -> TreeState:
        self._known.add(self._kept.root)
        return make_state(self._kept, number)


class MovedAlready(Struct, frozen=True, kw_only=True):
    """A guard of a tree that is no longer the newest."""

    paths: tuple[str, ...]

    def moved(self) -> tuple[str, ...]:
        """What moved."""
        return self.paths


def add_files(update: TreeUpdate, paths: Iterable[str]) -> None:
    """Have known files read."""
    update.files.update(paths)
