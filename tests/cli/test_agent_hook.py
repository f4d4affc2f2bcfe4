"""``verifyd hook HOST EVENT`` as a host runs it: a payload on stdin, the host's words on stdout, and never a traceback."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.builders import TREE
from tests.support.daemons import Daemons, wait_for
from tests.support.project import Answer, Project, page
from verifyd.doors import hook
from verifyd.edge.daemon_place import name_of

SESSION = {"session_id": "s1", "hook_event_name": "Stop", "stop_hook_active": False}
TITLE = "verifyd: not ready: "


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A repository with a VERIFY.md."""
    return Project.make(tmp_path.resolve(), {"calc.py": "A = 1\n", "VERIFY.md": page(there="test -f calc.py")})


@pytest.fixture
def daemons(project: Project) -> Iterator[Daemons]:
    """Daemons with a fake engine in it."""
    found = Daemons(project)
    yield found
    found.end()


def call(
    project: Project,
    *words: str,
    said: Mapping[str, Any] | bytes = SESSION,
    extra: Mapping[str, str] | None = None,
    without: str = "",
) -> Answer:
    """Run a hook with a payload; the host names the repository, unless the payload does."""
    data = said if isinstance(said, bytes) else json.dumps({"cwd": str(project.root), **said}).encode()
    environment = {name: value for name, value in {**project.environment, **(extra or {})}.items() if name != without}
    done = subprocess.run(
        project.command("hook", *words), cwd=project.root, env=environment, input=data, capture_output=True, timeout=60
    )
    return Answer(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())


def told(answer: Answer) -> dict[str, Any]:
    """What the host reads; an assertion error for anything besides."""
    assert (answer.code, answer.err) == (0, ""), answer.both
    found: dict[str, Any] = json.loads(answer.out or "{}")
    return found


def stop(project: Project, *options: str, **more: Any) -> dict[str, Any]:
    """The end of a turn of Claude Code, without waiting."""
    return told(call(project, "claude", "stop", "--no-start", "--wait", "0", *options, **more))


def test_an_agent_is_sent_on_once_for_the_same_tree(daemons: Daemons) -> None:
    """The second stop on it is let be, and the person knows why."""
    daemons.start()
    first = stop(daemons.project)
    assert first["decision"] == "block"
    assert first["reason"].startswith("verifyd: this tree is not ready, so the turn goes on with the task below.")
    assert first["systemMessage"].startswith(TITLE)
    second = stop(daemons.project, said={**SESSION, "stop_hook_active": True})
    assert list(second) == ["systemMessage"]
    assert second["systemMessage"].endswith("the agent was given it on this very tree and has changed nothing.")


def test_another_session_is_told_who_works_on_it_until_that_one_ends(daemons: Daemons) -> None:
    """Whatever host it is in."""
    daemons.start()
    stop(daemons.project)
    other = {**SESSION, "session_id": "s2"}
    asked = told(call(daemons.project, "codex", "stop", "--wait", "0", said=other))
    assert asked["systemMessage"].endswith("is being worked on by claude-s1, so this session was not sent.")
    assert call(daemons.project, "claude", "end") == Answer(code=0, out="", err="")
    assert told(call(daemons.project, "codex", "stop", "--wait", "0", said=other))["decision"] == "block"


def test_a_session_is_briefed(daemons: Daemons) -> None:
    """Readiness first."""
    daemons.start()
    brief = told(call(daemons.project, "claude", "start", "--wait", "0"))["hookSpecificOutput"]["additionalContext"]
    assert f"Now: NOT READY, tree `{TREE[:12]}`" in brief
    assert len(brief) <= 2_000


def test_an_edit_is_answered_with_what_it_broke_and_then_with_nothing(daemons: Daemons) -> None:
    """Only what is new is said."""
    daemons.start()
    first = told(call(daemons.project, "claude", "edit"))
    assert (
        f"`{TREE[:12]}`, made by an edit of this session, is not ready"
        in first["hookSpecificOutput"]["additionalContext"]
    )
    assert told(call(daemons.project, "claude", "edit")) == {}


