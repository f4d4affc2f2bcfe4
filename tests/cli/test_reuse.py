"""Reuse beside files that are in no tree: what changed there is measured again, and what nobody can vouch for is never kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.project import Project, page

COUNTED = 'echo x >> "$XDG_STATE_HOME/count"'


def make(folder: Path, script: str, *, ignored: str = "*.cfg\n", **files: str) -> Project:
    """An approved project with one gate that counts its runs, and ignored files."""
    project = Project.make(
        folder, {".gitignore": ignored, "calc.py": "A = 1\n", "VERIFY.md": page(gate=f"{COUNTED}\n{script}")}
    )
    project.write({name.replace("__", "."): text for name, text in files.items()})
    project.approve()
    return project


def runs(project: Project) -> int:
    """How often the gate was really run."""
    return len((Path(project.environment["XDG_STATE_HOME"]) / "count").read_text("utf-8").split())


def test_an_ignored_file_that_changed_is_measured_again(tmp_path: Path) -> None:
    """The pass of ``good`` does not answer for ``bad``, which fails on the same tree and so is run once more."""
    project = make(tmp_path, "grep -q good secret.cfg", secret__cfg="good\n")
    project.verifyd("run", expect=0)
    project.verifyd("run", expect=0)
    assert (runs(project), project.gate("gate")["reused"]) == (1, True)
    project.write({"secret.cfg": "bad\n"})
    project.verifyd("run", expect=1)
    assert runs(project) == 3


def test_an_ignored_file_that_appears_is_measured_again(tmp_path: Path) -> None:
    """A conftest.py or a setting that git ignores acts from the moment it is there."""
    project = make(tmp_path, "! test -e secret.cfg")
    project.verifyd("run", expect=0)
    project.write({"secret.cfg": "here\n"})
    project.verifyd("run", expect=1)


@pytest.mark.parametrize("during, after", [("good", "bad"), ("bad", "good")])
def test_an_ignored_file_that_changes_during_the_run_poisons_nothing(tmp_path: Path, during: str, after: str) -> None:
    """Whichever came first, the pass that was measured meanwhile answers for neither."""
    edited = Path("state") / "edited"
    script = f"""
        if ! test -e ../{edited}; then
            touch ../{edited}
            echo {during} > secret.cfg; grep -q good secret.cfg; found=$?
            echo {after} > secret.cfg; exit $found
        fi
        grep -q good secret.cfg
        """
    project = make(tmp_path, "sh check.sh", secret__cfg=f"{after}\n", check__sh=script)
    first = project.verifyd("run", "--format", "json")
    assert first.code == (0 if during == "good" else 1), first.both
    project.verifyd("run", expect=0 if after == "good" else 1)
    assert runs(project) >= 2


def test_a_run_beside_a_changing_ignored_file_says_so(tmp_path: Path) -> None:
    """Whoever wonders why a gate is never reused reads the reason."""
    project = make(tmp_path, "echo x >> notes.cfg", notes__cfg="")
    answer = project.verifyd("run", expect=0)
    says = "gate: its result is not reused, for ignored files changed while it ran: notes.cfg"
    assert says in answer.out
    project.verifyd("run", expect=0)
    assert runs(project) == 2


def test_a_gate_s_own_reports_and_caches_do_not_stop_reuse(tmp_path: Path) -> None:
    """What it writes under the names that tools use, or declares to write, is no input."""
    project = make(
        tmp_path,
        "mkdir -p build && date > build/app.cfg && date > .coverage && date > junit.xml",
        ignored="build/\n.coverage\njunit.xml\n",
    )
    project.verifyd("run", expect=0)
    project.verifyd("run", expect=0)
    assert (runs(project), project.gate("gate")["reused"]) == (1, True)


def test_declared_artifacts_do_not_stop_reuse(tmp_path: Path) -> None:
    """A person approved that they are what the gate writes."""
    text = page(gate=f"artifacts=made/** | {COUNTED}\nmkdir -p made\ndate > made/it.cfg")
    project = Project.make(tmp_path, {".gitignore": "made/\n", "VERIFY.md": text})
    project.approve()
    for _ in range(3):
        project.verifyd("run", expect=0)
    assert runs(project) == 1


def test_a_file_outside_that_a_link_of_the_tree_leads_to(tmp_path: Path) -> None:
    """The tree holds the link alone; what it leads to is looked at beside it."""
    (tmp_path / "outside.cfg").write_text("good\n", "utf-8")
    project = make(tmp_path, "grep -q good link")
    (project.root / "link").symlink_to("../outside.cfg")
    project.commit()
    project.verifyd("run", expect=0)
    project.verifyd("run", expect=0)
    assert runs(project) == 1
    (tmp_path / "outside.cfg").write_text("bad\n", "utf-8")
    project.verifyd("run", expect=1)


def test_too_many_ignored_files_are_not_taken_for_none(tmp_path: Path) -> None:
    """Nothing is reused then, and the folder is named."""
    project = make(tmp_path, "true", ignored="data/\n")
    (project.root / "data").mkdir()
    for number in range(5_100):
        (project.root / "data" / str(number)).touch()
    project.verifyd("run", expect=0)
    answer = project.verifyd("run", expect=0)
    says = "passes of gates that name no reads= are not reused: too many files are ignored or linked to (data and what is below)"
    assert (runs(project), says in answer.out) == (2, True)


def test_a_gate_that_names_what_it_reads(tmp_path: Path) -> None:
    """Only these files count for it then, wherever they lie, and whatever it writes besides."""
    script = f"{COUNTED}\necho x >> notes.cfg\ngrep -q good build/made.cfg"
    files = {".gitignore": "*.cfg\n", "VERIFY.md": page(gate=f"reads=build/*.cfg,own.cfg | {script}")}
    project = Project.make(tmp_path, files)
    project.write({"build/made.cfg": "good\n", "notes.cfg": ""})
    project.approve()
    project.verifyd("run", expect=0)
    project.verifyd("run", expect=0)
    assert runs(project) == 1
    project.write({"own.cfg": "new\n"})
    project.verifyd("run", expect=0)
    assert runs(project) == 2
    project.write({"build/made.cfg": "bad\n"})
    project.verifyd("run", expect=1)
