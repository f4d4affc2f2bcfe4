"""A daemon under edits: edit to verdict, constant editing, idle cost and start-up, and what other watchers do with the same edits."""

from __future__ import annotations

import argparse
import itertools
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from daemon import Daemon, p95, watched
from live_tree import files
from measure import VERIFYD, call, in_turn, print_table, repository
from rival_watchers import compare_watchers
from status import BAR_MS, BAR_RATIO, BARE, action_of

SMALL, LARGE = 166, 42_000
EDITED = "area0/package0/module0.py"
SLOW = f"sleep 0.5; ! grep -q BAD {EDITED}"
QUICK = f"! grep -q WORSE {EDITED}"
PAGE = f"# Verification\n\n## slow\n```sh\n{SLOW}\n```\n\n## quick\n```sh\n{QUICK}\n```\n"
LONG_PAGE = f"# Verification\n\n## long\n```sh\nsleep 10; ! grep -q BAD {EDITED}\n```\n"
LONG_S = 10.0
BAR_GAP_S = 14.0
BAR_START_S = 2.5
BAR_IDLE, BAR_IDLE_MB = 0.003, 80
QUIET_S = 45.0
"""Half a minute after the last edit git is asked once whether the tree is its tree."""

numbers = itertools.count()


def kept(is_kept: bool) -> str:
    """For the table."""
    return "kept" if is_kept else "**missed**"


def edit(root: Path, word: str = "") -> float:
    """Write the file in place, in one go; when that was done. What was there before is as long."""
    with (root / EDITED).open("r+b", buffering=0) as file:
        file.write(f"EDIT = {next(numbers):08d}  # {word:<6}\n".encode())
    return time.perf_counter()


def verdicts(daemon: Daemon, runs: int) -> dict[str, list[float]]:
    """Seconds of the slowest gate by hand and from an edit to its verdict, in turn; and to the first failure."""
    taken: dict[str, list[float]] = {
        "slow gate by hand": [], "edit → verdict": [], "quick gate by hand": [], "edit → first failure": [],
    }  # fmt: skip
    for _ in range(runs + 1):
        for name, script in (("slow gate by hand", SLOW), ("quick gate by hand", QUICK)):
            began = time.perf_counter()
            call(["sh", "-c", script], daemon.root, expect=(0, 1))
            taken[name].append(time.perf_counter() - began)
        daemon.forget()
        written = edit(daemon.root)
        tree = daemon.next("tree").tree
        taken["edit → verdict"].append(daemon.next("judged", tree=tree).at_s - written)
        time.sleep(0.3 + random.random() / 5)
        daemon.forget()
        written = edit(daemon.root, "WORSE")
        tree = daemon.next("tree").tree
        taken["edit → first failure"].append(daemon.next("ended", status="failed", tree=tree).at_s - written)
        daemon.next("judged", tree=tree)
        time.sleep(0.3 + random.random() / 5)
    return {name: seconds[1:] for name, seconds in taken.items()}


def print_verdicts(count: int, taken: Mapping[str, Sequence[float]]) -> float:
    """The table with the bars; what the daemon adds in the median, seconds."""
    print_table(f"{count:,} files: edit → verdict", taken, against="slow gate by hand")
    path_s = statistics.median(taken["slow gate by hand"])
    median_s, high_s = statistics.median(taken["edit → verdict"]), p95(taken["edit → verdict"])
    print(
        f"\nMedian {median_s * 1000:.0f} ms, bar {path_s * 1050 + 40:.0f}: {kept(median_s <= path_s * 1.05 + 0.04)}.",
        end=" ",
    )
    print(f"p95 {high_s * 1000:.0f} ms, bar {path_s * 1050 + 80:.0f}: {kept(high_s <= path_s * 1.05 + 0.08)}.")
    return median_s


def constant_editing(seconds: float) -> None:
    """An edit every second while a gate takes ten."""
    with repository({**files(SMALL), "VERIFY.md": LONG_PAGE}) as root, watched(root) as daemon:
        daemon.forget()
        began_s, is_bad = time.perf_counter(), dict[str, bool]()
        for number in range(int(seconds)):
            word = "BAD" if number % 14 > 6 else ""
            edit(root, word)
            is_bad[tree_of(root)] = bool(word)
            time.sleep(max(0.0, began_s + number + 1 - time.perf_counter()))
        found = []
        while not daemon.events.empty():
            told = daemon.events.get()
            if told.kind == "judged":
                found.append(told)
    moments = [began_s, *(told.at_s for told in found)]
    gaps = [after - before for before, after in itertools.pairwise(moments)]
    wrong = sum(told.status != ("not_ready" if is_bad.get(told.tree) else "ready") for told in found)
    print(f"\n### An edit every second for {seconds:g} s, a gate of {LONG_S:g} s\n")
    if not gaps:
        print(f"No verdict at all: the bar of {BAR_GAP_S:g} s is {kept(False)}.")
        return
    print(
        f"{len(found)} verdicts, {wrong} wrong; between two of them median {statistics.median(gaps):.1f} s, at most {max(gaps):.1f} s."
    )
    print(f"The bar, one at least every {BAR_GAP_S:g} s and all correct: {kept(max(gaps) <= BAR_GAP_S and not wrong)}.")


