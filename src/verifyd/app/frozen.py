"""The judged tree in a folder of its own, and the ways in which a gate gets to see it instead of the working tree."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, AsyncExitStack
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import anyio
from msgspec import Struct, field

from verifyd.app.ignored import IgnoredListing
from verifyd.app.process_ports import FrozenView
from verifyd.app.world import World
from verifyd.errors import MachineError
from verifyd.outcome import View
from verifyd.pipeline import Gate, Ignored

if TYPE_CHECKING:
    from verifyd.app.judged import Judged


class LiveSource(Struct, frozen=True, kw_only=True):
    """
    The judged tree as a daemon has it in memory.

    Attributes:
        mirror: Opens a folder with the tree's files that nobody writes to; blocks.
        mirror_changes: What somebody changed in such a folder; blocks.
        content_ids: As ``Git.content_ids``.
        ignored: As ``Git.ignored_paths``.
        links: As ``TreeState.links``.
        has_submodules: As ``TreeState.has_submodules``.
    """

    mirror: Callable[[], AbstractContextManager[Path]]
    mirror_changes: Callable[[Path], tuple[str, ...]]
    content_ids: Mapping[str, str]
    ignored: tuple[str, ...]
    links: tuple[str, ...]
    has_submodules: bool


class FrozenTree(Struct, kw_only=True):
    """
    The judged tree's files, written once for all gates of a run that want them.

    Attributes:
        listing: What git ignores.
        folder: Where they are written; gone with the run.
        live: Where a daemon has them already; None in a one-shot run.
        opened: Holds what is taken from *live* until the run ends.
        stale: Variables that name another place for a cache which is not to be believed; None before it was looked for.
    """

    world: World
    judged: Judged
    listing: IgnoredListing
    folder: Path
    opened: AsyncExitStack
    live: LiveSource | None = None
    mirror: Path | None = None
    stale: frozenset[str] | None = None
    writing: anyio.Lock = field(default_factory=anyio.Lock)
    is_written: bool = False

    async def write(self) -> Path:
        """The folder, with the tree's files in it."""
        async with self.writing:
            if not self.is_written:
                git, repository, tree = self.world.git, self.judged.repository, self.judged.snapshot.tree
                await anyio.to_thread.run_sync(git.write_tree_to, repository, tree, self.folder)
                self.is_written = True
            return self.folder

    async def untouched(self) -> Path:
        """A folder with the tree's files that nobody writes to."""
        if self.live is None:
            return await self.write()
        async with self.writing:
            if self.mirror is None:
                held = self.live.mirror()
                self.mirror = await anyio.to_thread.run_sync(held.__enter__)
                self.opened.push(held.__exit__)
            return self.mirror

    async def moved(self) -> tuple[str, ...]:
        """What another process changed in the folder that nobody writes to. A copy that a one-shot run made is not looked at."""
        if self.live is None or self.mirror is None:
            return ()
        return await anyio.to_thread.run_sync(self.live.mirror_changes, self.mirror)

    async def view(self, gate: Gate, changes: Path) -> FrozenView:
        """The tree over the repository's own path; *changes* receives what the gate writes."""
        folder = await self.untouched()
        return FrozenView(
            folder=folder, at=self.judged.repository.root, shared=(*self.shared(gate), ".git"), changes=changes
        )

    async def copy(self, gate: Gate) -> Path:
        """
        The tree at a path of its own, what git ignores linked into it.

        Raises:
            MachineError: An editable install would make the gate test the original (4 of 4 projects did).
        """
        for path, declared_in in self.editable_installs():
            if declared_in.suffix not in (".pth", ".egg-link", ".json"):
                raise MachineError(
                    f"a copy of the tree would test the original: {path} is installed as editable by {declared_in}",
                    remedy="Allow user namespaces on this machine, or run the gate with isolate=tree.",
                )
        folder = await self.write()
        for name in self.shared(gate):
            self.world.files.link(folder / name, self.judged.repository.root / name)
        return folder

    def environment(self, view: View, compiled: Callable[[], Path]) -> Mapping[str, str]:
        """
        What Python has to know of the files it sees.

        Args:
            compiled: Makes a folder of the gate's own for compiled files and other caches.
        """
        match view:
            case View.TREE:
                return self.cache_environment(compiled)
            case View.COPY:
                return self.copy_environment()
            case View.FROZEN:
                return {}

    def cache_environment(self, compiled: Callable[[], Path]) -> Mapping[str, str]:
        """
        Another place for what Python and mypy keep of sources, where the working tree has some that was made of other content.

        Both name whole seconds: an edit of the same size within the second of the one before goes unseen (8 of 8 times).
        """
        if self.stale is None:
            root, paths = self.judged.repository.root, self.judged.snapshot.paths
            found = {"PYTHONPYCACHEPREFIX": self.world.stale_bytecode, "MYPY_CACHE_DIR": self.world.stale_types}
            self.stale = frozenset(name for name, find in found.items() if find(root, paths))
        return {name: str(compiled() / name.lower()) for name in sorted(self.stale)}

    def copy_environment(self) -> Mapping[str, str]:
        """Variables that make Python find the copy's code before an editable install's."""
        root = self.judged.repository.root
        sources = [path for path, declared_in in self.editable_installs() if declared_in.suffix != ".json"]
        inside = [str(self.folder / path.relative_to(root)) for path in sources]
        inherited = self.world.machine.environment.get("PYTHONPATH")
        found = os.pathsep.join([*dict.fromkeys(inside), *([inherited] if inherited else [])])
        return {"PYTHONPATH": found} if inside else {}

    def editable_installs(self) -> tuple[tuple[Path, Path], ...]:
        """(source folder below the root, file that names it) of every editable install that a gate would find."""
        return self.world.editable_installs(self.judged.repository.root)

    def shared(self, gate: Gate) -> tuple[str, ...]:
        """
        What git ignores and the gate may see all the same: environments, installed packages, settings.

        Compiled Python is left out: compiled from the judged code it would end up beside the working tree's, and be taken for
        the compiled form of an edit made in the same second.
        """
        if gate.ignored is Ignored.HIDE:
            return ()
        return tuple(path for path in self.listing.paths() if not is_compiled(path))


def is_compiled(path: str) -> bool:
    """Whether a path is Python's compiled code."""
    return "__pycache__" in PurePosixPath(path).parts or path.endswith((".pyc", ".pyo"))
