"""Jobs for tests, the seven ways a process may try to outlive its gate, and who is still there afterwards."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import anyio

from verifyd.app.process_ports import Job, JobEnd
from verifyd.edge import process_tree
from verifyd.edge.processes import open_processes

PYTHON = (sys.executable, "-I", "-S", "-c")

ESCAPES = """
import os, signal, sys, time
folder = sys.argv[1]

def live(name):
    with open(os.path.join(folder, name + ".new"), "w") as file:
        file.write(str(os.getpid()))
    os.rename(os.path.join(folder, name + ".new"), os.path.join(folder, name))
    if name == "empty_environment":
        os.execve("/bin/sh", ["sh", "-c", "exec sleep 600"], {})
    while True:
        time.sleep(600)

def fork(name, before):
    if os.fork() == 0:
        before()
        live(name)

def daemon():
    os.setsid()
    if os.fork():
        os._exit(0)

def ignore():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)

KINDS = {
    "child": lambda: None,
    "setsid": os.setsid,
    "daemon": daemon,
    "closed_daemon": lambda: (daemon(), os.closerange(0, 100)),
    "empty_environment": os.setsid,
    "ignorer": ignore,
    "setpgid": lambda: os.setpgid(0, 0),
}
for name, before in KINDS.items():
    fork(name, before)
while len([name for name in os.listdir(folder) if not name.endswith(".new")]) < len(KINDS):
    time.sleep(0.01)
print("all there", flush=True)
if sys.argv[2] == "stay":
    ignore()
    time.sleep(600)
"""
"""Starts one process of each kind and waits until each has written its id into the folder; then ends, or stays."""

KINDS = ("child", "setsid", "daemon", "closed_daemon", "empty_environment", "ignorer", "setpgid")


def a_job(base: Path, script: str | tuple[str, ...], **fields: Any) -> Job:
    """A shell script (or a command) in the folder *base*, its log beside it, its mark its own."""
    mark = fields.pop("mark", secrets.token_hex(6))
    environment: Mapping[str, str] = fields.pop("environment", {"PATH": os.environ["PATH"]})
    known: dict[str, Any] = {
        "name": "gate",
        "command": script if isinstance(script, tuple) else ("sh", "-c", script),
        "folder": base,
        "environment": {**environment, "VERIFYD_RUN": mark},
        "mark": mark,
        "log": base / "gate.log",
        "grace_s": 0.2,
    }
    return Job(**{**known, **fields})


def escaping(folder: Path, *, then: str = "leave") -> tuple[str, ...]:
    """The command that starts one process of each kind of escape."""
    folder.mkdir()
    return (*PYTHON, ESCAPES, str(folder), then)


def run_job(job: Job) -> JobEnd:
    """The job's end, run alone."""

    async def run() -> JobEnd:
        async with open_processes() as processes:
            return await (await processes.start(job)).wait()

    return anyio.run(run)


def log_of(job: Job) -> str:
    """What it wrote."""
    return job.log.read_text(encoding="utf-8")


async def until(condition: Callable[[], object]) -> None:
    """Return when the condition holds; the test's time limit is the bound."""
    while not condition():  # noqa: ASYNC110  # what processes do sets no event here
        await anyio.sleep(0.005)


def pids_in(folder: Path) -> dict[str, int]:
    """The ids that processes wrote into files of the folder."""
    return {path.name: int(path.read_text()) for path in folder.iterdir()}


def marked(mark: str) -> list[int]:
    """Living processes of ours that carry a run's mark in their environment."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            has_mark = entry.name.isdigit() and f"VERIFYD_RUN={mark}".encode() in (entry / "environ").read_bytes()
        except OSError:
            continue
        if has_mark and process_tree.alive([int(entry.name)]):
            found.append(int(entry.name))
    return found


def wait_until_gone(pids: Iterable[int]) -> None:
    """Return when none of them lives; the test's time limit is the bound."""
    while process_tree.alive(pids):
        time.sleep(0.01)


def zygotes() -> list[int]:
    """The zygotes that this process has started and that still live: tests of processes start nothing else."""
    return process_tree.alive(process_tree.children(os.getpid()))


def supervisors() -> list[int]:
    """The supervisors below this process."""
    return [pid for zygote in zygotes() for pid in process_tree.alive(process_tree.children(zygote))]


def kill(pid: int) -> None:
    """End a process as the kernel does when it needs the memory."""
    os.kill(pid, signal.SIGKILL)
