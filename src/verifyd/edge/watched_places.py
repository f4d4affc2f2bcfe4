"""Says what it means that a path was touched: a file of the tree, git's own state, or nothing that matters."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from msgspec import Struct

from verifyd.app.watch_ports import Hint
from verifyd.edge.git_repository import UNDER_WAY
from verifyd.edge.ignore_rules import REPORT_FOLDER
from verifyd.edge.settling import Lock
from verifyd.edge.sweep import GIT_ENTRY, ROOT
from verifyd.errors import WatchError

LOCK = ".lock"
"""Git writes <name>.lock and renames it over <name>: the rename is what counts."""
OWN = "verifyd"
"""Our own folder in a git folder."""

_STATE = frozenset({"index", "HEAD", "packed-refs", "config", "config.worktree", "shallow", *UNDER_WAY})
_STATE_FOLDERS = ("refs", "reftable", "info")
_MODULES = "modules"
_QUIET = frozenset({"objects", "logs", "lfs", "hooks", OWN})
_NOTHING = Hint()
_GIT_STATE = Hint(git_state=True)


class Places(Struct, frozen=True, kw_only=True):
    """
    Where the tree and git's state lie: absolute, links resolved, names that are no UTF-8 with surrogates.

    Each may lie in another: the git folder in the work tree, or (with a bare repository) the work tree in the common one.
    """

    root: str
    git_dir: str
    common_dir: str

    def hint(self, path: str) -> Hint:
        """What it means that an absolute path was touched; empty when nobody needs to know."""
        place = self.innermost(path)
        if place is None:
            return _NOTHING
        inside = relative(path, place)
        if place != self.root:
            is_state = is_git_state(inside) or (place == self.git_dir and is_submodule_state(inside))
            return _GIT_STATE if is_state else _NOTHING
        first = inside.partition("/")[0]
        if first == GIT_ENTRY:
            return _GIT_STATE if inside == GIT_ENTRY else _NOTHING
        return _NOTHING if first == REPORT_FOLDER else Hint(paths=frozenset({inside}))

    def innermost(self, path: str) -> str | None:
        """The deepest of the three folders that the path is or lies in."""
        holding = (place for place in (self.root, self.git_dir, self.common_dir) if lies_in(path, place))
        return max(holding, key=len, default=None)

    def absolute(self, folder: str) -> str:
        """A folder of the tree, ``""`` for the root."""
        return f"{self.root.rstrip('/')}/{folder}" if folder else self.root

    def git_folders(self) -> Iterator[str]:
        """The folders in which git's state lies, as they are now, that of submodules too; refs are nested."""
        for place in {self.git_dir, self.common_dir}:
            yield from state_folders(place)
        yield from submodule_folders(f"{self.git_dir}/{_MODULES}")

    def locks(self) -> frozenset[Lock]:
        """Git's locks as they are now, in the git folders themselves: of the index, HEAD, the configuration, packed refs."""
        return frozenset(lock for place in {self.git_dir, self.common_dir} for lock in locks_in(place))

    @property
    def own_folder(self) -> str:
        """Our own folder in the git folder; what happens in it never produces a hint."""
        return f"{self.git_dir}/{OWN}"

    @property
    def ancestors(self) -> tuple[str, ...]:
        """The folders that hold the root, ``/`` left out: when one is renamed, the root is no longer where it was."""
        parts = self.root.strip("/").split("/")[:-1]
        return tuple("/" + "/".join(parts[:count]) for count in range(1, len(parts) + 1))


def is_git_state(inside: str) -> bool:
    """Whether a path, relative to a git folder, is something that a tree or its change depends on."""
    if inside.endswith(LOCK):
        return False
    return inside in _STATE or inside == ROOT or inside.partition("/")[0] in _STATE_FOLDERS


def is_submodule_state(inside: str) -> bool:
    """Whether a path, relative to the work tree's git folder, says where a submodule stands, or that there is one."""
    first, *parts = inside.split("/")
    return first == _MODULES and _QUIET.isdisjoint(parts) and not inside.endswith(LOCK)


def state_folders(git_dir: str) -> Iterator[str]:
    """A git folder, and those in it that hold state."""
    yield git_dir
    for name in _STATE_FOLDERS:
        yield from (inside for inside, _, _ in os.walk(f"{git_dir}/{name}"))


def submodule_folders(modules: str) -> Iterator[str]:
    """As *state_folders* for each submodule, to any depth, and the folders on the way: a submodule's name may have slashes."""
    for folder, names, files in os.walk(modules):
        if "HEAD" in files:
            yield from state_folders(folder)
            names[:] = [name for name in names if name == _MODULES]
        else:
            yield folder


def lies_in(path: str, folder: str) -> bool:
    """Whether the path is the folder or below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def relative(path: str, folder: str) -> str:
    """A path that lies in the folder, relative to it; ``""`` for itself."""
    return path[len(folder.rstrip("/")) + 1 :]


def locks_in(folder: str) -> Iterator[Lock]:
    """The lock files in one folder; none when it is gone."""
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(LOCK):
                found = entry.stat(follow_symlinks=False)
                yield Lock(entry.path, found.st_ino, found.st_mtime_ns)


class Identity(Struct, frozen=True, kw_only=True):
    """Which folder a path led to, so that another one in its place is noticed."""

    device: int
    inode: int


def identity_of(path: str) -> Identity | None:
    """Which folder the path leads to now; None when there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return Identity(device=found.st_dev, inode=found.st_ino)


def root_is_gone(places: Places) -> WatchError:
    """What is said when the root is not where it was."""
    return WatchError(
        "the folder that is watched was moved, removed or unmounted",
        where=places.root,
        remedy="Start again in the folder where it is now.",
    )