def test_a_tree_that_is_still_being_verified_lets_the_agent_stop(daemons: Daemons) -> None:
    """One line says so: nobody is sent to work for a verdict that is not there."""
    daemons.start("verifying")
    assert stop(daemons.project) == {
        "systemMessage": f"verifyd: still verifying (tree {TREE[:12]}), about 2 s left: 0 of 1 gate done. "
        "See: verifyd status --wait 600"
    }


@pytest.mark.parametrize(
    "option, why",
    [
        ("hang", "the daemon does not answer; end it with: verifyd stop"),
        ("api", "the daemon is of another release; to renew it: verifyd stop"),
    ],
)
def test_a_daemon_that_cannot_be_asked_lets_the_agent_stop(daemons: Daemons, option: str, why: str) -> None:
    """It hangs, or speaks another language."""
    daemons.begin(option)
    wait_for_address(daemons)
    assert stop(daemons.project) == {"systemMessage": f"verifyd: {why}. The agent was let go unverified."}


def wait_for_address(daemons: Daemons) -> None:
    """Until it listens; it may answer nobody."""
    wait_for(daemons.address, "the daemon listens")


def test_without_a_daemon_the_agent_may_stop(project: Project) -> None:
    """Fault 71: one line says that nobody verified it."""
    assert stop(project) == {
        "systemMessage": "verifyd: no daemon runs for this work tree. The agent was let go unverified."
    }
    assert told(call(project, "claude", "edit", "--no-start")) == {}


def test_a_hook_starts_the_daemon_and_waits_for_its_verdict(project: Project) -> None:
    """Real gates, run by the daemon alone; it outlives the hook."""
    project.approve()
    (project.root / "calc.py").unlink()
    try:
        answer = told(call(project, "claude", "stop", "--wait", "50"))
        assert answer["decision"] == "block"
        assert "# there: exit status 1, expected 0" in answer["reason"]
        project.write({"calc.py": "A = 1\n"})
        assert told(call(project, "claude", "stop", "--wait", "50")) == {}
        assert project.verifyd("status", expect=0).out.startswith("READY")
    finally:
        project.verifyd("stop")


def test_what_an_edit_breaks_is_told_once_and_what_it_mends_is_not(project: Project) -> None:
    """With real verdicts: a session that began on a ready tree."""
    project.approve()
    try:
        brief = told(call(project, "claude", "start", "--wait", "50"))["hookSpecificOutput"]["additionalContext"]
        assert f"Now: READY, tree `{project.tree()[:12]}`" in brief
        (project.root / "calc.py").unlink()
        project.verifyd("status", "--wait", "50", expect=1)
        warning = told(call(project, "claude", "edit"))["hookSpecificOutput"]["additionalContext"]
        assert (
            f"`{project.tree()[:12]}`, made by an edit of this session, is not ready: `there: exit status 1, expected 0`"
            in warning
        )
        assert told(call(project, "claude", "edit")) == {}
        project.write({"calc.py": "A = 1\n"})
        project.verifyd("status", "--wait", "50", expect=0)
        assert told(call(project, "claude", "edit")) == {}
    finally:
        project.verifyd("stop")


BAD = page(words="if grep -q BAD calc.py; then echo 'calc.py:1:1: error: a bad word'; exit 1; fi")


def test_a_session_is_sent_on_with_an_old_failure_only_once_it_edits_what_that_names(project: Project) -> None:
    """Its brief said to leave it: work elsewhere ends, and the person is told; work on it goes on."""
    project.write({"calc.py": "A = 1  # BAD\n", "VERIFY.md": BAD})
    project.commit()
    project.approve()
    try:
        brief = told(call(project, "claude", "start", "--wait", "50"))["hookSpecificOutput"]["additionalContext"]
        assert "`calc.py:1`). Leave it unless" in brief
        project.write({"other.py": "B = 1\n"})
        left = told(call(project, "claude", "stop", "--wait", "50"))
        assert list(left) == ["systemMessage"]
        assert left["systemMessage"].endswith(
            "; it failed before this session began, which has not edited the places that it names."
        )
        project.write({"calc.py": "A = 1  # BAD\n# longer\n"})
        assert told(call(project, "claude", "stop", "--wait", "50"))["decision"] == "block"
    finally:
        project.verifyd("stop")


