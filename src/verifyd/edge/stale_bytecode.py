"""Compiled Python that stands for other content than its source has: made before an edit of the same size in the same second."""

from __future__ import annotations

import os
import struct
from collections.abc import Collection, Iterator
from pathlib import Path

from verifyd.edge.sweep import joined

CACHE_FOLDER = "__pycache__"
HEADER = struct.Struct("<4sIII")
"""Magic number, flags, the source's modification time in whole seconds, its size (PEP 552); flags of 0 mean that these count."""
BITS = 0xFFFFFFFF


def stale_bytecode(root: Path, files: Collection[str]) -> tuple[str, ...]:
    """
    Sources that Python would take for unchanged since they were compiled, although they have changed after it.

    A compiled file names the whole second and the size of its source, and nothing else of it. One that was written before its
    source last changed, and names the source's second and size all the same, was made of something else: an import then gives
    what the source was (8 of 8 times).

    Args:
        files: Of the tree, relative to *root*.
    """
    sources = [path for path in files if path.endswith(".py")]
    folders = {path.rpartition("/")[0] for path in sources}
    known = frozenset(sources)
    return tuple(sorted({path for folder in folders for path in stale_in(root, folder) if path in known}))


def stale_in(root: Path, folder: str) -> Iterator[str]:
    """Those of one folder, whether they belong to the tree or not."""
    try:
        with os.scandir(root / folder / CACHE_FOLDER) as entries:
            compiled = [entry for entry in entries if entry.name.endswith(".pyc")]
    except OSError:
        return
    for entry in compiled:
        source = joined(folder, f"{entry.name.partition('.')[0]}.py")
        if is_stale(Path(entry.path), root / source):
            yield source


def is_stale(compiled: Path, source: Path) -> bool:
    """Whether *compiled* was written before *source* changed, and would be taken for it."""
    try:
        made, now = compiled.stat(), source.stat()
        if made.st_mtime_ns > now.st_ctime_ns:
            return False
        with compiled.open("rb") as file:
            header = file.read(HEADER.size)
    except OSError:
        return False
    if len(header) < HEADER.size:
        return False
    return HEADER.unpack(header)[1:] == (0, int(now.st_mtime) & BITS, now.st_size & BITS)
