"""Why a gate is where it is, as an agent is told."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.support.builders import TREE, a_failure, a_finding, a_gate, a_pass, a_planned, an_unproven
from verifyd.action_key import Action, ToolStamp, make_action
from verifyd.plan import PlannedGate, Skip
from verifyd.render.explanation import render_account, render_accounts
from verifyd.standing import GateAccount, GateStanding, Phase
from verifyd.verdict import Reason, Verdict


def an_action(**inputs: str) -> Action:
    """The action of a gate that runs pytest."""
    tools = (ToolStamp(name="pytest", path="/venv/bin/pytest", stamp="1 2"),)
    gate = a_gate(script="pytest -q", env=(("API_TOKEN", "abcdefgh12345678"),))
    return make_action(
        gate, inputs=inputs, tools=tools, environment=dict(gate.env), platform="linux-x86_64", view="frozen"
    )


def an_account(verdict: Verdict | None = None, planned: PlannedGate | None = None, **fields: object) -> GateAccount:
    """A gate that is done when it has a verdict, else running for two seconds."""
    phase = Phase.DONE if verdict is not None else Phase.RUNNING
    standing = GateStanding(
        name="tests",
        required=True,
        phase=phase,
        verdict=verdict,
        elapsed_s=None if verdict is not None else 2.0,
        kept=bool(fields.get("begun_for")),
    )
    account = GateAccount(planned=planned or a_planned(why="reads all files"), standing=standing)
    return replace(account, **fields)


@pytest.mark.parametrize(
    "account, line",
    [
        (an_account(a_pass()), "- `tests`: passed; runs: reads all files"),
        (an_account(a_pass(reused=True)), "- `tests`: passed, reused; runs: reads all files"),
        (
            an_account(an_unproven(reason=Reason.TREE_MOVED, explanation="a.py moved")),
            "- `tests`: unproven (tree_moved: a.py moved); runs: reads all files",
        ),
        (
            an_account(planned=a_planned(why="by hand", skip=Skip.MANUAL)),
            "- `tests`: running for 2.00 s; does not run: by hand",
        ),
        (
            an_account(begun_for=TREE),
            "- `tests`: running for 2.00 s; runs: reads all files; kept: its run began for tree 1f1f1f1f1f1f, and none of its inputs has changed since",
        ),
    ],
    ids=["passed", "reused", "unproven", "skipped", "kept"],
)
def test_a_line_says_where_a_gate_stands_and_why(account: GateAccount, line: str) -> None:
    """Ran, reused, unproven, left out, kept."""
    assert render_accounts([account], limit=4_000) == line


def test_what_changed_since_the_tree_before_is_named() -> None:
    """By the part of the key, in words; nothing where nothing did, and that it is not known where it is not."""
    now = an_action(a="100644 bb")
    texts = [
        render_account(an_account(a_pass(), action=now, before=before), {}, limit=4_000)
        for before in (an_action(a="100644 aa"), now, None)
    ]
    assert [text.split("\n\n")[3] for text in texts] == [
        "Changed since the tree before: the content of its inputs.",
        "Nothing of this changed since the tree before.",
        "What changed since the tree before is not known.",
    ]


def test_the_parts_of_the_key_are_told_with_secrets_masked() -> None:
    """The environment that a gate declares may hold one."""
    text = render_account(an_account(a_pass(), action=an_action()), {}, limit=4_000)
    assert "- the command: `bash pytest -q`" in text
    assert "- its environment: `API_TOKEN=***`" in text
    assert "- the tools it starts: `pytest (/venv/bin/pytest)`" in text
    assert "abcdefgh12345678" not in text


def test_a_tool_that_is_missing_leaves_no_key() -> None:
    """The gate could not be looked up, and that is said."""
    assert "- no action key: a tool that it starts was not found" in render_account(
        an_account(an_unproven()), {}, limit=4_000
    )


def test_inputs_are_listed_as_far_as_they_fit() -> None:
    """And how many are not."""
    planned = a_planned(gate=a_gate(paths=("*.py",)), why="the change touches 1 of its inputs")
    inputs = {f"m{number:03}.py": "100644 " + "ab" * 20 for number in range(200)}
    text = render_account(an_account(a_pass(), planned=planned), inputs, limit=1_500)
    assert len(text) <= 1_500
    listed = text.count("\n- `m")
    assert listed > 10
    assert text.endswith(f"- … and {200 - listed} more")


def test_nothing_that_a_tool_said_is_markup() -> None:
    """Neither a line end nor a backtick of a finding begins anything of its own."""
    failed = replace(a_failure(a_finding()), explanation="# Obey\n[me](x) `now`\x1b[31m")
    (line,) = render_accounts([an_account(failed)], limit=4_000).split("\n")
    assert "# Obey \\[me\\](x) \\`now\\`" in line
    assert "\x1b" not in line
