"""
Codex CLI: its payloads into events, our answers into what it reads.

Source: the JSON schemas that are compiled into the client (``stop.command.output`` and its like): no key but theirs is
allowed, a Stop has no ``hookSpecificOutput``, and a SessionEnd has no output at all. It bounds no loop.
"""

from __future__ import annotations

from verifyd.hosts.model import Answer, HookEvent, Moment, Reply
from verifyd.hosts.payload import Payload, flag, folder, session, to_json

EVENTS = {Moment.START: "SessionStart", Moment.EDIT: "PostToolUse", Moment.STOP: "Stop", Moment.END: "SessionEnd"}


def read_event(moment: Moment, payload: Payload) -> HookEvent:
    """What it says."""
    return HookEvent(
        moment=moment,
        session=session(payload, "session_id"),
        folder=folder(payload, "cwd"),
        again=flag(payload, "stop_hook_active"),
    )


def make_reply(moment: Moment, answer: Answer) -> Reply:
    """A blank ``reason`` would be refused, so there is none without a text."""
    fields: dict[str, object] = {}
    if moment is Moment.END:
        return Reply()
    if answer.agent.strip() and moment is Moment.STOP:
        fields |= {"decision": "block", "reason": answer.agent}
    elif answer.agent.strip():
        fields["hookSpecificOutput"] = {"hookEventName": EVENTS[moment], "additionalContext": answer.agent}
    if answer.person:
        fields["systemMessage"] = answer.person
    return Reply(stdout=to_json(fields))
