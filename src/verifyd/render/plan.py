"""The plan as ``verifyd plan`` shows it: everything a person must see before these commands may run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Protocol

from verifyd.evidence.clean import clean_text
from verifyd.json_shape import to_json
from verifyd.pipeline import (
    DEFAULT_TIMEOUT_S,
    DIFF_GATE,
    Gate,
    Isolate,
    LeftOut,
    Limits,
    OnChange,
    Pipeline,
    Scope,
    Shell,
)
from verifyd.plan import Plan, PlannedGate
from verifyd.render.markdown import duration
from verifyd.render.plan_document import GatePlan, LeftOutEntry, PlanDocument
from verifyd.render.shown import spell_bytes
from verifyd.report import HOW_APPROVED, Approved, Hold
from verifyd.snapshot import Snapshot
from verifyd.verdict import Reason, counted


class DeclaredPipeline(Protocol):
    """What VERIFY.md says, and whether a person let it run."""

    @property
    def written(self) -> Pipeline:
        """As the judged tree declares it."""

    @property
    def approved(self) -> Approved | None:
        """The last approval; None when there never was one."""

    @property
    def trouble(self) -> str:
        """Why the approval that is there cannot be read; empty otherwise."""

    @property
    def holds(self) -> tuple[Hold, ...]:
        """Why nothing, or something else, would run."""


def render_plan(plan: Plan, declared: DeclaredPipeline, snapshot: Snapshot) -> str:
    """
    The plan as text.

    Scripts are shown whole and unmasked, with everything invisible spelled out: a person approves what stands here.
    """
    pipeline = declared.written
    parts = [
        head(plan, declared, snapshot),
        listed("Would run, in this order:", [running(number, gate) for number, gate in enumerate(plan.to_run, 1)]),
        listed("Built in:", built_in(pipeline)),
        listed("Would not run:", [resting(gate) for gate in plan.gates if gate.skip is not None]),
        listed("Not taken as gates:", [left_out(one) for one in pipeline.left_out]),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def listed(title: str, blocks: Sequence[str]) -> str:
    """A title and its blocks; empty without any."""
    return "\n".join([title, *blocks]) if blocks else ""


def head(plan: Plan, declared: DeclaredPipeline, snapshot: Snapshot) -> str:
    """How many gates, how long, for which tree, and who approved."""
    critical = plan.critical_path_s
    takes = f", about {duration(critical)} with slots enough" if critical is not None else ""
    counts = f"{len(plan.to_run)} of {counted(len(plan.gates), 'gate')} would run on tree {snapshot.tree}{takes}"
    lines = [counts, f"pipeline {declared.written.digest[:12]}, {approval(declared.approved)}"]
    # That nothing was approved is said already, and its hold names this very list as what to look at.
    holds = [hold.explanation for hold in declared.holds if hold.reason is not Reason.UNAPPROVED]
    says = [declared.trouble, *holds] if declared.approved is None and declared.trouble else holds
    return "\n".join([*lines, *(f"! {clean_text(one)}" for one in says)])


def approval(approved: Approved | None) -> str:
    """Whether this very pipeline was approved."""
    if approved is None:
        return "never approved: nothing runs before verifyd approve"
    by = HOW_APPROVED[approved.by]
    return (
        f"approved {by} at {approved.at}"
        if approved.current
        else f"changed since it was approved {by} at {approved.at}"
    )


def running(number: int, planned: PlannedGate) -> str:
    """One gate that runs: place, time, why, script, and every attribute that is not the default."""
    gate = planned.gate
    expected = f"about {duration(planned.expected_s)}" if planned.expected_s is not None else "time unknown"
    first = f"{number:>3}. {name_of(gate)}  VERIFY.md:{gate.line}  {expected}  {planned.why}"
    return "\n".join([first, *script_lines(gate), *(f"       {line}" for line in attributes(planned))])


def resting(planned: PlannedGate) -> str:
    """One gate that does not run now, and why; as whole as the others, because it is approved with them."""
    gate = planned.gate
    first = f"  -  {name_of(gate)}  VERIFY.md:{gate.line}  {planned.skip}: {clean_text(planned.why)}"
    return "\n".join([first, *script_lines(gate), *(f"       {line}" for line in attributes(planned))])


def name_of(gate: Gate) -> str:
    """``browser (optional)``."""
    return gate.name + (" (optional)" if gate.optional else "")


def script_lines(gate: Gate) -> list[str]:
    """The script, a bar before each line, so that no line of it can pass for one of ours."""
    return [f"     | {line}" for line in clean_text(spell_bytes(gate.script)).split("\n")]


def attributes(planned: PlannedGate) -> list[str]:
    """What bears on a run, a line each, only where it is not the default."""
    gate = planned.gate
    inputs = f"{', '.join(gate.paths)} ({counted(planned.inputs, 'file')})" if gate.paths else None
    known = {
        "inputs": inputs,
        "reads": ", ".join(gate.reads) or None,
        "folder": gate.cwd if gate.cwd != "." else None,
        "shell": str(gate.shell) if gate.shell is not Shell.BASH else None,
        "limit": duration(gate.timeout_s) if gate.timeout_s != DEFAULT_TIMEOUT_S else None,
        "needs": ", ".join(gate.needs) or None,
        "passes with": f"exit status {gate.expect}" if gate.expect else None,
        "at least": counted(gate.min_tests, "test") if gate.min_tests is not None else None,
        "environment": " ".join(f"{name}={value}" for name, value in gate.env) or None,
        "evidence": f"{gate.evidence.kind} {gate.evidence.pattern}".strip() if gate.evidence else None,
        "server": f"{gate.server} (ready: {gate.ready})" if gate.server else None,
        "fixer": gate.fix,
        "artifacts": ", ".join(gate.artifacts) or None,
        "slots": str(gate.cpus) if gate.cpus != 1 else None,
        "alone": "never beside another gate" if gate.exclusive else None,
        "files": str(gate.isolate) if gate.isolate is not Isolate.AUTO else None,
        "on change": str(gate.on_change) if gate.on_change is not OnChange.AUTO else None,
        "expected": gate.expected_text,
    }
    return [f"{name}: {one_line(value)}" for name, value in known.items() if value is not None]


def one_line(text: str) -> str:
    """On one line, line ends spelled out."""
    return clean_text(spell_bytes(text)).replace("\n", "\\n")


def built_in(pipeline: Pipeline) -> list[str]:
    """The gate that holds the change against limits and scope, and the bounds it knows."""
    bounds = [*limit_lines(pipeline.limits), *scope_lines(pipeline.scope)]
    return [f"  -  {DIFF_GATE}  {'; '.join(bounds) or 'no bound set'}"] if pipeline.has_diff_gate else []


def limit_lines(limits: Limits | None) -> list[str]:
    """``at most 200 changed lines``."""
    if limits is None:
        return []
    known = {
        "changed lines": limits.changed_lines,
        "changed files": limits.changed_files,
        "deleted files": limits.deleted_files,
    }
    return [f"at most {bound} {what}" if bound else f"no {what}" for what, bound in known.items() if bound is not None]


def scope_lines(scope: Scope | None) -> list[str]:
    """What may be touched, and what may not."""
    if scope is None:
        return []
    only = [f"only {one_line(', '.join(scope.only))}"] if scope.only else []
    return only + ([f"protected {one_line(', '.join(scope.protected))}"] if scope.protected else [])


def left_out(one: LeftOut) -> str:
    """A line of the page that looks like a command."""
    return f"  -  VERIFY.md:{one.line}  {one_line(one.text)}  ({one.reason})"


def render_plan_json(plan: Plan, declared: DeclaredPipeline, snapshot: Snapshot) -> str:
    """The plan as ``verifyd.plan/1``."""
    pipeline, approved = declared.written, declared.approved
    document = PlanDocument(
        tree=snapshot.tree,
        base=snapshot.base,
        pipeline=pipeline.digest,
        approved=approved is not None and approved.current,
        holds=tuple(hold.explanation for hold in declared.holds),
        critical_path_s=to_milliseconds(plan.critical_path_s),
        selected=plan.selected,
        gates=tuple(gate_plan(gate) for gate in plan.gates),
        limits=pipeline.limits,
        scope=pipeline.scope,
        left_out=tuple(
            LeftOutEntry(line=one.line, text=spell_bytes(one.text), reason=one.reason) for one in pipeline.left_out
        ),
    )
    return json.dumps(to_json(document), indent=2, ensure_ascii=True) + "\n"


def to_milliseconds(value_s: float | None) -> float | None:
    """Seconds as everywhere in JSON: no measurement means more digits."""
    return round(value_s, 3) if value_s is not None else None


def gate_plan(planned: PlannedGate) -> GatePlan:
    """One gate in its published shape."""
    gate = planned.gate
    return GatePlan(
        name=gate.name,
        line=gate.line,
        runs=planned.skip is None,
        skip=str(planned.skip) if planned.skip is not None else None,
        why=planned.why,
        command=spell_bytes(gate.script),
        folder=gate.cwd,
        inputs=gate.paths,
        reads=gate.reads,
        input_files=planned.inputs if gate.paths else None,
        expected_s=to_milliseconds(planned.expected_s),
        timeout_s=gate.timeout_s,
        needs=gate.needs,
        optional=gate.optional,
        manual=str(gate.manual) if gate.manual is not None else None,
        fix=gate.fix,
        shell=str(gate.shell),
        environment=dict(gate.env),
        expect=gate.expect,
        min_tests=gate.min_tests,
        server=gate.server,
        ready=gate.ready,
        artifacts=gate.artifacts,
    )
