"""Daemons with a fake engine as real processes, and what a test asks of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.project import Project
from tests.support.repository import ROOT
from verifyd.edge.daemon_client import DaemonAnswer, ask

LIMIT_S = 30.0


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Until it holds; an assertion error when it does not within LIMIT_S."""
    end = time.monotonic() + LIMIT_S
    while not condition():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.01)


def place_of(project: Project, git_dir: str = ".git") -> Path:
    """Where the project's daemon writes down who and where it is."""
    found = (project.root / git_dir).stat()
    return Path(project.environment["XDG_STATE_HOME"], "verifyd", "daemons", f"{found.st_dev}-{found.st_ino}.json")


def written_address(project: Project, git_dir: str = ".git") -> dict[str, Any]:
    """What is written about the project's daemon; nothing when there is none."""
    try:
        found: dict[str, Any] = json.loads(place_of(project, git_dir).read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return found


@dataclass
class Daemons:
    """
    The daemons that a test starts in a project; all are ended with it.

    Attributes:
        started: Every process, dead ones too.
    """

    project: Project
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def begin(self, *options: str) -> subprocess.Popen[str]:
        """Start one and do not wait for it."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.fake_engine", str(self.project.root), *options],
            cwd=ROOT,
            env={**self.project.environment, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start one, and wait until it answers."""
        process = self.begin(*options)
        wait_for(lambda: process.poll() is not None or self.pid() == process.pid, "the daemon answers")
        assert process.poll() is None, process.communicate()
        return process

    def address(self) -> dict[str, Any]:
        """What is written about it; nothing when there is none."""
        return written_address(self.project)

    def pid(self) -> int | None:
        """Of the daemon that answers; None when nobody does."""
        address = self.address()
        answer = ask(address["socket"], "/v1/version", timeout_s=5) if address else None
        return int(json.loads(answer.body)["pid"]) if isinstance(answer, DaemonAnswer) else None

    def end(self) -> None:
        """Kill those that live."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
            process.communicate()
