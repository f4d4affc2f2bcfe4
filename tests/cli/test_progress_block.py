"""The file that ``progress`` names: a block of ours in it, in a tree that is judged all the same."""

from __future__ import annotations

from pathlib import Path

from tests.support.project import Project, page

STRICT = """---
limits:
  changed_lines: 3
  changed_files: 1
scope:
  only: [src/**]
  protected: [PROGRESS.md]
progress: PROGRESS.md
---
"""
PLAIN = "---\nprogress: PROGRESS.md\n---\n"
GOOD = "! grep -n bad src/a.txt"
GATE = page(good=GOOD)


def strict(tmp_path: Path, **files: str) -> Project:
    """An approved project in which one line in ``src/`` may be changed, and whose progress is kept."""
    project = Project.make(tmp_path, {"src/a.txt": "good\n", "VERIFY.md": STRICT + GATE, **files})
    project.approve()
    return project


def test_the_block_says_how_ready_the_tree_is(tmp_path: Path) -> None:
    """What stood there stays; the block is written anew when it says something else, and only then."""
    project = strict(tmp_path, **{"PROGRESS.md": "# Ours\n"})
    project.verifyd("run", expect=0)
    kept = (project.root / "PROGRESS.md").read_text()
    assert kept.startswith("# Ours\n\n<!-- verifyd:begin -->\nReadiness: ready\nSince: ")
    project.verifyd("run", expect=0)
    assert (project.root / "PROGRESS.md").read_text() == kept
    project.write({"src/a.txt": "bad\n"})
    project.verifyd("run", expect=1)
    assert "\nReadiness: not ready; next: good: " in (project.root / "PROGRESS.md").read_text()


def test_a_run_of_some_gates_leaves_a_ready_tree_its_block(tmp_path: Path) -> None:
    """It knows nothing of the others; writing that down would make another tree, which nobody has verified. A failure it does know."""
    project = Project.make(tmp_path, {"src/a.txt": "good\n", "VERIFY.md": PLAIN + page(good=GOOD, other="true")})
    project.approve()
    project.verifyd("run", expect=0)
    project.verifyd("run", expect=0)
    kept = (project.root / "PROGRESS.md").read_text()
    project.verifyd("run", "other", expect=0)
    assert (project.root / "PROGRESS.md").read_text() == kept
    project.verifyd("status", expect=0)
    project.write({"src/a.txt": "bad\n"})
    project.verifyd("run", "good", expect=1)
    assert "\nReadiness: not ready; next: good: " in (project.root / "PROGRESS.md").read_text()


def test_the_block_counts_in_no_limit_and_no_scope(tmp_path: Path) -> None:
    """We wrote it: nobody is sent to take it back, whether the file was there or not."""
    for name, files in (("there", {"PROGRESS.md": "# Ours\n"}), ("new", {})):
        (tmp_path / name).mkdir()
        project = strict(tmp_path / name, **files)
        project.verifyd("run", expect=0)
        project.write({"src/a.txt": "better\n"})
        project.verifyd("run", expect=0)
        assert project.report()["constraints"][:2] == ["at most 1 more changed line", "no further changed files"]


def test_a_word_beside_the_block_counts(tmp_path: Path) -> None:
    """The rest of the file is like any other file."""
    project = strict(tmp_path, **{"PROGRESS.md": "# Ours\n"})
    project.verifyd("run", expect=0)
    text = (project.root / "PROGRESS.md").read_text()
    project.write({"PROGRESS.md": text.replace("# Ours", "# Theirs")})
    answer = project.verifyd("run", expect=1)
    assert "PROGRESS.md: scope.only modified, but only src/** may be changed" in answer.out
