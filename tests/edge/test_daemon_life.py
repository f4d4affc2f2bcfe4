"""One daemon a work tree, as real processes: started twice, killed, crashing, with what a dead one left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support.daemons import Daemons, place_of, wait_for, written_address
from tests.support.project import Project, page
from verifyd.edge.daemon_lock import DaemonLock, is_held
from verifyd.edge.daemon_place import LONGEST_NAME
from verifyd.edge.process_identity import start_of

ENDED_S = 20


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[Daemons]:
    """A project, and every daemon of it that a test starts."""
    found = Daemons(Project.make(tmp_path, {"VERIFY.md": page(yes="true")}))
    yield found
    found.end()


def home(daemons: Daemons) -> Path:
    """Where the daemon's files are."""
    return daemons.project.root / ".git" / "verifyd"


def said(process: subprocess.Popen[str]) -> str:
    """What it printed until its end."""
    return process.communicate(timeout=ENDED_S)[1]


def ended(processes: list[subprocess.Popen[str]]) -> list[subprocess.Popen[str]]:
    """Those that run no more."""
    return [process for process in processes if process.poll() is not None]


def test_a_daemon_writes_where_it_is_and_takes_it_away(daemons: Daemons) -> None:
    """The address, the hint and the socket are there while it lives and gone afterwards; the lock's file stays."""
    process = daemons.start()
    address = daemons.address()
    assert (address["pid"], address["start"], address["api"]) == (process.pid, start_of(process.pid), 1)
    assert address["git_dir"] == str(daemons.project.root / ".git")
    assert str((home(daemons) / "daemon.sock").readlink()) == address["socket"]
    assert is_held(home(daemons))
    process.terminate()
    assert said(process) == "stopped by SIGTERM\n"
    assert process.returncode == 0
    left = {path.name for path in home(daemons).iterdir() if path.name.startswith("daemon")}
    assert left == {"daemon.lock", "daemon.starts.json"}
    assert not is_held(home(daemons))
    assert list(place_of(daemons.project).parent.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(daemons: Daemons, number: signal.Signals) -> None:
    """Even with a client that listens to events."""
    process = daemons.start()
    listens = Path(daemons.address()["socket"])
    curl = ["curl", "-sN", "--unix-socket", listens.name, "http://verifyd/v1/events"]
    with subprocess.Popen(curl, stdout=subprocess.PIPE, cwd=listens.parent) as listener:
        process.send_signal(number)
        assert said(process) == f"stopped by {number.name}\n"
        assert process.returncode == 0
        listener.communicate(timeout=ENDED_S)


def test_it_ends_without_a_complaint_while_a_question_waits(daemons: Daemons) -> None:
    """What nobody will answer any more is cut off."""
    process = daemons.start("hang")
    listens = Path(daemons.address()["socket"])
    curl = ["curl", "-sN", "--trace-ascii", "-", "--unix-socket", listens.name, "http://verifyd/v1/status"]
    with subprocess.Popen(curl, stdout=subprocess.PIPE, cwd=listens.parent) as asking:
        assert asking.stdout is not None
        assert any(line.startswith(b"=> Send header") for line in asking.stdout)
        assert daemons.pid() == process.pid  # who came later is answered, so the question was taken
        process.terminate()
        assert said(process) == "stopped by SIGTERM\n"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_of_two_that_start_at_once_one_is_the_daemon(daemons: Daemons) -> None:
    """Fault 7: raced again and again, one lives, and the other ends with 0 and names it."""
    for _ in range(5):
        pair = [daemons.begin(), daemons.begin()]
        wait_for(partial(ended, pair), "one of them gives way")
        (second,) = ended(pair)
        (first,) = [process for process in pair if process is not second]
        assert (second.returncode, said(second)) == (0, f"other {first.pid}\n")
        assert daemons.pid() == first.pid
        first.terminate()
        first.communicate(timeout=ENDED_S)


def test_a_second_one_waits_until_the_first_answers(daemons: Daemons) -> None:
    """Fault 7: though the first one holds the lock long before it has a socket."""
    first = daemons.begin("slow")
    wait_for(lambda: is_held(home(daemons)), "the lock is taken")
    second = daemons.begin()
    assert said(second) == f"other {first.pid}\n"


def test_one_that_is_starting_keeps_nobody_waiting(daemons: Daemons) -> None:
    """Until it can answer, it is not there to be asked: quickly, slowly and by a hook."""
    process = daemons.begin("stuck")
    folder = place_of(daemons.project).parent
    wait_for(lambda: folder.is_dir() and list(folder.iterdir()), "it has its socket")
    for extra in ({}, {"GIT_CONFIG_COUNT": "0"}):
        answer = daemons.project.verifyd("status", extra=extra, expect=3)
        assert "note:" not in answer.out, answer.both
    payload = ["sh", "-c", 'echo "{}" | "$@"', "sh", *daemons.project.command("hook", "claude", "stop", "--no-start")]
    told = subprocess.run(payload, cwd=daemons.project.root, env=daemons.project.environment, capture_output=True)
    assert b"verifyd: no daemon runs for this work tree. The agent was let go unverified." in told.stdout
    process.kill()
    process.communicate()
    second = daemons.start()
    second.terminate()
    second.communicate(timeout=ENDED_S)
    assert list(folder.iterdir()) == []


def test_a_second_one_takes_over_from_one_that_dies_while_starting(daemons: Daemons) -> None:
    """The lock goes with its holder."""
    first = daemons.begin("slow")
    wait_for(lambda: is_held(home(daemons)), "the lock is taken")
    second = daemons.begin()
    first.kill()
    wait_for(lambda: daemons.pid() == second.pid, "the second one answers")


def test_what_a_killed_daemon_left_is_not_believed(daemons: Daemons) -> None:
    """Fault 8: its socket, its address and its lock's file are there; the next one starts at once."""
    first = daemons.start()
    first.kill()
    first.communicate()
    assert daemons.address()["pid"] == first.pid
    assert Path(daemons.address()["socket"]).is_socket()
    assert not is_held(home(daemons))
    second = daemons.start()
    assert daemons.pid() == second.pid


def test_the_number_of_another_process_is_not_the_daemon(daemons: Daemons) -> None:
    """Fault 8: an address with the number of a process that lives, and was started at another time, is nobody's."""
    process = daemons.start()
    process.kill()
    process.communicate()
    address = {**daemons.address(), "pid": os.getpid()}
    place_of(daemons.project).write_text(json.dumps(address), "utf-8")
    answer = daemons.project.verifyd("stop")
    assert (answer.code, answer.err) == (0, "no daemon runs for this work tree\n"), answer.both
    assert daemons.start().poll() is None


def test_linked_work_trees_have_their_own(daemons: Daemons, tmp_path: Path) -> None:
    """Two daemons of one repository, each for its work tree."""
    daemons.project.git("worktree", "add", "-q", str(tmp_path / "linked"))
    linked = Daemons(Project(root=tmp_path / "linked", environment=daemons.project.environment))
    try:
        first, second = daemons.start(), linked.begin()
        there = ".git/worktrees/linked"
        wait_for(lambda: written_address(daemons.project, there), "the second one answers")
        assert written_address(daemons.project, there)["pid"] == second.pid
        assert daemons.pid() == first.pid
    finally:
        linked.end()


def test_a_repository_with_a_long_path_has_a_daemon(tmp_path: Path) -> None:
    """Fault 68: and so has a state folder; the kernel takes a short name of both, and every client uses that."""
    project = Project.make(tmp_path / ("x" * 60) / ("y" * 60), {"VERIFY.md": page(yes="true")})
    daemons = Daemons(project)
    try:
        process = daemons.start()
        assert len(daemons.address()["socket"]) > LONGEST_NAME
        assert daemons.pid() == process.pid
        for extra in ({}, {"GIT_CONFIG_COUNT": "0"}):
            assert project.verifyd("status", extra=extra, expect=1).out.startswith("NOT READY  tree 1f1f1f1f1f1f\n")
    finally:
        daemons.end()


def test_one_that_crashes_again_and_again_stays_down(daemons: Daemons) -> None:
    """Fault 9: after five crashes no start that is not a person's is tried, and the reason is kept."""
    for _ in range(5):
        assert "RuntimeError: the engine broke" in said(daemons.begin("automatic", "crash"))
    reason = "the daemon crashed 5 times in 5 minutes, and stays down (last: RuntimeError: the engine broke)"
    for _ in range(2):
        assert reason in said(daemons.begin("automatic"))
    answer = daemons.project.verifyd("status")
    assert f"note: {reason}; start it by hand: verifyd watch\n" in answer.out, answer.both
    process = daemons.start()
    process.terminate()
    process.communicate()
    assert daemons.start("automatic").poll() is None


def test_a_killed_one_counts_as_a_crash(daemons: Daemons) -> None:
    """Fault 9: which is what a start finds that no end followed."""
    for _ in range(5):
        process = daemons.start("automatic")
        process.kill()
        process.communicate()
    assert "stays down (last: it was killed)" in said(daemons.begin("automatic"))


def test_a_clean_end_is_no_crash(daemons: Daemons) -> None:
    """However often."""
    for _ in range(6):
        process = daemons.start("automatic")
        process.terminate()
        process.communicate()
        assert process.returncode == 0


def test_one_whose_folder_was_removed_ends_and_leaves_the_next_one_alone(daemons: Daemons) -> None:
    """Nobody finds it any more, and its lock is no lock: it ends by itself, and takes nothing of the next one's with it."""
    first = daemons.start()
    shutil.rmtree(home(daemons))
    second = daemons.start()
    says = f"{home(daemons)} was removed, and with it what says that this is the daemon\n"
    assert (said(first), first.returncode) == (says, 0)
    assert daemons.address()["pid"] == second.pid
    assert Path(daemons.address()["socket"]).exists()


def test_the_lock_is_one_process_s(tmp_path: Path) -> None:
    """Taken once, refused to the next, free after release; the question alone takes nothing for good."""
    first = DaemonLock.take(tmp_path)
    assert first is not None
    assert DaemonLock.take(tmp_path) is None
    assert is_held(tmp_path)
    first.release()
    assert not is_held(tmp_path)
    second = DaemonLock.take(tmp_path)
    assert second is not None
    second.release()
