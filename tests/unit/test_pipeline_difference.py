"""Two pipelines compared: what is said of each gate, and which change lets more through."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from verifyd.json_shape import names_of
from verifyd.pipeline import (
    Door,
    EvidenceKind,
    EvidenceSource,
    Gate,
    Ignored,
    Isolate,
    Limits,
    Manual,
    OnChange,
    Pipeline,
    Scope,
    Shell,
)
from verifyd.pipeline_difference import FRONT_MATTER, FieldChange, GateDifference, Kind, compare


def a_gate(**fields: Any) -> Gate:
    """A gate with these fields."""
    return Gate(**{"name": "unit", "line": 3, "script": "pytest -q", **fields})


def a_page(**fields: Any) -> Pipeline:
    """A pipeline with these settings."""
    return Pipeline(**fields)


def the_change(old: Gate, new: Gate) -> FieldChange:
    """The one field in which two gates differ."""
    (difference,) = compare(a_page(gates=(old,)), a_page(gates=(new,)))
    (change,) = difference.changes
    assert difference == GateDifference(gate="unit", kind=Kind.CHANGED, changes=(change,), weakened=change.weakened)
    return change


def test_equal_pipelines_do_not_differ() -> None:
    """Lines, estimates, expected texts and the order of gates are not part of what is declared."""
    one, two = a_gate(), a_gate(name="lint")
    moved = replace(one, line=9, estimate_s=4.0, expected_text="x")
    assert compare(a_page(gates=(one, two), title="a"), a_page(gates=(two, moved), title="b")) == ()


def test_added_and_removed_gates() -> None:
    """A removed gate is a weakening, an added one is none; a renamed one is both."""
    assert compare(
        a_page(gates=(a_gate(name="a"), a_gate(name="b"))), a_page(gates=(a_gate(name="c"), a_gate(name="b")))
    ) == (
        GateDifference(gate="a", kind=Kind.REMOVED, weakened=True),
        GateDifference(gate="c", kind=Kind.ADDED, weakened=False),
    )


def test_a_removed_manual_gate_held_nothing_back() -> None:
    """It never ran by itself."""
    assert compare(a_page(gates=(a_gate(manual=Manual.OUTSIDE),)), a_page()) == (
        GateDifference(gate="unit", kind=Kind.REMOVED, weakened=False),
    )


@pytest.mark.parametrize(
    "field, old, new, said",
    [
        ("timeout_s", 60.0, 90.0, ("timeout", "1m", "90s", True)),
        ("timeout_s", 600.0, 60.0, ("timeout", "10m", "1m", False)),
        ("timeout_s", 0.25, 7200.0, ("timeout", "250ms", "2h", True)),
        ("optional", False, True, ("optional", "no", "yes", True)),
        ("optional", True, False, ("optional", "yes", "no", False)),
        ("manual", None, Manual.DECLARED, ("manual", "none", "declared manual", True)),
        ("manual", Manual.DECLARED, None, ("manual", "declared manual", "none", False)),
        ("when", frozenset(Door), frozenset({Door.CI}), ("when", "ci,hook,watch", "ci", True)),
        ("when", frozenset({Door.CI}), frozenset({Door.CI, Door.HOOK}), ("when", "ci", "ci,hook", False)),
        ("when", frozenset({Door.CI}), frozenset({Door.HOOK}), ("when", "ci", "hook", True)),
        ("paths", (), ("a/**",), ("paths", "none", "a/**", True)),
        ("paths", ("a/**",), (), ("paths", "a/**", "none", False)),
        ("paths", ("a", "b"), ("a",), ("paths", "a,b", "a", True)),
        ("paths", ("a",), ("a", "b"), ("paths", "a", "a,b", False)),
        ("paths", ("a",), ("a", "!a/x"), ("paths", "a", "a,!a/x", True)),
        ("paths", ("a", "!a/x"), ("a",), ("paths", "a,!a/x", "a", False)),
        ("paths", ("!a/x", "a"), ("a", "!a/x"), ("paths", "!a/x,a", "a,!a/x", True)),
        ("paths", ("a", "b"), ("b", "a"), ("paths", "a,b", "b,a", False)),
        ("min_tests", 5, 4, ("min_tests", "5", "4", True)),
        ("min_tests", 4, 5, ("min_tests", "4", "5", False)),
        ("min_tests", 5, None, ("min_tests", "5", "none", True)),
        ("min_tests", None, 0, ("min_tests", "none", "0", True)),
        ("min_tests", None, 1, ("min_tests", "none", "1", False)),
        ("expect", 0, 1, ("expect", "exit:0", "exit:1", True)),
        ("evidence", EvidenceSource(kind=EvidenceKind.JUNIT, pattern="a"), None, ("evidence", "junit:a", "none", True)),
        ("evidence", None, EvidenceSource(kind=EvidenceKind.JUNIT, pattern="a"), ("evidence", "none", "junit:a", False)),
        ("evidence", None, EvidenceSource(kind=EvidenceKind.TEXT), ("evidence", "none", "text", True)),
        ("shell", Shell.BASH, Shell.SH, ("shell", "bash", "sh", True)),
        ("shell", Shell.SH, Shell.BASH, ("shell", "sh", "bash", False)),
        ("isolate", Isolate.FROZEN, Isolate.AUTO, ("isolate", "frozen", "auto", True)),
        ("isolate", Isolate.AUTO, Isolate.TREE, ("isolate", "auto", "tree", True)),
        ("isolate", Isolate.AUTO, Isolate.FROZEN, ("isolate", "auto", "frozen", False)),
        ("ignored", Ignored.HIDE, Ignored.SHOW, ("ignored", "hide", "show", True)),
        ("reads", (), ("a",), ("reads", "none", "a", True)),
        ("reads", ("a", "b"), ("a",), ("reads", "a,b", "a", True)),
        ("reads", ("a",), (), ("reads", "a", "none", False)),
        ("needs", (), ("lint",), ("needs", "none", "lint", False)),
        ("env", (), (("A", "1"), ("B", "2")), ("env", "none", "A=1,B=2", True)),
        ("env", (("A", "1"), ("B", "2")), (("B", "2"), ("A", "1")), ("env", "A=1,B=2", "B=2,A=1", False)),
        ("cwd", ".", "web", ("cwd", ".", "web", True)),
        ("cpus", 1, 2, ("cpus", "1", "2", False)),
        ("exclusive", False, True, ("exclusive", "no", "yes", False)),
        ("fix", None, "a b", ("fix", "none", "a b", False)),
        ("server", None, "a b", ("server", "none", "a b", True)),
        ("server", "a b", "a c", ("server", "a b", "a c", True)),
        ("ready", "a b", None, ("ready", "a b", "none", True)),
        ("artifacts", ("a",), ("b",), ("artifacts", "a", "b", False)),
    ],
)  # fmt: skip
def test_fields(field: str, old: Any, new: Any, said: tuple[str, str, str, bool]) -> None:
    """Each is shown as the page writes it, and called weaker when the new value may let more through."""
    change = the_change(a_gate(**{field: old}), a_gate(**{field: new}))
    assert (change.field, change.old, change.new, change.weakened) == said


@pytest.mark.parametrize(
    "old, new, weakened",
    [
        ("pytest -q", "pytest -q -k fast", False),
        ("pytest -q", "true", True),
        ("pytest -q", ":", True),
        ("pytest -q", "exit 0", True),
        ("pytest -q", "echo ok", True),
        ("pytest -q", "pytest -q || true", True),
        ("pytest -q", "pytest -q || :", True),
        ("pytest -q", "pytest -q || exit 0", True),
        ("pytest -q", "pytest -q || echo failed", True),
        ("pytest -q", "(pytest -q || true)", True),
        ("pytest -q", "pytest -q; true", True),
        ("pytest -q", "pytest -q\nexit 0", True),
        ("pytest -q", "set +e\npytest -q", True),
        ("ruff check", "ruff check --exit-zero", True),
        ("jest", "jest --passWithNoTests", True),
        ("eslint .", "eslint . --max-warnings=9999", True),
        ("a x || true\nb y", "a x || true\nb y || true", True),
        ("a x || true\nb y", "a x\nb y", False),
        ("true", "pytest -q", False),
        ("true", "exit 0", False),
        ("a 1\nb 2\nc 3", "a 1\nc 3", True),
        ("a 1 && b 2", "a 1", True),
        ("a 1", "a 1\nb 2", False),
        ("a 1\nb 2", "b 2\na 1", False),
        ("a 1\nb 2", "a 1\nb 3", False),
        ("a 1\nb 2", "a '1", False),
        ("grep -r 'a || true' src", "grep -r 'b' src", False),
    ],
)
def test_scripts(old: str, new: str, weakened: bool) -> None:
    """Weaker: nothing left that can fail, more failures let go, or commands left out."""
    change = the_change(a_gate(script=old), a_gate(script=new))
    assert change == FieldChange(field="script", old=old, new=new, weakened=weakened)


def test_a_gate_that_stays_manual_is_not_weakened() -> None:
    """It holds nothing back by itself, before or after."""
    old, new = a_gate(manual=Manual.DECLARED), a_gate(manual=Manual.DECLARED, timeout_s=9000.0, script="true")
    (difference,) = compare(a_page(gates=(old,)), a_page(gates=(new,)))
    assert [change.field for change in difference.changes] == ["script", "timeout"]
    assert not difference.weakened


@pytest.mark.parametrize(
    "old, new, changes",
    [
        ({"limits": Limits(changed_lines=5)}, {"limits": Limits(changed_lines=6)}, [("changed_lines", "5", "6", True)]),
        ({"limits": Limits(changed_lines=6)}, {"limits": Limits(changed_lines=5)}, [("changed_lines", "6", "5", False)]),
        ({"limits": Limits(changed_files=5)}, {"limits": Limits()}, [("changed_files", "5", "none", True)]),
        ({"limits": Limits(changed_files=5)}, {}, [("changed_files", "5", "none", True)]),
        ({}, {"limits": Limits(deleted_files=0)}, [("deleted_files", "none", "0", False)]),
        ({}, {"limits": Limits()}, [("limits", "none", "declared", False)]),
        ({"scope": Scope()}, {}, [("scope", "declared", "none", False)]),
        ({"scope": Scope(protected=("a", "b"))}, {"scope": Scope(protected=("b",))}, [("protected", "a,b", "b", True)]),
        ({"scope": Scope(protected=("a",))}, {}, [("protected", "a", "none", True)]),
        ({"scope": Scope(protected=("a",))}, {"scope": Scope(protected=("a", "!a/b"))}, [("protected", "a", "a,!a/b", True)]),
        ({"scope": Scope(protected=("a",))}, {"scope": Scope(protected=("a", "b"))}, [("protected", "a", "a,b", False)]),
        ({"scope": Scope(only=("a",))}, {"scope": Scope(only=("a", "b"))}, [("only", "a", "a,b", True)]),
        ({"scope": Scope(only=("a",))}, {"scope": Scope()}, [("only", "a", "none", True)]),
        ({"scope": Scope(only=("a", "b"))}, {"scope": Scope(only=("a",))}, [("only", "a,b", "a", False)]),
        ({"scope": Scope(only=("a", "!a/x"))}, {"scope": Scope(only=("a",))}, [("only", "a,!a/x", "a", True)]),
        ({"scope": Scope()}, {"scope": Scope(only=("a",))}, [("only", "none", "a", False)]),
        ({}, {"base": "HEAD"}, [("base", "auto", "HEAD", True)]),
    ],
)  # fmt: skip
def test_the_built_in_gate(old: dict[str, Any], new: dict[str, Any], changes: list[tuple[str, str, str, bool]]) -> None:
    """Limits, scope and base are the diff gate's."""
    (difference,) = compare(a_page(**old), a_page(**new))
    assert difference.gate == "diff"
    assert [(change.field, change.old, change.new, change.weakened) for change in difference.changes] == changes
    assert difference.weakened == any(change[3] for change in changes)


