"""Stamps of the tools a gate rests on: same tools, same stamps; any update, other stamps."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from verifyd.action_key import ToolStamp
from verifyd.edge.tools import find_tools


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A work tree with a virtual environment, in which one distribution and two tools are installed."""
    root = tmp_path / "project"
    (root / ".git").mkdir(parents=True)
    (root / "web").mkdir()
    packages = root / ".venv" / "lib" / "python3.11" / "site-packages"
    (packages / "pytest-9.0.dist-info").mkdir(parents=True)
    (packages / "pytest-9.0.dist-info" / "RECORD").touch()
    (root / ".venv" / "pyvenv.cfg").touch()
    (root / ".venv" / "bin").mkdir()
    (root / ".venv" / "bin" / "python").symlink_to(tmp_path / "usr" / "bin" / "python3.11")
    executable(tmp_path / "usr" / "bin" / "python3.11", "\x7fELF")
    executable(root / ".venv" / "bin" / "pytest", f"#!{root}/.venv/bin/python\n")
    executable(root / ".venv" / "bin" / "ruff", "\x7fELF")
    executable(root / "scripts" / "check", "#!/usr/bin/env -S sh -e\nruff .\n")
    return root


def executable(path: Path, content: str) -> None:
    """A file that may be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="latin-1")
    path.chmod(0o755)


def stamps(project: Path, *scripts: str, folder: str = ".") -> tuple[ToolStamp, ...] | None:
    """The tools of some scripts, with the project's own environment before the system's on PATH."""
    environment = {"PATH": f"{project}/.venv/bin{os.pathsep}{os.environ['PATH']}"}
    return find_tools(scripts, environment, project / folder)


def named(found: tuple[ToolStamp, ...] | None) -> list[tuple[str, str]]:
    """Names and file names of stamps, but those of the shells, which every gate has."""
    assert found is not None
    return [(tool.name, Path(tool.path).name) for tool in found if not tool.name.startswith("shell ")]


def test_the_shells_are_stamped(project: Path) -> None:
    """A ``bash`` that stands before the system's on PATH is another tool, whatever the script names."""
    before = stamps(project, "true")
    executable(project / ".venv" / "bin" / "bash", "#!/bin/sh\nexit 0\n")
    assert before != stamps(project, "true")


@pytest.mark.parametrize(
    "name", ["PYTEST_ADDOPTS", "PYTHONPATH", "LD_PRELOAD", "NODE_OPTIONS", "GOFLAGS", "LC_ALL", "TZ"]
)
def test_a_variable_that_tells_tools_to_do_otherwise_counts(project: Path, name: str) -> None:
    """A pass under ``PYTEST_ADDOPTS=--deselect=…`` answers for nobody who has not set it; its value is not in the clear."""
    plain = {"PATH": os.environ["PATH"]}
    told = find_tools(["true"], {**plain, name: "hunter2"}, project)
    assert told is not None
    assert told != find_tools(["true"], plain, project)
    assert told != find_tools(["true"], {**plain, name: "other"}, project)
    assert "hunter2" not in repr(told)


def test_other_variables_do_not_count(project: Path) -> None:
    """Two terminals of one person share their results."""
    plain = {"PATH": os.environ["PATH"]}
    other = {**plain, "WINDOWID": "7", "PYTEST_CURRENT_TEST": "this"}
    assert find_tools(["true"], other, project) == find_tools(["true"], plain, project)


def test_a_console_script_brings_its_interpreter_and_packages(project: Path) -> None:
    """What ``pytest`` does depends on all three."""
    assert named(stamps(project, "pytest -q")) == [
        ("distributions", "site-packages"),
        ("interpreter of pytest", "python3.11"),
        ("pytest", "pytest"),
    ]


def test_a_binary_has_no_interpreter(project: Path) -> None:
    """But it may belong to an environment."""
    assert named(stamps(project, "ruff check")) == [("distributions", "site-packages"), ("ruff", "ruff")]


def test_a_server_is_stamped_too(project: Path) -> None:
    """All scripts of a gate count."""
    assert ("ruff", "ruff") in named(stamps(project, "pytest", "ruff server"))


def test_a_missing_program_gives_no_stamps(project: Path) -> None:
    """There is no result worth keeping."""
    assert stamps(project, "pytest && no-such-tool") is None
    assert stamps(project, "./scripts/no-such-script") is None


