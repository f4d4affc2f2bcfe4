"""scripts/changelog accepts well named fragments and explains the others."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A git repository with our settings, one source file, one commit and no fragment."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "changelog.d").mkdir()
    (tmp_path / "changelog.d" / "README.md").write_text("how to\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("a = 1\n")
    run_git(tmp_path, "init", "--quiet")
    run_git(tmp_path, "add", ".")
    run_git(tmp_path, "-c", "user.name=A", "-c", "user.email=a@example.invalid", "commit", "--quiet", "-m", "first")
    return tmp_path


def run_git(root: Path, *words: str) -> None:
    """Run git in *root*."""
    subprocess.run(["git", *words], cwd=root, check=True)


def run_changelog(root: Path, *arguments: str) -> tuple[int, str]:
    """Check the fragments of *root*; return the exit status and stderr."""
    command = [sys.executable, str(ROOT / "scripts" / "changelog"), "--root", str(root), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("name", ["2.added.md", "17.fixed.1.md", "+typing.changed.md"])
def test_a_well_named_fragment_passes(root: Path, name: str) -> None:
    """An issue or a word, a known type, and a number for a second one."""
    (root / "changelog.d" / name).write_text("Says something.\n")
    assert run_changelog(root) == (0, "")


@pytest.mark.parametrize(
    "name,text,problem",
    [
        ("notes.md", "x", "not a fragment's name\n  Call it <issue>.<type>.md, as 2.added.md, or +<word>.<type>.md.\n"),
        (
            "2.added.txt",
            "x",
            "not a fragment's name\n  Call it <issue>.<type>.md, as 2.added.md, or +<word>.<type>.md.\n",
        ),
        ("2.feature.md", "x", "unknown type 'feature'\n  Use one of: added, changed, fixed, removed, security.\n"),
        ("2.added.md", " \n", "empty\n  Say in one sentence what changes for a user.\n"),
    ],
)
def test_a_bad_fragment_is_explained(root: Path, name: str, text: str, problem: str) -> None:
    """A wrong name, an unknown type and an empty file are each an error with a remedy."""
    (root / "changelog.d" / name).write_text(text)
    assert run_changelog(root) == (1, f"changelog.d/{name}: {problem}")


def test_a_changed_source_needs_a_fragment(root: Path) -> None:
    """With --since, a change below src/ without a new fragment is an error."""
    (root / "src" / "a.py").write_text("a = 2\n")
    assert run_changelog(root, "--since", "HEAD") == (
        1,
        "changelog.d: no fragment for the change of src/a.py\n  Write one, as changelog.d/README.md says.\n",
    )


def test_a_changed_source_with_a_fragment_passes(root: Path) -> None:
    """With --since, a fragment that is new since then is what is asked for."""
    (root / "src" / "a.py").write_text("a = 2\n")
    (root / "changelog.d" / "3.fixed.md").write_text("Mended.\n")
    run_git(root, "add", ".")
    assert run_changelog(root, "--since", "HEAD") == (0, "")


def test_a_change_outside_the_sources_needs_none(root: Path) -> None:
    """With --since, a change elsewhere needs no fragment."""
    (root / "pyproject.toml").write_text((root / "pyproject.toml").read_text() + "\n")
    assert run_changelog(root, "--since", "HEAD") == (0, "")