def tree_of(root: Path) -> str:
    """What git says is there, by an index of its own."""
    environment = {**os.environ, "GIT_INDEX_FILE": str(root / ".git/bench-index")}
    subprocess.run(["git", "add", "-A"], cwd=root, env=environment, check=True)
    done = subprocess.run(["git", "write-tree"], cwd=root, env=environment, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def start_up(root: Path, runs: int) -> None:
    """From the command to a daemon that answers."""
    call([*VERIFYD, "approve", "--yes"], root)
    taken: list[float] = []
    for _ in range(runs):
        began = time.perf_counter()
        call([*VERIFYD, "watch", "--detach"], root)
        taken.append(time.perf_counter() - began)
        call([*VERIFYD, "stop"], root)
    print_table(f"{LARGE:,} files: start", {"verifyd watch --detach": taken}, against="verifyd watch --detach")
    median_s = statistics.median(taken)
    print(f"\nThe bar, {BAR_START_S:g} s: {kept(median_s <= BAR_START_S)}, at {median_s:.2f} s.")


def idle(daemon: Daemon, seconds: float) -> None:
    """What a daemon takes while nothing happens."""
    time.sleep(QUIET_S)
    before_s = daemon.cpu_s()
    time.sleep(seconds)
    share, memory_mb = (daemon.cpu_s() - before_s) / seconds, daemon.pss_mb()
    print(f"\n### {LARGE:,} files: idle for {seconds:g} s\n")
    is_kept = share < BAR_IDLE and memory_mb < BAR_IDLE_MB
    print(
        f"{share:.2%} of a core, {memory_mb:.0f} MB (Pss); the bar, {BAR_IDLE:.1%} and {BAR_IDLE_MB} MB: {kept(is_kept)}."
    )


def answers(daemon: Daemon, runs: int) -> None:
    """A question on the same repository, beside a bare interpreter."""
    commands = {BARE: [sys.executable, "-c", "pass"], "verifyd status": [*VERIFYD, "status"]}
    taken = in_turn({name: action_of(command, daemon.root) for name, command in commands.items()}, runs)
    print_table(f"{LARGE:,} files: answer to status", taken, against=BARE)
    bare_ms, status_ms = (statistics.median(seconds) * 1000 for seconds in taken.values())
    allowed_ms = BAR_RATIO * bare_ms + BAR_MS
    print(f"\nThe bar, {BAR_RATIO} × bare + {BAR_MS} ms = {allowed_ms:.0f} ms: {kept(status_ms <= allowed_ms)}.")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20, metavar="N", help="edits for each figure (default 20)")
    parser.add_argument("--idle", type=float, default=60, metavar="S", help="seconds of idling (default 60)")
    parser.add_argument(
        "--editing", type=float, default=90, metavar="S", help="seconds of constant editing (default 90)"
    )
    asked = parser.parse_args()
    print(f"Load at the beginning: {os.getloadavg()[0]:.1f}")
    with repository({**files(SMALL), "VERIFY.md": PAGE}) as root, watched(root) as daemon:
        small_s = print_verdicts(SMALL, verdicts(daemon, asked.runs))
    with repository({**files(LARGE), "VERIFY.md": PAGE}) as root:
        start_up(root, max(3, asked.runs // 5))
        with watched(root) as daemon:
            large_s = print_verdicts(LARGE, verdicts(daemon, asked.runs))
            print(f"{large_s / small_s:.2f} × {SMALL} files, bar 1.1: {kept(large_s <= 1.1 * small_s)}.")
            call(["git", "checkout", "-q", EDITED], root)
            daemon.next("judged")
            answers(daemon, asked.runs)
            idle(daemon, asked.idle)
    constant_editing(asked.editing)
    compare_watchers(files(SMALL), asked.runs)
    print(f"\nLoad at the end: {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
