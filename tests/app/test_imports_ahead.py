"""Modules imported in a thread: the process that they are imported for ends in good order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SLOW = """
import pathlib, threading
threading.main_thread().join()  # the program has ended, the interpreter has not
pathlib.Path(__file__).with_name("imported").write_text(__name__)
"""


def run(folder: Path, program: str) -> tuple[int, str, str]:
    """A program that ends at once, with *folder* to import from: exit status, stdout and stderr."""
    text = f"import sys; sys.path.append(sys.argv[1]); from verifyd.app.imports_ahead import import_ahead; {program}"
    ended = subprocess.run([sys.executable, "-c", text, str(folder)], capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def test_the_process_ends_after_a_module_that_is_being_imported(tmp_path: Path) -> None:
    """With its own exit status: an interpreter that ended meanwhile crashed in one of eight commands that ended at once."""
    (tmp_path / "slow.py").write_text(SLOW, "utf-8")
    assert run(tmp_path, "import_ahead(['slow']); sys.exit(2)") == (2, "", "")
    assert (tmp_path / "imported").read_text("utf-8") == "slow"


def test_no_other_module_is_begun_once_the_program_has_ended(tmp_path: Path) -> None:
    """Nobody needs it any more."""
    (tmp_path / "slow.py").write_text(SLOW, "utf-8")
    (tmp_path / "slower.py").write_text(SLOW, "utf-8")
    assert run(tmp_path, "import_ahead(['slow', 'slower'])") == (0, "", "")
    assert (tmp_path / "imported").read_text("utf-8") == "slow"


def test_a_module_that_cannot_be_imported_is_left_to_whoever_needs_it(tmp_path: Path) -> None:
    """Nothing is printed by the thread, and the others are imported."""
    (tmp_path / "broken.py").write_text("raise ValueError\n", "utf-8")
    (tmp_path / "sound.py").write_text("print('here')\n", "utf-8")
    assert run(
        tmp_path,
        "import_ahead(['broken', 'missing', 'sound']); import threading; [t.join() for t in threading.enumerate()[1:]]",
    ) == (0, "here\n", "")
