"""What is known at one moment in, the answer of ``verifyd status`` out: a document, its JSON, its text and its exit code."""

from __future__ import annotations

from verifyd.errors import ExitCode
from verifyd.plan import Skip
from verifyd.render.document import GateEntry, ReportDocument, TaskDocument
from verifyd.render.json import moment, report_document, seconds, task_document, to_text
from verifyd.render.markdown import duration
from verifyd.render.shown import cut_end, shown, shown_command, shown_line, shown_path
from verifyd.render.standing_document import GateStandingEntry, JudgedEntry, StandingDocument
from verifyd.render.terminal import MARKS
from verifyd.report import TITLES, Readiness, pipeline_notes
from verifyd.standing import GateStanding, Judged, Phase, Standing
from verifyd.verdict import Reason, Status, counted

PHASE_MARKS = {Phase.WAITING: "·", Phase.RUNNING: "▶", Phase.DONE: " "}
SHORT = 12
"""Digits of a tree id that people are shown."""
EXIT_CODES = {Readiness.READY: ExitCode.READY, Readiness.NOT_READY: ExitCode.NOT_READY}
NOT_VERIFIED = "this tree was never verified as a whole: verifyd run does it once, verifyd watch at every edit"


def standing_document(standing: Standing) -> StandingDocument:
    """The standing in its published shape; while the tree is being verified it is unproven, whatever is known so far."""
    readiness, reason, explanation = readiness_now(standing)
    report, task = standing.report, standing.task
    return StandingDocument(
        tree=standing.tree,
        since=moment(standing.since),
        readiness=readiness,
        reason=reason,
        explanation=shown_line(explanation),
        gates=tuple(gate_standing_entry(gate) for gate in standing.gates),
        remaining_s=seconds(standing.remaining_s) if standing.remaining_s is not None else None,
        judged=judged_entry(standing.judged),
        watching=standing.watching,
        trouble=shown(standing.trouble),
        notes=tuple(shown_line(note) for note in standing.notes),
        report=report_document(report, task) if report is not None else None,
        task=task_document(task) if task is not None and report is not None else None,
    )


def readiness_now(standing: Standing) -> tuple[Readiness, str | None, str]:
    """Readiness, reason and a sentence: those of the report about this very tree, and unproven without one."""
    if standing.report is not None:
        return standing.report.readiness, standing.report.reason, standing.report.explanation
    if standing.trouble:
        return Readiness.UNPROVEN, str(Reason.CANNOT_VERIFY), message_line(standing.trouble)
    return Readiness.UNPROVEN, str(Reason.VERIFYING), known_so_far(standing)


def message_line(message: str) -> str:
    """An error's message on one line: the remedy, which has lines of its own, is the next sentence."""
    problem, _, remedy = message.partition("\n")
    return f"{problem}. {' '.join(remedy.split())}" if remedy else problem


def known_so_far(standing: Standing) -> str:
    """``2 of 5 gates done; failed so far: tests``."""
    done = [gate for gate in standing.gates if gate.phase is Phase.DONE]
    failed = [gate.name for gate in done if gate.verdict is not None and gate.verdict.status is Status.FAILED]
    progress = f"{len(done)} of {counted(len(standing.gates), 'gate')} done" if standing.gates else "no gate has begun"
    return f"{progress}; failed so far: {', '.join(failed)}" if failed else progress


def gate_standing_entry(gate: GateStanding) -> GateStandingEntry:
    """One gate in its published shape."""
    verdict = gate.verdict
    ran = verdict.outcome if verdict is not None else None
    return GateStandingEntry(
        name=gate.name,
        required=gate.required,
        phase=gate.phase,
        status=verdict.status if verdict is not None else None,
        reason=str(verdict.reason) if verdict is not None and verdict.reason is not None else None,
        explanation=shown_line(verdict.explanation, 300) if verdict is not None else "",
        elapsed_s=seconds(gate.elapsed_s) if gate.elapsed_s is not None else None,
        expected_s=seconds(gate.expected_s) if gate.expected_s is not None else None,
        duration_s=seconds(ran.duration_s) if ran is not None else None,
        kept=gate.kept,
        reused=verdict.reused if verdict is not None else False,
    )


def judged_entry(judged: Judged | None) -> JudgedEntry | None:
    """The newest complete verdict in its published shape."""
    if judged is None:
        return None
    return JudgedEntry(
        tree=judged.tree,
        readiness=judged.readiness,
        reason=judged.reason,
        at=moment(judged.at),
        behind=judged.behind,
    )


def stored_standing(report: ReportDocument, *, notes: tuple[str, ...] = ()) -> StandingDocument:
    """What a report out of history says of its tree, where no daemon lives."""
    return StandingDocument(
        tree=report.tree,
        readiness=report.readiness,
        reason=report.reason,
        explanation=shown_line(report.explanation),
        gates=tuple(stored_gate(gate) for gate in report.gates),
        notes=notes,
        report=report,
        task=report.task,
    )


def stored_gate(gate: GateEntry) -> GateStandingEntry:
    """A gate of a stored report: it is done."""
    return GateStandingEntry(
        name=gate.name,
        required=gate.required,
        phase=Phase.DONE,
        status=gate.status,
        reason=gate.reason,
        explanation=shown_line(gate.explanation, 300),
        expected_s=gate.expected_s,
        duration_s=gate.duration_s if gate.measured_at is not None else None,
        reused=gate.reused,
    )


