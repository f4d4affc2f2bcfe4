"""What is kept of earlier runs (their logs, results and artifacts), and what goes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from verifyd.app.file_ports import Files

KEPT_RUNS = 20
"""Folders of earlier runs that are kept."""

RUNS_LIMIT_BYTES = 500 * 1024 * 1024
"""Of logs and artifacts of earlier runs together; a gate's log alone may come to 32 MB."""


def collect_old_runs(files: Files, folder: Path) -> None:
    """Remove the oldest runs' folders beyond KEPT_RUNS."""
    for old in files.run_folders(folder)[:-KEPT_RUNS]:
        files.remove_tree(old)


def remove_large_runs(files: Files, folder: Path, limit_bytes: int) -> None:
    """Remove the folders of the oldest runs until those that stay are no larger together than the limit."""
    folders = files.run_folders(folder)
    sizes = [sum(files.size(path) or 0 for path in files.glob(one, "**/*")) for one in folders]
    for one in folders[: too_many(sizes, limit_bytes)]:
        files.remove_tree(one)


def too_many(sizes: Sequence[int], limit_bytes: int) -> int:
    """How many of the first of *sizes* have to go for the rest to keep the limit; the last one stays however large it is."""
    total = 0
    for kept, size in enumerate(reversed(sizes)):
        total += size
        if total > limit_bytes and kept:
            return len(sizes) - kept
    return 0
