"""What goes wrong around a run, made to go wrong for real: the message is clear, nothing is lost, nothing is left."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.support.project import Project, page

Make = Callable[..., Project]

FLOCKED = frozenset({"daemon.lock"})
"""A file that stays, and is held by flock while a daemon lives."""

CALC = {"calc.py": "A = 1\n", ".gitignore": "ignored/\n__pycache__/\n"}


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make approved projects; at the end each must have kept the four promises."""
    made: list[Project] = []

    def make_project(verify_md: str, files: dict[str, str] | None = None, *, approved: bool = True) -> Project:
        project = Project.make(tmp_path / f"p{len(made)}", {**CALC, **(files or {}), "VERIFY.md": verify_md})
        if approved:
            project.approve()
        made.append(project)
        return project

    yield make_project
    for project in made:
        assert_nothing_is_left(project)


def is_held(path: Path) -> bool:
    """Whether some process holds this file's flock; one that nobody holds keeps nobody out."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def assert_nothing_is_left(project: Project) -> None:
    """No process of a run, no leftover folder or lock, a sound database, and a report that parses and is not ready by mistake."""
    assert processes_of(project) == []
    state = project.root / ".git" / "verifyd"
    assert [path for path in state.rglob("*.lock") if path.name not in FLOCKED or is_held(path)] == []
    assert list(project.root.parent.glob("tmp/vd-*")) == []
    database = state / "history.db"
    if database.exists():
        with sqlite3.connect(database) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    report = project.root / ".verifyd" / "readiness.json"
    if report.exists():
        document = json.loads(report.read_text("utf-8"))
        ran = [gate for gate in document["gates"] if gate["status"] == "passed"]
        assert all(gate["exit_code"] is not None or gate["name"] == "diff" for gate in ran)


def processes_of(project: Project) -> list[psutil.Process]:
    """Live processes that were started by a run in this project."""
    found = []
    for process in psutil.process_iter():
        try:
            environment = process.environ()
            if (
                "VERIFYD_RUN" in environment
                and environment.get("XDG_STATE_HOME") == project.environment["XDG_STATE_HOME"]
            ):
                found.append(process)
        except psutil.Error:
            continue
    return found


def start(project: Project, *arguments: str) -> subprocess.Popen[bytes]:
    """Start verifyd in a session of its own, as a terminal would."""
    return subprocess.Popen(
        project.command(*arguments),
        cwd=project.root,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Until the condition holds; an assertion error after a long time."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)


@pytest.mark.parametrize("signals", [1, 2])
def test_ctrl_c_ends_everything(make: Make, signals: int) -> None:
    """Fault 43: Ctrl-C, once or twice, ends a gate that ignores signals and its daemon; exit 130, the last report stays."""
    stubborn = "trap '' INT TERM\nsetsid sleep 300 &\necho up > ignored/up\nwhile true; do sleep 1; done\n"
    project = make(page(quick="true", stubborn="sh stubborn.sh"), {"stubborn.sh": stubborn})
    (project.root / "ignored").mkdir()
    process = start(project, "run")
    wait_for((project.root / "ignored" / "up").exists, "the gate")
    for _ in range(signals):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.3)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert processes_of(project) == []
    assert not (project.root / ".verifyd" / "readiness.json").exists()


def test_killing_verifyd_leaves_nothing(make: Make) -> None:
    """Fault 44: SIGKILL to verifyd in the middle of a gate: the gate and what it started are gone, and no verdict was written."""
    project = make(page(slow="sh slow.sh"), {"slow.sh": "setsid sleep 300 &\necho up > ignored/up\nsleep 300\n"})
    (project.root / "ignored").mkdir()
    process = start(project, "run")
    wait_for((project.root / "ignored" / "up").exists, "the gate")
    process.kill()
    process.communicate(timeout=30)
    wait_for(lambda: processes_of(project) == [], "the gate's end")
    assert project.verifyd("task").code == 3


def test_a_flaky_gate_is_run_again_and_is_unproven(make: Make) -> None:
    """Fault 60: a gate that fails where it passed before on the same content runs once more; disagreeing runs prove nothing."""
    count = 'n=$(cat ignored/n 2>/dev/null || echo 0); echo $((n+1)) > ignored/n; test "$n" != 1'
    project = make(page(flaky=f"mkdir -p ignored; {count}"))
    project.verifyd("run", expect=0)
    project.verifyd("run", "--no-reuse", expect=3)
    assert project.statuses()["flaky"] == ("unproven", "flaky")
    assert project.report()["task"] is None
    history = json.loads(project.verifyd("history", "--json").out)
    assert "flaky" in json.dumps(history)


def test_a_tool_that_is_not_here_is_never_a_task(make: Make) -> None:
    """Fault 53: without the tool the gate is unproven, nobody is sent to work, and the result is not reused once it is there."""
    project = make(page(gate="mytool --check"))
    project.verifyd("run", expect=3)
    assert project.statuses()["gate"] == ("unproven", "tool_missing")
    assert project.report()["task"] is None
    tools = project.root.parent / "tools"
    tools.mkdir()
    (tools / "mytool").write_text("#!/bin/sh\nexit 0\n")
    (tools / "mytool").chmod(0o755)
    project.verifyd("run", expect=0, extra={"PATH": f"{tools}{os.pathsep}{project.environment['PATH']}"})


@pytest.mark.parametrize(
    "script, reason",
    [
        ("exit 127", "tool_missing"),
        ("exit 126", "tool_missing"),
        ("kill -TERM $$", "killed"),
        ("kill -KILL $$", "killed"),
    ],
)
def test_special_exit_statuses_say_what_happened(make: Make, script: str, reason: str) -> None:
    """Fault 52: not found, not executable and killed from outside are unproven, each with its reason."""
    project = make(page(gate="sh gate.sh"), {"gate.sh": script})
    project.verifyd("run", expect=3)
    assert project.statuses()["gate"] == ("unproven", reason)


def test_a_crash_of_the_code_is_a_failure(make: Make) -> None:
    """Fault 52: death by SIGSEGV comes from the code under test."""
    project = make(page(gate="sh crash.sh"), {"crash.sh": "kill -SEGV $$"})
    project.verifyd("run", expect=1)
    assert project.statuses()["gate"][0] == "failed"


EMPTY_SUITE = {"test_none.py": "VALUE = 1\n"}


def test_a_suite_without_tests_is_no_pass(make: Make) -> None:
    """Fault 54: pytest's exit 5, made clean by ``|| true``, is unproven for want of tests and becomes a task."""
    project = make(page(gate="pytest -q -p no:cacheprovider || true"), EMPTY_SUITE)
    project.verifyd("run", expect=3)
    assert project.statuses()["gate"] == ("unproven", "no_tests_ran")
    assert project.report()["task"]["gate"] == "gate"


