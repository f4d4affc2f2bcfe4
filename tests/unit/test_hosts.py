"""Each host's payloads become events, and our answers exactly what that host reads."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest

from verifyd.hosts import claude, codex, copilot, cursor, gemini, opencode
from verifyd.hosts.model import Answer, HookEvent, Moment, PayloadError, Reply
from verifyd.hosts.payload import parse_payload

HOSTS = ("claude", "codex", "cursor", "gemini", "copilot", "opencode")
CLAUDE_STOP: dict[str, Any] = {
    "session_id": "3f2a-77",
    "transcript_path": "/home/dev/.claude/t.jsonl",
    "cwd": "/project",
    "permission_mode": "default",
    "hook_event_name": "Stop",
    "stop_hook_active": True,
    "background_tasks": [{"id": "b1"}, {"id": "b2"}],
}
CODEX_STOP: dict[str, Any] = {
    "cwd": "/project",
    "hook_event_name": "Stop",
    "last_assistant_message": None,
    "model": "some-model",
    "permission_mode": "default",
    "session_id": "0199-ab",
    "stop_hook_active": False,
    "transcript_path": None,
    "turn_id": "1",
}


def adapter(host: str) -> Any:
    """The host's module."""
    return importlib.import_module(f"verifyd.hosts.{host}")


def test_claude_says_whether_it_goes_on_and_what_runs_in_the_background() -> None:
    """By ``stop_hook_active`` and ``background_tasks``."""
    assert claude.read_event(Moment.STOP, CLAUDE_STOP) == HookEvent(
        moment=Moment.STOP, session="3f2a-77", folder="/project", again=True, busy=2
    )


def test_codex_says_whether_it_goes_on() -> None:
    """By ``stop_hook_active``."""
    assert codex.read_event(Moment.STOP, CODEX_STOP) == HookEvent(
        moment=Moment.STOP, session="0199-ab", folder="/project"
    )


@pytest.mark.parametrize("status, aborted", [("completed", False), ("aborted", True), ("error", True)])
def test_cursor_counts_its_follow_ups_and_says_how_the_turn_ended(status: str, aborted: bool) -> None:
    """An aborted turn is one in which nobody waits for work."""
    said = {"conversation_id": "c1", "workspace_roots": ["/project", "/other"], "status": status, "loop_count": 2}
    assert cursor.read_event(Moment.STOP, said) == HookEvent(
        moment=Moment.STOP, session="c1", folder="/project", again=True, loops=2, aborted=aborted
    )


@pytest.mark.parametrize("loops, spent", [(0, False), (4, False), (5, True)])
def test_cursor_makes_five_follow_ups(loops: int, spent: bool) -> None:
    """What it is told after them is lost."""
    assert cursor.read_event(Moment.STOP, {"status": "completed", "loop_count": loops}).spent is spent


def test_gemini_says_whether_it_goes_on() -> None:
    """By ``stop_hook_active``."""
    said = {"session_id": "g1", "cwd": "/project", "stop_hook_active": True, "prompt": "x", "prompt_response": "y"}
    assert gemini.read_event(Moment.STOP, said) == HookEvent(
        moment=Moment.STOP, session="g1", folder="/project", again=True
    )


@pytest.mark.parametrize("name", ["cwd", "workingDirectory"])
def test_copilot_names_its_folder_in_two_ways(name: str) -> None:
    """The client and its SDK differ."""
    said = {"sessionId": "p1", name: "/project", "stopReason": "end_turn", "stopHookActive": True, "timestamp": 1}
    assert copilot.read_event(Moment.STOP, said) == HookEvent(
        moment=Moment.STOP, session="p1", folder="/project", again=True
    )
    assert copilot.read_event(Moment.STOP, {**said, "stopReason": "cancelled"}).aborted


def test_opencode_is_what_our_plugin_sends() -> None:
    """Both sides are ours."""
    said = {"session": "ses_1", "folder": "/project", "again": True}
    assert opencode.read_event(Moment.STOP, said) == HookEvent(
        moment=Moment.STOP, session="ses_1", folder="/project", again=True
    )


