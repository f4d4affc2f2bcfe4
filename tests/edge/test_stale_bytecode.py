"""Compiled Python that stands for other content than its source has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from verifyd.edge.stale_bytecode import stale_bytecode

GOOD, BAD, LONGER = "ANSWER = 1\n", "ANSWER = 2\n", "ANSWER = 11\n"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A module that was imported once."""
    path = tmp_path / "pack" / "answer.py"
    path.parent.mkdir()
    path.write_text(GOOD)
    assert imported(path) == "1"
    return path


def imported(path: Path) -> str:
    """What an import of it gives."""
    script = f"import sys; sys.path.insert(0, {str(path.parent)!r}); import answer; print(answer.ANSWER)"
    return subprocess.run(
        [sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True
    ).stdout.strip()


def edit(path: Path, text: str, *, same_second: bool) -> None:
    """Write it, in the same second as before or in a later one."""
    second = int(path.stat().st_mtime)
    path.write_text(text)
    moment = second if same_second else second + 2
    os.utime(path, (moment, moment))


def test_an_edit_of_the_same_size_in_the_same_second_is_found(module: Path) -> None:
    """Python itself still imports what the module was."""
    edit(module, BAD, same_second=True)
    assert imported(module) == "1"
    assert stale_bytecode(module.parents[1], ["pack/answer.py", "pack/other.py"]) == ("pack/answer.py",)


@pytest.mark.parametrize("text, same_second", [(BAD, False), (LONGER, True)])
def test_what_python_sees_itself_is_left_alone(module: Path, text: str, same_second: bool) -> None:
    """Another second or another size makes it compile anew."""
    edit(module, text, same_second=same_second)
    assert stale_bytecode(module.parents[1], ["pack/answer.py"]) == ()
    assert imported(module) == text.removeprefix("ANSWER = ").strip()


def test_fresh_bytecode_is_left_alone(module: Path) -> None:
    """So is what is no file of the tree, cut short, or not there."""
    assert stale_bytecode(module.parents[1], ["pack/answer.py"]) == ()
    edit(module, BAD, same_second=True)
    assert stale_bytecode(module.parents[1], ["pack/else.py"]) == ()
    (compiled,) = (module.parent / "__pycache__").iterdir()
    compiled.write_bytes(compiled.read_bytes()[:7])
    assert stale_bytecode(module.parents[1], ["pack/answer.py", "nowhere/x.py"]) == ()