def test_where_no_daemon_can_be_started_the_person_is_told_why(project: Project) -> None:
    """Our folder cannot be made; the agent may stop."""
    (project.root / ".git/verifyd").write_text("in the way")
    said = told(call(project, "claude", "stop", "--wait", "5"))["systemMessage"]
    assert said.startswith(
        f"verifyd: no daemon lives and none can be started: {project.root}/.git/verifyd/daemon.log: "
    )
    assert said.endswith("The agent was let go unverified.")


def test_what_nobody_has_approved_sends_nobody_to_work(project: Project) -> None:
    """Fault 66: the person is told what to do."""
    try:
        answer = told(call(project, "claude", "stop", "--wait", "50"))
    finally:
        project.verifyd("stop")
    assert list(answer) == ["systemMessage"]
    assert "unapproved: the pipeline was never approved" in answer["systemMessage"]


@pytest.mark.parametrize(
    "said, why",
    [
        (b"", "nothing came on stdin"),
        (b"not json", "what came on stdin is no JSON: JSONDecodeError"),
        (b"[]", "what came on stdin is JSON, but no object"),
    ],
)
def test_a_payload_that_is_none_is_said_to_be(project: Project, said: bytes, why: str) -> None:
    """And the agent goes on."""
    assert told(call(project, "claude", "stop", said=said)) == {
        "systemMessage": f"verifyd: the payload of this hook cannot be read: {why}. It did nothing."
    }


def test_a_payload_of_megabytes_is_read(daemons: Daemons) -> None:
    """Tools answer with much."""
    daemons.start()
    huge = {**SESSION, "tool_response": "x" * 3_000_000, "background_tasks": []}
    assert stop(daemons.project, said=huge)["decision"] == "block"


def test_the_work_tree_is_the_one_that_the_host_names(daemons: Daemons, tmp_path: Path) -> None:
    """Below it too; where it names none that is there, the one that the hook was started in."""
    daemons.start()
    (daemons.project.root / "deep").mkdir()
    other = Project.make(tmp_path / "other", {"VERIFY.md": page(a="true")})
    other.environment = daemons.project.environment
    deep = str(daemons.project.root / "deep")
    assert stop(other, said={**SESSION, "cwd": deep})["decision"] == "block"
    assert "no daemon runs" in stop(daemons.project, said={**SESSION, "cwd": str(other.root)})["systemMessage"]
    gone = {**SESSION, "session_id": "s2", "cwd": "/nonexistent"}
    assert "is being worked on by claude-s1" in stop(daemons.project, said=gone)["systemMessage"]


def test_outside_of_what_verifyd_verifies_it_says_nothing(tmp_path: Path) -> None:
    """A user's own settings call it in every folder: no VERIFY.md, or no repository."""
    plain = Project.make(tmp_path / "plain", {"a": ""})
    assert stop(plain) == {}
    (tmp_path / "none").mkdir()
    nowhere = Project(root=tmp_path / "none", environment=plain.environment)
    assert stop(nowhere) == {}


def test_inside_of_a_gate_it_says_nothing(daemons: Daemons) -> None:
    """An agent that a gate tests is not to be sent to work."""
    daemons.start()
    assert stop(daemons.project, extra={"VERIFYD_RUN": "x"}) == {}


def test_without_a_home_it_answers_all_the_same(daemons: Daemons) -> None:
    """Nothing of it is needed."""
    daemons.start()
    assert stop(daemons.project, without="HOME")["decision"] == "block"


def memory(project: Project) -> Path:
    """Where it is remembered what sessions were told."""
    name = name_of(str(project.root / ".git"))
    return Path(project.environment["XDG_STATE_HOME"]) / "verifyd" / "sessions" / f"{name}.json"


def test_what_is_written_below_git_gives_no_new_attempts(daemons: Daemons) -> None:
    """An agent that is kept to the repository cannot make its attempts forgotten."""
    daemons.start()
    assert stop(daemons.project, "--attempts", "1")["decision"] == "block"
    assert [path.name for path in (daemons.project.root / ".git" / "verifyd").iterdir() if "session" in path.name] == []
    assert json.loads(memory(daemons.project).read_text())["sessions"]["claude-s1"]["given"]


