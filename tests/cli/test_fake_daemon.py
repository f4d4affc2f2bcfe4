"""A process that listens below the git folder and says READY is believed by nothing that asks: an agent may write there."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.bridges import a_call, bridged
from tests.support.daemons import place_of, wait_for, written_address
from tests.support.fake_daemon import lying_daemon
from tests.support.project import Answer, Project, page
from verifyd.edge.daemon_lock import is_held

SLOWLY = {"GIT_CONFIG_COUNT": "0"}
"""A variable of git's: the command line answers, not the quick client."""
SAYS = "somebody else listens in the daemon's place"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An approved project that is not ready; a daemon that was started in it ends with the test."""
    project = Project.make(tmp_path.resolve(), {"calc.py": "A = 1\n", "VERIFY.md": page(there="test ! -f calc.py")})
    project.approve()
    yield project
    project.verifyd("stop")


@pytest.fixture(params=["no lock", "lock"])
def fake(project: Project, request: pytest.FixtureRequest) -> Iterator[int]:
    """The process that lies; it may hold the daemon's lock, so that no daemon of ours can be started."""
    with lying_daemon(project, *([request.param] if request.param == "lock" else [])) as pid:
        yield pid


def stop_hook(project: Project, host: str, *options: str) -> dict[str, Any]:
    """What a host reads at the end of a turn."""
    payload = {
        "cwd": str(project.root),
        "session_id": "s1",
        "workspace_roots": [str(project.root)],
        "status": "completed",
    }
    done = subprocess.run(
        project.command("hook", host, "stop", *options),
        cwd=project.root,
        env=project.environment,
        input=json.dumps(payload).encode(),
        capture_output=True,
        timeout=60,
    )
    answer = Answer(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())
    assert answer.code == 0, answer.both
    found: dict[str, Any] = json.loads(answer.out or "{}") | {"stderr": answer.err}
    return found


@pytest.mark.parametrize("extra", [{}, SLOWLY], ids=["quickly", "slowly"])
def test_status_is_answered_without_it(project: Project, fake: int, extra: dict[str, str]) -> None:
    """By what is known of the tree, which is nothing; one line names the process."""
    answer = project.verifyd("status", extra=extra, expect=3)
    assert answer.out.startswith(f"UNPROVEN  tree {project.tree()[:12]}\n")
    assert f"note: {SAYS} (process {fake}); it is not believed" in answer.out


@pytest.mark.parametrize("extra", [{}, SLOWLY], ids=["quickly", "slowly"])
def test_task_is_answered_without_it(project: Project, fake: int, extra: dict[str, str]) -> None:
    """The task of the last report, not "there is none"."""
    project.verifyd("run", expect=1)
    answer = project.verifyd("task", extra=extra, expect=1)
    assert "# there" in answer.out
    assert f"{SAYS} (process {fake}); it is not believed" in answer.err


def test_log_is_read_from_the_disk(project: Project, fake: int) -> None:
    """Nobody is asked."""
    project.write({"VERIFY.md": page(there="echo the real log; false")})
    project.approve()
    project.verifyd("run", expect=1)
    assert "the real log" in project.verifyd("log", "there").out


@pytest.mark.parametrize("host", ["claude", "codex", "cursor", "gemini"])
def test_an_agent_that_stops_is_not_called_verified(project: Project, fake: int, host: str) -> None:
    """The person reads that nobody verified it, and why."""
    said = json.dumps(stop_hook(project, host, "--no-start", "--wait", "0"))
    assert SAYS in said
    assert "let go unverified" in said


def test_where_the_lock_is_free_the_hook_starts_a_daemon_and_believes_that_one(project: Project) -> None:
    """Whoever listens beside it: the agent is sent on, because the tree is not ready."""
    with lying_daemon(project):
        said = stop_hook(project, "claude", "--wait", "50")
        assert said["decision"] == "block"
        assert project.verifyd("status", expect=1).out.startswith("NOT READY")


def test_an_mcp_host_is_not_answered_by_it(project: Project, fake: int) -> None:
    """The error says who listens."""
    with bridged(project, "--no-start") as bridge:
        error = bridge.ask(a_call("verify_status"))["error"]
        assert error["message"].startswith(
            "no daemon runs for this work tree; start one with: verifyd watch --detach\n"
        )
        assert f"{SAYS} (process {fake})" in error["message"]


