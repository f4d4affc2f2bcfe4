"""Watchers that start a command on an edit, ours among them: from a write to the command's start, and what becomes of an edit during a run."""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from measure import VERIFYD, call, found, program, repository

EDITED = "area0/package0/module0.py"
OURS = "verifyd watch"
LONG_S = 2.0
PATIENCE_S = 5.0
QUIET_S = LONG_S + 1.5
WARM = 2

numbers = itertools.count()
CONFIGURATION = {
    ".gitignore": ".turbo/\nnode_modules/\n",
    "package.json": '{"name": "watched", "private": true, "packageManager": "npm@11.0.0", "scripts": {"gate": "%s"}}\n',
    "package-lock.json": '{"name": "watched", "lockfileVersion": 3, "requires": true, "packages": {}}\n',
    "turbo.json": '{"ui": "stream", "tasks": {"gate": {"cache": false}}}\n',
    "VERIFY.md": "# Verification\n\n## gate\n```sh\n%s\n```\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """
    One start of the command, by its own account.

    Attributes:
        start_s: Seconds since 1970.
        end_s: None when it was ended before its end.
        saw: The edited file's content at the start.
    """

    start_s: float
    end_s: float | None
    saw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command that writes down when it starts and ends; outside of what is watched."""

    folder: Path

    @property
    def script(self) -> Path:
        """What is started."""
        return self.folder / "gate.sh"

    def lasts(self, seconds: float) -> None:
        """Let it take so long."""
        log = self.folder / "log"
        new = self.folder / "new.sh"
        new.write_text(
            f'#!/bin/sh\nid=$$-$(date +%s%N)\necho "$id start $(date +%s%N) $(head -1 {EDITED})" >> {log}\n'
            f'sleep {seconds:g}\necho "$id end $(date +%s%N)" >> {log}\n'
        )
        new.chmod(0o755)
        new.replace(self.script)

    def runs(self) -> list[Run]:
        """All so far."""
        log = self.folder / "log"
        lines = [line.split(" ", 3) for line in log.read_text().splitlines()] if log.exists() else []
        ends = {line[0]: int(line[2]) / 1e9 for line in lines if line[1] == "end"}
        return [
            Run(start_s=int(line[2]) / 1e9, end_s=ends.get(line[0]), saw=line[3])
            for line in lines
            if line[1] == "start" and len(line) == 4
        ]

    def wait(self, count: int) -> bool:
        """Until it was started so often; whether it was."""
        end_s = time.time() + PATIENCE_S
        while len(self.runs()) < count:
            if time.time() > end_s:
                return False
            time.sleep(0.002)
        return True

    def settle(self) -> None:
        """Until nothing runs and nothing starts any more."""
        while True:
            before = self.runs()
            time.sleep(QUIET_S)
            if self.runs() == before:
                return


def watchers(script: Path) -> dict[str, tuple[str, ...]]:
    """Name and command line of each; the first word is what has to be installed."""
    return {
        OURS: ("verifyd", "watch", "--plain"),
        "pytest-watcher": ("ptw", ".", "--runner", str(script)),
        "pytest-watcher --delay 0": ("ptw", ".", "--delay", "0", "--runner", str(script)),
        "entr": ("entr", "-n", str(script)),
        "entr -r": ("entr", "-n", "-r", str(script)),
        "turbo watch": ("turbo", "watch", "gate"),
    }


@contextmanager
def running(name: str, command: tuple[str, ...], root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A watcher at work."""
    listed = subprocess.run(["git", "ls-files"], cwd=root, check=True, capture_output=True).stdout
    started = [program(command[0]) or command[0], *command[1:]]
    with tempfile.TemporaryFile() as names:
        names.write(listed if name.startswith("entr") else b"")
        names.seek(0)
        process = subprocess.Popen(
            started, cwd=root, stdin=names, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def delays(command: Command, root: Path, runs: int) -> list[float]:
    """Seconds from the end of a write to the command's start; misses are left out."""
    taken = []
    for _ in range(runs):
        before = len(command.runs())
        (root / EDITED).write_text(f"DELAY = {next(numbers)}\n")
        written_s = time.time()
        if command.wait(before + 1):
            taken.append(command.runs()[before].start_s - written_s)
        time.sleep(0.5)
    return taken


def during(command: Command, root: Path, after_s: float) -> str:
    """What becomes of an edit that long after the beginning of a run, in words."""
    before = len(command.runs())
    (root / EDITED).write_text(f"FIRST = {next(numbers)}\n")
    if not command.wait(before + 1):
        return "the first edit was not noticed"
    time.sleep(after_s)
    (root / EDITED).write_text(f"SECOND = {next(numbers)}\n")
    written_s = time.time()
    command.settle()
    first, *later = command.runs()[before:]
    if not any(run.saw.startswith("SECOND") for run in later):
        return "lost"
    fate = "ended early" if first.end_s is None else "finished"
    times = "" if len(later) == 1 else f", {len(later)} times"
    return f"{fate}; again after {later[0].start_s - written_s:.2f} s{times}"


def compare_watchers(files: Mapping[str, str], runs: int) -> None:
    """Measure each that is installed, and print."""
    with tempfile.TemporaryDirectory(prefix="verifyd-bench-") as name:
        command = Command(folder=Path(name))
        command.lasts(0)
        filled = {path: text.replace("%s", str(command.script)) for path, text in CONFIGURATION.items()}
        with repository({**files, **filled}) as root:
            os.environ.update(TURBO_TELEMETRY_DISABLED="1", DO_NOT_TRACK="1")
            call([*VERIFYD, "approve", "--yes"], root)
            rows = {
                name: measured(name, line, command, root, runs)
                for name, line in watchers(command.script).items()
                if found(line[0])
            }
            left_out = [name for name, line in watchers(command.script).items() if not found(line[0])]
    print(f"\n### {len(files)} files: from a write to the command's start, and an edit during a run of {LONG_S:g} s\n")
    print(f"| | median ms | min | max | × {OURS} | missed | edit after 0.5 s: the run | edit after 1.5 s: the run |")
    print("|---|---|---|---|---|---|---|---|")
    reference = statistics.median(rows[OURS][0])
    for name, (taken, early, late) in rows.items():
        figures = ["–"] * 4
        if taken:
            median = statistics.median(taken)
            figures = [f"{value * 1000:.0f}" for value in (median, min(taken), max(taken))] + [
                f"{median / reference:.1f}"
            ]
        print(f"| {name} | {' | '.join(figures)} | {runs - len(taken)} | {early} | {late} |")
    if left_out:
        print(f"\nNot installed, left out: {', '.join(left_out)}.")


def measured(name: str, line: tuple[str, ...], command: Command, root: Path, runs: int) -> tuple[list[float], str, str]:
    """One watcher's row."""
    with running(name, line, root):
        time.sleep(4)
        command.lasts(LONG_S)
        for _ in range(WARM):  # who decides by how long it takes has to know
            delays(command, root, 1)
            command.settle()
        early, late = (during(command, root, after_s) for after_s in (0.5, 1.5))
        command.lasts(0)
        command.settle()
        taken = delays(command, root, runs)
    return taken, early, late
