"""Runs the git binary: its environment, its settings, and what it said when it refused."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct, field

from verifyd.edge.object_reader import ObjectReader
from verifyd.errors import GitError

OLDEST_GIT = (2, 30)

TIME_LIMIT_S = 600.0
"""Far beyond any healthy git command; a clean filter that hangs must not hang us for ever."""

INHERITED = frozenset(
    {
        *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_EXEC_PATH", "GIT_CEILING_DIRECTORIES"),
        *(
            "GIT_DISCOVERY_ACROSS_FILESYSTEM",
            "GIT_ASKPASS",
            "GIT_SSH",
            "GIT_SSH_COMMAND",
            "GIT_SSL_CAINFO",
            "GIT_SSL_NO_VERIFY",
        ),
    }
)
"""The only ``GIT_*`` variables that git gets from us as we got them: none ties it to a repository, an index or a trace file."""

FIXED_VARIABLES = {
    "GIT_OPTIONAL_LOCKS": "0",  # otherwise 5 of 200 of the user's own `git add` failed beside us
    "GIT_NO_REPLACE_OBJECTS": "1",  # refs/replace can put other content under an id
    "GIT_GRAFT_FILE": "/dev/null",  # .git/info/grafts can give a commit other parents
    "GIT_TERMINAL_PROMPT": "0",
}

FIXED_SETTINGS = (
    # What a repository's own settings would run, or remember for the user:
    *("core.fsmonitor=false", "core.hooksPath=/dev/null", "core.untrackedCache=false", "core.splitIndex=false"),
    # What would make git overlook a change (a table of faults with the measured results is in the documentation):
    *(
        "core.fileMode=true",
        "core.symlinks=true",
        "core.trustctime=true",
        "core.checkStat=default",
        "core.ignoreStat=false",
    ),
    *("core.sparseCheckout=false", "index.sparse=false"),
    "core.commitGraph=false",  # a file that says the parents, dates and trees of commits once more
    # What would make git refuse although the tree is fine:
    *("core.safecrlf=false", "submodule.recurse=false"),
)

SETTING_ARGUMENTS = tuple(argument for setting in FIXED_SETTINGS for argument in ("-c", setting))


class Place(Struct, frozen=True, kw_only=True):
    """
    Where git runs, and which repository it is tied to.

    Attributes:
        folder: Working folder of the process, absolute.
        variables: ``GIT_DIR`` and its kin; empty where git has to find the repository itself.
    """

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def with_variables(self, **variables: str) -> Place:
        """The same place with these variables set as well."""
        return Place(folder=self.folder, variables={**self.variables, **variables})


class Ended(Struct, frozen=True, kw_only=True):
    """How one git command ended: *complaint* is what it wrote to stderr, trimmed."""

    status: int
    output: bytes
    complaint: str


class RunningReader(ObjectReader):
    """An object reader with the process that answers it."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        if process.stdin is None or process.stdout is None:
            raise GitError("git cat-file has no pipes")
        super().__init__(process.stdin, process.stdout)
        self._process = process

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether git still runs."""
        return self._process.poll() is None

    def end(self) -> None:
        """End the process, and wait for that."""
        with self._process:
            pass


class GitProcess:
    """
    Starts git with a cleaned environment and fixed settings.

    Args:
        environment: What our own process inherited.
        executable: Name or path of git.

    Attributes:
        environment: What git gets: every inherited ``GIT_*`` but INHERITED left out.
    """

    def __init__(self, environment: Mapping[str, str], *, executable: str = "git") -> None:
        kept = {name: value for name, value in environment.items() if not name.startswith("GIT_") or name in INHERITED}
        self.environment: Mapping[str, str] = {**kept, **FIXED_VARIABLES}
        self._executable = executable
        self._keeps_readers = False
        self._spare: dict[tuple[Path, frozenset[tuple[str, str]]], RunningReader] = {}

    def keep_readers(self) -> None:
        """Let an object reader live on for who wants the next one there; for a process that soon ends, and they with it."""
        self._keeps_readers = True

    def end_readers(self) -> None:
        """End those that nobody uses."""
        while self._spare:
            self._spare.popitem()[1].end()

    def run(self, place: Place, *arguments: str, content: bytes | None = None) -> bytes:
        """
        The output of a command that must end with status 0.

        Raises:
            GitError: It did not, with what git said; or git is missing, too old, or did not end in time.
        """
        ended = self.attempt(place, *arguments, content=content)
        if ended.status != 0:
            self.check_version()
            raise GitError(
                f"git {arguments[0]} ended with status {ended.status}: {ended.complaint}", where=str(place.folder)
            )
        return ended.output

    def attempt(
        self, place: Place, *arguments: str, content: bytes | None = None, plain_messages: bool = False
    ) -> Ended:
        """
        How a command ended, whatever its status.

        Args:
            content: Its standard input; None for none.
            plain_messages: Untranslated messages, for callers that look into them. Not where filters run: they see the locale too.
        """
        return self._start(place, [*SETTING_ARGUMENTS, *arguments], content, {"LC_ALL": "C"} if plain_messages else {})

    @contextmanager
    def object_reader(self, place: Place) -> Iterator[RunningReader]:
        """A ``cat-file --batch`` that answers one question after the other; ended on leaving, or kept as a spare one."""
        key = (place.folder, frozenset(place.variables.items()))
        reader = self._spare.pop(key, None)
        if reader is not None and not reader.is_alive:
            reader.end()
            reader = None
        reader = reader or self._start_reader(place)
        try:
            yield reader
        except BaseException:
            reader.end()
            raise
        if self._keeps_readers and reader.owes_nothing and key not in self._spare:
            self._spare[key] = reader
        else:
            reader.end()

    def _start_reader(self, place: Place) -> RunningReader:
        command = [self._executable, *SETTING_ARGUMENTS, "cat-file", "--batch"]
        try:
            process = subprocess.Popen(
                command,
                cwd=place.folder,
                env={**self.environment, **place.variables},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        except OSError as error:
            raise self._not_started(place, error) from error
        return RunningReader(process)

    def _start(
        self, place: Place, arguments: Sequence[str], content: bytes | None, variables: Mapping[str, str]
    ) -> Ended:
        command = [self._executable, *arguments]
        try:
            done = subprocess.run(
                command,
                cwd=place.folder,
                env={**self.environment, **place.variables, **variables},
                input=content,
                stdin=subprocess.DEVNULL if content is None else None,
                capture_output=True,
                timeout=TIME_LIMIT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise GitError(
                f"git {arguments[-1]} did not end within {TIME_LIMIT_S:g} s", where=str(place.folder)
            ) from error
        except OSError as error:
            raise self._not_started(place, error) from error
        complaint = done.stderr.decode("utf-8", "surrogateescape").strip()
        return Ended(status=done.returncode, output=done.stdout, complaint=complaint)

    def _not_started(self, place: Place, error: OSError) -> GitError:
        if not place.folder.is_dir():
            return GitError("there is no such folder", where=str(place.folder))
        if isinstance(error, FileNotFoundError):
            remedy = "Install git, or put the folder that holds it on PATH."
            return GitError(f"{self._executable!r} was not found on this machine", remedy=remedy)
        return GitError(f"{self._executable!r} cannot be started: {error.strerror}")

    def check_version(self) -> str:
        """What git says its version is; GitError when it is too old, which is asked only once something failed."""
        answer = self._start(Place(folder=Path("/")), ["version"], None, {}).output.decode("utf-8", "replace").strip()
        found = re.search(r"(\d+)\.(\d+)", answer)
        if found is None:
            raise GitError(f"{self._executable!r} does not say its version: {answer!r}")
        if (int(found[1]), int(found[2])) < OLDEST_GIT:
            remedy = f"Install git {OLDEST_GIT[0]}.{OLDEST_GIT[1]} or newer."
            raise GitError(f"{answer} is too old", remedy=remedy)
        return answer


def lines_of(output: bytes) -> list[str]:
    """The NUL-ended records of a ``-z`` output; bytes that are not UTF-8 become lone surrogates, as everywhere with paths."""
    return output.decode("utf-8", "surrogateescape").split("\0")[:-1]


def as_input(records: Sequence[str]) -> bytes:
    """Records for a ``-z --stdin`` command."""
    return "".join(f"{record}\0" for record in records).encode("utf-8", "surrogateescape")


def last_line(complaint: str) -> str:
    """What git said last: the line that says why, without ``fatal:``."""
    line = complaint.rpartition("\n")[2]
    return line.removeprefix("fatal: ").removeprefix("error: ")
