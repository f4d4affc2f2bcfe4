"""What a folder holds, as a value that can be compared."""

from __future__ import annotations

import os
from pathlib import Path


def contents(folder: Path) -> dict[str, tuple[int, bytes | str]]:
    """Mode with content, or a link's target, of everything below a folder."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for inside, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = Path(inside) / name
            content = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else ""
            found[str(path.relative_to(folder))] = (path.lstat().st_mode, content)
    return found
