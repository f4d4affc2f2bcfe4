"""A world in memory: a repository's files, git's answers, a store and a machine, each as a test sets it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from verifyd.action_key import ToolStamp
from verifyd.app.history_ports import GateRun
from verifyd.app.ports import Repository
from verifyd.app.world import Machine, World
from verifyd.change import Change
from verifyd.errors import GitError, StoreError
from verifyd.pipeline import Approval
from verifyd.snapshot import Snapshot, Source
from verifyd.timing import Sample

ROOT = Path("/repository")
NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
REPOSITORY = Repository(root=ROOT, git_dir=ROOT / ".git", common_dir=ROOT / ".git")


@dataclass
class FakeFiles:
    """
    Files in memory.

    Attributes:
        content: By absolute path.
        modified: When a file was last written, by path.
        sizes: Bytes of files that are too large to be held here.
        refuses: Nothing can be written, with this problem.
    """

    content: dict[Path, bytes] = field(default_factory=dict)
    modified: dict[Path, datetime] = field(default_factory=dict)
    sizes: dict[Path, int] = field(default_factory=dict)
    refuses: str = ""

    def read(self, path: Path, *, limit_bytes: int) -> bytes | None:
        """Up to one byte more than the limit."""
        found = self.content.get(path)
        return None if found is None else found[: limit_bytes + 1]

    def size(self, path: Path) -> int | None:
        """Bytes."""
        return self.sizes.get(path, len(self.content[path])) if path in self.content else None

    def stamps(self, paths: Sequence[Path]) -> Mapping[Path, tuple[int, int, int]]:
        """Times of what has one."""
        return {path: (int(self.modified[path].timestamp() * 1e9), 0, 0) for path in paths if path in self.modified}

    def write_whole(self, path: Path, content: str | bytes, *, mode: int = 0o644, aside: Path | None = None) -> None:
        """Keep it."""
        if self.refuses:
            raise StoreError(self.refuses, where=str(path), remedy="Make room.")
        self.content[path] = content.encode() if isinstance(content, str) else content

    def remove(self, path: Path) -> None:
        """Forget it."""
        self.content.pop(path, None)

    def run_folders(self, folder: Path) -> tuple[Path, ...]:
        """The folders directly below."""
        below = {folder / path.relative_to(folder).parts[0] for path in self.content if path.is_relative_to(folder)}
        return tuple(sorted(below))

    def glob(self, folder: Path, pattern: str) -> tuple[Path, ...]:
        """Everything below; only asked for with ``**/*``."""
        assert pattern == "**/*"
        return tuple(sorted(path for path in self.content if path.is_relative_to(folder)))


@dataclass
class FakeGit:
    """
    Git's answers.

    Attributes:
        files: The working tree, by path.
        trouble: What git refuses everything with; empty for nothing.
        snapshot: Fields of the snapshot that differ from an unremarkable one.
        changed: What differs from the base.
    """

    files: Mapping[str, str] = field(default_factory=dict)
    trouble: str = ""
    snapshot: dict[str, Any] = field(default_factory=dict)
    changed: Change = field(default_factory=Change)

    def version(self) -> str:
        """A recent one."""
        self.refuse()
        return "git version 2.39.5"

    def snapshot_working_tree(self, repository: Repository, *, base: str) -> tuple[Snapshot, None]:
        """The files as one tree."""
        self.refuse()
        known: dict[str, Any] = {
            "root": repository.root, "git_dir": repository.git_dir, "common_dir": repository.common_dir, "source": Source.WORKING_TREE,
            "tree": "1f" * 20, "base": None, "base_tree": "2e" * 20, "head": None, "paths": frozenset(self.files),
        }  # fmt: skip
        return Snapshot(**{**known, **self.snapshot}), None

    def change(self, snapshot: Snapshot) -> Change:
        """As it is set."""
        self.refuse()
        return self.changed

    def read_file(self, repository: Repository, tree: str, path: str) -> bytes | None:
        """One of the files."""
        return self.files[path].encode("utf-8", "surrogateescape") if path in self.files else None

    def refuse(self) -> None:
        """Raise the trouble."""
        if self.trouble:
            raise GitError(self.trouble, remedy="Mend it.")


@dataclass
class FakeStore:
    """History as it is set: newest first for runs, oldest first for samples."""

    runs: dict[str, tuple[GateRun, ...]] = field(default_factory=dict)
    kept: dict[str, tuple[Sample, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def gate_runs(self, gate: str | None = None, *, limit: int = 100) -> tuple[GateRun, ...]:
        """Of one gate."""
        return self.runs.get(gate or "", ())[:limit]

    def samples(self, gate: str, *, limit: int = 200) -> tuple[Sample, ...]:
        """Of one gate."""
        return self.kept.get(gate, ())[-limit:]


@dataclass
class FakeApprovals:
    """The one approval there is, unless it cannot be read."""

    approval: Approval | None = None
    trouble: str = ""

    def read(self, repository: Repository) -> Approval | None:
        """As it is set."""
        if self.trouble:
            raise StoreError(self.trouble, where="/state/approval.json", remedy="Approve again.")
        return self.approval


class FakeClock:
    """Always noon."""

    def now(self) -> datetime:
        """NOW."""
        return NOW


@dataclass
class FakeProcesses:
    """A supervisor of a machine that can freeze, or cannot with this trouble."""

    trouble: str = ""

    def can_freeze(self) -> bool:
        """Without trouble."""
        return not self.trouble

    def freezing_trouble(self) -> str:
        """As it is set."""
        return self.trouble


@dataclass
class FakeWorld:
    """
    Everything that a test may set; ``world`` puts it together.

    Attributes:
        tools: Programs that are on this machine.
    """

    git: FakeGit = field(default_factory=FakeGit)
    files: FakeFiles = field(default_factory=FakeFiles)
    store: FakeStore = field(default_factory=FakeStore)
    approvals: FakeApprovals = field(default_factory=FakeApprovals)
    processes: FakeProcesses = field(default_factory=FakeProcesses)
    tools: frozenset[str] = frozenset()
    store_trouble: str = ""

    @property
    def world(self) -> World:
        """As the application takes it."""
        machine = Machine(slots=2, load=lambda: 0.0, platform="linux-x86_64", environment={}, new_mark=lambda: "mark")
        known: dict[str, Any] = {
            "clock": FakeClock(), "console": None, "git": self.git, "files": self.files, "approvals": self.approvals, "machine": machine,
            "open_processes": self.open_processes, "end_all_now": lambda: None, "open_store": self.open_store,
            "find_tools": self.find_tools, "editable_installs": lambda root: (), "stale_bytecode": lambda root, files: (), "stale_types": lambda root, files: (), "temporary_folder": Path("/tmp"),
        }  # fmt: skip
        return World(**known)

    @asynccontextmanager
    async def open_processes(self) -> AsyncIterator[FakeProcesses]:
        """The supervisor."""
        yield self.processes

    def open_store(self, repository: Repository) -> AbstractContextManager[FakeStore]:
        """The store, unless it is in trouble."""
        if self.store_trouble:
            raise StoreError(self.store_trouble, remedy="Mend it.")
        return nullcontext(self.store)

    def find_tools(
        self, commands: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> tuple[ToolStamp, ...] | None:
        """A stamp for each command's first word; None when one is not on this machine."""
        names = [line.split()[0] for command in commands for line in command.splitlines()]
        return (
            tuple(ToolStamp(name=name, path="", stamp="") for name in names) if self.tools.issuperset(names) else None
        )