CONTINUED = {
    "claude": {"decision": "block", "reason": "Mend it.", "systemMessage": "not ready"},
    "codex": {"decision": "block", "reason": "Mend it.", "systemMessage": "not ready"},
    "cursor": {"followup_message": "Mend it."},
    "gemini": {"decision": "deny", "reason": "Mend it.", "systemMessage": "not ready"},
    "copilot": {"decision": "block", "reason": "Mend it."},
    "opencode": {"agent": "Mend it.", "person": "not ready"},
}
CONTEXT = {
    "claude": {"hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": "Brief."}},
    "codex": {"hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": "Brief."}},
    "cursor": {"additional_context": "Brief."},
    "gemini": {"hookSpecificOutput": {"hookEventName": "SessionStart", "additionalContext": "Brief."}},
    "copilot": {"additionalContext": "Brief."},
    "opencode": {"agent": "Brief."},
}
BETWEEN = {
    "claude": {"hookSpecificOutput": {"hookEventName": "PostToolUse", "additionalContext": "Broken."}},
    "codex": {"hookSpecificOutput": {"hookEventName": "PostToolUse", "additionalContext": "Broken."}},
    "cursor": {},
    "gemini": {"hookSpecificOutput": {"hookEventName": "AfterTool", "additionalContext": "Broken."}},
    "copilot": {},
    "opencode": {"agent": "Broken."},
}


@pytest.mark.parametrize("host", HOSTS)
def test_an_agent_is_continued_in_the_words_of_its_host(host: str) -> None:
    """No key of another host's is in them, and the exit status is 0."""
    reply = adapter(host).make_reply(Moment.STOP, Answer(agent="Mend it.", person="not ready"))
    assert (json.loads(reply.stdout), reply.exit_code) == (CONTINUED[host], 0)
    assert ("systemMessage" in reply.stdout or "person" in reply.stdout) != bool(reply.stderr), (
        "the person is told once"
    )


@pytest.mark.parametrize("host", HOSTS)
def test_a_session_is_briefed_in_the_words_of_its_host(host: str) -> None:
    """As context."""
    reply = adapter(host).make_reply(Moment.START, Answer(agent="Brief."))
    assert json.loads(reply.stdout) == CONTEXT[host]


@pytest.mark.parametrize("host", HOSTS)
def test_between_edits_only_those_hosts_are_told_that_can_take_it(host: str) -> None:
    """The others get nothing, which interrupts nobody."""
    reply = adapter(host).make_reply(Moment.EDIT, Answer(agent="Broken."))
    assert json.loads(reply.stdout or "{}") == BETWEEN[host]


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("moment", list(Moment))
def test_nothing_to_say_is_said_with_nothing(host: str, moment: Moment) -> None:
    """An empty object could be taken for an answer."""
    assert adapter(host).make_reply(moment, Answer()) == Reply()


@pytest.mark.parametrize("host", HOSTS)
def test_a_session_that_has_ended_is_told_nothing_on_stdout(host: str) -> None:
    """Codex has no output for it at all."""
    assert adapter(host).make_reply(Moment.END, Answer(agent="late", person="late")).stdout == ""


@pytest.mark.parametrize("host", HOSTS)
def test_what_is_printed_is_one_line_of_ascii(host: str) -> None:
    """Fault 48: whatever stands in it, no terminal obeys it and no encoding changes it."""
    reply = adapter(host).make_reply(Moment.STOP, Answer(agent="\x1b]52;c;x\x07 ü \u202e\nline"))
    assert reply.stdout.isascii()
    assert reply.stdout.isprintable()


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize(
    "said",
    [
        {},
        {"session_id": 7, "cwd": None, "stop_hook_active": "yes", "background_tasks": {}, "loop_count": -1},
        {"sessionId": ["x"], "cwd": "relative", "workspace_roots": [None], "loop_count": True, "status": 3},
        {"session_id": "../../x\n" * 90, "cwd": "/a\0b", "conversation_id": {}, "workspace_roots": "x"},
    ],
)
def test_a_payload_of_another_release_is_read_as_far_as_it_can_be(host: str, moment: Moment, said: Any) -> None:
    """What has another type counts as not said, and a session's id can be a file's name."""
    event = adapter(host).read_event(moment, said)
    assert (event.folder, event.again, event.loops, event.busy) == ("", False, 0, 0)
    assert len(event.session) <= 100
    assert not set(event.session) & set("/\n\0 ")


@pytest.mark.parametrize(
    "data, why",
    [
        (b" ", "nothing came on stdin"),
        (b"{", "what came on stdin is no JSON: JSONDecodeError"),
        (b"{\xff}", "what came on stdin is no JSON: UnicodeDecodeError"),
        (b"[" * 100_000, "what came on stdin is no JSON: RecursionError"),
        (b"[1]", "what came on stdin is JSON, but no object"),
    ],
)
def test_a_payload_that_is_none_is_refused_with_the_reason(data: bytes, why: str) -> None:
    """Which the person is told."""
    with pytest.raises(PayloadError) as caught:
        parse_payload(data)
    assert str(caught.value) == why