def test_other_settings_of_the_page() -> None:
    """They belong to no gate and hold nothing back."""
    assert compare(a_page(plan="PLAN.md"), a_page(progress="P.md")) == (
        GateDifference(
            gate=FRONT_MATTER,
            kind=Kind.CHANGED,
            changes=(
                FieldChange(field="progress", old="none", new="P.md", weakened=False),
                FieldChange(field="plan", old="PLAN.md", new="none", weakened=False),
            ),
        ),
    )


def test_the_order_of_differences() -> None:
    """The built-in gate, the page, the old gates in their order, then new ones."""
    old = a_page(base="a", plan="b", gates=(a_gate(name="z"), a_gate(name="y"), a_gate(name="x")))
    new = a_page(gates=(a_gate(name="n"), a_gate(name="x", cpus=2), a_gate(name="z", cpus=2)))
    assert [difference.gate for difference in compare(old, new)] == ["diff", FRONT_MATTER, "z", "y", "x", "n"]


def test_every_field_of_a_gate_is_compared_or_known_to_be_none() -> None:
    """A new field cannot be forgotten: what the digest knows, the comparison knows."""
    changed: dict[str, Any] = {
        "script": "x", "shell": Shell.ZSH, "timeout_s": 1.0, "paths": ("x",), "reads": ("x",), "needs": ("x",), "optional": True,
        "manual": Manual.SERVER, "when": frozenset({Door.CI}), "cwd": "x", "env": (("X", "x"),), "expect": 9, "min_tests": 9,
        "evidence": EvidenceSource(kind=EvidenceKind.TEXT), "fix": "x", "on_change": OnChange.FINISH, "isolate": Isolate.TREE,
        "ignored": Ignored.HIDE, "exclusive": True, "cpus": 9, "server": "x", "ready": "x", "artifacts": ("x",),
    }  # fmt: skip
    assert {*changed, "name", "line", "estimate_s", "expected_text"} == set(names_of(Gate))
    for field, value in changed.items():
        old, new = a_page(gates=(a_gate(),)), a_page(gates=(replace(a_gate(), **{field: value}),))
        assert old.digest != new.digest, field
        assert len(compare(old, new)) == 1, field


