"""The scripts that set a machine up find or install what is needed, or say what is missing and how to get it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT, read_text


def add_program(folder: Path, name: str, body: str) -> None:
    """Put a shell script called *name* into *folder*."""
    (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / name).chmod(0o755)


def run_script(name: str, path: Path, **environment: str) -> tuple[int, str, str]:
    """Run a script with only *path* to search; return the exit status, stdout and stderr."""
    command = ["/bin/sh", str(ROOT / "scripts" / name)]
    ended = subprocess.run(
        command, env={"PATH": os.fspath(path), **environment}, capture_output=True, text=True, check=False
    )
    return ended.returncode, ended.stdout, ended.stderr


def find_python(path: Path, **environment: str) -> tuple[int, str, str]:
    """Run scripts/find-python."""
    return run_script("find-python", path, **environment)


def bare_python(marker: Path) -> str:
    """Return the body of a Python that has no ensurepip until *marker* exists."""
    return f'case "$2" in *ensurepip*) [ -e "{marker}" ] || exit 1 ;; esac\nexec "{sys.executable}" "$@"'


def test_a_python_that_fits_is_printed(tmp_path: Path) -> None:
    """The absolute path of the interpreter that answered."""
    add_program(tmp_path, "python3", f'exec "{sys.executable}" "$@"')
    assert find_python(tmp_path) == (0, f"{sys.executable}\n", "")


def test_a_named_python_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    """With PYTHON set no other one is searched for."""
    add_program(tmp_path, "python3", f'exec "{sys.executable}" "$@"')
    add_program(tmp_path, "old", "exit 1")
    assert find_python(tmp_path, PYTHON="old") == (
        1,
        "",
        (
            "scripts/find-python: PYTHON=old is not a Python 3.11 or newer that can make virtual environments\n"
            "  Name another one, or leave PYTHON out to have one searched for.\n"
        ),
    )


def test_no_python_at_all_is_explained(tmp_path: Path) -> None:
    """Nothing on PATH: what is needed and how to name it."""
    assert find_python(tmp_path) == (
        1,
        "",
        (
            "scripts/find-python: no Python 3.11 or newer on PATH\n"
            "  Install one, or name it: make test PYTHON=/path/to/python3\n"
        ),
    )


def test_a_python_without_venv_is_named_with_the_package(tmp_path: Path) -> None:
    """An ordinary user gets the name of the package that brings the missing modules."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    add_program(tmp_path, "python3", bare_python(tmp_path / "never"))
    add_program(tmp_path, "id", "echo 1000")
    assert find_python(tmp_path) == (
        1,
        "",
        (
            "scripts/find-python: python3 cannot make virtual environments (the module 'venv' or 'ensurepip' is missing)\n"
            f"  On Debian and Ubuntu: apt-get install python{version}-venv\n"
        ),
    )


def test_root_on_debian_gets_the_missing_package(tmp_path: Path) -> None:
    """As root, with apt, the package is installed and the same Python is printed."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    asked = tmp_path / "asked"
    add_program(tmp_path, "python3", bare_python(asked))
    add_program(tmp_path, "id", "echo 0")
    add_program(tmp_path, "apt-get", f'echo "$@" >>"{asked}"')
    status, printed, _ = find_python(tmp_path)
    assert (status, printed) == (0, f"{sys.executable}\n")
    assert asked.read_text() == f"-qq update\n-qq install --yes --no-install-recommends python{version}-venv\n"


def add_linux(folder: Path, *, user: int, apt_status: int) -> None:
    """Put into *folder* what a Debian without any of the tests' programs answers."""
    add_program(folder, "uname", "echo Linux")
    add_program(folder, "id", f"echo {user}")
    add_program(folder, "apt-get", f'echo "apt-get $@" >&2; exit {apt_status}')


def test_nothing_is_installed_when_nothing_is_missing(tmp_path: Path) -> None:
    """With every program on PATH, apt is not asked."""
    add_linux(tmp_path, user=0, apt_status=1)
    for program in ("chromium", "bwrap", "cc", "strace"):
        add_program(tmp_path, program, "exit 0")
    assert run_script("system-packages", tmp_path) == (0, "", "")


