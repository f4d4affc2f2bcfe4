"""``watch``, ``status``, ``task`` and ``stop`` as a user runs them: with the real daemon, and with one that misbehaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.builders import TREE
from tests.support.daemons import Daemons, wait_for
from tests.support.project import Project, page

NOBODY_THERE = "no daemon runs for this work tree\n"


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """An approved project whose gate passes while calc.py is there; its daemon ends with the test."""
    project = Project.make(tmp_path, {"calc.py": "A = 1\n", "VERIFY.md": page(there="test -f calc.py", quick="true")})
    project.approve()
    yield project
    project.verifyd("stop")


@pytest.fixture
def daemons(project: Project) -> Iterator[Daemons]:
    """Daemons with a fake engine in the same project."""
    found = Daemons(project)
    yield found
    found.end()


def test_a_detached_daemon_follows_the_edits_and_answers_about_the_tree_as_it_is(project: Project) -> None:
    """Ready, then not ready after an edit, then ready again; each answer names the tree that git has then."""
    started = project.verifyd("watch", "--detach", expect=0)
    assert started.err.startswith("watching (process ")
    assert project.verifyd("status", "--wait", "50", expect=0).out.startswith(f"READY  tree {project.tree()[:12]}\n")
    (project.root / "calc.py").unlink()
    now = json.loads(project.verifyd("status", "--json").out)
    assert (now["tree"], now["readiness"] == "ready") == (project.tree(), False)
    answer = project.verifyd("status", "--wait", "50", expect=1)
    assert answer.out.startswith(f"NOT READY  tree {project.tree()[:12]}\n  failed: there")
    task = json.loads(project.verifyd("task", "--wait", "50", "--json", expect=1).out)
    assert (task["gate"], task["tree"]) == ("there", project.tree())
    project.write({"calc.py": "A = 1\n"})
    project.verifyd("status", "--wait", "50", expect=0)
    assert project.verifyd("task", expect=0).out == ""
    again = project.verifyd("watch", "--detach", expect=0)
    assert again.err == started.err.replace("watching", "already running")
    assert project.verifyd("watch", expect=0).err == again.err
    assert project.verifyd("stop", expect=0).err.startswith("stopped (process ")
    assert project.verifyd("stop", expect=0).err == NOBODY_THERE


def test_what_the_daemon_found_is_known_without_it(project: Project) -> None:
    """Its verdicts are in the history: status answers from there, about exactly this tree, and the exit code is the same."""
    project.verifyd("watch", "--detach", expect=0)
    known = project.verifyd("status", "--wait", "50", expect=0).out
    project.verifyd("stop", expect=0)
    assert project.verifyd("status", expect=0).out == known
    project.write({"new.py": ""})
    answer = project.verifyd("status", expect=3)
    assert answer.out == (
        f"UNPROVEN  tree {project.tree()[:12]}\n"
        "  not_verified: this tree was never verified as a whole: verifyd run does it once, verifyd watch at every edit\n"
    )


def test_a_one_shot_run_is_known_to_status(project: Project) -> None:
    """By the tree as it is, by its id, and by a commit that has it."""
    project.verifyd("run", expect=0)
    tree = project.tree()
    for names in ((), ("--tree", tree), ("--tree", tree[:12]), ("--tree", tree[:4].upper()), ("--tree", "HEAD")):
        answer = project.verifyd("status", *names, "--json", expect=0)
        assert json.loads(answer.out)["tree"] == tree
    assert "no-such-thing" in project.verifyd("status", "--tree", "no-such-thing", expect=2).err
    assert "not_verified" in project.verifyd("status", "--tree", "ab" * 20, expect=3).out


def test_a_question_to_a_daemon_imports_nothing(daemons: Daemons) -> None:
    """Neither click nor anything of ours besides the quick client and where a daemon listens, nor what makes the standard library slow."""
    daemons.start()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "from verifyd.__main__ import main; main()", "status"],
        cwd=daemons.project.root,
        env=daemons.project.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stdout.startswith("NOT READY  tree 1f1f1f1f1f1f\n")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert {name for name in imported if name.startswith("verifyd")} == {
        *("verifyd", "verifyd.__main__", "verifyd.edge", "verifyd.edge.quick_client", "verifyd.edge.daemon_place"),
    }
    assert not imported & {"click", "json", "socket", "pathlib", "subprocess", "importlib.metadata"} - startup_modules()


def startup_modules() -> set[str]:
    """What this interpreter imports for ``pass``: an editable install imports pathlib, for one."""
    command = [sys.executable, "-c", "import sys; print(*sys.modules)"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize("folder", [".", "deep/er"])
def test_the_daemon_is_found_from_every_folder_of_the_work_tree(daemons: Daemons, folder: str) -> None:
    """As git finds the repository; ``-C`` too."""
    daemons.start()
    daemons.project.write({"deep/er/file": ""})
    below = Project(root=daemons.project.root / folder, environment=daemons.project.environment)
    assert below.verifyd("status", expect=1).out.startswith("NOT READY  tree 1f1f1f1f1f1f\n")
    assert daemons.project.verifyd("-C", folder, "status", expect=1).out.startswith("NOT READY  tree 1f1f1f1f1f1f\n")


def test_status_says_the_same_quickly_and_slowly(daemons: Daemons) -> None:
    """The quick client and the command line print the same bytes and end with the same code."""
    daemons.start()
    slow = {"GIT_CONFIG_COUNT": "0"}  # a variable of git's: the command line answers
    for command in (["status"], ["status", "--json"], ["task"], ["task", "--json"], ["status", "--tree", TREE]):
        assert daemons.project.verifyd(*command) == daemons.project.verifyd(*command, extra=slow)


def test_a_tree_that_the_daemon_does_not_know_is_looked_for_in_the_history(daemons: Daemons) -> None:
    """It remembers the trees since its start; a commit's name is git's to resolve."""
    daemons.project.verifyd("run", expect=0)
    daemons.start()
    for name in ("HEAD", daemons.project.git("rev-parse", "HEAD"), daemons.project.tree()):
        answer = daemons.project.verifyd("status", "--tree", name, expect=0)
        assert answer.out.startswith(f"READY  tree {daemons.project.tree()[:12]}\n"), name


def test_a_tree_that_is_being_verified_has_no_task_yet(daemons: Daemons) -> None:
    """Which is said on stderr, and the exit code is that of unproven."""
    daemons.start("verifying")
    answer = daemons.project.verifyd("task", expect=3)
    assert (answer.out, answer.err) == ("", "verifying: 0 of 1 gate done\n")


def test_a_daemon_of_another_release_is_named_with_what_to_do(daemons: Daemons) -> None:
    """Fault 12: its answer is good, because the API is the same."""
    daemons.start("release")
    for extra in ({}, {"GIT_CONFIG_COUNT": "0"}):
        answer = daemons.project.verifyd("status", extra=extra, expect=1)
        assert answer.out.startswith("NOT READY  tree 1f1f1f1f1f1f\n")
        assert answer.err.startswith("the daemon is verifyd 9.9.9, this is ")
        assert answer.err.count("\n") == 1


def test_a_daemon_of_another_api_is_not_understood(daemons: Daemons) -> None:
    """Fault 12: it says so itself; the answer is then without it."""
    daemons.begin("api")
    wait_for(lambda: daemons.address() != {}, "it is there")
    answer = daemons.project.verifyd("status", expect=3)
    assert "\nnote: the daemon speaks api 2 (verifyd 9.9.9), you speak 1\n" in answer.out


@pytest.mark.slow
def test_a_daemon_that_hangs_is_named_and_the_answer_is_without_it(daemons: Daemons) -> None:
    """After five seconds, and with its process."""
    process = daemons.start("hang")
    daemons.project.verifyd("run", expect=0)
    answer = daemons.project.verifyd("status", expect=0)
    assert answer.out.startswith(f"READY  tree {daemons.project.tree()[:12]}\n")
    note = f"note: the daemon (process {process.pid}) does not answer; this is without it; end it with: verifyd stop\n"
    assert note in answer.out


def test_another_work_tree_s_daemon_is_not_believed(daemons: Daemons, tmp_path: Path) -> None:
    """A git folder that was moved under this work tree has a daemon that would say what is known of the tree where it was."""
    daemons.start()
    other = Project.make(tmp_path / "other", {"VERIFY.md": page(yes="false")})
    other.environment = daemons.project.environment
    (other.root / ".git").rename(tmp_path / "away")
    (daemons.project.root / ".git").rename(other.root / ".git")
    assert "UNPROVEN" in other.verifyd("status", expect=3).out
    answer = other.verifyd("status", extra={"GIT_CONFIG_COUNT": "0"}, expect=3)
    assert "note: the daemon that answers is another work tree's; it is not believed\n" in answer.out


def test_outside_of_a_repository_the_command_line_says_so(tmp_path: Path) -> None:
    """The quick client leaves it to git."""
    outside = Project.make(tmp_path, {})
    nowhere = Project(
        root=tmp_path, environment={**outside.environment, "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
    )
    assert nowhere.verifyd("status", expect=3).err.count("\n") >= 1


def test_a_daemon_that_cannot_start_says_why(project: Project) -> None:
    """What it printed is what the command prints."""
    (project.root / ".git/verifyd/daemon.lock").mkdir(parents=True)
    answer = project.verifyd("watch", "--detach", expect=3)
    assert "daemon.lock: cannot be opened: is a directory" in answer.err
    (project.root / ".git/verifyd/daemon.lock").rmdir()


def test_doctor_examines_the_daemon(daemons: Daemons) -> None:
    """None, one that answers, one of another release, and how it notices changes."""
    assert "ok daemon none runs; start one with: verifyd watch --detach" in checks(daemons.project)
    process = daemons.start("release")
    found = [check for check in checks(daemons.project) if check.split()[1] in ("daemon", "watching")]
    about, other, watching = found
    assert about.startswith(f"ok daemon process {process.pid}, verifyd 9.9.9, since ")
    assert other.startswith("warn daemon it is verifyd 9.9.9, this is ")
    assert watching == "ok watching by inotify"


def checks(project: Project) -> list[str]:
    """The lines of doctor's checks, columns apart."""
    lines = [" ".join(line.split()) for line in project.verifyd("doctor").out.splitlines()]
    return [line for line in lines if line.startswith(("ok ", "warn ", "bad "))]


