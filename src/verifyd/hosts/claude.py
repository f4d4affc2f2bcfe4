"""
Claude Code: its payloads into events, our answers into what it reads.

Source: the types published with ``@anthropic-ai/claude-agent-sdk`` (``sdk.d.ts``: ``StopHookInput``, ``SyncHookJSONOutput``).
Exit status 2 blocks whatever was printed, and every other one but 0 is an error notice, so ours is always 0.
"""

from __future__ import annotations

from verifyd.hosts.model import Answer, HookEvent, Moment, Reply
from verifyd.hosts.payload import Payload, flag, folder, length, session, to_json

EVENTS = {Moment.START: "SessionStart", Moment.EDIT: "PostToolUse", Moment.STOP: "Stop", Moment.END: "SessionEnd"}


def read_event(moment: Moment, payload: Payload) -> HookEvent:
    """What it says; a stop with work in the background is not the end of the turn."""
    return HookEvent(
        moment=moment,
        session=session(payload, "session_id"),
        folder=folder(payload, "cwd"),
        again=flag(payload, "stop_hook_active"),
        busy=length(payload, "background_tasks") if moment is Moment.STOP else 0,
    )


def make_reply(moment: Moment, answer: Answer) -> Reply:
    """``decision: block`` continues the agent; ``systemMessage`` is for the person."""
    fields: dict[str, object] = {}
    if answer.agent and moment is Moment.STOP:
        fields |= {"decision": "block", "reason": answer.agent}
    elif answer.agent and moment in (Moment.START, Moment.EDIT):
        fields["hookSpecificOutput"] = {"hookEventName": EVENTS[moment], "additionalContext": answer.agent}
    if answer.person and moment is not Moment.END:
        fields["systemMessage"] = answer.person
    return Reply(stdout=to_json(fields))
