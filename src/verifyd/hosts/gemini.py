"""
Gemini CLI: its payloads into events, our answers into what it reads.

Source: ``docs/hooks/reference.md`` of the client. Stdout holds the JSON and nothing else; ``deny`` after a tool would replace
the tool's result, so it is never said there. Timeouts in its settings are milliseconds.
"""

from __future__ import annotations

from verifyd.hosts.model import Answer, HookEvent, Moment, Reply
from verifyd.hosts.payload import Payload, flag, folder, session, to_json

EVENTS = {Moment.START: "SessionStart", Moment.EDIT: "AfterTool", Moment.STOP: "AfterAgent", Moment.END: "SessionEnd"}


def read_event(moment: Moment, payload: Payload) -> HookEvent:
    """What it says."""
    return HookEvent(
        moment=moment,
        session=session(payload, "session_id"),
        folder=folder(payload, "cwd"),
        again=flag(payload, "stop_hook_active"),
    )


def make_reply(moment: Moment, answer: Answer) -> Reply:
    """``deny`` after the agent sends the reason as a new prompt."""
    fields: dict[str, object] = {}
    if answer.agent and moment is Moment.STOP:
        fields |= {"decision": "deny", "reason": answer.agent}
    elif answer.agent and moment in (Moment.START, Moment.EDIT):
        fields["hookSpecificOutput"] = {"hookEventName": EVENTS[moment], "additionalContext": answer.agent}
    if answer.person and moment is not Moment.END:
        fields["systemMessage"] = answer.person
    return Reply(stdout=to_json(fields))