@pytest.mark.parametrize("number, code", [(signal.SIGTERM, 0), (signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_no_gate_outlives_the_daemon(project: Project, number: signal.Signals, code: int) -> None:
    """
    Faults 1, 3: asked to end or killed in the middle of a gate, it leaves no process, and the tree is not ready after.

    Ctrl-C is an interrupt, as everywhere; a daemon that is asked to end has done what it was there for.
    """
    pid = project.root.parent / "pid"
    project.write({"VERIFY.md": page(long="sh long.sh"), "long.sh": f"sleep 3217 & echo $! > {pid}; sleep 3217\n"})
    project.approve()
    command = project.command("watch", "--plain")
    daemon = subprocess.Popen(command, cwd=project.root, env=project.environment, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: pid.exists() and pid.read_text().strip(), "the gate runs")
        daemon.send_signal(number)
        assert daemon.wait(timeout=20) == code
    finally:
        daemon.kill()
        daemon.wait()
    wait_for(lambda: not is_running(int(pid.read_text())), "its gate is gone")
    assert "not_verified" in project.verifyd("status", expect=3).out
    assert project.verifyd("watch", "--detach", expect=0).err.startswith("watching")


def test_a_watch_without_a_live_view_says_transitions_and_once_why_it_ended(project: Project) -> None:
    """One line for the first verdict, one for the end."""
    daemon = subprocess.Popen(
        project.command("watch", "--plain"),
        cwd=project.root,
        env=project.environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert daemon.stderr is not None
        assert daemon.stderr.readline().startswith("ready  tree ")
        daemon.terminate()
        assert daemon.communicate(timeout=20)[1] == "stopped by SIGTERM\n"
    finally:
        daemon.kill()


def is_running(pid: int) -> bool:
    """Whether the process is there, and is the gate's."""
    try:
        return b"3217" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def test_a_package_of_the_repository_is_not_run_as_the_daemon(project: Project) -> None:
    """A folder called verifyd in the work tree is not what ``--detach`` starts."""
    project.write({"verifyd/__init__.py": "", "verifyd/__main__.py": "import sys\nsys.exit('taken over')\n"})
    command = [sys.executable, "-P", "-m", "verifyd", "watch", "--detach"]
    done = subprocess.run(command, cwd=project.root, env=project.environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr[:9]) == (0, "watching "), done.stderr
    stop = [sys.executable, "-P", "-m", "verifyd", "stop"]
    subprocess.run(stop, cwd=project.root, env=project.environment, check=True, capture_output=True)


def test_an_answer_that_nobody_takes_is_none(daemons: Daemons) -> None:
    """A closed pipe ends with 3, and a closed stdout with no answer at all."""
    daemons.start()
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        daemons.project.command("status"),
        cwd=daemons.project.root,
        env=daemons.project.environment,
        stdout=write,
        stderr=subprocess.PIPE,
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (3, b"")
