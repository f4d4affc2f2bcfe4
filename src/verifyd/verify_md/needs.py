"""Gates -> whether their names and the gates that they need fit together."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from verifyd.nearest import nearest_of
from verifyd.pipeline import DIFF_GATE, Gate
from verifyd.verify_md.place import Place


def check_needs(gates: Sequence[Gate], *, file: str, has_diff_gate: bool) -> None:
    """
    Check what gates need.

    A gate that runs by itself may not need one that never does: it would be skipped for ever, and the tree called ready.

    Raises:
        ConfigurationError: A needed gate that is not there, or never runs by itself; gates that need each other in a circle.
    """
    by_name = {gate.name: gate for gate in gates}
    known = [*by_name, *([DIFF_GATE] if has_diff_gate else [])]
    for gate in gates:
        place = Place(file=file, line=gate.line)
        for needed in gate.needs:
            if needed not in known:
                remedy = (
                    nearest_of(needed, [name for name in known if name != gate.name])
                    or f"Gates are: {', '.join(known)}."
                )
                raise place.error(f"gate {gate.name!r} needs {needed!r}, which is not there", remedy)
            other = by_name.get(needed)
            if gate.manual is None and other is not None and other.manual is not None:
                problem = f"gate {gate.name!r} needs {needed!r}, which never runs by itself: it {verb(other)}"
                raise place.error(problem, f"Take it out of needs, or make {gate.name!r} manual too.")
    if circle := find_circle(gates):
        names = " → ".join(gate.name for gate in (*circle, circle[0]))
        raise Place(file=file, line=circle[0].line).error(
            f"gates need each other in a circle: {names}", "Take one of these needs away."
        )


def verb(gate: Gate) -> str:
    """Why a gate is manual, as the rest of a sentence."""
    reason = str(gate.manual)
    return f"is {reason}" if reason.startswith("declared") else reason


def find_circle(gates: Sequence[Gate]) -> list[Gate]:
    """Gates that need each other in a circle, each the next, from the topmost on; empty when there is none."""
    by_name = {gate.name: gate for gate in gates}
    try:
        TopologicalSorter({gate.name: gate.needs for gate in gates}).prepare()
    except CycleError as error:
        circle = [by_name[name] for name in reversed(error.args[1][1:])]
        first = circle.index(min(circle, key=lambda gate: gate.line))
        return circle[first:] + circle[:first]
    return []
