"""Runs commands in turn and sums up how long each took: what all benchmarks share."""

from __future__ import annotations

import argparse
import compileall
import importlib.util
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

VERIFYD = (sys.executable, "-m", "verifyd")
QUIET_GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "Benchmark",
    "GIT_AUTHOR_EMAIL": "benchmark@example.invalid",
    "GIT_COMMITTER_NAME": "Benchmark",
    "GIT_COMMITTER_EMAIL": "benchmark@example.invalid",
}


def runs_from_command_line(description: str, default: int) -> int:
    """Read ``--runs N``."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--runs", type=int, default=default, metavar="N", help=f"how often (default {default})")
    return int(parser.parse_args().runs)


@contextmanager
def repository(files: Mapping[str, str]) -> Iterator[Path]:
    """A fresh git repository with these files committed, and a state folder of its own; gone afterwards."""
    compile_verifyd()
    with tempfile.TemporaryDirectory(prefix="verifyd-bench-") as name:
        root = Path(name) / "repository"
        os.environ.update(QUIET_GIT, XDG_STATE_HOME=str(Path(name) / "state"))
        write_files(root, files)
        for command in (["git", "init", "-q"], ["git", "add", "-A"], ["git", "commit", "-q", "-m", "Begin"]):
            subprocess.run(command, cwd=root, check=True)
        yield root


def compile_verifyd() -> None:
    """
    Compile our modules, as installing them does.

    In a checkout Python does that itself at the first import, but not where ``PYTHONDONTWRITEBYTECODE`` is set: then each run
    compiles every module that was edited, which takes as long as all the rest of its start.
    """
    found = importlib.util.find_spec("verifyd")
    for folder in (found.submodule_search_locations or ()) if found is not None else ():
        compileall.compile_dir(folder, quiet=1)


def write_files(root: Path, files: Mapping[str, str]) -> None:
    """Write every file below *root*."""
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")


def call(command: Sequence[str], root: Path, *, expect: Sequence[int] = (0,)) -> None:
    """Run a command in the repository; any other exit status than expected ends the benchmark with its output."""
    done = subprocess.run(command, cwd=root, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode not in expect:
        sys.exit(f"{' '.join(command)}: exit status {done.returncode}\n{done.stdout}{done.stderr}")


def in_turn(
    actions: Mapping[str, Callable[[], object]], runs: int, *, before: Callable[[], object] | None = None
) -> dict[str, list[float]]:
    """Seconds of each action, run in turn so that a drifting machine drifts for all; one round first is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in actions}
    for count in range(runs + 1):
        for name, action in actions.items():
            if before is not None:
                before()
            began = time.perf_counter()
            action()
            if count:
                taken[name].append(time.perf_counter() - began)
    return taken


def print_table(title: str, taken: Mapping[str, Sequence[float]], *, against: str, unit: str = "ms") -> None:
    """Print medians with minimum and maximum as a Markdown table, and the ratio to one row."""
    scale = 1000 if unit == "ms" else 1
    reference = statistics.median(taken[against])
    print(f"\n### {title}\n\n| | median {unit} | min | max | × {against} |\n|---|---|---|---|---|")
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        low, high = min(seconds) * scale, max(seconds) * scale
        print(f"| {name} | {median * scale:.1f} | {low:.1f} | {high:.1f} | {median / reference:.2f} |")


def found(*names: str) -> bool:
    """Whether every program is on PATH or beside this Python."""
    return all(program(name) is not None for name in names)


def program(name: str) -> str | None:
    """Where a program is: beside this Python first."""
    beside = Path(sys.executable).with_name(name)
    return str(beside) if beside.exists() else shutil.which(name)
