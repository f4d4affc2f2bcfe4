"""1 GB of gate output: memory of verifyd and its supervisor; and a JUnit file of 20,000 cases: time to read it."""

from __future__ import annotations

import io
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import psutil

from measure import VERIFYD, call, in_turn, print_table, repository, runs_from_command_line

GIGABYTE = 1_000_000_000
CASES = 20_000
PAGE = "# Verification\n\n## small\n```sh\n{python} write.py 1\n```\n\n## large\n```sh\n{python} write.py 1000\n```\n"
SCRIPT = (
    "import os, sys\nblock = (b'x' * 79 + b'\\n') * 12500\n"
    "for _ in range(int(sys.argv[1])):\n    view = memoryview(block)\n    while view:\n        view = view[os.write(1, view):]\n"
)


def peak_of(root: Path, gate: str) -> int:
    """Largest sum, in bytes, of the resident memory of verifyd and its helpers, the gate's own processes left out."""
    process = subprocess.Popen(
        [*VERIFYD, "run", gate, "--no-reuse"], cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    peak = 0
    watched = psutil.Process(process.pid)
    while process.poll() is None:
        peak = max(peak, resident(watched))
        time.sleep(0.02)
    return peak


def resident(watched: psutil.Process) -> int:
    """Resident bytes of a process and those descendants that are verifyd's own."""
    total = 0
    try:
        for process in [watched, *watched.children(recursive=True)]:
            line = process.cmdline()
            if "write.py" not in " ".join(line):
                total += process.memory_info().rss
    except psutil.Error:
        return total
    return total


def junit_of(cases: int) -> bytes:
    """A JUnit file in pytest's shape with one failure in a hundred."""
    lines = ['<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" tests="20000">']
    for number in range(cases):
        case = f'<testcase classname="tests.test_m{number % 200}" name="test_{number}" time="0.001" file="tests/test_m{number % 200}.py" line="{number}"'
        failure = '><failure message="assert 1 == 2">tests/test_m1.py:7: AssertionError</failure></testcase>'
        lines.append(case + (failure if number % 100 == 0 else "/>"))
    return "".join([*lines, "</testsuite></testsuites>"]).encode()


def main() -> None:
    """Measure and print."""
    from verifyd.evidence.junit import read_junit
    from verifyd.evidence.model import SourceTree

    runs = runs_from_command_line(__doc__ or "", 5)
    page = PAGE.format(python=sys.executable)
    with repository({"VERIFY.md": page, "write.py": SCRIPT}) as root:
        call([*VERIFYD, "approve", "--yes"], root)
        peaks = {gate: [peak_of(root, gate) / 1e6 for _ in range(min(runs, 3))] for gate in ("small", "large")}
        growth = min(peaks["large"]) - min(peaks["small"])
        print(
            f"\n### 1 GB of output\n\nMemory of verifyd and its supervisor: {min(peaks['small']):.0f} MB with 1 MB of output, "
            f"{min(peaks['large']):.0f} MB with 1 GB: {growth:+.1f} MB."
        )
        taken = in_turn(
            {
                "by hand, into a file": lambda: subprocess.run(
                    f"{sys.executable} write.py 1000 > {root}.log", shell=True, cwd=root, check=True
                ),
                "verifyd run": lambda: call([*VERIFYD, "run", "large", "--no-reuse"], root),
            },
            min(runs, 3),
        )
        Path(f"{root}.log").unlink()
    print_table("1 GB of output", taken, against="by hand, into a file")
    content = junit_of(CASES)
    tree = SourceTree(root="/home/user/project", paths=frozenset(f"tests/test_m{number}.py" for number in range(200)))
    read = in_turn(
        {
            "ElementTree.parse, nothing else": lambda: ElementTree.parse(io.BytesIO(content)),
            "read_junit": lambda: read_junit(io.BytesIO(content), tree),
        },
        runs,
    )
    print_table(f"A JUnit file of {CASES:,} cases", read, against="ElementTree.parse, nothing else")


if __name__ == "__main__":
    main()