def test_a_wrong_path_in_the_page_is_told_to_the_person(make: Make) -> None:
    """Only a person may edit VERIFY.md, so there is no task; once the change takes the path away there is one."""
    project = make(page(gate="pytest -q -p no:cacheprovider tets"), {"tests/test_a.py": "def test_a():\n    pass\n"})
    answer = project.verifyd("run", expect=3)
    assert "correct the command in VERIFY.md, line 4, or add what it names" in answer.out
    assert (project.statuses()["gate"], project.report()["task"]) == (("unproven", "path_missing"), None)
    project.write({"VERIFY.md": page(gate="pytest -q -p no:cacheprovider tests")})
    project.commit()
    project.approve()
    project.git("rm", "-rq", "tests")
    project.verifyd("run", expect=3)
    assert project.statuses()["gate"] == ("unproven", "no_tests_ran")
    assert project.report()["task"]["gate"] == "gate"


def test_a_result_file_of_an_earlier_run_is_no_evidence(make: Make) -> None:
    """Fault 55: a declared JUnit file that this run did not write counts as missing."""
    old = '<testsuite><testcase classname="a" name="b"/></testsuite>'
    project = make(page(gate="evidence=junit:ignored/*.xml | true"))
    (project.root / "ignored").mkdir()
    (project.root / "ignored" / "old.xml").write_text(old)
    project.verifyd("run", expect=3)
    assert project.statuses()["gate"] == ("unproven", "evidence_missing")


