"""How a command starts and where it may write: nothing of the repository is run or replaced, and our own bugs are called so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.project import Project, page

TAKEN = 'raise SystemExit("a file of the repository was run")\n'


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An approved project whose only gate passes."""
    project = Project.make(tmp_path, {"calc.py": "A = 1\n", "VERIFY.md": page(yes="test -f calc.py")})
    project.approve()
    return project


@pytest.mark.parametrize("name", ["click.py", "pydantic.py", "anyio.py", "json.py", "sqlite3.py", "yaml/__init__.py"])
def test_a_module_of_the_repository_is_not_run(project: Project, name: str) -> None:
    """``python -m verifyd`` imports what it was installed with, whatever lies in the working folder under the same name."""
    project.write({name: TAKEN})
    project.verifyd("run", expect=0)


@pytest.mark.parametrize(
    "module", ["click", "verifyd.app.wiring", "verifyd.doors.cli", "verifyd.evidence.clean", "anyio"]
)
def test_a_module_that_cannot_be_imported_is_our_bug(project: Project, tmp_path: Path, module: str) -> None:
    """A broken installation ends with 70 and a file with the traceback: 1 would say that the tree is not ready."""
    hidden = tmp_path / "broken"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text(f"import sys\nsys.modules[{module!r}] = None\n", "utf-8")
    answer = project.verifyd("run", extra={"PYTHONPATH": str(hidden), "TMPDIR": str(tmp_path)})
    assert answer.code == 70, answer.both
    first, second = answer.err.splitlines()[-2:]
    # Modules are also imported ahead, in a thread: the other one then finds a module that did not get that far.
    assert re.match(r"verifyd: this is our bug, not yours: (?:ModuleNotFoundError|ImportError): ", first)
    found = re.fullmatch(r"  The traceback is in (.+)\.", second)
    assert found is not None
    assert "Traceback (most recent call last)" in Path(found.group(1)).read_text("utf-8")


@pytest.mark.parametrize(
    "path, whose",
    [
        (".git/index", "is part of git's folder"),
        (".git/verifyd/history.db", "is part of git's folder"),
        ("link", "is part of git's folder"),
        ("VERIFY.md", "is a file that verifyd itself reads or writes"),
        (".verifyd/readiness.json", "is a file that verifyd itself reads or writes"),
        (".verifyd/TASK.md", "is a file that verifyd itself reads or writes"),
    ],
)
def test_an_answer_takes_nothing_s_place(project: Project, path: str, whose: str) -> None:
    """``--output`` onto git's files, VERIFY.md or the report's own is refused before anything is run."""
    (project.root / "link").symlink_to(".git/HEAD")
    before = (project.root / ".git" / "index").read_bytes(), (project.root / "VERIFY.md").read_bytes()
    answer = project.verifyd("run", "--output", path, expect=2)
    assert answer.err == f"--output: {path!r} {whose}\n  Name another file: --output report.json\n"
    assert ((project.root / ".git" / "index").read_bytes(), (project.root / "VERIFY.md").read_bytes()) == before
    assert not (project.root / ".verifyd").exists()


def test_an_answer_beside_the_report_is_written(project: Project) -> None:
    """Another name below ``.verifyd`` is as good a place as any."""
    project.verifyd("run", expect=0)
    project.verifyd("run", "--format", "junit", "--output", ".verifyd/junit.xml", expect=0)
    assert (project.root / ".verifyd" / "junit.xml").read_text("utf-8").startswith("<?xml")
