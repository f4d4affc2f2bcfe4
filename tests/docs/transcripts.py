"""A page's terminal sessions, played in order, and what is compared of them: all but times, ids and paths."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import Fence
from tests.support.project import GIT

GAP = "…"
"""A line of a transcript that stands for any number of lines."""
PROMPT = b"[y/N] "
QUESTION = re.compile(r"\[y/N\] (?P<answer>\w+)$", re.MULTILINE)
MASKS = (
    (re.compile(r"\b[0-9a-f]{40}\b"), "TREE"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "HASH"),
    (re.compile(r"\b[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b\d+(?:\.\d+)? (?:s|ms)\b"), "TIME"),
    (re.compile(r"(?<=\()/\S*/(?=verifyd/approvals/)"), "STATE/"),
    (re.compile(r"[ \t]+$", re.MULTILINE), ""),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    One command of a page.

    Attributes:
        shown: What the page says that it prints; None where the page shows nothing.
    """

    place: str
    command: str
    shown: str | None


def steps(fences: list[Fence]) -> Iterator[Step]:
    """``sh`` fences as one command each, ``console`` fences as one for each prompt."""
    for fence in fences:
        if fence.language == "sh":
            yield Step(place=fence.place, command=fence.content, shown=None)
        elif fence.language == "console":
            for part in re.split(r"^\$ ", fence.content, flags=re.MULTILINE)[1:]:
                command, _, shown = part.partition("\n")
                yield Step(place=fence.place, command=command, shown=shown)


def masked(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    return text.strip("\n")


def difference(shown: str, printed: str) -> str:
    """Empty when what was printed is what the page shows; else both, masked."""
    pattern = r"(?:.*\n)*".join(
        "".join(re.escape(line) + "\n" for line in part) for part in split_at_gaps(masked(shown).split("\n"))
    )
    if re.fullmatch(pattern, masked(printed) + "\n"):
        return ""
    return f"--- the page shows\n{masked(shown)}\n--- printed was\n{masked(printed)}"


def split_at_gaps(lines: list[str]) -> list[list[str]]:
    """Lines in groups, parted by those that stand for others."""
    groups: list[list[str]] = [[]]
    for line in lines:
        if line == GAP:
            groups.append([])
        else:
            groups[-1].append(line)
    return groups


@dataclass(slots=True)
class Session:
    """A person's terminal: the folder it is in, which commands change, and its environment."""

    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def open(cls, folder: Path) -> Session:
        """A user with a home and state of their own, below *folder*; nothing of this test run's surroundings."""
        foreign = ("CI", "GIT_", "PYTEST_", "RUFF_", "VERIFYD")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(foreign)}
        (folder / "home").mkdir()
        (folder / "work").mkdir()
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        own = {"PATH": path, "HOME": str(folder / "home"), "XDG_STATE_HOME": str(folder / "state"), "NO_COLOR": "1"}
        return cls(folder=folder / "work", environment={**kept, **GIT, **own})

    def play(self, step: Step) -> str:
        """What a command prints on stdout; on a terminal, stderr too, where the page shows an answer typed in."""
        answer = QUESTION.search(step.shown or "")
        script = f'{step.command}\nstatus=$?\npwd > "{self.folder_file}"\nexit $status'
        printed = self.typed(script, answer["answer"]) if answer else self.piped(script)
        self.folder = Path(self.folder_file.read_text("utf-8").strip())
        return printed

    @property
    def folder_file(self) -> Path:
        """Where a command leaves the folder that it ends in."""
        return Path(self.environment["HOME"]) / "folder"

    def piped(self, script: str) -> str:
        """Run without a terminal."""
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        return done.stdout.decode("utf-8")

    def typed(self, script: str, answer: str) -> str:
        """Run at a terminal of its own and type an answer."""
        ours, theirs = pty.openpty()
        with subprocess.Popen(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        ) as process:
            os.close(theirs)
            try:
                printed = answered(ours, answer)
            except BaseException:  # the test's time is up: nobody will answer what is asked
                process.kill()
                raise
        os.close(ours)
        return printed.decode("utf-8").replace("\r\n", "\n")


def answered(terminal: int, answer: str) -> bytes:
    """All that programs at a terminal print, the answer typed once they ask."""
    printed = b""
    while piece := read_some(terminal):
        if PROMPT not in printed and PROMPT in printed + piece:
            os.write(terminal, f"{answer}\n".encode())
        printed += piece
    return printed


def read_some(terminal: int) -> bytes:
    """What a terminal has to say; nothing once the last of its programs has ended, which Linux calls an error."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
