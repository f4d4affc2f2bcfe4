"""The report's files, read all the while they are written anew."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from verifyd.edge.files import DiskFiles

READER = """
import sys
path, seen = sys.argv[1], set()
print("reads", flush=True)
while "end" not in seen:
    text = open(path, encoding="ascii").read()
    first, _, rest = text.partition("\\n")
    if len(rest) != 300_000 or set(rest) != {first[-1]}:
        sys.exit(f"torn: {text[:40]!r}, {len(rest)} characters")
    seen.add(first.split()[0])
print(len(seen))
"""


def test_a_reader_sees_a_whole_report_always(tmp_path: Path) -> None:
    """Fault 73: a process that reads without a pause, while the file is written hundreds of times, never sees a part or a mixture."""
    path, files = tmp_path / "readiness.json", DiskFiles()

    def write(name: str, letter: str) -> None:
        files.write_whole(path, f"{name} {letter}\n{letter * 300_000}")

    write("0", "a")
    reader = subprocess.Popen([sys.executable, "-c", READER, str(path)], stdout=subprocess.PIPE, text=True)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "reads\n"
    for number in range(300):
        write(str(number), "abcdefg"[number % 7])
    write("end", "z")
    out, _ = reader.communicate(timeout=30)
    assert reader.returncode == 0, out
    assert int(out) > 1
