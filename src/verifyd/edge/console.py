"""The terminal: answers to stdout, progress and questions to stderr."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import Group
    from rich.live import Live

    from verifyd.app.ports import Clock

MARKS = {"passed": "✓", "failed": "✗", "skipped": "–", "unproven": "?"}
REFRESH_PER_S = 8


class TerminalConsole:
    """stdin, stdout and stderr of this process."""

    def __init__(self, clock: Clock, environment: Mapping[str, str]) -> None:
        self.clock = clock
        self.live: Live | None = None
        self.wants_drawing = "NO_COLOR" not in environment and environment.get("TERM") != "dumb"

    def write_answer(self, text: str) -> None:
        """To stdout as UTF-8, lone surrogates of file names escaped."""
        sys.stdout.flush()
        sys.stdout.buffer.write(text.encode("utf-8", "backslashreplace"))
        sys.stdout.buffer.flush()

    def say(self, text: str) -> None:
        """One line of progress, to stderr; above what is drawn there."""
        line = text.encode("utf-8", "backslashreplace")
        if self.live is not None:
            self.live.console.print(line.decode("utf-8"), markup=False, highlight=False, soft_wrap=True)
            return
        sys.stderr.flush()
        sys.stderr.buffer.write(line + b"\n")
        sys.stderr.buffer.flush()

    def can_ask(self) -> bool:
        """Whether a person sits at both ends."""
        return sys.stdin is not None and sys.stdin.isatty() and sys.stderr.isatty()

    def ask(self, question: str) -> bool:
        """Whether the person says yes; no is the default, and the end of input is a no."""
        sys.stderr.write(f"{question} [y/N] ")
        sys.stderr.flush()
        return sys.stdin.readline().strip().lower() in ("y", "yes")

    def answer_is_coloured(self) -> bool:
        """Whether stdout is a terminal that wants colour (https://no-color.org)."""
        return self.wants_drawing and sys.stdout.isatty()

    def width(self) -> int:
        """Columns of the terminal; 80 where there is none."""
        import shutil

        return shutil.get_terminal_size((80, 24)).columns

    def progress(self, *, is_listed: bool = False) -> TerminalProgress:
        """Shows a run while it goes on; *is_listed* when an answer on stdout may list each gate afterwards."""
        keeps = not (is_listed and sys.stdout is not None and sys.stdout.isatty())
        return TerminalProgress(self, drawn=self.wants_drawing and sys.stderr.isatty(), keeps=keeps)


class TerminalProgress:
    """
    What the gates do, on stderr: a live table on a terminal, else a line at a time.

    Used as a context manager around a run. A gate's verdict stays on the screen, unless the answer that follows there says it
    again; a run that is broken off has no answer, so its verdicts stay, and so they do where none is given after all.

    Attributes:
        keeps: Whether the line of a gate that ended stays.
        ended_lines: Of the gates that ended, as long as nobody knows whether they stay.
    """

    def __init__(self, console: TerminalConsole, *, drawn: bool, keeps: bool) -> None:
        self.console = console
        self.running: dict[str, tuple[float, float | None]] = {}
        self.drawn = drawn
        self.keeps = keeps
        self.ended_lines: list[str] = []

    def __enter__(self) -> Self:
        if self.drawn:
            from rich.console import Console
            from rich.live import Live

            live = Live(
                get_renderable=self.table,
                console=Console(stderr=True),
                refresh_per_second=REFRESH_PER_S,
                transient=True,
            )
            live.start()
            self.console.live = live
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.console.live is not None:
            self.console.live.stop()
            self.console.live = None
        if kind is not None or self.keeps:
            for line in self.ended_lines:
                self.console.say(line)

    def started(self, name: str, expected_s: float | None) -> None:
        """A gate was started."""
        self.running[name] = (self.console.clock.monotonic_s(), expected_s)
        if not self.drawn and not self.keeps:
            self.console.say(f"running {name}{f', about {expected_s:.1f} s' if expected_s is not None else ''}")

    def ended(self, name: str, status: str, reason: str | None, duration_s: float | None, *, reused: bool) -> None:
        """A gate has its verdict; *duration_s* is None when it was not run, and that of an earlier run when that is reused."""
        self.running.pop(name, None)
        took = f" {duration_s:.2f} s{' (reused)' if reused else ''}" if duration_s is not None else ""
        line = f"{MARKS[status]} {name} {status}{f': {reason}' if reason else ''}{took}"
        if self.keeps:
            self.console.say(line)
        else:
            self.ended_lines.append(line)

    def keep(self) -> None:
        """No answer says it again: the lines stay."""
        self.keeps = True

    def table(self) -> Group:
        """The gates that ended and do not stay, and those under way with elapsed and expected time."""
        from rich.console import Group
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 1))
        for name, (since_s, expected_s) in self.running.items():
            elapsed = self.console.clock.monotonic_s() - since_s
            expected = f"of about {expected_s:.1f} s" if expected_s is not None else "(first run)"
            table.add_row(Text("▶"), Text(name), Text(f"{elapsed:.1f} s"), Text(expected, style="dim"))
        return Group(*(Text(line) for line in self.ended_lines), table)
