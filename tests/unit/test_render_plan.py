"""``verifyd plan``: everything a person must see before these commands may run."""

from __future__ import annotations

import json
from dataclasses import dataclass

import jsonschema
import pytest
from hypothesis import given, settings

from tests.support.builders import BASE, TREE, a_change, a_gate, a_snapshot
from tests.support.hostile import ACTS_ON_TERMINALS, hostile
from verifyd.json_shape import schema_of
from verifyd.pipeline import (
    ApprovedBy,
    EvidenceKind,
    EvidenceSource,
    Gate,
    Isolate,
    LeftOut,
    Limits,
    Manual,
    OnChange,
    Pipeline,
    Scope,
    Shell,
)
from verifyd.plan import make_plan
from verifyd.render.plan import render_plan, render_plan_json
from verifyd.render.plan_document import PlanDocument
from verifyd.report import Approved, Hold
from verifyd.timing import Timing
from verifyd.verdict import Reason

AT_A_TERMINAL = Approved(by=ApprovedBy.TERMINAL, at="2026-11-20T08:00:00Z")


@dataclass(frozen=True, kw_only=True)
class Declared:
    """What VERIFY.md says, approved or not."""

    written: Pipeline
    approved: Approved | None = AT_A_TERMINAL
    holds: tuple[Hold, ...] = ()
    trouble: str = ""


def shown(declared: Declared, *changed: str) -> str:
    """The plan's text for a change of these files."""
    timings = {"lint": Timing(estimate_s=0.31), "tests": Timing(estimate_s=3.9)}
    plan = make_plan(declared.written, a_change(*changed), timings, tree_paths=frozenset({"src/calc.py", "web/a.js"}))
    return render_plan(plan, declared, a_snapshot())


def a_pipeline(*gates: Gate) -> Pipeline:
    """These gates, some bounds, and a line that is no gate."""
    return Pipeline(
        gates=gates,
        limits=Limits(changed_lines=200, deleted_files=0),
        scope=Scope(only=("src/**",), protected=("VERIFY.md",)),
        left_out=(LeftOut(line=60, text="make smoke", reason="a log of a past result"),),
    )


def test_a_plan_tells_what_runs_in_what_order_and_what_does_not_and_why() -> None:
    """Line, time, reason, script and inputs of each gate; the built-in one; what was not taken."""
    pipeline = a_pipeline(
        a_gate("lint", line=12, script="ruff check .", paths=("**/*.py",), timeout_s=30.0, fix="ruff check --fix ."),
        a_gate("tests", line=17, script="cd src\npytest -q", needs=("lint",), env=(("A", "b"),), min_tests=1),
        a_gate("browser", line=22, script="npx playwright test", paths=("web/**",), optional=True),
        a_gate("deploy", line=30, script="make deploy", manual=Manual.OUTSIDE),
    )
    assert (
        shown(Declared(written=pipeline), "src/calc.py")
        == f"""\
2 of 4 gates would run on tree {TREE}, about 4.21 s with slots enough
pipeline {pipeline.digest[:12]}, approved at a terminal at 2026-11-20T08:00:00Z

Would run, in this order:
  1. lint  VERIFY.md:12  about 0.31 s  the change touches 1 of its inputs
     | ruff check .
       inputs: **/*.py (1 file)
       limit: 30.0 s
       fixer: ruff check --fix .
  2. tests  VERIFY.md:17  about 3.90 s  reads all files
     | cd src
     | pytest -q
       needs: lint
       at least: 1 test
       environment: A=b

Built in:
  -  diff  at most 200 changed lines; no deleted files; only src/**; protected VERIFY.md

Would not run:
  -  browser (optional)  VERIFY.md:22  not_affected: the change touches nothing that matches web/**
     | npx playwright test
       inputs: web/** (1 file)
  -  deploy  VERIFY.md:30  manual: {Manual.OUTSIDE}
     | make deploy

Not taken as gates:
  -  VERIFY.md:60  make smoke  (a log of a past result)
"""
    )


@pytest.mark.parametrize(
    "trouble, more", [("", []), ("its approval cannot be read", ["! its approval cannot be read"])]
)
def test_a_pipeline_that_was_never_approved_runs_nothing_yet(trouble: str, more: list[str]) -> None:
    """What to do is said once, and not that this list should be looked at; an approval that cannot be read is no approval."""
    hold = Hold(reason=Reason.UNAPPROVED, explanation="never approved; look at it with: verifyd plan")
    declared = Declared(written=Pipeline(gates=(a_gate(),)), approved=None, holds=(hold,), trouble=trouble)
    lines = shown(declared).splitlines()
    assert lines[1].endswith("never approved: nothing runs before verifyd approve")
    assert lines[2 : lines.index("")] == more