def test_an_ordinary_user_is_told_what_is_missing(tmp_path: Path) -> None:
    """Without the right to install, the set-up goes on and names the command."""
    add_linux(tmp_path, user=1000, apt_status=0)
    assert run_script("system-packages", tmp_path, CI="true") == (
        0,
        "",
        (
            "scripts/system-packages: not installed: chromium bubblewrap build-essential strace\n"
            "  Tests that need these are skipped. On Debian and Ubuntu: "
            "sudo apt-get install chromium bubblewrap build-essential strace\n"
        ),
    )


def test_root_gets_the_missing_programs(tmp_path: Path) -> None:
    """As root, with apt, everything that is missing is installed in one go."""
    add_linux(tmp_path, user=0, apt_status=0)
    add_program(tmp_path, "google-chrome", "exit 0")
    add_program(tmp_path, "strace", "exit 0")
    status, _, said = run_script("system-packages", tmp_path)
    assert (status, said.splitlines()) == (
        0,
        [
            "installing bubblewrap build-essential",
            "apt-get -qq update",
            "apt-get -qq install --yes --no-install-recommends bubblewrap build-essential",
        ],
    )


@pytest.mark.parametrize("environment,expected", [({}, 0), ({"CI": "true"}, 1)], ids=["at home", "in CI"])
def test_a_failed_installation_is_an_error_in_ci_alone(
    tmp_path: Path, environment: dict[str, str], expected: int
) -> None:
    """Elsewhere the tests go on without the programs; CI must not pass by skipping."""
    add_linux(tmp_path, user=0, apt_status=100)
    assert run_script("system-packages", tmp_path, **environment)[0] == expected


def node_packages(tmp_path: Path, npm: str | None, **environment: str) -> tuple[int, str, str]:
    """Run scripts/node-packages in a repository that holds nothing else, with an npm that does *npm*."""
    programs, root = tmp_path / "programs", tmp_path / "repository"
    programs.mkdir()
    for program in ("dirname", "mkdir", "cp"):
        add_program(programs, program, f'PATH=/usr/bin:/bin exec {program} "$@"')
    if npm is not None:
        add_program(programs, "npm", npm)
    for path in ("scripts/node-packages", "tests/runners/package.json", "tests/runners/package-lock.json"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, root / path)
    command = ["/bin/sh", str(root / "scripts" / "node-packages")]
    ended = subprocess.run(command, env={"PATH": str(programs), **environment}, capture_output=True, text=True)
    return ended.returncode, ended.stdout, ended.stderr


def test_npm_installs_what_its_lock_says_and_runs_none_of_it(tmp_path: Path) -> None:
    """Below ``.venv``, from the lock alone."""
    assert node_packages(tmp_path, 'echo "npm $@" >&2') == (
        0,
        "",
        "npm ci --prefix .venv/runners --ignore-scripts --no-audit --no-fund --loglevel=error\n",
    )
    lock = "tests/runners/package-lock.json"
    assert (tmp_path / "repository" / ".venv" / "runners" / "package-lock.json").read_text() == read_text(lock)


def test_without_npm_the_set_up_goes_on_and_says_what_is_skipped(tmp_path: Path) -> None:
    """CI as well: its machines need not have it."""
    assert node_packages(tmp_path, None, CI="true") == (
        0,
        "",
        (
            "scripts/node-packages: npm is not on PATH, so lint-staged is not installed\n"
            "  The test that needs it is skipped. Install Node.js with npm, then run the command again.\n"
        ),
    )


@pytest.mark.parametrize("environment,expected", [({}, 0), ({"CI": "true"}, 1)], ids=["at home", "in CI"])
def test_an_npm_that_fails_is_an_error_in_ci_alone(tmp_path: Path, environment: dict[str, str], expected: int) -> None:
    """Elsewhere the tests go on without the package; CI must not pass by skipping."""
    assert node_packages(tmp_path, "exit 1", **environment)[0] == expected


def test_npms_lock_names_no_address_and_has_a_digest_of_each_package() -> None:
    """As the locks of Python's packages do."""
    for lock in ("tests/runners/package-lock.json", "tests/hosts/package-lock.json"):
        packages = json.loads(read_text(lock))["packages"]
        assert [name for name, one in packages.items() if name and not one.get("integrity")] == []
        assert "://" not in read_text(lock)
