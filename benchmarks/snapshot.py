"""The exact tree and its change after one edit, on 100, 2,000 and 40,000 files, against git's own commands on a copied index."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from pathlib import Path

from measure import in_turn, print_table, repository, runs_from_command_line
from verifyd.app.wiring import make_world
from verifyd.app.world import World

SIZES = (100, 2_000, 40_000)
GIT = "git add -A, write-tree, diff-tree"


def files(count: int) -> dict[str, str]:
    """Python modules of about 600 bytes, 40 to a folder."""
    body = "".join(f"NAME_{n} = {n}\n" for n in range(40))
    return {f"package{number // 40}/module{number}.py": f"NUMBER = {number}\n{body}" for number in range(count)}


def with_git(root: Path) -> None:
    """What a script would do: copy the index with its time, add all, write the tree, compare."""
    index = root / ".git" / "bench-index"
    shutil.copy2(root / ".git" / "index", index)
    environment = {**os.environ, "GIT_INDEX_FILE": str(index)}
    subprocess.run(["git", "add", "-A"], cwd=root, env=environment, check=True)
    tree = subprocess.run(
        ["git", "write-tree"], cwd=root, env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()
    subprocess.run(
        ["git", "diff-tree", "-r", "-z", "-M", "--numstat", "--raw", "HEAD", tree],
        cwd=root,
        check=True,
        capture_output=True,
    )
    index.unlink()


def measure_size(world: World, count: int, runs: int) -> None:
    """Measure one size and print its table."""
    with repository(files(count)) as root:
        opened = world.git.open_repository(root)
        numbers = itertools.count()

        def edit() -> None:
            (root / "package0" / "module1.py").write_text(f"EDIT = {next(numbers)}\n", "utf-8")

        def with_verifyd() -> None:
            snapshot, _guard = world.git.snapshot_working_tree(opened, base="auto")
            world.git.change(snapshot)

        actions = {GIT: lambda: with_git(root), "verifyd snapshot and change": with_verifyd}
        taken = in_turn(actions, runs, before=edit)
        guard = world.git.snapshot_working_tree(opened, base="auto")[1]
        taken |= in_turn({"guard looks once": guard.moved}, runs)
    print_table(f"{count:,} files, one edited", taken, against=GIT)


def main() -> None:
    """Measure and print."""
    runs = runs_from_command_line(__doc__ or "", 10)
    world = make_world()
    for count in SIZES:
        measure_size(world, count, runs)


if __name__ == "__main__":
    main()
