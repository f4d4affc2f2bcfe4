"""The mirrors of a tree in memory: opened when the first is asked for, and filled with what was just read where that is enough."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from verifyd.app.ports import Repository
from verifyd.edge.git_process import GitProcess
from verifyd.edge.kept_objects import NewObject
from verifyd.edge.lasting_reader import LastingReader
from verifyd.edge.merkle import TreeNode
from verifyd.edge.mirror_dates import read_dates
from verifyd.edge.mirror_place import mirror_folder
from verifyd.edge.mirror_source import MirrorContents, mirror_source
from verifyd.edge.mirrors import Mirrors
from verifyd.edge.object_store import ObjectStore

REMEMBERED_BYTES = 8 * 1024 * 1024
"""Of content that was just read, so much is kept for the mirror; more is read again."""


class LiveMirrors:
    """
    The mirrors of one work tree.

    Args:
        root: Descriptor of the work tree's top folder.
        objects: Answers for our objects and the user's.
        read_tree: As MirrorSource has it.
        known_paths: As MirrorSource has it.
    """

    def __init__(
        self,
        *,
        git: GitProcess,
        store: ObjectStore,
        repository: Repository,
        root: int,
        objects: LastingReader,
        read_tree: Callable[[str], TreeNode | None],
        known_paths: Callable[[], Iterable[str]],
    ) -> None:
        self._environment = git.environment
        self._store = store
        self._home = repository.state_dir
        self._read_tree = read_tree
        self._known_paths = known_paths
        self._contents = MirrorContents(git=git, store=store, repository=repository, root=root, objects=objects)
        self._opened = ExitStack()
        self._mirrors: Mirrors | None = None

    @contextmanager
    def lend(self, tree: TreeNode, size_bytes: int) -> Iterator[Path]:
        """
        A folder with exactly the files of *tree*, as ``Mirrors.lend`` has it.

        Args:
            size_bytes: About as much as all its files have.
        """
        with self._open(size_bytes).lend(tree) as folder:
            self.remember([])
            yield folder

    def changes(self, folder: Path) -> tuple[str, ...]:
        """As ``Mirrors.changes`` has it."""
        return self._mirrors.changes(folder) if self._mirrors is not None else ()

    def remember(self, blobs: list[NewObject]) -> None:
        """Have at hand what was just read, and nothing else; too much is left out, and so is all before the first mirror."""
        if self._mirrors is not None:
            is_little = sum(len(content) for _, _, content in blobs) <= REMEMBERED_BYTES
            self._contents.recent = {one: content for one, _, content in blobs} if is_little else {}

    def close(self) -> None:
        """Remove them."""
        self._opened.close()

    def _open(self, size_bytes: int) -> Mirrors:
        if self._mirrors is None:
            folder = self._opened.enter_context(mirror_folder(self._home, size_bytes, self._environment))
            source = mirror_source(
                self._contents,
                read_tree=self._read_tree,
                known_paths=self._known_paths,
                dates=read_dates(self._home / "dates"),
            )
            self._mirrors = Mirrors(folder=folder, source=source, now_s=lambda: self._store.now_ns() / 1e9)
            self._opened.callback(self._mirrors.close)
        return self._mirrors