def test_a_result_file_cut_short_is_no_pass(make: Make) -> None:
    """Fault 55: a JUnit file that ends in the middle cannot carry a pass."""
    cut = '<testsuite><testcase classname="a" name="b"/>'
    script = f"mkdir -p ignored\necho '{cut}' > ignored/r.xml\n"
    project = make(page(gate="evidence=junit:ignored/*.xml | sh write.sh"), {"write.sh": script})
    project.verifyd("run", expect=3)
    assert project.statuses()["gate"] == ("unproven", "evidence_missing")


TESTS = {
    "test_two.py": "def test_good():\n    pass\n\n\ndef test_bad():\n    assert 1 == 2\n",
    ".gitignore": "ignored/\n__pycache__/\n",
}


def test_a_clean_exit_with_failed_tests_contradicts_itself(make: Make) -> None:
    """Fault 57: ``pytest || true`` does not turn a red green: unproven, and a task that says so."""
    project = make(page(gate="pytest -q -p no:cacheprovider || true"), TESTS)
    project.verifyd("run", expect=3)
    assert project.statuses()["gate"] == ("unproven", "evidence_contradicts")
    assert "exit status 0" in project.report()["task"]["title"]


def test_a_failure_without_failed_tests_contradicts_itself(make: Make) -> None:
    """Fault 57: all tests pass and the command fails all the same: unproven, not a hunt for a failing test."""
    project = make(page(gate="pytest -q -p no:cacheprovider -k good; exit 1"), TESTS)
    project.verifyd("run", expect=3)
    assert project.statuses()["gate"] == ("unproven", "evidence_contradicts")


def test_fewer_tests_than_at_the_last_pass_are_no_pass(make: Make) -> None:
    """Fault 57: deleting the failing test does not make a tree ready."""
    project = make(
        page(gate="pytest -q -p no:cacheprovider"),
        {**TESTS, "test_two.py": "def test_a(): pass\n\n\ndef test_b(): pass\n"},
    )
    project.verifyd("run", expect=0)
    project.write({"test_two.py": "def test_a(): pass\n"})
    project.verifyd("run", expect=3)
    assert project.statuses()["gate"] == ("unproven", "evidence_contradicts")


def test_a_formatter_cannot_change_the_tree_it_judges(make: Make) -> None:
    """Fault 58: in a frozen view what a gate rewrites is thrown away and reported; in the working tree it proves nothing."""
    rewriting = "echo changed >> calc.py"
    project = make(page(frozen=f"isolate=frozen | {rewriting}", open=f"needs=frozen | {rewriting}"))
    project.verifyd("run", "frozen", expect=0)
    assert (project.root / "calc.py").read_text() == "A = 1\n"
    assert project.gate("frozen")["modified"] == ["calc.py"]
    project.verifyd("run", expect=3)
    assert project.statuses()["open"] == ("unproven", "tree_moved")


def test_control_sequences_reach_nobody(make: Make) -> None:
    """Fault 48: escapes, NUL and broken UTF-8 that a gate prints are in no report, no task and no answer."""
    nasty = "printf 'calc.py:1:1: \\033]52;c;aGk=\\007\\033[31mred\\000\\377 \\xe2\\x80\\xae rev\\n'; exit 1"
    project = make(page(gate=nasty))
    answer = project.verifyd("run", expect=1)
    texts = [path.read_bytes() for path in (project.root / ".verifyd").iterdir()]
    for text in [*texts, answer.out.encode(), answer.err.encode(), project.verifyd("log", "gate").out.encode()]:
        assert b"\x1b" not in text
        assert b"\x00" not in text
        assert "\u202e".encode() not in text


