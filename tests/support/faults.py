"""Real faults for tests: file systems that are full or read-only, system calls that fail, processes killed in the middle."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def mount_command() -> tuple[str, ...]:
    """What gives a command mounts of its own, which are gone with its last process: no test can leave one behind."""
    return ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user", "--mount")


@cache
def can_mount() -> bool:
    """Whether this machine lets us mount in a namespace of our own."""
    if shutil.which("unshare") is None:
        return False
    with tempfile.TemporaryDirectory() as folder:
        command = (*mount_command(), "mount", "-t", "tmpfs", "-o", "size=1m", "none", folder)
        return subprocess.run(command, capture_output=True).returncode == 0


@cache
def can_trace() -> bool:
    """Whether strace is here and may inject failures."""
    if shutil.which("strace") is None:
        return False
    command = ("strace", "-o", os.devnull, "-e", "inject=fsync:error=EIO", "true")
    return subprocess.run(command, capture_output=True).returncode == 0


needs_mounts = pytest.mark.skipif(not can_mount(), reason="no namespace with mounts of our own can be had here")
needs_strace = pytest.mark.skipif(not can_trace(), reason="strace is not here or may not trace")


def python(script: str, *arguments: object, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own, in which ``tests.support`` and our package can be imported."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = (*before, sys.executable, "-c", script, *map(str, arguments))
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=50)


def answer_of(done: subprocess.CompletedProcess[str]) -> Any:
    """What a script printed as JSON; a script that failed fails the test with its own words."""
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def with_small_disk(script: str, folder: Path, *arguments: object) -> Any:
    """Run a script with a file system of one megabyte mounted on *folder*, its first argument; what it printed as JSON."""
    mount = ("sh", "-c", 'mount -t tmpfs -o size=1m none "$1" && shift && exec "$@"', "sh", str(folder))
    return answer_of(python(script, folder, *arguments, before=(*mount_command(), *mount)))


def with_read_only(script: str, folder: Path, *arguments: object) -> Any:
    """Run a script for which *folder*, its first argument, is read-only for root too; what it printed as JSON."""
    steps = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'
    return answer_of(
        python(script, folder, *arguments, before=(*mount_command(), "sh", "-c", steps, "sh", str(folder)))
    )


def with_failing_call(
    script: str, call: str, error: str, *arguments: object, when: str = "1+"
) -> subprocess.CompletedProcess[str]:
    """Run a script in which a system call fails with that error, from the *when*-th time on."""
    options = ("-f", "-o", os.devnull, "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}")
    return python(script, *arguments, before=("strace", *options))


def killed_at(script: str, calls: str, number: int, *arguments: object) -> bool:
    """Run a script that gets SIGKILL at its *number*-th of these system calls; False when it made fewer."""
    options = ("-f", "-o", os.devnull, "-e", f"trace={calls}", "-e", f"inject={calls}:signal=SIGKILL:when={number}")
    done = python(script, *arguments, before=("strace", *options))
    assert done.returncode in (0, -9), done.stderr
    return done.returncode == -9


def names_in(folder: Path) -> list[str]:
    """What a folder holds, sorted."""
    return sorted(path.name for path in folder.iterdir())


FILL = """
def fill(folder):
    '''Write until the file system is full to the last byte; the file that fills it.'''
    import os, pathlib
    path = pathlib.Path(folder) / 'filler'
    with path.open('ab', buffering=0) as file:
        for size in (65536, 4096, 512, 1):
            while True:
                try:
                    file.write(bytes(size))
                except OSError:
                    break
    return path
"""
