"""
Builds the real world: the only module that knows who provides each port.

What a snapshot does not need (processes, history, tools) is imported when it is first used, so that git is at work early.
"""

from __future__ import annotations

import atexit
import functools
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from verifyd.app.file_ports import TreeVerdict
from verifyd.app.history_ports import Store
from verifyd.app.ports import Repository
from verifyd.app.process_ports import Processes
from verifyd.app.world import Machine, World
from verifyd.edge.approvals import StateFolderApprovals
from verifyd.edge.clock import SystemClock
from verifyd.edge.console import TerminalConsole
from verifyd.edge.environment import inherited_environment, working_folder
from verifyd.edge.files import DiskFiles
from verifyd.edge.git import GitBinary
from verifyd.edge.history_key import history_key_path, read_history_key
from verifyd.edge.machine import cpu_slots, load_average, platform_name

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from verifyd.action_key import ToolStamp
    from verifyd.app.watch import Watch
    from verifyd.edge.processes import SupervisedProcesses

LONGEST_TEMPORARY = 60
"""Characters; macOS's own has 49. A gate's TMPDIR is 22 longer, and Chromium's sockets another 20 to 40."""


class TrackedProcesses:
    """Supervision that is open now, so that an impatient person's second signal finds it."""

    def __init__(self) -> None:
        self.opened: list[SupervisedProcesses] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Processes]:
        """Supervision for one run."""
        from verifyd.edge.processes import open_processes

        async with open_processes() as processes:
            self.opened.append(processes)
            try:
                yield processes
            finally:
                self.opened.remove(processes)

    def end_all_now(self) -> None:
        """SIGKILL for whatever runs."""
        for processes in self.opened:
            processes.kill_all_now()


def make_world() -> World:
    """Every port with its real provider; nothing is started or opened yet."""
    clock, environment, tracked = SystemClock(), inherited_environment(), TrackedProcesses()
    return World(
        clock=clock,
        console=TerminalConsole(clock, environment),
        git=GitBinary(environment),
        files=DiskFiles(),
        approvals=StateFolderApprovals(),
        machine=Machine(
            slots=cpu_slots(),
            load=load_average,
            platform=platform_name(),
            environment=environment,
            new_mark=functools.partial(secrets.token_hex, 6),
        ),
        open_processes=tracked.open,
        end_all_now=tracked.end_all_now,
        open_store=open_history,
        find_tools=stamp_tools,
        editable_installs=functools.partial(editable_installs, environment),
        stale_bytecode=find_stale_bytecode,
        stale_types=find_stale_types,
        temporary_folder=short_temporary_folder(Path(tempfile.gettempdir())),
        verdict_files=UsersVerdictFiles(),
        git_hooks=UsersGitHooks(),
    )


def open_engine(
    world: World, repository: Repository, idle_s: float | None = None
) -> AbstractAsyncContextManager[Watch]:
    """The engine of a daemon over a work tree; it ends by itself after *idle_s* seconds without an edit or a question."""
    from verifyd.app.open_watch import open_watch
    from verifyd.edge.live_tree import open_live_tree
    from verifyd.edge.watcher import open_watcher

    git = GitBinary(world.machine.environment)
    return open_watch(
        world,
        repository,
        idle_s,
        open_tree=lambda of: open_live_tree(git, of),
        open_watcher=lambda of: open_watcher(of.root, of.git_dir, of.common_dir),
    )


def open_history(repository: Repository) -> AbstractContextManager[Store]:
    """The history of a work tree, sealed with the user's key."""
    from verifyd.edge.store import open_store

    return open_store(repository.home, secret=read_history_key(history_key_path()))


class UsersVerdictFiles:
    """Verdict files sealed with the user's key."""

    def write(self, repository: Repository, verdict: TreeVerdict, environment: Mapping[str, str]) -> None:
        """As DiskVerdictFiles."""
        from verifyd.edge.verdict_files import DiskVerdictFiles

        DiskVerdictFiles().write(repository, verdict, environment)

    def read(self, repository: Repository, tree: str, environment: Mapping[str, str]) -> TreeVerdict | None:
        """As DiskVerdictFiles."""
        from verifyd.edge.verdict_files import DiskVerdictFiles

        return DiskVerdictFiles().read(repository, tree, environment)


class UsersGitHooks:
    """The hooks that git runs in the user's work trees."""

    def are_installed(self, repository: Repository) -> bool:
        """As InstalledHooks."""
        from verifyd.edge.git_hooks import InstalledHooks

        return InstalledHooks().are_installed(repository)

    def commit_made_here(self, repository: Repository) -> str | None:
        """As InstalledHooks."""
        from verifyd.edge.git_hooks import InstalledHooks

        return InstalledHooks().commit_made_here(repository)


def stamp_tools(scripts: Sequence[str], environment: Mapping[str, str], folder: Path) -> Sequence[ToolStamp] | None:
    """What the scripts start, stamped; None when something is not there."""
    from verifyd.edge.tools import find_tools

    return find_tools(scripts, environment, folder)


def find_stale_bytecode(root: Path, files: Collection[str]) -> tuple[str, ...]:
    """Sources whose compiled form Python would take although it was made of other content."""
    from verifyd.edge.stale_bytecode import stale_bytecode

    return stale_bytecode(root, files)


def find_stale_types(root: Path, files: Collection[str]) -> tuple[str, ...]:
    """Sources of which mypy would believe what it kept although that was made of other content."""
    from verifyd.edge.stale_types import stale_types

    return stale_types(root, files)


def editable_installs(environment: Mapping[str, str], root: Path) -> tuple[tuple[Path, Path], ...]:
    """Packages that gates import out of another folder than *root*, with the file that says so."""
    from verifyd.edge.editable_installs import editable_installs_below, site_packages_in_use

    found = editable_installs_below(root, site_packages_in_use(root, environment))
    return tuple((install.path, install.declared_in) for install in found)


def short_temporary_folder(usual: Path) -> Path:
    """The user's temporary folder, unless its path leaves gates no room for a Unix socket's 107 bytes: then ``/tmp``."""
    return Path("/tmp").resolve() if len(str(usual)) > LONGEST_TEMPORARY else usual  # noqa: S108  # folders in it are new and 0700


def open_here(world: World, folder: str) -> Repository:
    """
    The work tree that *folder* (relative to where we were started) lies in.

    Where nothing can be written below its git folder, a temporary folder stands in: the run then leaves nothing behind.
    """
    repository = world.git.open_repository(working_folder() / folder)
    if world.files.can_write_in(repository.home):
        return repository
    substitute = Path(tempfile.mkdtemp(prefix="verifyd-state-")).resolve()
    atexit.register(shutil.rmtree, substitute, ignore_errors=True)
    return replace(repository, substitute=substitute)
