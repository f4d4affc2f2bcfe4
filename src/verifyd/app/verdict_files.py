"""A whole run's report in, the verdict on its tree that the commit hook may believe out, kept in a file of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from verifyd.action_key import Action, ToolStamp
from verifyd.app.file_ports import TreeVerdict
from verifyd.app.judged import Judged
from verifyd.app.world import World
from verifyd.errors import StoreError
from verifyd.pipeline import Door, Gate, Pipeline
from verifyd.plan import Skip
from verifyd.report import Readiness, Report
from verifyd.verdict import Status

NO_COMMIT = "none"
ANY_BASE = "-"


def keep_verdict(
    world: World,
    judged: Judged,
    pipeline: Pipeline,
    report: Report,
    *,
    actions: Mapping[str, Action],
    is_whole: bool,
) -> str:
    """
    Keep what the run found in the tree's file; an empty text, or why it is not kept.

    Args:
        actions: What each gate's result depends on, by its name, as far as somebody has looked already.
        is_whole: Whether all gates were to be run. A part says something all the same when one of its gates failed.
    """
    if world.verdict_files is None or judged.repository.substitute is not None:
        return ""
    if not is_whole and report.readiness is not Readiness.NOT_READY:
        return ""
    verdict = TreeVerdict(
        tree=report.snapshot.tree,
        readiness=str(readiness_at_hook(report)),
        base=(report.snapshot.base or NO_COMMIT) if rests_on_base(judged, pipeline, report) else ANY_BASE,
        base_name=pipeline.base,
        pipeline=pipeline.digest,
        measured_at=report.started_at,
        rests_on=tuple(sorted(set(outside(world, judged, report, actions)))),
    )
    try:
        world.verdict_files.write(judged.repository, verdict, world.machine.environment)
    except StoreError as error:
        return f"the commit hook will have to verify this tree again: {error}"
    return ""


def readiness_at_hook(report: Report) -> Readiness:
    """
    The readiness that a run at the commit hook would have found too; UNPROVEN where only that run can say.

    Another door may have left out gates that run at the hook (``when``), or may have failed in one that does not.
    """
    left_out = [
        gate for gate in report.gates if gate.verdict.reason == Skip.WHEN and Door.HOOK in gate.verdict.gate.when
    ]
    if report.readiness is Readiness.READY and left_out:
        return Readiness.UNPROVEN
    failed = [gate for gate in report.gates if gate.required and gate.verdict.status is Status.FAILED]
    if report.readiness is Readiness.NOT_READY and not any(Door.HOOK in gate.verdict.gate.when for gate in failed):
        return Readiness.UNPROVEN
    return report.readiness


def rests_on_base(judged: Judged, pipeline: Pipeline, report: Report) -> bool:
    """Whether another base could have given another verdict: limits and scope, or a gate that a named base left out."""
    skipped = any(gate.verdict.reason == Skip.NOT_AFFECTED for gate in report.gates)
    return pipeline.has_diff_gate or (judged.has_named_base and skipped)


def outside(world: World, judged: Judged, report: Report, actions: Mapping[str, Action]) -> Iterator[Path]:
    """The programs and packages that the gates start, with the folders they lie in; what is in the tree is left out."""
    for gate in report.gates:
        if gate.verdict.outcome is not None:
            known = actions.get(gate.verdict.gate.name)
            yield from outside_of(
                judged, known.tools if known is not None else found_tools(world, judged, gate.verdict.gate)
            )


def found_tools(world: World, judged: Judged, gate: Gate) -> Sequence[ToolStamp]:
    """What a gate starts; nothing where a program is missing."""
    commands = [gate.script] if gate.server is None else [gate.script, gate.server]
    environment = {**world.machine.environment, **dict(gate.env)}
    return world.find_tools(commands, environment, judged.repository.root / gate.cwd) or ()


def outside_of(judged: Judged, stamps: Sequence[ToolStamp]) -> Iterator[Path]:
    """The paths of one gate's tools."""
    root = judged.repository.root
    for stamp in stamps:
        path = Path(stamp.path)
        if not stamp.path or (path.is_relative_to(root) and str(path.relative_to(root)) in judged.snapshot.paths):
            continue
        yield path
        if path.parent.name == "bin" or not path.is_relative_to(root):  # what is renamed into place keeps its own date
            yield path.parent
