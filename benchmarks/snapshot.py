"""The exact tree and its change after one edit, on 100, 2,000 and 40,000 files, against git's own commands on a copied index."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from pathlib import Path

from measure import in_turn, print_table, repository, runs_from_command_line
from verifyd.app.wiring import make_world

SIZES = (100, 2_000, 40_000)


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


def main() -> None:
    """Measure and print."""
    runs = runs_from_command_line(__doc__ or "", 10)
    world = make_world()
    for count in SIZES:
        with repository(files(count)) as root:
            opened = world.git.open_repository(root)
            numbers = itertools.count()

            def edit(root: Path = root, numbers: itertools.count[int] = numbers) -> None:
                (root / "package0" / "module1.py").write_text(f"EDIT = {next(numbers)}\n", "utf-8")

            def with_verifyd() -> None:
                snapshot, _guard = world.git.snapshot_working_tree(opened, base="auto")  # noqa: B023 - used in this round only
                world.git.change(snapshot)

            def with_guard_look() -> None:
                guards[-1].moved()

            guards = [world.git.snapshot_working_tree(opened, base="auto")[1]]
            taken = in_turn(
                {
                    "git add -A, write-tree, diff-tree": lambda: with_git(root),
                    "verifyd snapshot and change": with_verifyd,
                },
                runs,
                before=edit,
            )  # noqa: B023
            taken |= in_turn({"guard looks once": with_guard_look}, runs)
        print_table(f"{count:,} files, one edited", taken, against="git add -A, write-tree, diff-tree")


if __name__ == "__main__":
    main()