def unknown_standing(tree: str, *, notes: tuple[str, ...] = ()) -> StandingDocument:
    """A tree that nothing is known about, where no daemon lives."""
    return StandingDocument(
        tree=tree,
        readiness=Readiness.UNPROVEN,
        reason=str(Reason.NOT_VERIFIED),
        explanation=NOT_VERIFIED,
        notes=notes,
        report=None,
        task=None,
    )


def exit_code_of_standing(document: StandingDocument) -> ExitCode:
    """0 ready, 1 not ready, 3 unproven or still being verified."""
    return EXIT_CODES.get(document.readiness, ExitCode.UNPROVEN)


def render_standing_json(document: StandingDocument) -> str:
    """The document as JSON, ASCII only."""
    return to_text(document)


def render_standing(document: StandingDocument, *, width: int = 80) -> str:
    """
    The answer as text: the verdict first, then a line a gate, then what to do.

    Args:
        width: Columns; the lines of gates are cut there, so that each stays a line. What says what to do is never cut.
    """
    names = max((len(shown_line(gate.name)) for gate in document.gates), default=0)
    gates = [cut_end(gate_line(gate, names), max(width, 40)) for gate in document.gates]
    notes = [f"note: {note}" for note in (*document.notes, *difference_notes(document.report))]
    lines = [*heading_lines(document), *gates, *notes, *judged_lines(document), *task_lines(document.task)]
    return "\n".join(lines) + "\n"


def heading_lines(document: StandingDocument) -> list[str]:
    """The verdict with the tree it is for, and why when it is not ready."""
    tree = f"  tree {document.tree[:SHORT]}" if document.tree else ""
    if document.reason == Reason.VERIFYING:
        left = f"  about {duration(document.remaining_s)} left" if document.remaining_s is not None else ""
        return [f"VERIFYING{tree}{left}", f"  {document.explanation}"]
    first = f"{TITLES[document.readiness]}{tree}"
    if document.readiness is Readiness.READY:
        return [first]
    reason = f"{document.reason}: " if document.readiness is Readiness.UNPROVEN and document.reason else ""
    return [first, f"  {reason}{document.explanation}"]


def difference_notes(report: ReportDocument | None) -> list[str]:
    """What differs between the pipeline as written and as approved, where that keeps the tree from being ready."""
    if report is None or report.reason != Reason.PIPELINE_CHANGED:
        return []
    return [shown_line(note) for note in pipeline_notes(report.notes)]


def gate_line(gate: GateStandingEntry, width: int) -> str:
    """Mark, name, status or phase, and times."""
    mark = MARKS[gate.status] if gate.status is not None else PHASE_MARKS[gate.phase]
    word = str(gate.status) if gate.status is not None else str(gate.phase)
    return "  ".join([f"{mark} {shown_line(gate.name):<{width}}  {word:<8}", *gate_facts(gate)]).rstrip()


def gate_facts(gate: GateStandingEntry) -> list[str]:
    """Time, expected time, optional, and the reason where there is one."""
    reason = gate_reason(gate)
    return [*gate_times(gate), *([reason] if reason else [])]


def gate_times(gate: GateStandingEntry) -> list[str]:
    """Time and expected time, whether it began earlier, and whether it is optional."""
    facts = []
    expected = f" of about {duration(gate.expected_s)}" if gate.expected_s is not None else ""
    if gate.phase is Phase.RUNNING and gate.elapsed_s is not None:
        facts.append(f"{duration(gate.elapsed_s)}{expected}")
    if gate.phase is Phase.WAITING and gate.expected_s is not None:
        facts.append(f"about {duration(gate.expected_s)}")
    if gate.duration_s is not None:
        facts.append(f"{duration(gate.duration_s)}{' (reused)' if gate.reused else ''}")
    if gate.kept:
        facts.append("(begun before the last edit, which it does not read)")
    if not gate.required and gate.reason != Skip.MANUAL:
        facts.append("(optional)")
    return facts


def gate_reason(gate: GateStandingEntry) -> str:
    """Why it has the status that it has; empty where that needs no reason."""
    return ": ".join(part for part in (gate.reason, gate.explanation) if part) if gate.reason is not None else ""


def judged_lines(document: StandingDocument) -> list[str]:
    """The newest complete verdict, apart, with the tree it is for; nothing when it is this tree's."""
    judged = document.judged
    if judged is None or (judged.tree == document.tree and document.report is not None):
        return []
    behind = f", {counted(judged.behind, 'tree')} ago" if judged.behind else ""
    word = TITLES[judged.readiness].lower()
    return [f"last complete verdict: {word} on {judged.tree[:SHORT]}{behind}"]


def task_lines(task: TaskDocument | None) -> list[str]:
    """The next task in a few lines."""
    if task is None:
        return []
    attempt = f" (attempt {task.attempt} of {task.attempt_limit})" if task.attempt > 1 else ""
    lines = ["", f"next task{attempt}: {shown_line(task.title)}"]
    if task.escalate:
        lines.append("  its attempts are used up: hand over to a person or a stronger model")
    if where := ", ".join(task_places(task)):
        lines.append(f"  where:     {where}")
    if "\n" not in task.reproduce:
        lines.append(f"  reproduce: {shown_command(task.reproduce)}")
    return [*lines, "  in full:   verifyd task"]


def task_places(task: TaskDocument) -> list[str]:
    """The likeliest places, ``path:line``."""
    return [f"{shown_path(place.path)}{f':{place.line}' if place.line is not None else ''}" for place in task.where[:3]]
