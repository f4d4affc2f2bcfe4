"""The pipeline as a value: its digest, and what is said of one gate."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from verifyd.pipeline import Door, Gate, Limits, Manual, Pipeline, Scope

PIPELINE = Pipeline(
    base="auto",
    limits=Limits(changed_lines=200),
    scope=Scope(protected=("VERIFY.md",)),
    gates=(
        Gate(name="lint", line=3, script="ruff check .", when=frozenset({Door.CI, Door.HOOK})),
        Gate(name="tests", line=7, script="pytest -q", timeout_s=300.0, needs=("lint",), env=(("A", "1"),)),
    ),
)


def test_the_digest_of_a_pipeline_stays_what_it_is() -> None:
    """People approved digests: another one for the same pipeline asks every user again, so it needs a decision record."""
    assert PIPELINE.digest == "59d358b7ecd868dac3340e20a07e1b49c250bace7138a8dab8022eaf10a53cd9"


def test_what_bears_on_no_verdict_is_not_in_the_digest() -> None:
    """Titles, lines, estimates, expected texts, what was left out, and the order of gates."""
    moved = tuple(replace(gate, line=99, estimate_s=1.0, expected_text="x") for gate in PIPELINE.gates)
    other = replace(PIPELINE, title="x", gates=moved[::-1])
    assert other.digest == PIPELINE.digest


def test_gates_are_found_by_name() -> None:
    """None for a name that no gate has."""
    assert PIPELINE.gate("tests") == PIPELINE.gates[1]
    assert PIPELINE.gate("test") is None


@pytest.mark.parametrize(
    "manual, expected",
    [(None, True), (Manual.DECLARED, True)] + [(m, False) for m in Manual if m is not Manual.DECLARED],
)
def test_only_what_is_declared_manual_may_be_named(manual: Manual | None, expected: bool) -> None:
    """What is dangerous by its nature is not run by naming it either."""
    assert replace(PIPELINE.gates[0], manual=manual).may_be_named is expected


@pytest.mark.parametrize("script, title", [("a b", "a b"), ("a b\nc", "a b …")])
def test_the_title_of_a_gate(script: str, title: str) -> None:
    """Its first line, with a sign that there are more."""
    assert Gate(name="x", line=1, script=script).title == title
