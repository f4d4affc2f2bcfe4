"""
Every error that ends a command, and the exit code it ends it with.

    VerifydError
    ├── UsageError            2   the command line asks for something that is not there
    ├── ConfigurationError    2   VERIFY.md (or a file it names) is wrong; carries line and column
    └── UndeterminedError     3   no verdict can be given: git, the store or the machine said no
        ├── GitError              git refused, or the tree cannot be read
        ├── StoreError            the history database or a report cannot be written
        ├── MachineError          a process or sandbox cannot be started
        └── WatchError            the folder that is watched is no longer there

A failing gate is not an error; it is a Verdict. Anything else that is raised is our bug: exit 70.
"""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command but the agent hooks, which speak their host's codes."""

    READY = 0
    NOT_READY = 1
    USAGE = 2
    UNPROVEN = 3
    BUG = 70
    INTERRUPTED = 130


class VerifydError(Exception):
    """
    Anything that ends a command with a message instead of a traceback.

    Attributes:
        where: The file (with line and column), option or command concerned; empty when there is none.
        problem: What is wrong: lower case, no full stop.
        remedy: One sentence the reader can act on at once; empty when there is none.
    """

    exit_code = ExitCode.BUG

    def __init__(self, problem: str, *, where: str = "", remedy: str = "") -> None:
        self.where = where
        self.problem = problem
        self.remedy = remedy
        super().__init__(problem)

    def __str__(self) -> str:
        first = f"{self.where}: {self.problem}" if self.where else self.problem
        return f"{first}\n  {self.remedy}" if self.remedy else first


class UsageError(VerifydError):
    """The command line asks for something that is not there."""

    exit_code = ExitCode.USAGE


class ConfigurationError(VerifydError):
    """
    VERIFY.md, or a file it names, cannot be used as it is.

    Attributes:
        file: Name as the user knows it, relative to the root.
        line: 1-based; None when the whole file is meant.
        column: 1-based, in characters; None when the whole line is meant.
    """

    exit_code = ExitCode.USAGE

    def __init__(
        self,
        problem: str,
        *,
        file: str = "VERIFY.md",
        line: int | None = None,
        column: int | None = None,
        remedy: str = "",
    ) -> None:
        self.file = file
        self.line = line
        self.column = column
        where = ":".join([file, *(str(number) for number in (line, column) if number is not None)])
        super().__init__(problem, where=where, remedy=remedy)


class UndeterminedError(VerifydError):
    """No verdict can be given, and it is not the code's fault."""

    exit_code = ExitCode.UNPROVEN


class GitError(UndeterminedError):
    """git refused, or the tree cannot be read as it is."""


class StoreError(UndeterminedError):
    """The history database, an approval or a report cannot be read or written."""


class MachineError(UndeterminedError):
    """A process or a sandbox cannot be started on this machine."""


class WatchError(UndeterminedError):
    """The work tree that is watched was moved, removed or unmounted."""