def test_where_the_lock_is_free_an_mcp_host_is_answered_by_a_daemon_of_ours(project: Project) -> None:
    """It is started as if nobody listened."""
    with lying_daemon(project), bridged(project) as bridge:
        answer = bridge.ask(a_call("verify_status", wait_s=50))
        assert answer["result"]["content"][0]["text"].startswith(f"NOT READY: tree `{project.tree()}`.")


def test_where_it_holds_the_lock_no_daemon_starts_and_the_reason_is_said_at_once(project: Project) -> None:
    """By ``watch`` and to an MCP host; nobody waits for half a minute."""
    with lying_daemon(project, "lock") as pid:
        answer = project.verifyd("watch", "--detach", expect=3, timeout_s=20)
        assert f"{SAYS} (process {pid})" in answer.err
        with bridged(project) as bridge:
            assert f"{SAYS} (process {pid})" in bridge.ask(a_call("verify_status"))["error"]["message"]


def test_stop_and_doctor_say_who_listens(project: Project, fake: int) -> None:
    """Neither takes it for the daemon."""
    assert f"no daemon runs for this work tree\n{SAYS} (process {fake})" in project.verifyd("stop").err
    line = next(line for line in project.verifyd("doctor").out.splitlines() if "the daemon's place" in line)
    assert line.split()[:2] == ["warn", "daemon"]


def test_a_real_daemon_is_believed_though_the_fake_one_writes_itself_down_again(project: Project) -> None:
    """Before, meanwhile and afterwards."""
    with lying_daemon(project):
        project.verifyd("watch", "--detach", expect=0)
    with lying_daemon(project):
        for extra in ({}, SLOWLY):
            answer = project.verifyd("status", "--wait", "50", extra=extra, expect=1)
            assert answer.out.startswith(f"NOT READY  tree {project.tree()[:12]}\n")
            assert "somebody" not in answer.both
        assert stop_hook(project, "claude", "--no-start", "--wait", "0")["decision"] == "block"
    (project.root / "calc.py").unlink()
    assert project.verifyd("status", "--wait", "50", expect=0).out.startswith(f"READY  tree {project.tree()[:12]}\n")


def test_what_a_killed_daemon_wrote_lends_nobody_its_name(project: Project) -> None:
    """Though its lock is held again, and its number is another process's, which was started at another time."""
    project.verifyd("watch", "--detach", expect=0)
    address = written_address(project)
    os.kill(address["pid"], signal.SIGKILL)
    wait_for(lambda: not is_held(project.root / ".git/verifyd"), "the kernel takes the lock back")
    with lying_daemon(project, "lock") as pid:
        place_of(project).write_text(json.dumps({**address, "pid": pid}), "utf-8")
        for extra in ({}, SLOWLY):
            assert f"note: {SAYS} (process {pid})" in project.verifyd("status", extra=extra, expect=3).out
        assert project.verifyd("stop").err.startswith(f"no daemon runs for this work tree\n{SAYS} (process {pid})")
        refused = project.verifyd("watch", "--detach", expect=3, timeout_s=20).err
        assert f"{SAYS} (process {pid})" in refused
        assert f"kill {pid}" not in refused
    assert project.verifyd("watch", "--detach", expect=0).err.startswith("watching")
    project.verifyd("status", "--wait", "50", expect=1)


