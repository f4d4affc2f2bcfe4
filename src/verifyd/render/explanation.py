"""Why a gate is where it is, and what its result depends on, as Markdown for an agent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from verifyd.action_key import Action
from verifyd.json_shape import names_of
from verifyd.plan import PlannedGate
from verifyd.render.json import moment
from verifyd.render.markdown import duration
from verifyd.render.markup import code, escape
from verifyd.render.shown import shown_line, shown_path
from verifyd.standing import GateAccount, GateStanding, Phase
from verifyd.verdict import counted

NAMES = {
    "schema": "the meaning of results",
    "name": "the gate's name",
    "arguments": "the command",
    "working_directory": "its folder",
    "environment": "its environment",
    "output_paths": "evidence and artifacts",
    "input_digest": "the content of its inputs",
    "beside_digest": "files that git ignores, or that links lead out to",
    "platform": "the machine",
    "tools": "the tools it starts",
    "timeout_s": "its time limit",
    "view": "which files it sees",
    "expectation": "what counts as a pass",
}
"""Fields of an ``Action``, in words."""
SHORT = 16
"""Digits of a digest that are shown."""
INPUT_LIMIT = 300
MOST_TOOLS = 12


def render_accounts(accounts: Sequence[GateAccount], *, limit: int) -> str:
    """A line for each gate: where it stands, and why."""
    lines = [f"- {code(shown_line(one.planned.gate.name, 60))}: {escape(summary(one))}" for one in accounts]
    return cut_lines(lines, limit)


def summary(account: GateAccount) -> str:
    """``failed (tests_failed: 1 of 3 tests failed); runs because the change touches 2 of its inputs``."""
    verb = "does not run" if account.planned.skip is not None else "runs"
    return f"{state(account.standing)}; {verb}: {shown_line(account.planned.why, 200)}{kept(account)}"


def state(standing: GateStanding) -> str:
    """Phase or verdict in words."""
    verdict = standing.verdict
    if verdict is None:
        elapsed = f" for {duration(standing.elapsed_s)}" if standing.elapsed_s is not None else ""
        return f"{'running' if standing.phase is Phase.RUNNING else 'waiting'}{elapsed}"
    again = ", reused" if verdict.reused else ""
    reason = f" ({verdict.reason}: {shown_line(verdict.explanation, 300)})" if verdict.reason is not None else ""
    return f"{verdict.status}{again}{reason}"


def kept(account: GateAccount) -> str:
    """That its run was begun for an earlier tree."""
    if not account.begun_for:
        return ""
    return f"; kept: its run began for tree {account.begun_for[:12]}, and none of its inputs has changed since"


def render_account(account: GateAccount, inputs: Mapping[str, str], *, limit: int) -> str:
    """
    One gate in full.

    Args:
        inputs: Path to mode and blob id.
        limit: Characters; inputs are left out first.
    """
    parts = [head(account), *because(account), *measured(account.standing), *made_of(account)]
    text = "\n".join(parts)
    listed = input_lines(account.planned, inputs, limit - len(text) - 2)
    return cut_lines([*parts, *listed], limit)


def head(account: GateAccount) -> str:
    """Name, line, and whether it is required."""
    gate = account.planned.gate
    kind = "optional" if gate.optional else "required"
    return (
        f"Gate {code(shown_line(gate.name, 60))} ({kind}, VERIFY.md:{gate.line}): {escape(state(account.standing))}.\n"
    )


def because(account: GateAccount) -> list[str]:
    """Why it runs or does not, and why its run goes on or its verdict answers."""
    planned = account.planned
    why = escape(shown_line(planned.why, 300))
    lines = [f"- it does not run ({planned.skip}): {why}" if planned.skip is not None else f"- it runs: {why}"]
    if account.begun_for:
        lines.append(f"- {escape(kept(account)[2:])}")
    if account.standing.verdict is not None and account.standing.verdict.reused:
        lines.append("- reused: an earlier run has the same action key, so its verdict holds for this tree too")
    if planned.gate.needs:
        lines.append(f"- needs: {', '.join(code(shown_line(name, 60)) for name in planned.gate.needs)}")
    if planned.expected_s is not None:
        lines.append(f"- expected to take {duration(planned.expected_s)}, failed {failure_rate(planned)} of its runs")
    return lines


def failure_rate(planned: PlannedGate) -> str:
    """``12 %``."""
    return f"{planned.timing.failure_rate * 100:.0f} %"


def measured(standing: GateStanding) -> list[str]:
    """When its verdict was measured, and how it ended."""
    outcome = standing.verdict.outcome if standing.verdict is not None else None
    if outcome is None:
        return []
    ended = f"exit status {outcome.exit_code}" if outcome.exit_code is not None else str(outcome.end)
    return [
        f"- measured at {moment(outcome.started_at)} in {duration(outcome.duration_s)}, {ended}, view {outcome.view}"
    ]


def made_of(account: GateAccount) -> list[str]:
    """The action key with its parts, and which of them changed."""
    action = account.action
    if action is None:
        return [] if account.planned.skip is not None else ["- no action key: a tool that it starts was not found"]
    return [
        "",
        f"Its result depends on (action key {code(short_key(action))}):",
        *parts_of(action),
        "",
        changed(account),
    ]


def short_key(action: Action) -> str:
    """The beginnings of its two digests."""
    return ".".join(part[:SHORT] for part in action.key.split("."))


def parts_of(action: Action) -> list[str]:
    """A line for each part that is not empty."""
    known = {
        "arguments": " ".join(part for part in action.arguments if part),
        "working_directory": action.working_directory,
        "environment": " ".join(f"{name}={value}" for name, value in action.environment),
        "output_paths": ", ".join(action.output_paths),
        "input_digest": action.input_digest[:SHORT],
        "beside_digest": action.beside_digest[:SHORT],
        "platform": action.platform,
        "tools": tools(action),
        "timeout_s": duration(action.timeout_s),
        "view": f"{action.view[0]}, ignored files: {action.view[1]}",
        "expectation": expectation(action.expectation),
    }
    return [f"- {NAMES[name]}: {code(shown_line(value, INPUT_LIMIT))}" for name, value in known.items() if value]


def tools(action: Action) -> str:
    """Names with places, as many as are worth it."""
    named = [f"{one.name} ({one.path})" if one.path else one.name for one in action.tools]
    rest = len(named) - MOST_TOOLS
    return ", ".join(named[:MOST_TOOLS]) + (f" and {rest} more" if rest > 0 else "")


def expectation(expected: tuple[int, int | None]) -> str:
    """``exit status 0, at least 3 tests``."""
    status, tests = expected
    return f"exit status {status}" + (f", at least {counted(tests, 'test')}" if tests is not None else "")


def changed(account: GateAccount) -> str:
    """Which parts of the key differ from those on the tree before."""
    if account.action is None or account.before is None:
        return "What changed since the tree before is not known."
    names = differing(account.before, account.action)
    if not names:
        return "Nothing of this changed since the tree before."
    return f"Changed since the tree before: {', '.join(NAMES[name] for name in names)}."


def differing(before: Action, now: Action) -> list[str]:
    """Names of the fields that differ."""
    return [name for name in names_of(Action) if getattr(before, name) != getattr(now, name)]


def input_lines(planned: PlannedGate, inputs: Mapping[str, str], room: int) -> list[str]:
    """The inputs with their content's ids, as many as fit."""
    gate = planned.gate
    if not gate.paths:
        return ["", f"Inputs: all {counted(len(inputs), 'file')} of the tree, because the gate declares no paths."]
    patterns = ", ".join(code(shown_path(one, 80)) for one in gate.paths[:10])
    lines = ["", f"Inputs: {counted(len(inputs), 'file')} that match {patterns}:"]
    used = sum(len(line) + 1 for line in lines)
    for number, (path, content) in enumerate(sorted(inputs.items())):
        line = f"- {code(shown_path(path, 160))} {content[: SHORT + 7]}"
        used += len(line) + 1
        if used > room - 30:
            return [*lines, f"- … and {len(inputs) - number} more"]
        lines.append(line)
    return lines


def cut_lines(lines: Iterable[str], limit: int) -> str:
    """Whole lines, as many as fit, and how many do not."""
    told = list(lines)
    text = "\n".join(told)
    if len(text) <= limit:
        return text
    kept_lines, used = [], 0
    for line in told:
        used += len(line) + 1
        if used > limit - 40:
            break
        kept_lines.append(line)
    return "\n".join([*kept_lines, f"… and {len(told) - len(kept_lines)} more lines"])
