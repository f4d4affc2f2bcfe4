"""Folders of installed files that nobody told git to ignore."""

from __future__ import annotations

from tests.support.builders import a_file_change
from verifyd.builtin.unignored import Unignored, find_unignored
from verifyd.change import Change, ChangeKind


def added(*paths: str) -> Change:
    """A change that adds these files."""
    return Change(files=tuple(a_file_change(path, kind=ChangeKind.ADDED) for path in paths))


def test_a_virtual_environment_is_known_by_its_own_file() -> None:
    """Whatever its folder is called."""
    change = added("src/a.py", "tools/env/pyvenv.cfg", "tools/env/lib/x.py", "tools/environment.py")
    assert find_unignored(change) == Unignored(lines=("tools/env/",), files=2)


def test_packages_of_node_are_one_line_wherever_they_lie() -> None:
    """And what lies in a folder that is left out anyway adds no line."""
    change = added(
        "a/node_modules/x/index.js",
        "b/node_modules/y.js",
        "c/__pycache__/d.pyc",
        ".venv/pyvenv.cfg",
        ".venv/node_modules/z.js",
        "target/CACHEDIR.TAG",
    )
    assert find_unignored(change) == Unignored(lines=(".venv/", "node_modules/", "__pycache__/", "target/"), files=6)


def test_what_was_committed_was_meant() -> None:
    """Only what was added since the base is spoken of; a marker at the root marks no folder."""
    committed = Change(files=(a_file_change("node_modules/x/index.js"), a_file_change(".venv/pyvenv.cfg")))
    assert (find_unignored(committed), find_unignored(added("pyvenv.cfg", "src/a.py"))) == (None, None)


def test_it_says_which_lines_to_add() -> None:
    """One sentence, in the singular and in the plural."""
    assert str(Unignored(lines=(".venv/",), files=3367)) == (
        ".venv/ (3,367 files) is in no .gitignore, so every run reads it and it counts as changed; add this line to .gitignore: .venv/"
    )
    assert str(Unignored(lines=(".venv/", "node_modules/"), files=2)) == (
        ".venv/, node_modules/ (2 files) are in no .gitignore, so every run reads them and they count as changed; "
        "add these lines to .gitignore: .venv/ node_modules/"
    )
