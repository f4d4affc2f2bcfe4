"""Paths beside the judged tree -> a stamp for each file there that a gate may read, what tools make again left out."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path

from verifyd.app.file_ports import FilesBeside

MADE_AGAIN_FOLDERS = frozenset(
    {
        *(".git", ".verifyd", "node_modules", "bower_components", "__pycache__", "__pypackages__", ".venv", "venv"),
        *(".tox", ".nox", ".hypothesis", ".eggs", ".ipynb_checkpoints", ".cache", ".parcel-cache", ".turbo", ".vite"),
        *(
            ".mypy_cache",
            ".pytest_cache",
            ".ruff_cache",
            ".pytype",
            ".pyre",
            ".import_linter_cache",
            ".gradle",
            ".terraform",
        ),
        *("dist", "build", "_build", "target", "out", ".next", ".nuxt", ".output", ".svelte-kit", ".angular", ".astro"),
        *("coverage", "htmlcov", ".nyc_output", "test-results", "playwright-report", "blob-report", "logs"),
        *(".idea", ".vscode", ".zed", ".fleet", ".direnv"),
    }
)
"""Folders that tools fill and empty: what is built, installed, cached or reported there is no input of its own."""
MADE_AGAIN_FILE = re.compile(
    r".*\.(?:py[co]|log|swp|swo|tsbuildinfo|pid|sock|tmp)|.*~|\.#.*|\.DS_Store|Thumbs\.db|\.coverage(?:\..*)?|coverage\.(?:xml|json|lcov|out)"
    r"|lcov\.info|cover(?:age)?\.out|\.?(?:eslint|stylelint|prettier)cache|junit[^/]*\.xml|nohup\.out"
)
"""The same for single files."""
CACHE_MARK = "CACHEDIR.TAG"
ENVIRONMENT_MARK = "pyvenv.cfg"


def stamp_files(root: Path, paths: Sequence[str], *, most: int, by_name: bool = True) -> FilesBeside:
    """
    Stamp files by size, times, inode and mode: no program can set a ctime back, so an edit shows even when it was taken back.

    Args:
        paths: Relative to *root*; a folder stands for all in it. A link is stamped with what it leads to, and not entered.
        by_name: Whether what tools make again is left out.
        most: Entries that are looked at before the rest is given up.
    """
    found: dict[str, str] = {}
    seen = 0
    for outermost in sorted(paths):
        waiting = [outermost]
        while waiting:
            path = waiting.pop()
            status = status_of(root / path)
            if status is None or (by_name and is_made_again(root / path, status)):
                continue
            seen += 1
            if seen + len(waiting) > most:
                return FilesBeside(stamps=found, overflow=outermost)
            if stat.S_ISDIR(status.st_mode):
                waiting.extend(f"{path}/{name}" for name in names_in(root / path, most))
            else:
                found[path] = stamp_of(root / path, status)
    return FilesBeside(stamps=found)


def stamp_links(root: Path, links: Sequence[str], *, most: int) -> FilesBeside:
    """The same for what those of *links* lead to that lead out of *root*: content that is in no tree."""
    found: dict[str, str] = {}
    inside = os.path.realpath(root) + os.sep
    for link in sorted(links):
        target = os.path.realpath(root / link)
        if (target + os.sep).startswith(inside):
            continue
        below = stamp_files(Path("/"), [target.lstrip("/")], most=most - len(found))
        if below.overflow:
            return FilesBeside(stamps=found, overflow=link)
        found.update({f"{link} -> /{path}": stamp for path, stamp in below.stamps.items()})
        found.setdefault(f"{link} ->", target)
    return FilesBeside(stamps=found)


def status_of(path: Path) -> os.stat_result | None:
    """What is at a path, a link itself; None for nothing."""
    try:
        return os.lstat(path)
    except OSError:
        return None


def is_made_again(path: Path, status: os.stat_result) -> bool:
    """Whether a tool made what is there, and makes it again when it is gone; by its name, or by the mark in a folder."""
    if not stat.S_ISDIR(status.st_mode):
        return MADE_AGAIN_FILE.fullmatch(path.name) is not None or stat.S_ISSOCK(status.st_mode)
    return (
        path.name in MADE_AGAIN_FOLDERS
        or path.name.endswith(".egg-info")
        or (path / CACHE_MARK).is_file()
        or (path / ENVIRONMENT_MARK).is_file()
    )


def names_in(folder: Path, most: int) -> list[str]:
    """Names in a folder, no more than are needed to see that they are too many; none where they may not be read."""
    try:
        with os.scandir(folder) as entries:
            return [entry.name for entry, _ in zip(entries, range(most + 1), strict=False)]
    except OSError:
        return []


def stamp_of(path: Path, status: os.stat_result) -> str:
    """One file; a link with what it leads to."""
    parts = [status]
    if stat.S_ISLNK(status.st_mode):
        try:
            parts.append(os.stat(path))
        except OSError:
            parts.append(status)
    return " ".join(
        f"{part.st_mode:o} {part.st_size} {part.st_mtime_ns} {part.st_ctime_ns} {part.st_ino}" for part in parts
    )
