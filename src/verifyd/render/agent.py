"""What an agent reads: the brief of a session's start, the task that continues it, the word to hand over."""

from __future__ import annotations

from msgspec.structs import replace

from verifyd.render.document import TaskDocument
from verifyd.render.markup import code
from verifyd.render.shown import cut_end, shown_line, shown_path
from verifyd.render.standing_document import StandingDocument
from verifyd.render.task_markdown import LIMIT, render_task_document
from verifyd.report import TITLES
from verifyd.verdict import Reason

BRIEF_LIMIT = 2_000
"""Characters of the brief (issue: agent hosts)."""
FEEDBACK_BYTES = 4_000
"""UTF-8 bytes of everything else that an agent is told."""
SHORT = 12


def render_continuation(task: TaskDocument, *, attempt: int, attempts: int) -> str:
    """
    The task, for an agent that was about to stop; at most FEEDBACK_BYTES.

    A task counts trees, of which an agent's turn makes many; what the agent is told counts the times that it was given the task.
    """
    intro = (
        "verifyd: this tree is not ready, so the turn goes on with the task below. Mend the cause, keep to the limits, and end "
        f"the turn: it is verified by itself. You are given it for the {ordinal(attempt)} time of {attempts}.\n\n"
    )
    given = replace(task, attempt=attempt, attempt_limit=attempts, escalate=False)
    limit = LIMIT - len(intro)
    text = intro + render_task_document(given, limit=limit)
    while len(text.encode()) > FEEDBACK_BYTES and limit > 1_000:
        limit -= max(len(text.encode()) - FEEDBACK_BYTES, 100) // 2
        text = intro + render_task_document(given, limit=limit)
    return cut_bytes(text, FEEDBACK_BYTES)


def render_hand_over(task: TaskDocument, *, attempt: int) -> str:
    """The last word to an agent that has tried often enough."""
    times = "once" if attempt == 1 else f"{attempt} times"
    return cut_bytes(
        f"verifyd: STOP working on this. It was given to you {times} and still fails: {quoted(task)}\n\n"
        "Change no file any more. Tell the person in a few sentences: what fails, what you tried each time and what you saw, "
        "what you think the cause is, and what you would need to go on. Then end the turn; you will not be sent again.\n\n"
        f"{log_line(task)}\n",
        FEEDBACK_BYTES,
    )


def render_warning(task: TaskDocument) -> str:
    """A few lines between two edits, for an agent that is at work."""
    return cut_bytes(
        f"verifyd: tree {code(task.tree[:SHORT])}, made by an edit of this session, is not ready: {quoted(task)}\n"
        "Go on with what you are doing. If it still fails at the end of the turn, you are given the whole task.\n",
        1_000,
    )


def render_brief(document: StandingDocument | None, *, attempts: int, trouble: str = "") -> str:
    """
    What a fresh agent has to know, at most BRIEF_LIMIT characters: readiness, next task, limits, how to verify, where logs are.

    Args:
        document: None when nothing is known yet.
        trouble: Why, in one sentence.
    """
    head = ["# verifyd verifies this repository at every edit", "", *now_lines(document, trouble)]
    tail = [
        "",
        "- Verify: end the turn, or `verifyd status --wait 60` (exits with 0 ready, 1 not ready, 3 undetermined).",
        "- The next task: `verifyd task`. One gate alone: `verifyd run GATE`.",
        "- Logs: `verifyd log GATE`. The whole report: `.verifyd/READINESS.md`.",
        f"- When a turn ends on a tree that is not ready, you are sent on with the task, at most {attempts} times with the same.",
        "- VERIFY.md says what is verified. It is the person's: what changes there runs only once they approve it.",
    ]
    room = BRIEF_LIMIT - sum(len(line) + 1 for line in (*head, *tail))
    return "\n".join([*head, *limits(document, room), *tail]) + "\n"


def now_lines(document: StandingDocument | None, trouble: str) -> list[str]:
    """Readiness and the next task; at most 900 characters."""
    if document is None:
        return [f"Now: nothing is known yet. {cut_end(shown_line(trouble), 300)}".rstrip()]
    verifying = document.reason == Reason.VERIFYING
    word = "VERIFYING" if verifying else TITLES[document.readiness]
    explained = f": {cut_end(document.explanation, 200)}" if document.explanation and word != "READY" else ""
    lines = [f"Now: {word}, tree {code(document.tree[:SHORT])}{explained}"]
    if verifying and document.judged is not None:
        lines.append(f"The newest complete verdict, on an earlier tree: {TITLES[document.judged.readiness].lower()}.")
    if document.task is not None:
        lines.append(f"Next task: {quoted(document.task)}. Leave it unless it is what you were asked for or broke.")
        if not document.task.where:
            lines.append(
                "It names no file, so nobody can say whose it is: once you have changed anything, you are sent on with it."
            )
    return lines


def limits(document: StandingDocument | None, room: int) -> list[str]:
    """What the person's limits leave, as many as fit."""
    if document is None or document.report is None:
        return []
    lines = [f"- Limit: {cut_end(shown_line(phrase), 120)}" for phrase in document.report.constraints]
    gates = ", ".join(shown_line(gate.name, 40) for gate in document.report.gates if gate.required)
    lines.append(f"- Gates that must pass: {cut_end(gates, 300)}")
    kept = [line for number, line in enumerate(lines) if sum(len(one) + 1 for one in lines[: number + 1]) < room]
    return ["", *kept] if kept else []


def quoted(task: TaskDocument) -> str:
    """Title and first place, as data."""
    first = task.where[0] if task.where else None
    line = f":{first.line}" if first is not None and first.line is not None else ""
    place = f", {code(shown_path(first.path, 150) + line)}" if first is not None else ""
    return f"{code(shown_line(task.title, 200))} (gate {code(shown_line(task.gate, 60))}{place})"


def log_line(task: TaskDocument) -> str:
    """Where the whole output is."""
    return f"Full log: {code(shown_path(task.log, 250))}" if task.log else "In full: `verifyd task`"


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``3rd``, ``4th``."""
    teens = 10 <= number % 100 <= 20
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def cut_bytes(text: str, limit: int) -> str:
    """At most *limit* bytes of UTF-8, cut at a line's end where one is near."""
    data = text.encode()
    if len(data) <= limit:
        return text
    kept = data[: limit - 8].decode("utf-8", "ignore")
    return kept[: kept.rfind("\n") + 1 or len(kept)] + "…\n"
