"""Everything of the world that one pass uses, handed in by ``wiring`` or by a test."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from verifyd.app.file_ports import Files, GitHooks, VerdictFiles
from verifyd.app.history_ports import Store
from verifyd.app.ports import Approvals, Clock, Console, Git, Repository
from verifyd.app.process_ports import ProcessesFactory

if TYPE_CHECKING:
    from verifyd.action_key import ToolStamp


class Machine(Struct, frozen=True, kw_only=True):
    """
    Facts about this machine that a pass needs.

    Attributes:
        slots: CPU slots.
        load: One-minute load average, asked for anew at each call.
        platform: Part of every action key.
        environment: What our own process inherited.
        new_mark: A fresh value for ``VERIFYD_RUN``, unique on this machine.
    """

    slots: int
    load: Callable[[], float]
    platform: str
    environment: Mapping[str, str]
    new_mark: Callable[[], str]


class World(Struct, frozen=True, kw_only=True):
    """The providers of every port."""

    clock: Clock
    console: Console
    git: Git
    files: Files
    approvals: Approvals
    machine: Machine
    open_processes: ProcessesFactory
    end_all_now: Callable[[], None]
    """Ends every process that was started through *open_processes*, without grace; for an impatient person."""
    open_store: Callable[[Repository], AbstractContextManager[Store]]
    find_tools: Callable[[Sequence[str], Mapping[str, str], Path], Sequence[ToolStamp] | None]
    """(commands of a gate, its environment, its folder) -> stamps of the tools they name; None when one is missing."""
    editable_installs: Callable[[Path], tuple[tuple[Path, Path], ...]]
    """(source folder at or below a root, file that names it) of each editable install that a gate would find."""
    stale_bytecode: Callable[[Path, Collection[str]], tuple[str, ...]]
    """(root, files of the tree) -> sources whose compiled form Python would take although it was made of other content."""
    stale_types: Callable[[Path, Collection[str]], tuple[str, ...]]
    """(root, files of the tree) -> sources of which mypy would believe what it kept although that was made of other content."""
    temporary_folder: Path
    verdict_files: VerdictFiles | None = None
    """What the commit hook answers from; None where no hook shall ever believe a run in this world."""
    git_hooks: GitHooks | None = None
    """None where no hook is of any concern."""
