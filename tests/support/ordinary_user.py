"""Processes of an ordinary user: ourselves, or nobody when the tests are run by root."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534
_SETPRIV = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--")
_TRY = """
import os, sys, anyio, verifyd.edge.processes, tests.support.supervision
os.execv(sys.executable, [sys.executable, "-I", "-S", "-c", ""])
"""
"""setpriv itself still starts a Python below root's own folder, which nobody can do."""
_VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"


def environment() -> dict[str, str]:
    """In which our package, its dependencies and the tests can be imported by whatever Python of this version."""
    paths = [str(ROOT), str(ROOT / "src"), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": tempfile.gettempdir(),
    }


@functools.cache
def ordinary_python() -> tuple[str, ...] | None:
    """The command of a Python run by an ordinary user; None when root finds none that nobody may use."""
    if os.geteuid() != 0:
        return (sys.executable,)
    for candidate in (sys.executable, f"/usr/bin/{_VERSION}", f"/usr/local/bin/{_VERSION}"):
        command = (*_SETPRIV, candidate)
        if (
            shutil.which("setpriv")
            and subprocess.run([*command, "-c", _TRY], env=environment(), cwd="/", capture_output=True).returncode == 0
        ):
            return command
    return None


@contextmanager
def folder_of_ordinary_user() -> Iterator[Path]:
    """A folder that the ordinary user owns and reaches, which pytest's own are not; skips the test when there is no such user."""
    if ordinary_python() is None:
        pytest.skip(f"the tests are run by root, and no {_VERSION} is where nobody may use it")
    with tempfile.TemporaryDirectory(prefix="vd-") as name:
        if os.geteuid() == 0:
            os.chown(name, NOBODY, NOBODY)
        Path(name).chmod(0o755)
        yield Path(name)


def supervise_as_ordinary_user(asked: dict[str, Any], *, before: tuple[str, ...] = ()) -> dict[str, Any]:
    """What `tests.support.supervision` answers when the ordinary user runs it."""
    command = ordinary_python()
    assert command is not None
    arguments = [*command[:-1], *before, command[-1], "-m", "tests.support.supervision", json.dumps(asked)]
    done = subprocess.run(arguments, env=environment(), cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