def test_what_cannot_be_remembered_is_given_to_nobody_twice(daemons: Daemons) -> None:
    """The host's own flag then says whether it is the second time."""
    daemons.start()
    memory(daemons.project).parent.write_text("in the way")
    assert stop(daemons.project)["decision"] == "block"
    again = stop(daemons.project, said={**SESSION, "stop_hook_active": True})
    assert list(again) == ["systemMessage"]
    assert again["systemMessage"].endswith("cannot be written, so no task is given twice.")


def test_a_damaged_memory_is_begun_anew(daemons: Daemons) -> None:
    """Nobody is told of it: what is lost is small."""
    daemons.start()
    file = memory(daemons.project)
    file.parent.mkdir()
    file.write_bytes(b'{"schema": "verifyd.sess\x00')
    assert stop(daemons.project)["decision"] == "block"
    assert "claude-s1" in json.loads(file.read_text())["sessions"]


def test_after_the_attempts_the_agent_is_asked_to_hand_over(daemons: Daemons) -> None:
    """The person is told on which trees it was tried."""
    daemons.start()
    file = memory(daemons.project)
    stop(daemons.project)
    known = json.loads(file.read_text())
    given = known["sessions"]["claude-s1"]["given"]
    given[next(iter(given))] = ["a" * 40]
    file.write_text(json.dumps(known))
    answer = stop(daemons.project, "--attempts", "1")
    assert answer["decision"] == "block"
    assert answer["reason"].startswith("verifyd: STOP working on this. It was given to you once and still fails: ")
    assert "the agent had it once (tree aaaaaaaaaaaa)" in answer["systemMessage"]
    assert list(stop(daemons.project, "--attempts", "1")) == ["systemMessage"]


@pytest.mark.parametrize(
    "words", [("claude",), ("claude", "party"), ("claude", "stop", "--wait", "x"), ("claude", "stop", "y")]
)
def test_words_that_are_not_understood_are_an_error_that_stops_nobody(project: Project, words: tuple[str, ...]) -> None:
    """1 is an error of the hook for every host; 2 would block an agent."""
    answer = call(project, *words)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("usage: verifyd hook {claude|codex|")


def test_our_own_bug_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """With the file that holds the traceback, and the agent goes on."""

    def broken(*_arguments: object) -> None:
        raise LookupError("a secret place")

    monkeypatch.setattr(hook, "reply_to", broken)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert hook.run(["hook", "claude", "stop"]) == 0
    out, err = capfd.readouterr()
    said = json.loads(out)["systemMessage"]
    assert said.startswith("verifyd: this is our bug, not yours: LookupError; the traceback is in ")
    assert (err, "a secret place" in Path(said.rpartition(" ")[2]).read_text()) == ("", True)


def test_a_hook_between_edits_imports_next_to_nothing(daemons: Daemons) -> None:
    """Neither click nor dataclasses: what it needs takes as long as Python's own start."""
    daemons.start("verifying")
    done = subprocess.run(
        [
            *daemons.project.command()[:1],
            "-X",
            "importtime",
            "-c",
            "from verifyd.__main__ import main; main()",
            "hook",
            "claude",
            "edit",
        ],
        cwd=daemons.project.root,
        env=daemons.project.environment,
        input=json.dumps({**SESSION, "cwd": str(daemons.project.root)}),
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "")
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not imported & {
        "click",
        "dataclasses",
        "msgspec",
        "pydantic",
        "subprocess",
        "socket",
        "verifyd.hosts.codex",
        "verifyd.render",
    }
    assert "verifyd.hosts.known" in imported


@pytest.mark.parametrize(
    "words", [(), ("windsurf", "stop"), ("claude",), ("claude", "turn"), ("claude", "stop", "--loud")]
)
def test_a_wrong_command_line_never_ends_with_what_stops_an_agent(project: Project, words: tuple[str, ...]) -> None:
    """A newer release may have written the host's settings; 2 would send the agent on, at each of its turns."""
    assert project.verifyd("hook", *words, expect=1).out == ""
