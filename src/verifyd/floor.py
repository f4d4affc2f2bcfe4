"""The base's pipeline and the one that a change writes in, the pipeline that is at least as strict as both out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from verifyd.pipeline import DIFF_GATE, Gate, Limits, Pipeline, Scope
from verifyd.pipeline_difference import (
    FieldChange,
    GateDifference,
    Kind,
    command_texts,
    compare,
    exclusions_lost,
    narrower,
)

HOW_IT_RUNS = ("script", "shell", "cwd", "env", "expect", "evidence", "server", "ready")
"""Fields that mean something together only: where one of them is put back, all are."""
FIELDS: Mapping[str, str] = {"timeout": "timeout_s"}
"""Fields of a gate by the name that VERIFY.md gives them, where that is another one."""


class Floor(Struct, frozen=True, kw_only=True):
    """
    What a change does to the gates of its base, and what runs for it.

    Attributes:
        differences: All between the base and the pipeline as written; a program that is no longer started counts as weaker.
        pipeline: As written, with whatever was weakened put back to what the base declares. The written one itself where
            nothing was.
    """

    differences: tuple[GateDifference, ...]
    pipeline: Pipeline

    @property
    def weakened(self) -> tuple[GateDifference, ...]:
        """Gates, or settings of the page, that check less than in the base, or may."""
        return tuple(difference for difference in self.differences if difference.weakened)


def hold_floor(base: Pipeline, written: Pipeline) -> Floor:
    """
    Hold the base's pipeline as a floor under the one that is written (verify_md.md, Approval).

    A removed gate comes back as it was. A weakened field of a gate gets the base's value, and so do limits and scope. ``needs``
    stays as written: it checks nothing by itself, and the gates of two pages could need each other in a circle.
    """
    differences = tuple(noticed(difference, base, written) for difference in compare(base, written))
    if not any(difference.weakened for difference in differences):
        return Floor(differences=differences, pipeline=written)
    by_gate = {difference.gate: difference for difference in differences if difference.weakened}
    gates = [raised(gate, base.gate(gate.name), by_gate.get(gate.name)) for gate in written.gates]
    lost = [gate for gate in base.gates if gate.name in by_gate and by_gate[gate.name].kind is Kind.REMOVED]
    names = {gate.name for gate in (*gates, *lost)} | {DIFF_GATE}
    gates += [replace(gate, needs=tuple(need for need in gate.needs if need in names)) for gate in lost]
    held = replace(
        written,
        gates=without_manual_needs(gates),
        limits=raised_limits(base.limits, written.limits),
        scope=raised_scope(base.scope, written.scope),
    )
    return Floor(differences=differences, pipeline=held)


def noticed(difference: GateDifference, base: Pipeline, written: Pipeline) -> GateDifference:
    """The difference, weaker where a script no longer starts a program that the base's starts: nobody can say what that program saw."""
    old, new = base.gate(difference.gate), written.gate(difference.gate)
    if difference.kind is not Kind.CHANGED or old is None or new is None or old.manual is not None:
        return difference
    if not programs(old.script) - programs(new.script):
        return difference
    changes = tuple(replace(one, weakened=True) if one.field == "script" else one for one in difference.changes)
    return replace(difference, changes=changes, weakened=True)


def programs(script: str) -> frozenset[str]:
    """First words of the commands that can fail; a script that cannot be read counts as one program of its own."""
    texts = command_texts(script)
    return frozenset({script} if texts is None else {words[0] for words in texts})


def raised(gate: Gate, old: Gate | None, difference: GateDifference | None) -> Gate:
    """A gate as written, with each weakened field put back to what the base says."""
    if old is None or difference is None:
        return gate
    weakened = {FIELDS.get(change.field, change.field) for change in difference.changes if change.weakened}
    if weakened.intersection(HOW_IT_RUNS):
        weakened.update(HOW_IT_RUNS)
    put_back: dict[str, Any] = {field: getattr(old, field) for field in weakened}
    return replace(gate, **put_back)


def without_manual_needs(gates: Sequence[Gate]) -> tuple[Gate, ...]:
    """The gates, those that run by themselves waiting for none that does not: they would be skipped for ever."""
    manual = {gate.name for gate in gates if gate.manual is not None}
    return tuple(
        replace(gate, needs=tuple(need for need in gate.needs if need not in manual)) if gate.manual is None else gate
        for gate in gates
    )


def raised_limits(old: Limits | None, new: Limits | None) -> Limits | None:
    """The stricter of each limit."""
    if old is None or new is None:
        return old or new
    return Limits(
        changed_lines=stricter(old.changed_lines, new.changed_lines),
        changed_files=stricter(old.changed_files, new.changed_files),
        deleted_files=stricter(old.deleted_files, new.deleted_files),
    )


def stricter(old: int | None, new: int | None) -> int | None:
    """The smaller bound; None is none."""
    return min((bound for bound in (old, new) if bound is not None), default=None)


def raised_scope(old: Scope | None, new: Scope | None) -> Scope | None:
    """Each list of globs as written, or the base's where it lets more through."""
    if old is None or new is None:
        return old or new
    wider = not new.only or not set(old.only) >= set(new.only) or exclusions_lost(old.only, new.only)
    return Scope(
        only=old.only if old.only and wider else new.only,
        protected=old.protected if narrower(old.protected, new.protected) else new.protected,
    )


def floor_lines(differences: Sequence[GateDifference], *, put_back: bool) -> tuple[str, ...]:
    """
    Each difference for people, a line a field: ``VERIFY.md: tests: timeout is 5m, the base has 30s (weaker: the base's ran)``.

    Args:
        put_back: Whether what was weakened ran as the base declares it.
    """
    ran = "weaker: the base's ran" if put_back else "weaker"
    lines: list[str] = []
    for difference in differences:
        told = f"VERIFY.md: {difference.gate}"
        if not difference.changes:
            said = f" ({'the base has it: it ran' if put_back else 'weaker'})" if difference.weakened else ""
            lines.append(f"{told}: {difference.kind}{said}")
        lines += [
            f"{told}: {field_text(change)}{f' ({ran})' if change.weakened else ''}" for change in difference.changes
        ]
    return tuple(lines)


def field_text(change: FieldChange) -> str:
    """``timeout is 5m, the base has 30s``."""
    return f"{change.field} is {change.new}, the base has {change.old}"
