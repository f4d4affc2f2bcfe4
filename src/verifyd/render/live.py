"""What a daemon knows at this moment in, what ``verifyd watch`` draws on a terminal out; and its lines where there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from verifyd.render.markdown import duration
from verifyd.render.shown import shown_line
from verifyd.render.standing import SHORT, gate_line, heading_lines, judged_lines, message_line, task_lines
from verifyd.render.standing_document import GateStandingEntry, StandingDocument
from verifyd.render.terminal import STYLES, VERDICT_STYLES
from verifyd.standing import Event, EventKind, Phase, Transition
from verifyd.verdict import Reason

if TYPE_CHECKING:
    from rich.console import Group
    from rich.text import Text

WORDS = {
    Transition.READY: "ready",
    Transition.NOT_READY: "not ready",
    Transition.UNPROVEN: "unproven",
    Transition.NEW_FAILURE: "another failure",
}
BAR = 20
"""Columns of a full bar."""


def draw_standing(document: StandingDocument) -> Group:
    """The tree, each gate with how far it has come, the verdict, the next task and how far behind the last verdict is."""
    from rich.console import Group

    names = max((len(shown_line(gate.name)) for gate in document.gates), default=0)
    lines = [
        *heading(document),
        *(drawn_gate(gate, names) for gate in document.gates),
        *(one_line(f"note: {note}", "dim") for note in document.notes),
        *(one_line(line, "dim") for line in judged_lines(document)),
        *(one_line(line) for line in task_lines(document.task)),
        one_line(f"watching ({document.watching}); Ctrl-C ends it" if document.watching else "Ctrl-C ends it", "dim"),
    ]
    return Group(*lines)


def one_line(text: str, style: str = "") -> Text:
    """A line that is cut where the terminal ends: a line is a fact."""
    from rich.text import Text

    return Text(text, style=style, no_wrap=True, overflow="ellipsis")


def heading(document: StandingDocument) -> list[Text]:
    """The verdict, or that it is being made, and why."""
    first, *rest = heading_lines(document)
    style = "bold cyan" if document.reason == Reason.VERIFYING else VERDICT_STYLES[document.readiness]
    return [one_line(first, style), *(one_line(line) for line in rest)]


def drawn_gate(gate: GateStandingEntry, width: int) -> Text:
    """One gate; a bar for one that runs."""
    line = one_line(gate_line(gate, width), STYLES[gate.status] if gate.status is not None else "")
    if gate.phase is Phase.RUNNING and gate.elapsed_s is not None and gate.expected_s:
        done = min(BAR, round(BAR * gate.elapsed_s / gate.expected_s))
        line.append("  " + "━" * done, "cyan")
        line.append("━" * (BAR - done), "bright_black")
    return line


def event_line(event: Event, *, took_s: float | None = None) -> str | None:
    """
    One line for a person who reads along without a live view; None for what is no transition.

    Of the end nothing is said here: whoever ran the daemon tells why it ended.

    Args:
        took_s: Seconds since the tree was first seen, for a verdict.
    """
    tree = event.tree[:SHORT]
    if event.kind is EventKind.JUDGED and event.transition is not None:
        took = f" after {duration(took_s)}" if took_s is not None else ""
        said = f": {shown_line(event.text, 200)}" if event.text else ""
        return f"{WORDS[event.transition]}  tree {tree}{took}{said}"
    if event.kind is EventKind.TROUBLE:
        return f"cannot verify tree {tree}: {shown_line(message_line(event.text), 300)}"
    return None
