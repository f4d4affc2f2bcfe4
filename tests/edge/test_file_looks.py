"""How a few files look: another content, nothing else, makes a difference."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from verifyd.edge import file_looks
from verifyd.edge.file_looks import looks_of


def test_content_makes_the_difference(tmp_path: Path) -> None:
    """A date does not; one byte of the same size does."""
    file = tmp_path / "a.py"
    file.write_text("A = 1\n", "utf-8")
    before = looks_of(str(tmp_path), ["a.py"])
    os.utime(file, (1, 1))
    assert looks_of(str(tmp_path), ["a.py"]) == before
    file.write_text("A = 2\n", "utf-8")
    assert looks_of(str(tmp_path), ["a.py"]) != before


def test_of_a_large_file_size_and_date_make_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not read while an agent waits."""
    monkeypatch.setattr(file_looks, "READ_BYTES", 1)
    (tmp_path / "a.py").write_text("A = 1\n", "utf-8")
    os.utime(tmp_path / "a.py", ns=(7, 7))
    assert looks_of(str(tmp_path), ["a.py"]) == {"a.py": "6@7"}


def test_what_is_no_file_looks_like_nothing(tmp_path: Path) -> None:
    """Nothing there, a folder, a link, a pipe that nobody writes, and what is no path at all."""
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "target").write_text("", "utf-8")
    os.mkfifo(tmp_path / "pipe")
    paths = ["gone", ".", "link", "pipe", "a\0b"]
    assert looks_of(str(tmp_path), paths) == dict.fromkeys(paths, "")
