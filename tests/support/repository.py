"""This repository's own files, for the tests of what they promise each other."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def read_text(path: str) -> str:
    """Return the text of one file, named from the root."""
    return (ROOT / path).read_text("utf-8")


def read_pyproject() -> dict[str, Any]:
    """Return pyproject.toml as parsed."""
    return tomllib.loads(read_text("pyproject.toml"))


def list_files() -> list[Path]:
    """Return every file that git tracks or would track, absolute; deleted ones are left out."""
    command = ["git", "ls-files", "-coz", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [path for name in listing.split("\0") if name and (path := ROOT / name).is_file()]
