"""verifyd run with three real gates, against the same three commands started by hand in parallel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from measure import VERIFYD, call, in_turn, print_table, repository, runs_from_command_line

MODULES = 60
PYTHON = sys.executable

MODULE = '''"""Module {number}."""


def total(values: list[int]) -> int:
    """Sum of the values, {number} times."""
    return sum(value * {number} for value in values)


def names(values: dict[str, int]) -> list[str]:
    """Keys in order."""
    return sorted(values, key=lambda name: values[name])
'''
TEST = """import pytest

from shop.module{number} import names, total


@pytest.mark.parametrize("count", range(40))
def test_total(count):
    assert total(list(range(count))) == {number} * sum(range(count))
    assert sum(i * i for i in range(20_000)) > 0


def test_names():
    assert names({{"b": 1, "a": 2}}) == ["b", "a"]
"""
COMMANDS = {
    "lint": f"{PYTHON} -m ruff check .",
    "types": f"{PYTHON} -m mypy shop",
    "tests": f"{PYTHON} -m pytest -q -p no:cacheprovider tests",
}


def project() -> dict[str, str]:
    """A small real project: modules, tests, and a VERIFY.md with the three gates."""
    files = {"shop/__init__.py": "", ".gitignore": "__pycache__/\n.mypy_cache/\n.ruff_cache/\n", "conftest.py": ""}
    for number in range(MODULES):
        files[f"shop/module{number}.py"] = MODULE.format(number=number)
        files[f"tests/test_module{number}.py"] = TEST.format(number=number)
    gates = "\n".join(f"## {name}\n```sh\n{command}\n```\n" for name, command in COMMANDS.items())
    return {**files, "VERIFY.md": f"# Verification\n\n{gates}"}


def by_hand(root: Path) -> None:
    """Start the three commands at once and wait for all."""
    started = [
        subprocess.Popen(
            ["bash", "-eo", "pipefail", "-c", command], cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for command in COMMANDS.values()
    ]
    for process in started:
        if process.wait() != 0:
            sys.exit("a gate failed by hand")


def main() -> None:
    """Measure and print."""
    runs = runs_from_command_line(__doc__ or "", 10)
    with repository(project()) as root:
        call([*VERIFYD, "approve", "--yes"], root)
        taken = in_turn(
            {
                "by hand, in parallel": lambda: by_hand(root),
                "verifyd run --no-reuse": lambda: call([*VERIFYD, "run", "--no-reuse"], root),
                "verifyd run, all known": lambda: call([*VERIFYD, "run"], root),
                "python -c pass": lambda: call([PYTHON, "-c", "pass"], root),
            },
            runs,
        )
    print_table("Three gates (ruff, mypy, pytest)", taken, against="by hand, in parallel")


if __name__ == "__main__":
    main()
