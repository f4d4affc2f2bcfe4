"""The tree in memory and its mirror after edits that hints name, on 166, 7,000 and 42,000 files, against git's own way in the same run."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from measure import in_turn, print_table, repository, runs_from_command_line
from verifyd.app.watch_ports import Hint
from verifyd.edge.git import GitBinary
from verifyd.edge.live_tree import LiveWorkTree, open_live_tree

SIZES = (166, 7_000, 42_000)
BURST = 500
GIT = "git add -A and write-tree, private index"


def files(count: int) -> dict[str, str]:
    """Python modules of about 600 bytes, 25 to a folder, the folders in folders of 40."""
    body = "".join(f"NAME_{n} = {n}\n" for n in range(40))
    return {
        f"area{number // 1000}/package{number // 25}/module{number}.py": f"NUMBER = {number}\n{body}"
        for number in range(count)
    }


def with_git(root: Path) -> None:
    """The quickest of git's own ways: a private index that is kept, so that only what changed is read."""
    environment = {**os.environ, "GIT_INDEX_FILE": str(root / ".git" / "bench-index")}
    for command in (["git", "add", "-A"], ["git", "write-tree"]):
        subprocess.run(command, cwd=root, env=environment, check=True, capture_output=True)


def memory_mb() -> float:
    """Resident memory of this process."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def measure_edits(live: LiveWorkTree, root: Path, names: list[str], runs: int) -> None:
    """One file and a burst: the tree's id, and the tree's id with a mirror ready to be used."""
    numbers = itertools.count()

    lent = ExitStack()

    def edit(some: list[str]) -> Callable[[], None]:
        def write() -> None:
            lent.close()
            for name in some:
                (root / name).write_text(f"EDIT = {next(numbers)}\n", "utf-8")
            # A mirror is looked through after its last use; that is not part of the next edit.
            time.sleep(0.1 + len(names) * 8e-6)

        return write

    def read(some: list[str]) -> Callable[[], object]:
        return lambda: live.read(Hint(paths=frozenset(some)))

    def read_and_mirror(some: list[str]) -> Callable[[], object]:
        return lambda: lent.enter_context(live.mirror(live.read(Hint(paths=frozenset(some)))))

    for some in (names[:1], names[:BURST]):
        actions: dict[str, Callable[[], object]] = {
            GIT: lambda: with_git(root),
            "id of the tree in memory": read(some),
            "id, and the mirror": read_and_mirror(some),
        }
        title = f"{len(names):,} files, {len(some)} edited"
        print_table(title, in_turn(actions, runs, before=edit(some)), against=GIT)
        lent.close()


def measure_size(count: int, runs: int) -> None:
    """Measure one size and print its tables."""
    with repository(files(count)) as root:
        shutil.copy2(root / ".git" / "index", root / ".git" / "bench-index")
        git = GitBinary(os.environ)
        opened = git.open_repository(root)
        before_mb = memory_mb()
        starts: dict[str, list[float]] = {"into memory": [], "first mirror": []}
        for _ in range(max(3, runs // 3)):
            began = time.perf_counter()
            with open_live_tree(git, opened) as live:
                starts["into memory"].append(time.perf_counter() - began)
                began = time.perf_counter()
                with live.mirror(live.state):
                    starts["first mirror"].append(time.perf_counter() - began)
        both = [sum(pair) for pair in zip(*starts.values(), strict=True)]
        print_table(f"{count:,} files, start", {**starts, "both": both}, against="both")
        with open_live_tree(git, opened) as live:
            measure_edits(live, root, sorted(live.state.files), runs)
            live.sweep()
            looks: dict[str, Callable[[], object]] = {
                GIT: lambda: with_git(root),
                "sweep, nothing changed": live.sweep,
                "snapshot": lambda: live.snapshot(live.state, "auto"),
                "comparison with git's answer": live.cross_check,
            }
            print_table(f"{count:,} files, nothing edited", in_turn(looks, runs), against=GIT)
            print(f"\nMemory: {memory_mb():.0f} MB, {before_mb:.0f} MB before anything was read.")


def main() -> None:
    """Measure and print."""
    runs = runs_from_command_line(__doc__ or "", 15)
    for count in SIZES:
        # A process each: memory that one size needed would count for the next.
        process = multiprocessing.get_context("spawn").Process(target=measure_size, args=(count, runs))
        process.start()
        process.join()


if __name__ == "__main__":
    main()