def test_a_daemon_of_ours_is_not_believed_about_another_folder(project: Project) -> None:
    """A ``.git`` file makes any folder a work tree of this git folder: its daemon is a real one, and says ready about that one."""
    better = Project(root=project.root / "better", environment=project.environment)
    better.write(
        {".git": f"gitdir: {project.root}/.git\n", "VERIFY.md": (project.root / "VERIFY.md").read_text("utf-8")}
    )
    better.verifyd("watch", "--detach", expect=0)
    better.verifyd("status", "--wait", "50", expect=0)
    for extra in ({}, SLOWLY):
        answer = project.verifyd("status", extra=extra, expect=3)
        assert "note: the daemon that answers is another work tree's; it is not believed" in answer.out
    said = stop_hook(project, "claude", "--wait", "0")
    assert said["systemMessage"].startswith(
        "verifyd: the daemon that answers is another work tree's; it is not believed."
    )
    with bridged(project) as bridge:
        error = bridge.ask(a_call("verify_status"))["error"]
        assert error["message"] == "the daemon that answers is another work tree's; it is not believed"
    refused = project.verifyd("watch", "--detach", expect=3, timeout_s=20)
    assert f"watches {better.root} with the same git folder, {project.root}/.git" in refused.err
    project.verifyd("stop", expect=0)
    assert project.verifyd("watch", "--detach", expect=0).err.startswith("watching")
    project.verifyd("status", "--wait", "50", expect=1)


def test_a_daemon_with_another_state_folder_is_named_and_not_asked(project: Project, tmp_path: Path) -> None:
    """What is a person's own looks no other: the way without the daemon is taken at once, and nothing is started in vain."""
    other = Project(root=project.root, environment={**project.environment, "XDG_STATE_HOME": str(tmp_path / "other")})
    other.verifyd("watch", "--detach", expect=0)
    try:
        pid = written_address(other)["pid"]
        for extra in ({}, SLOWLY):
            assert f"note: {SAYS} (process {pid})" in project.verifyd("status", extra=extra, expect=3).out
        assert SAYS in stop_hook(project, "claude", "--wait", "50")["systemMessage"]
        refused = project.verifyd("watch", "--detach", expect=3, timeout_s=20).err
        assert f"{SAYS} (process {pid})" in refused
        assert "start this one with the same XDG_STATE_HOME" in refused
    finally:
        other.verifyd("stop", expect=0)
    project.verifyd("watch", "--detach", expect=0)
    project.verifyd("status", "--wait", "50", expect=1)


@pytest.mark.parametrize("kind", ["read-only", "no folder"])
def test_without_a_state_folder_no_daemon_starts_and_status_answers_without(project: Project, kind: str) -> None:
    """It says where it would listen, and what to do."""
    state = project.root.parent / "closed"
    if kind == "read-only":
        state.mkdir(mode=0o500)
    else:
        state.touch()
    closed = Project(root=project.root, environment={**project.environment, "XDG_STATE_HOME": str(state)})
    if kind == "read-only" and os.geteuid() == 0:
        closed.environment["XDG_STATE_HOME"] = "/proc/self"  # nobody makes a folder there, root neither
    answer = closed.verifyd("watch", "--detach", expect=3)
    assert "the daemon: no socket can be made at " in answer.err
    assert "set XDG_STATE_HOME to a folder of yours outside the repository" in answer.err
    assert closed.verifyd("status", expect=3).out.startswith(f"UNPROVEN  tree {project.tree()[:12]}\n")
    assert "let go unverified" in stop_hook(closed, "claude", "--wait", "0")["systemMessage"]


NAMESPACE = ("unshare", "--user", "--map-current-user", "--pid", "--fork", "--mount-proc")


def can_enter_namespaces() -> bool:
    """Whether this machine lets us have a pid namespace of our own; the user that owns it stays who we are."""
    try:
        return subprocess.run([*NAMESPACE, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


@pytest.mark.skipif(
    not can_enter_namespaces(),
    reason="this system makes no user and pid namespaces for us (unshare --user --pid fails)",
)
@pytest.mark.parametrize("kind", ["fake", "real"])
def test_where_one_can_be_had_another_pid_namespace_changes_nothing(project: Project, kind: str) -> None:
    """Who may listen in the state folder is believed from a container that has it too; who may not is named without a number."""
    inside = [*NAMESPACE, *project.command("status", "--wait", "50")]
    if kind == "real":
        project.verifyd("watch", "--detach", expect=0)
        done = subprocess.run(
            inside, cwd=project.root, env=project.environment, capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stdout[:9], done.stderr) == (1, "NOT READY", "")
        return
    with lying_daemon(project):
        done = subprocess.run(
            inside, cwd=project.root, env=project.environment, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 3
    assert f"note: {SAYS}; it is not believed" in done.stdout
