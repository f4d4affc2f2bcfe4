"""
opencode: what our own plugin sends into events, our answers into what the plugin reads.

opencode has no command hooks and none at the end of a turn: the plugin that ``verifyd install opencode`` writes calls us on
``session.idle`` and sends the text as a prompt, so both shapes are ours.
"""

from __future__ import annotations

from verifyd.hosts.model import Answer, HookEvent, Moment, Reply
from verifyd.hosts.payload import Payload, flag, folder, session, to_json

EVENTS = {Moment.START: "start", Moment.EDIT: "edit", Moment.STOP: "stop", Moment.END: "end"}


def read_event(moment: Moment, payload: Payload) -> HookEvent:
    """What the plugin says."""
    return HookEvent(
        moment=moment,
        session=session(payload, "session"),
        folder=folder(payload, "folder"),
        again=flag(payload, "again"),
        aborted=flag(payload, "aborted"),
    )


def make_reply(moment: Moment, answer: Answer) -> Reply:
    """``agent`` is a prompt at the end of a turn and context elsewhere; ``person`` is shown as a notice."""
    said = {"agent": answer.agent, "person": answer.person} if moment is not Moment.END else {}
    return Reply(stdout=to_json({name: value for name, value in said.items() if value}))