def test_a_missing_program_in_doubt_is_named(project: Path) -> None:
    """It may come to be found in ways that were not followed: when it does not, nothing passes that should not."""
    found = stamps(project, "cd web && no-such-tool")
    assert found is not None
    assert ToolStamp(name="no-such-tool", path="", stamp="not found") in found
    assert ToolStamp(name="a changed folder", path="", stamp="not followed") in found


def test_an_activated_environment_is_looked_in_first(project: Path) -> None:
    """As the script would."""
    found = find_tools([". .venv/bin/activate; ruff ."], {"PATH": os.environ["PATH"]}, project)
    assert [tool.path for tool in found or () if tool.name == "ruff"] == [str(project / ".venv" / "bin" / "ruff")]


def test_a_shim_leaves_a_doubt(project: Path, tmp_path: Path) -> None:
    """What it stands for is chosen by rules of its own."""
    executable(tmp_path / "shims" / "node", "#!/bin/sh\n")
    found = find_tools(["node x.js"], {"PATH": f"{tmp_path}/shims"}, project)
    assert ToolStamp(name="what node stands for", path="", stamp="not followed") in (found or ())


def update_program(project: Path) -> None:
    """Install another pytest script."""
    os.utime(project / ".venv" / "bin" / "pytest", ns=(1, 1))


def update_interpreter(project: Path) -> None:
    """Install another Python."""
    os.utime(project.parent / "usr" / "bin" / "python3.11", ns=(1, 1))


def update_distribution(project: Path) -> None:
    """Install the same version of a distribution again."""
    os.utime(project / ".venv/lib/python3.11/site-packages/pytest-9.0.dist-info/RECORD", ns=(1, 1))


def add_distribution(project: Path) -> None:
    """Install a plug-in."""
    (project / ".venv/lib/python3.11/site-packages/pytest_cov-1.dist-info").mkdir()


def remove_distribution(project: Path) -> None:
    """Uninstall one."""
    shutil.rmtree(project / ".venv/lib/python3.11/site-packages/pytest-9.0.dist-info")


def add_path_file(project: Path) -> None:
    """Install an editable package."""
    (project / ".venv/lib/python3.11/site-packages/__editable__.x.pth").touch()


def install_node_packages(project: Path) -> None:
    """Run ``npm install``."""
    (project / "node_modules").mkdir()
    (project / "node_modules" / ".package-lock.json").write_text("{}")


def set_local_settings(project: Path) -> None:
    """Write an ignored ``.env``."""
    (project / ".env").write_text("A=1")


@pytest.mark.parametrize(
    "update",
    [
        update_program,
        update_interpreter,
        update_distribution,
        add_distribution,
        remove_distribution,
        add_path_file,
        install_node_packages,
        set_local_settings,
    ],
    ids=lambda update: update.__name__,
)
def test_an_update_changes_the_stamps(project: Path, update: Callable[[Path], None]) -> None:
    """Also for a gate in a folder below: environments are looked for up to the top of the work tree."""
    before = stamps(project, "pytest", folder="web")
    assert stamps(project, "pytest", folder="web") == before
    update(project)
    assert stamps(project, "pytest", folder="web") != before


def test_a_script_of_the_repository_is_known_by_content(project: Path) -> None:
    """git gives files new times at each switch of branches, which changes nothing."""
    before = stamps(project, "./scripts/check")
    assert ("./scripts/check", "check") in named(before)
    os.utime(project / "scripts" / "check", ns=(1, 1))
    assert stamps(project, "./scripts/check") == before
    executable(project / "scripts" / "check", "#!/usr/bin/env -S sh -e\nruff ..\n")
    assert stamps(project, "./scripts/check") != before


def test_nothing_outside_of_the_work_tree_is_looked_for(project: Path) -> None:
    """A node project further up is another's."""
    before = stamps(project, "ruff .")
    (project.parent / "node_modules").mkdir()
    (project.parent / "node_modules" / ".package-lock.json").touch()
    assert stamps(project, "ruff .") == before


def test_a_real_environment(tmp_path: Path) -> None:
    """A virtual environment as Python makes it, without and with one more distribution in it."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    environment = {"PATH": f"{tmp_path}/.venv/bin"}
    before = find_tools(["python -m this"], environment, tmp_path)
    assert before is not None
    assert {tool.name for tool in before} == {"python", "distributions"}
    (packages,) = (tmp_path / ".venv" / "lib").glob("python3*/site-packages")
    (packages / "new-1.dist-info").mkdir()
    assert find_tools(["python -m this"], environment, tmp_path) not in (before, None)
