"""
Cursor: its payloads into events, our answers into what it reads.

Source: its page of hooks. A ``stop`` takes ``followup_message`` alone and nothing for the person, who finds what we say on
stderr in the output channel of hooks; at most 5 follow-ups are made. What ``afterFileEdit`` prints is not used.
"""

from __future__ import annotations

from verifyd.hosts.model import Answer, HookEvent, Moment, Reply
from verifyd.hosts.payload import Payload, folder, number, session, text, to_json

EVENTS = {Moment.START: "sessionStart", Moment.STOP: "stop", Moment.END: "sessionEnd"}
MOST_LOOPS = 5
"""It makes no more follow-ups than these, and does not say that it made none."""


def read_event(moment: Moment, payload: Payload) -> HookEvent:
    """What it says: a turn that was aborted, or ended in an error, is nobody's wish to go on."""
    roots = payload.get("workspace_roots")
    first = {"root": roots[0]} if isinstance(roots, list) and roots else {}
    loops = number(payload, "loop_count")
    return HookEvent(
        moment=moment,
        session=session(payload, "conversation_id") or session(payload, "session_id"),
        folder=folder(first, "root"),
        again=loops > 0,
        loops=loops,
        spent=loops >= MOST_LOOPS,
        aborted=moment is Moment.STOP and text(payload, "status") not in ("completed", ""),
    )


def make_reply(moment: Moment, answer: Answer) -> Reply:
    """A follow-up message is sent as if the person had written it."""
    fields: dict[str, object] = {}
    if answer.agent and moment is Moment.STOP:
        fields["followup_message"] = answer.agent
    elif answer.agent and moment is Moment.START:
        fields["additional_context"] = answer.agent
    return Reply(stdout=to_json(fields), stderr=f"{answer.person}\n" if answer.person else "")
