"""``install systemd`` as a user runs it, with a systemctl that writes down what it is asked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.project import Project, page
from verifyd.render.service import escaped_path

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="systemd is not there on macOS")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a dash in its path, and a systemctl of ours in front of the real one."""
    project = Project.make((tmp_path / "my-work").resolve(), {"VERIFY.md": page(yes="true")})
    programs = project.root.parent / "bin"
    programs.mkdir()
    systemctl = programs / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >> {project.root.parent}/asked\n')
    systemctl.chmod(0o755)
    project.environment["PATH"] = f"{programs}{os.pathsep}{project.environment['PATH']}"
    project.environment["XDG_CONFIG_HOME"] = str(project.root.parent / "config")
    return project


def units(project: Project) -> Path:
    """Where systemd's user units are."""
    return project.root.parent / "config" / "systemd" / "user"


def unit(project: Project) -> str:
    """The project's own."""
    return f"verifyd@{escaped_path(os.fsencode(project.root))}.service"


def asked(project: Project) -> list[str]:
    """What systemctl was asked, since the last time."""
    path = project.root.parent / "asked"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def files(project: Project) -> set[str]:
    """All that is among the units."""
    return {str(path.relative_to(units(project))) for path in units(project).rglob("*")}


def test_a_service_is_shown_installed_and_taken_back(project: Project) -> None:
    """Its files are there, systemctl is asked to start it, and afterwards nothing is left."""
    answer = project.verifyd("install", "systemd", "--yes", expect=0)
    assert f"+++ {units(project)}/verifyd@.service" in answer.err
    assert answer.err.endswith("\nthe daemon of this work tree runs, and is started whenever you log in\n")
    assert files(project) == {"verifyd@.service", f"{unit(project)}.d", f"{unit(project)}.d/environment.conf"}
    assert asked(project) == ["--user daemon-reload", f"--user enable --now {unit(project)}"]
    taken = project.verifyd("uninstall", "systemd", "--yes", expect=0)
    assert taken.err.endswith("\n2 files taken back\n")
    assert files(project) == set()
    assert asked(project) == [f"--user disable --now {unit(project)}", "--user daemon-reload"]
    again = project.verifyd("uninstall", "systemd", "--yes", expect=0)
    assert again.err == "no service keeps the daemon of this work tree\n"
    assert asked(project) == []


def test_nothing_is_done_without_a_yes(project: Project) -> None:
    """Where nobody can be asked, it only shows."""
    answer = project.verifyd("install", "systemd", expect=2)
    assert "install: there is no terminal to ask on\n  Do it without being asked: add --yes\n" in answer.err
    assert files(project) == set()
    assert asked(project) == []


def test_the_template_stays_for_another_work_tree(project: Project) -> None:
    """Two are installed, one is taken back: the other goes on."""
    project.git("worktree", "add", "-q", str(project.root.parent / "linked"))
    linked = Project(root=project.root.parent / "linked", environment=project.environment)
    for one in (project, linked):
        one.verifyd("install", "systemd", "--yes", expect=0)
    project.verifyd("uninstall", "systemd", "--yes", expect=0)
    assert files(project) == {"verifyd@.service", f"{unit(linked)}.d", f"{unit(linked)}.d/environment.conf"}


def test_a_unit_of_somebody_else_stays_as_it_is(project: Project) -> None:
    """And is named."""
    units(project).mkdir(parents=True)
    (units(project) / "verifyd@.service").write_text("[Unit]\n")
    answer = project.verifyd("install", "systemd", "--yes", expect=2)
    assert answer.err.startswith(f"{units(project)}/verifyd@.service: was not written by verifyd, and stays as it is\n")
    assert (units(project) / "verifyd@.service").read_text() == "[Unit]\n"


def test_what_the_service_manager_refuses_is_said(project: Project) -> None:
    """With the command; the files are there, so that it can be given by hand."""
    (project.root.parent / "bin" / "systemctl").write_text("#!/bin/sh\necho no bus here >&2\nexit 1\n")
    answer = project.verifyd("install", "systemd", "--yes", expect=3)
    assert "not done: systemctl --user daemon-reload: no bus here\n" in answer.err
    assert "whenever you log in" not in answer.err
    assert (units(project) / "verifyd@.service").exists()


@pytest.mark.skipif(shutil.which("systemd-escape") is None, reason="systemd is not on this machine")
@pytest.mark.parametrize("path", ["/home/me/my-work", "/a b/ä/%n/$x", "/.hidden/x", "/", "/x\\y"])
def test_the_instance_is_named_as_systemd_names_it(path: str) -> None:
    """systemd-escape --path says the same."""
    command = ["systemd-escape", "--path", path]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.rstrip("\n")
    assert escaped_path(os.fsencode(path)) == told


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
def test_systemd_accepts_the_unit(project: Project) -> None:
    """systemd-analyze finds nothing wrong with it."""
    project.verifyd("install", "systemd", "--yes", expect=0)
    path = units(project) / unit(project)
    (units(project) / "verifyd@.service").rename(path)
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(path)], capture_output=True, text=True)
    assert [line for line in done.stderr.splitlines() if "verifyd@" in line] == [], done.stderr
