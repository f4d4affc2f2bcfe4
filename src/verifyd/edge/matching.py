"""Plain globs to the files below a folder that they match, links never followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import groupby
from pathlib import Path

NEVER_ENTERED = frozenset({".git"})

Segments = tuple[str, ...]


def find_files(folder: Path, pattern: str, *, whole_folders: bool = False) -> frozenset[str]:
    """
    Regular files below *folder* that match, relative, forward slashes.

    ``*``, ``?`` and ``[…]`` match within a name, ``**`` any number of folders. The pattern starts at *folder*: unlike in
    .gitignore, ``*.xml`` matches no file of a subfolder. ``..`` matches nothing, and ``.git`` is never entered.

    Args:
        whole_folders: A folder that matches stands for all files below it.
    """
    found: set[str] = set()
    waiting = [("", segments_of(pattern))]
    seen = set(waiting)
    while waiting:
        prefix, segments = waiting.pop()
        for step in matches_in(folder, prefix, segments, whole_folders=whole_folders):
            if isinstance(step, str):
                found.add(step)
            elif step not in seen:
                seen.add(step)
                waiting.append(step)
    return frozenset(found)


def segments_of(pattern: str) -> Segments:
    """The pattern's names; ``./`` says nothing, and ``**/**`` no more than ``**``."""
    names = [name for name in pattern.split("/") if name not in ("", ".")]
    return tuple(name for key, run in groupby(names) for name in (["**"] if key == "**" else run))


def matches_in(
    folder: Path, prefix: str, segments: Segments, *, whole_folders: bool
) -> Iterator[str | tuple[str, Segments]]:
    """The files of one folder that match, and the folders in which what is left of the pattern is to be looked for."""
    if not segments:
        return
    first, rest = segments[0], segments[1:]
    if first == "**" and rest:
        yield prefix, rest
    for entry in entries_of(folder / prefix):
        path = f"{prefix}/{entry.name}" if prefix else entry.name
        if first != "**" and not fnmatchcase(entry.name, first):
            continue
        if entry.is_dir(follow_symlinks=False):
            if first == "**":
                yield path, segments
            elif rest or whole_folders:
                yield path, rest or ("**",)
        elif not rest and entry.is_file(follow_symlinks=False):
            yield path


def entries_of(folder: Path) -> list[os.DirEntry[str]]:
    """What a folder holds; nothing where it cannot be listed or is gone."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.name not in NEVER_ENTERED]
    except OSError:
        return []
