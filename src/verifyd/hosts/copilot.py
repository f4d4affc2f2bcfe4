"""
GitHub Copilot CLI: its payloads into events, our answers into what it reads.

Source: the types published with ``@github/copilot-sdk`` (``AgentStopHookInput``, ``AgentStopHookOutput``) and the client's
reference of hooks. Names of events are written in camelCase in its settings: a PascalCase name would change the payload.
"""

from __future__ import annotations

from verifyd.hosts.model import Answer, HookEvent, Moment, Reply
from verifyd.hosts.payload import Payload, flag, folder, session, text, to_json

EVENTS = {Moment.START: "sessionStart", Moment.STOP: "agentStop", Moment.END: "sessionEnd"}


def read_event(moment: Moment, payload: Payload) -> HookEvent:
    """What it says; the SDK calls the folder ``workingDirectory``, the client ``cwd``."""
    return HookEvent(
        moment=moment,
        session=session(payload, "sessionId"),
        folder=folder(payload, "cwd") or folder(payload, "workingDirectory"),
        again=flag(payload, "stopHookActive"),
        aborted=moment is Moment.STOP and text(payload, "stopReason") not in ("end_turn", ""),
    )


def make_reply(moment: Moment, answer: Answer) -> Reply:
    """It has no words for the person: what is for them goes to stderr, which its log keeps."""
    fields: dict[str, object] = {}
    if answer.agent and moment is Moment.STOP:
        fields |= {"decision": "block", "reason": answer.agent}
    elif answer.agent and moment is Moment.START:
        fields["additionalContext"] = answer.agent
    return Reply(stdout=to_json(fields), stderr=f"{answer.person}\n" if answer.person else "")
