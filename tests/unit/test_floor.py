"""The base's pipeline as a floor under the one that a change writes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.support.builders import a_gate
from verifyd.floor import floor_lines, hold_floor
from verifyd.pipeline import Door, EvidenceKind, EvidenceSource, Gate, Limits, Manual, Pipeline, Scope
from verifyd.pipeline_difference import compare
from verifyd.verify_md.needs import find_circle


def a_pipeline(*gates: Gate, **fields: Any) -> Pipeline:
    """A pipeline of gates."""
    return Pipeline(gates=gates, **fields)


def lines(base: Pipeline, written: Pipeline) -> tuple[str, ...]:
    """What people are told of a change."""
    return floor_lines(hold_floor(base, written).differences, put_back=True)


def test_a_pipeline_that_did_not_change_runs_as_it_is() -> None:
    """Nothing differs, nothing is put back."""
    pipeline = a_pipeline(a_gate())
    floor = hold_floor(pipeline, replace(pipeline, title="Other words"))
    assert (floor.differences, floor.pipeline.gates) == ((), pipeline.gates)


def test_a_removed_gate_comes_back() -> None:
    """As the base declares it, and it is told."""
    base = a_pipeline(a_gate("lint", script="ruff check"), a_gate("tests", needs=("lint",)))
    assert hold_floor(base, a_pipeline(a_gate("tests"))).pipeline.gates == (
        a_gate("tests"),
        a_gate("lint", script="ruff check"),
    )
    assert lines(base, a_pipeline(a_gate("tests", needs=("lint",)))) == (
        "VERIFY.md: lint: removed (the base has it: it ran)",
    )


def test_an_emptied_page_runs_all_of_the_base() -> None:
    """Nothing is left out, limits and scope included."""
    base = a_pipeline(a_gate(), limits=Limits(changed_lines=5), scope=Scope(protected=("VERIFY.md",)))
    held = hold_floor(base, a_pipeline()).pipeline
    assert (held.gates, held.limits, held.scope) == (base.gates, base.limits, base.scope)


@pytest.mark.parametrize(
    "old, new, said",
    [
        ({"timeout_s": 30.0}, {"timeout_s": 300.0}, "timeout is 5m, the base has 30s"),
        ({}, {"optional": True}, "optional is yes, the base has no"),
        ({}, {"manual": Manual.DECLARED}, "manual is declared manual, the base has none"),
        ({}, {"paths": ("src/**",)}, "paths is src/**, the base has none"),
        ({"min_tests": 10}, {"min_tests": 1}, "min_tests is 1, the base has 10"),
        ({}, {"when": frozenset({Door.WATCH})}, "when is watch, the base has ci,hook,watch"),
        ({}, {"env": (("PATH", "fake"),)}, "env is PATH=fake, the base has none"),
        ({"env": (("CI", "1"),)}, {"env": ()}, "env is none, the base has CI=1"),
        ({}, {"cwd": "trivial"}, "cwd is trivial, the base has ."),
    ],
)
def test_a_weakened_field_is_put_back(old: dict[str, Any], new: dict[str, Any], said: str) -> None:
    """That field alone: what else the change says of the gate holds."""
    base, written = a_pipeline(a_gate(**old)), a_pipeline(a_gate(**{**old, **new}, cpus=2))
    assert hold_floor(base, written).pipeline.gates == (a_gate(**old, cpus=2),)
    assert f"VERIFY.md: tests: {said} (weaker: the base's ran)" in lines(base, written)


@pytest.mark.parametrize(
    "old, new",
    [
        ("pytest -q", "true"),
        ("pytest -q", "pytest -q || true"),
        ("ruff check\nmypy src", "ruff check"),
        ("pytest -q", "python fine.py"),
        ("make test", "echo make test"),
    ],
)
def test_a_weakened_script_is_run_as_the_base_runs_it(old: str, new: str) -> None:
    """With the folder, the variables and the status that belong to it; a program that is no longer started counts as weaker."""
    base = a_pipeline(a_gate(script=old, cwd="a", expect=0))
    written = a_pipeline(
        a_gate(script=new, cwd="b", env=(("A", "1"),), evidence=EvidenceSource(kind=EvidenceKind.TEXT))
    )
    assert hold_floor(base, written).pipeline.gates == base.gates


@pytest.mark.parametrize("new", ["pytest -q -n4", "ruff check\npytest -q", "cd src\npytest -q"])
def test_a_script_that_still_starts_all_its_programs_runs_as_written(new: str) -> None:
    """It is told, and nothing is put back."""
    base, written = a_pipeline(a_gate()), a_pipeline(a_gate(script=new))
    floor = hold_floor(base, written)
    assert (floor.weakened, floor.pipeline) == ((), written)
    assert lines(base, written) == (f"VERIFY.md: tests: script is {new}, the base has pytest -q",)


def test_a_stronger_pipeline_runs_as_written() -> None:
    """More gates, shorter limits."""
    base = a_pipeline(a_gate(), limits=Limits(changed_lines=50))
    written = a_pipeline(a_gate(timeout_s=5.0), a_gate("lint"), limits=Limits(changed_lines=20, deleted_files=0))
    floor = hold_floor(base, written)
    assert (floor.weakened, floor.pipeline) == ((), written)


def test_limits_and_scope_keep_the_stricter_part_of_each() -> None:
    """A raised limit falls back, a new one holds; a glob that was taken away comes back."""
    base = a_pipeline(limits=Limits(changed_lines=50, changed_files=9), scope=Scope(protected=("VERIFY.md", "LICENSE")))
    written = a_pipeline(
        limits=Limits(changed_lines=500, changed_files=3, deleted_files=0),
        scope=Scope(only=("src/**",), protected=("LICENSE",)),
    )
    held = hold_floor(base, written).pipeline
    assert held.limits == Limits(changed_lines=50, changed_files=3, deleted_files=0)
    assert held.scope == Scope(only=("src/**",), protected=("VERIFY.md", "LICENSE"))


def test_a_gate_that_comes_back_waits_for_none_that_is_gone_or_manual() -> None:
    """It would be skipped for ever, and so would whatever waits for it."""
    base = a_pipeline(a_gate("build"), a_gate("deploy", manual=Manual.DECLARED), a_gate("tests", needs=("build",)))
    written = a_pipeline(a_gate("build", manual=Manual.DECLARED), a_gate("deploy", manual=Manual.DECLARED))
    held = {gate.name: gate for gate in hold_floor(base, written).pipeline.gates}
    assert (held["build"].manual, held["tests"].needs) == (None, ("build",))


def test_gates_of_two_pages_never_need_each_other_in_a_circle() -> None:
    """Needs are those that are written."""
    base = a_pipeline(a_gate("a", needs=("b",), timeout_s=5.0), a_gate("b"))
    written = a_pipeline(a_gate("a", timeout_s=50.0), a_gate("b", needs=("a",)))
    held = hold_floor(base, written).pipeline
    assert find_circle(held.gates) == []
    assert held.gate("a") == a_gate("a", timeout_s=5.0)


NAMES = ("a", "b", "c")
GATES = st.builds(
    lambda name, script, timeout, optional, paths, min_tests, manual: a_gate(
        name, script=script, timeout_s=timeout, optional=optional, paths=paths, min_tests=min_tests, manual=manual
    ),
    st.sampled_from(NAMES),
    st.sampled_from(["pytest -q", "true", "pytest -q || true", "ruff check\npytest -q", "mypy"]),
    st.sampled_from([5.0, 60.0]),
    st.booleans(),
    st.sampled_from([(), ("src/**",), ("src/**", "tests/**")]),
    st.sampled_from([None, 0, 5]),
    st.sampled_from([None, Manual.DECLARED]),
)
PIPELINES = st.builds(
    lambda gates, lines, protected: a_pipeline(
        *gates,
        limits=Limits(changed_lines=lines) if lines is not None else None,
        scope=Scope(protected=protected) if protected else None,
    ),
    st.lists(GATES, max_size=3, unique_by=lambda gate: gate.name),
    st.sampled_from([None, 10, 100]),
    st.sampled_from([(), ("VERIFY.md",), ("VERIFY.md", "LICENSE")]),
)


@given(base=PIPELINES, written=PIPELINES)
def test_what_runs_is_never_weaker_than_the_base(base: Pipeline, written: Pipeline) -> None:
    """Held against the base, the pipeline that runs has no weaker gate, whatever a change writes."""
    held = hold_floor(base, written).pipeline
    assert [difference for difference in compare(base, held) if difference.weakened] == []
    assert hold_floor(base, held).pipeline == held
