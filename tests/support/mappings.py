"""A process of its own that holds a file mapped for writing, and stores when it is told to."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

WRITER = """
import mmap, sys
with open(sys.argv[1], "r+b") as file:
    mapped = mmap.mmap(file.fileno(), 0)
print("mapped", flush=True)
for line in sys.stdin:
    mapped[0:4] = line[:4].encode()
    print("done", flush=True)
"""

Store = Callable[[str], None]
Map = Callable[[Path], Store]


@contextmanager
def mapping_process(path: Path) -> Iterator[Store]:
    """Start a process that maps a file; the result has it store four characters at the file's begin. It ends with the ``with``."""
    command = [sys.executable, "-c", WRITER, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, bufsize=1) as process:

        def store(text: str) -> None:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{text}\n")
            assert process.stdout.readline() == "done\n"

        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "mapped\n"
            yield store
        finally:
            process.kill()