@pytest.mark.parametrize(
    "content, line, says",
    [
        (b"---\nlimits: [\n---\n", "VERIFY.md:", ""),
        (b"# A\n\n```sh\ntrue\n", "VERIFY.md:3", "fence"),
        (b"# A\n\n\xff\xfe\n", "VERIFY.md:3", "UTF-8"),
        (b"# A\n\n## x\n```sh timout=3s\ntrue\n```\n", "VERIFY.md:4", "Did you mean 'timeout'?"),
        (b"", "VERIFY.md", ""),
    ],
)
def test_a_broken_page_is_one_clear_message(make: Make, content: bytes, line: str, says: str) -> None:
    """Fault 62: exit 2 with line and remedy, nothing runs, and the last good report stays where it was."""
    project = make(page(gate="true"))
    project.verifyd("run", expect=0)
    before = (project.root / ".verifyd" / "readiness.json").read_bytes()
    (project.root / "VERIFY.md").write_bytes(content)
    for command in ("run", "plan"):
        answer = project.verifyd(command, expect=2)
        assert answer.err.startswith(line), answer.both
        assert says in answer.err
    assert (project.root / ".verifyd" / "readiness.json").read_bytes() == before


def test_a_huge_page_is_refused(make: Make) -> None:
    """Fault 63: a page of 100 MB, a million gates and an alias bomb are refused at once with a message."""
    project = make(page(gate="true"))
    bomb = (
        "---\n"
        "a: &a [x, x]\n"
        + "".join(f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(20))
        + "---\n"
    )
    for content in ("# x\n" * 25_000_000, "\n".join(f"## g{n}\n```sh\ntrue\n```\n" for n in range(40_000)), bomb):
        (project.root / "VERIFY.md").write_text(content)
        answer = project.verifyd("plan", expect=2)
        assert answer.err.startswith("VERIFY.md")


def test_a_deleted_page_is_said_to_be_deleted(make: Make) -> None:
    """Fault 64: no gates are left to pass, and the message says that the base has the page."""
    project = make(page(gate="true"))
    (project.root / "VERIFY.md").unlink()
    assert "deleted" in project.verifyd("run", expect=2).err


def test_a_page_that_is_being_written_is_read_whole_or_not_at_all(make: Make) -> None:
    """Fault 65: a run beside a writer of single bytes judges a page that was there, or says that the tree does not rest."""
    project = make(page(gate="true"))
    text = (project.root / "VERIFY.md").read_text()
    writer = subprocess.Popen(
        [
            "python3",
            "-c",
            "import sys,time\nfor n in range(len(sys.argv[2])+1):\n open(sys.argv[1],'w').write(sys.argv[2][:n]); time.sleep(.01)",
            "VERIFY.md",
            text,
        ],
        cwd=project.root,
    )
    codes = []
    while writer.poll() is None:
        codes.append(project.verifyd("run").code)
    assert set(codes) <= {0, 2, 3}
    project.verifyd("run", expect=0)


@pytest.mark.parametrize(
    "content, names",
    [
        ("## a\n```sh\ntrue\n```\n## a\n```sh\ntrue\n```\n", ["a"]),
        ("## a\n```sh needs=b\ntrue\n```\n## b\n```sh needs=a\ntrue\n```\n", ["a", "b"]),
        ("## a\n```sh needs=nothing\ntrue\n```\n", ["nothing"]),
    ],
)
def test_names_and_needs_must_make_sense(make: Make, content: str, names: list[str]) -> None:
    """Fault 67: a name twice, a circle of needs and a need for nothing are errors that name the gates."""
    project = make(page(gate="true"))
    project.write({"VERIFY.md": content})
    answer = project.verifyd("plan", expect=2)
    assert all(name in answer.err for name in names)