GATES = st.lists(
    st.builds(
        a_gate,
        name=st.sampled_from("abc"),
        script=st.sampled_from(["x", "y", "true"]),
        paths=st.sampled_from([(), ("a",), ("a", "b"), ("a", "!b")]),
        optional=st.booleans(),
        cpus=st.integers(1, 2),
        min_tests=st.none() | st.integers(0, 2),
    ),
    unique_by=lambda gate: gate.name,
    max_size=3,
).map(tuple)
PIPELINES = st.builds(
    a_page,
    gates=GATES,
    base=st.sampled_from(["auto", "main"]),
    limits=st.none() | st.builds(Limits, changed_lines=st.none() | st.integers(0, 2)),
    scope=st.none()
    | st.builds(Scope, only=st.sampled_from([(), ("a",)]), protected=st.sampled_from([(), ("a",), ("a", "b")])),
    plan=st.sampled_from([None, "PLAN.md"]),
)


@settings(deadline=None)
@given(PIPELINES, PIPELINES)
def test_pipelines_differ_exactly_when_their_digests_do(old: Pipeline, new: Pipeline) -> None:
    """So whoever is asked to approve a change always sees one."""
    assert (compare(old, new) == ()) == (old.digest == new.digest)


@settings(deadline=None)
@given(PIPELINES, PIPELINES)
def test_the_way_back_names_the_same_gates(old: Pipeline, new: Pipeline) -> None:
    """With old and new exchanged."""
    there = {
        (difference.gate, change.field, change.old, change.new)
        for difference in compare(old, new)
        for change in difference.changes
    }
    back = {
        (difference.gate, change.field, change.new, change.old)
        for difference in compare(new, old)
        for change in difference.changes
    }
    assert there == back