def test_a_changed_pipeline_says_when_the_old_one_was_approved() -> None:
    """And by whom."""
    approved = Approved(by=ApprovedBy.FLAG, at="2026-11-20T08:00:00Z", current=False)
    assert "changed since it was approved by the flag --yes at 2026-11-20T08:00:00Z" in shown(
        Declared(written=Pipeline(gates=(a_gate(),)), approved=approved)
    )


def test_every_attribute_that_is_not_the_default_is_shown() -> None:
    """Nothing that runs, or bears on what passes, is hidden from whoever approves."""
    gate = a_gate(
        shell=Shell.SH,
        cwd="web",
        reads=("*.cfg",),
        expect=3,
        evidence=EvidenceSource(kind=EvidenceKind.JUNIT, pattern="out/*.xml"),
        server="npm run preview",
        ready="http://127.0.0.1:4173",
        artifacts=("shots/**",),
        cpus=2,
        exclusive=True,
        isolate=Isolate.FROZEN,
        on_change=OnChange.FINISH,
        expected_text="12 passed",
    )
    text = shown(Declared(written=Pipeline(gates=(gate,))))
    assert [line.strip() for line in text.split("| pytest -q\n")[1].splitlines()] == [
        "reads: *.cfg",
        "folder: web",
        "shell: sh",
        "passes with: exit status 3",
        "evidence: junit out/*.xml",
        "server: npm run preview (ready: http://127.0.0.1:4173)",
        "artifacts: shots/**",
        "slots: 2",
        "alone: never beside another gate",
        "files: frozen",
        "on change: finish",
        "expected: 12 passed",
    ]


def test_commands_are_shown_unmasked() -> None:
    """A mask could hide what a command does from the person who lets it run."""
    assert "| curl -H token=abcdef0123456789 x\n" in shown(
        Declared(written=Pipeline(gates=(a_gate(script="curl -H token=abcdef0123456789 x"),)))
    )


@settings(max_examples=60)
@given(hostile, hostile)
def test_no_script_makes_a_line_of_its_own(script: str, text: str) -> None:
    """What is invisible is spelled, and every line of a script stands behind a bar."""
    gate = a_gate(script=f"{script}x", fix=text or None, cwd=text or ".")
    declared = Declared(written=Pipeline(gates=(gate,), left_out=(LeftOut(line=1, text=text, reason="r"),)))
    page = shown(declared)
    assert ACTS_ON_TERMINALS.search(page) is None
    starts = (
        "1 of 1",
        "pipeline ",
        "Would run",
        "  1. ",
        "     | ",
        "       folder: ",
        "       fixer: ",
        "Not taken",
        "  -  ",
    )
    assert [line for line in page.splitlines() if line and not line.startswith(starts)] == []


def test_the_json_is_of_the_published_shape() -> None:
    """Commands, reasons and times for scripts."""
    pipeline = a_pipeline(a_gate("lint", paths=("**/*.py",)), a_gate("deploy", manual=Manual.OUTSIDE))
    plan = make_plan(
        pipeline,
        a_change("src/calc.py"),
        {"lint": Timing(estimate_s=0.30000000000000004)},
        tree_paths=frozenset({"src/calc.py"}),
    )
    document = json.loads(render_plan_json(plan, Declared(written=pipeline), a_snapshot()))
    jsonschema.validate(document, schema_of(PlanDocument))
    assert {name: document[name] for name in ("schema", "tree", "base", "approved", "holds", "critical_path_s")} == {
        "schema": "verifyd.plan/1",
        "tree": TREE,
        "base": BASE,
        "approved": True,
        "holds": [],
        "critical_path_s": 0.3,
    }
    assert [
        (gate["name"], gate["runs"], gate["skip"], gate["input_files"], gate["manual"]) for gate in document["gates"]
    ] == [
        ("lint", True, None, 1, None),
        ("deploy", False, "manual", None, str(Manual.OUTSIDE)),
    ]
    assert document["limits"] == {"changed_lines": 200, "changed_files": None, "deleted_files": 0}
    assert document["left_out"] == [{"line": 60, "text": "make smoke", "reason": "a log of a past result"}]