def test_the_state_folder_may_vanish_during_a_run(make: Make) -> None:
    """Fault 18: a gate that deletes it costs at most the verdict, never a false one."""
    project = make(page(gate="rm -r .git/verifyd 2>/dev/null || true"))
    answer = project.verifyd("run", "--no-reuse")
    assert answer.code in (0, 3), answer.both
    project.verifyd("run", "--no-reuse")


def test_a_bare_repository_and_no_repository_are_said_to_be_so(make: Make, tmp_path: Path) -> None:
    """Faults 37, 38: exit 3 with what to do."""
    project = make(page(gate="true"))
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "clone", "-q", "--bare", str(project.root), str(bare)], check=True, env=project.environment)
    assert "bare" in project.verifyd("-C", str(bare), "run", expect=3).err
    outside = tmp_path / "outside"
    outside.mkdir()
    assert (
        "git"
        in project.verifyd("-C", str(outside), "run", expect=3, extra={"GIT_CEILING_DIRECTORIES": str(tmp_path)}).err
    )


def test_a_base_that_a_shallow_clone_does_not_have_is_explained(make: Make, tmp_path: Path) -> None:
    """Fault 37: the message says that the clone is shallow and how to deepen it, instead of guessing a base."""
    project = make(page(gate="true"))
    first = project.git("rev-parse", "HEAD")
    project.write({"calc.py": "A = 2\n"})
    project.commit()
    clone = tmp_path / "clone"
    subprocess.run(
        ["git", "clone", "-q", "--depth", "1", f"file://{project.root}", str(clone)],
        check=True,
        env=project.environment,
    )
    answer = project.verifyd("-C", str(clone), "run", "--base", first, expect=3)
    assert "shallow" in answer.err


def test_git_variables_of_a_hook_reach_no_gate(make: Make) -> None:
    """Fault 37: a gate's own git works on its own repository although the caller's environment names another."""
    project = make(page(gate='test -z "${GIT_DIR-}${GIT_INDEX_FILE-}${GIT_WORK_TREE-}"'))
    extra = {"GIT_DIR": str(project.root / ".git"), "GIT_INDEX_FILE": str(project.root / ".git" / "index")}
    project.verifyd("run", expect=0, extra=extra)


def test_a_conflict_is_no_verdict(make: Make) -> None:
    """Fault 32: with unresolved conflicts the tree is unproven: conflicted, whatever the gates say."""
    project = make(page(gate="true"))
    project.git("checkout", "-q", "-b", "other")
    project.write({"calc.py": "A = 2\n"})
    project.commit()
    project.git("checkout", "-q", "main")
    project.write({"calc.py": "A = 3\n"})
    project.commit()
    subprocess.run(
        ["git", "merge", "-q", "other"], cwd=project.root, env=project.environment, capture_output=True, check=False
    )
    project.verifyd("run", expect=3)
    assert project.report()["reason"] == "conflicted"
    project.write({"calc.py": "A = 5\n"})
    project.git("add", "calc.py")
    project.verifyd("run", expect=0)


def test_a_report_folder_that_is_a_link_is_not_followed(make: Make, tmp_path: Path) -> None:
    """Fault 39: a planted link at .verifyd makes us write nowhere else."""
    project = make(page(gate="true"))
    target = tmp_path / "elsewhere"
    target.mkdir()
    (project.root / ".git" / "info" / "exclude").write_text("")
    (project.root / ".verifyd").symlink_to(target)
    answer = project.verifyd("run", expect=0)
    assert list(target.iterdir()) == []
    assert ".verifyd" in answer.err
    (project.root / ".verifyd").unlink()


