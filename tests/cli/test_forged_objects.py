"""Object files with other content than their names say, put into a repository beside git: nothing is believed of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.project import Project, page

GATE = "isolate=frozen | grep -q good a.txt"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project whose committed a.txt does not pass its gate, below a folder, with a copy of it that would."""
    project = Project.make(tmp_path, {"a.txt": "bad\n", "folder/b.txt": "b\n", "VERIFY.md": page(check=GATE)})
    project.approve()
    return project


def object_file(project: Project, identifier: str) -> Path:
    """The file of a loose object."""
    return project.root / ".git/objects" / identifier[:2] / identifier[2:]


def forge(project: Project, path: str, content: str) -> str:
    """Put an object with this content where git looks for the committed one of *path*; the id that it took."""
    (project.root.parent / "good").write_text(content)
    good = project.git("hash-object", "-w", str(project.root.parent / "good"))
    committed = project.git("rev-parse", f"HEAD:{path}")
    object_file(project, committed).chmod(0o644)
    shutil.copy(object_file(project, good), object_file(project, committed))
    return committed


@pytest.mark.parametrize("door", [[], ["--tree", "HEAD"], ["--staged"]], ids=["working tree", "--tree", "--staged"])
def test_a_forged_file_is_no_verdict(project: Project, door: list[str]) -> None:
    """git gives out the forged content without a word; a gate on a frozen view is not started, and exit 3 says why."""
    project.verifyd("run", *door, expect=1)
    forged = forge(project, "a.txt", "good\n")
    answer = project.verifyd("run", "--no-reuse", *door, expect=3)
    assert f"object {forged} is not what its name says" in answer.both
    assert "git fsck" in answer.both


@pytest.mark.parametrize("door", [["--tree", "HEAD"], ["--staged"]], ids=["--tree", "--staged"])
def test_a_forged_pipeline_is_not_read(project: Project, door: list[str]) -> None:
    """VERIFY.md of a tree is read out of git: a forged one ends the command before anything runs."""
    forged = forge(project, "VERIFY.md", page(check="isolate=frozen | true"))
    answer = project.verifyd("run", *door, expect=3)
    assert f"object {forged} is not what its name says" in answer.both


@pytest.mark.parametrize("door", [["--tree", "HEAD"], ["--staged"]], ids=["--tree", "--staged"])
def test_a_forged_tree_is_not_read(project: Project, door: list[str]) -> None:
    """Of two trees with one id, the forged one leads to other files: it ends the command."""
    other = project.git("rev-parse", "HEAD:folder")
    tree = project.git("rev-parse", "HEAD^{tree}")
    object_file(project, tree).chmod(0o644)
    shutil.copy(object_file(project, other), object_file(project, tree))
    answer = project.verifyd("run", *door, expect=3)
    assert f"object {tree} is not what its name says" in answer.both


def test_a_forged_commit_is_not_read(project: Project) -> None:
    """A commit is asked for by its name, and its object says another tree."""
    project.write({"a.txt": "good\n"})
    good, bad = project.commit("Good"), project.git("rev-parse", "HEAD~1")
    object_file(project, bad).chmod(0o644)
    shutil.copy(object_file(project, good), object_file(project, bad))
    answer = project.verifyd("run", "--tree", bad, "--base", bad, expect=3)
    assert f"object {bad} is not what its name says" in answer.both
