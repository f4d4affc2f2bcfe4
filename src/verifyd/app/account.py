"""A daemon in, why each gate of the newest tree runs or does not out: the plan's reasons and what each result depends on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from verifyd.app.standings import gate_standing, standing_of
from verifyd.plan import Plan, matched
from verifyd.standing import GateAccount, Standing

if TYPE_CHECKING:
    from verifyd.app.judged import Judged
    from verifyd.app.live_pass import LivePass
    from verifyd.app.watch import Watch
    from verifyd.pipeline import Gate
    from verifyd.plan import PlannedGate


class Account(Struct, frozen=True, kw_only=True):
    """
    The newest tree, and why its gates are where they are.

    Attributes:
        judged: The tree with its change and pipeline; None before it was opened, and where it cannot be.
        plan: None before there is one, and where nothing may run.
        gates: In the order of the plan.
        contents: Of the tree, path to mode and blob id.
    """

    standing: Standing
    judged: Judged | None = None
    plan: Plan | None = None
    gates: tuple[GateAccount, ...] = ()
    contents: Mapping[str, str] = field(default_factory=dict)

    def inputs(self, gate: Gate) -> Mapping[str, str]:
        """The gate's inputs in the tree, path to mode and blob id; all files when it declares none."""
        if not gate.paths:
            return self.contents
        return {path: self.contents[path] for path in matched(gate.paths, frozenset(self.contents))}


def account_of(watch: Watch) -> Account:
    """What is known of the newest tree."""
    current, standing = pass_on_newest(watch), standing_of(watch)
    if current is None:
        return Account(standing=standing)
    planned = current.plan.gates if current.plan is not None else ()
    return Account(
        standing=standing,
        judged=current.judged,
        plan=current.plan,
        gates=tuple(gate_account(watch, current, one) for one in planned),
        contents=current.state.content_ids,
    )


def pass_on_newest(watch: Watch) -> LivePass | None:
    """The pass over the newest tree; None while there is none."""
    current = watch.current
    return current if current is not None and current.state.number == watch.state.number else None


def is_planned(watch: Watch) -> bool:
    """Whether it is known what runs on the newest tree, or why nothing does."""
    current = pass_on_newest(watch)
    return bool(watch.trouble) or (current is not None and (current.plan is not None or current.done.is_set()))


def gate_account(watch: Watch, current: LivePass, planned: PlannedGate) -> GateAccount:
    """One gate."""
    name = planned.gate.name
    standing = gate_standing(watch, current, planned)
    live = watch.shared.gates.underway.get(name)
    return GateAccount(
        planned=planned,
        standing=standing,
        action=current.actions.get(name),
        before=current.actions_before.get(name),
        begun_for=live.tree if standing.kept and live is not None else "",
    )