def test_a_damaged_approval_is_none_and_can_be_given_again(make: Make) -> None:
    """Fault 16: an approval with damaged content lets nothing run and is never restored by itself; approving again helps."""
    project = make(page(gate="touch ignored-ran"))
    (approval,) = Path(project.environment["XDG_STATE_HOME"]).rglob("approvals/*.json")
    approval.write_bytes(approval.read_bytes()[:-20])
    answer = project.verifyd("run", expect=3)
    assert project.report()["reason"] == "unapproved"
    assert str(approval) in answer.out
    project.approve()
    project.verifyd("run", "--no-reuse", expect=3)
    (project.root / "ignored-ran").unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a read-only folder")
def test_a_read_only_state_folder_leaves_the_verdict_and_says_so(make: Make) -> None:
    """Fault 15: the gates run, the answer and exit code are right, and the report says that nothing was saved."""
    project = make(page(good="true", bad="false"))
    state = project.root / ".git" / "verifyd"
    mount(str(state), "--bind", str(state))
    try:
        mount("-o", "remount,ro,bind", str(state))
        answer = project.verifyd("run", expect=1)
        assert project.statuses() == {"good": ("passed", None), "bad": ("failed", "exit_status")}
        assert "UNSAVED" in answer.out
    finally:
        subprocess.run(["umount", str(state)], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_a_full_disk_gives_no_pass_and_recovers(make: Make) -> None:
    """Fault 14: with no room for history no tree is called ready; once there is room, the next run is."""
    project = make(page(gate="true"))
    state = project.root / ".git" / "verifyd"
    mount("-t", "tmpfs", "-o", "size=1m", "tmpfs", str(state))
    try:
        filler = state / "filler"
        with contextlib.suppress(OSError), filler.open("wb") as file:
            while True:
                file.write(b"x" * 4096)
        answer = project.verifyd("run", expect=3)
        assert "disk" in answer.both.lower() or "space" in answer.both.lower()
        filler.unlink()
        project.verifyd("run", expect=0)
    finally:
        subprocess.run(["umount", str(state)], check=True)


def mount(*arguments: str) -> None:
    """Mount something; the test takes it away again."""
    subprocess.run(["mount", *arguments], check=True)


FORBID_NAMESPACES = (
    *("unshare", "-Ur", "sh", "-c"),
    'echo 0 > /proc/sys/user/max_user_namespaces && exec setpriv --inh-caps=-all --bounding-set=-all "$@"',
    "sh",
)
"""Runs a command in a user namespace that allows no further ones, without any right to mount."""

LAYOUT = {
    "pyproject.toml": "[project]\nname = 'thing'\nversion = '1'\n",
    "src/thing/__init__.py": "VALUE = 'committed'\n",
    "check.py": "import sys, thing\nprint(thing.__file__)\nsys.exit(thing.VALUE != sys.argv[1])\n",
    ".gitignore": ".venv/\n__pycache__/\n",
}


@pytest.mark.parametrize("namespaces", ["allowed", "forbidden"])
def test_an_editable_install_does_not_bring_the_working_tree_back(make: Make, namespaces: str) -> None:
    """Fault 28: a frozen gate tests the judged tree's code through an editable install, with namespaces and without them."""
    project = make(page(gate="isolate=frozen | .venv/bin/python check.py committed"), LAYOUT)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(project.root / ".venv")], check=True)
    (site_packages,) = (project.root / ".venv" / "lib").glob("python*/site-packages")
    (site_packages / "thing.pth").write_text(f"{project.root / 'src'}\n")
    project.git("add", "-A")
    project.write({"src/thing/__init__.py": "VALUE = 'edited'\n"})
    before = FORBID_NAMESPACES if namespaces == "forbidden" else ()
    done = subprocess.run(
        [*before, *project.command("run", "--staged", "--no-reuse")],
        cwd=project.root,
        env=project.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.gate("gate")["view"] == ("copy" if namespaces == "forbidden" else "frozen")
