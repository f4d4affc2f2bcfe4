"""What happens to a machine happens to a real daemon: it is stopped, its gates are killed, it is killed itself."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.daemons import wait_for, written_address
from tests.support.project import Project, page


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An approved project whose gate takes three seconds and may take five; its daemon ends with the test."""
    gates = page(slow="timeout=5s | sleep 3; test -f calc.py")
    project = Project.make(tmp_path, {"calc.py": "A = 1\n", "VERIFY.md": gates})
    project.approve()
    yield project
    project.verifyd("stop")


def process_tree(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


def pid_of(project: Project) -> int:
    """The daemon's."""
    return int(written_address(project)["pid"])


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="processes below another are only listed on Linux")
def test_a_daemon_that_was_stopped_for_a_while_calls_nothing_timed_out_and_answers_about_now(project: Project) -> None:
    """Fault 4: six seconds of SIGSTOP on all of it, a gate with a limit of five under way, an edit in between."""
    project.verifyd("watch", "--detach", expect=0)
    daemon = pid_of(project)
    wait_for(lambda: len(process_tree(daemon)) > 3, "the gate runs")
    family = process_tree(daemon)
    for pid in family:
        with suppress(ProcessLookupError):  # git's processes come and go
            os.kill(pid, signal.SIGSTOP)
    time.sleep(6)
    first = project.tree()
    project.write({"other.py": ""})
    for pid in reversed(family):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    now = json.loads(project.verifyd("status", "--json").out)
    assert (now["tree"], now["readiness"]) == (project.tree(), "unproven")
    answer = json.loads(project.verifyd("status", "--wait", "50", "--json", expect=0).out)
    assert answer["tree"] == project.tree() != first
    runs = json.loads(project.verifyd("history", "slow", "--json").out)
    assert "timed_out" not in json.dumps(runs)


def test_a_gate_that_is_killed_is_no_failure_and_makes_no_task(tmp_path: Path) -> None:
    """Faults 10, 11: SIGKILL from outside, as the system gives it when memory runs out, says nothing of the code."""
    files = {
        "hungry.sh": "test ! -f large || kill -9 $PPID\n",
        "large": "",
        "VERIFY.md": page(hungry="sh hungry.sh; true"),
    }
    project = Project.make(tmp_path, files)
    project.approve()
    project.verifyd("watch", "--detach", expect=0)
    try:
        answer = json.loads(project.verifyd("status", "--wait", "50", "--json", expect=3).out)
        assert (answer["readiness"], answer["task"]) == ("unproven", None)
        assert [(gate["status"], gate["reason"]) for gate in answer["gates"]] == [("unproven", "killed")]
        os.kill(pid_of(project), signal.SIGKILL)
        (project.root / "large").unlink()
        project.verifyd("watch", "--detach", expect=0)
        assert project.verifyd("status", "--wait", "50", expect=0).out.startswith(f"READY  tree {project.tree()[:12]}")
    finally:
        project.verifyd("stop")
