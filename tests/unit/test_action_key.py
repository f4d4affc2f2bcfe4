"""What a gate's result depends on: what changes the key and what does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from verifyd.action_key import (
    SCHEMA,
    Action,
    ToolStamp,
    content_part,
    digest_of,
    make_action,
    make_action_key,
    unrepeatable,
)
from verifyd.pipeline import Door, EvidenceKind, EvidenceSource, Gate, Ignored, Isolate, Manual, OnChange, Shell

PYTEST = ToolStamp(name="pytest", path="/venv/bin/pytest", stamp="194 1")
PACKAGES = ToolStamp(name="distributions", path="/venv/lib/python3.11/site-packages", stamp="ab")


def a_gate(**fields: Any) -> Gate:
    """A gate that runs pytest."""
    return Gate(**{"name": "tests", "line": 31, "script": "pytest -q", **fields})


def a_key(gate: Gate | None = None, **changes: Any) -> str:
    """The key of a gate in an unremarkable world."""
    world: dict[str, Any] = {
        "inputs": {"a.py": "100644 aa", "b.py": "100644 bb"},
        "tools": (PYTEST, PACKAGES),
        "environment": {"A": "1"},
        "platform": "linux-x86_64",
        "view": "tree",
    }
    return make_action_key(gate or a_gate(), **{**world, **changes})


def test_a_key_is_two_sha256() -> None:
    """The same ones on every machine and in every release with this schema."""
    assert (
        a_key()
        == "399c1c6b1f900ef62671f57ad00036611b23e549dee64e1b79bdbfe8d6afa10c.e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


def test_the_first_part_of_a_key_stands_for_the_tree_and_the_means() -> None:
    """What lies beside the tree changes the second alone: flakes are counted whatever lay there."""
    one, other = a_key(beside={"secret.cfg": "1"}), a_key(beside={"secret.cfg": "2"})
    assert (one == other, content_part(one) == content_part(other)) == (False, True)
    assert content_part(one) != content_part(a_key(a_gate(script="pytest"), beside={"secret.cfg": "1"}))


def test_an_unrepeatable_key_is_equal_to_none() -> None:
    """But it keeps its first part."""
    key = unrepeatable(a_key(), "1f2e3d4c5b6a")
    assert (key == a_key(), content_part(key) == content_part(a_key())) == (False, True)


@pytest.mark.parametrize(
    "fields",
    [
        {"script": "pytest -q "},
        {"shell": Shell.SH},
        {"name": "other"},
        {"cwd": "web"},
        {"timeout_s": 599.0},
        {"expect": 1},
        {"min_tests": 1},
        {"min_tests": 0},
        {"evidence": EvidenceSource(kind=EvidenceKind.JUNIT, pattern="a.xml")},
        {"evidence": EvidenceSource(kind=EvidenceKind.TEXT)},
        {"server": "serve"},
        {"ready": "http://127.0.0.1:1"},
        {"ignored": Ignored.HIDE},
        {"artifacts": ("a/**",)},
    ],
    ids=str,
)
def test_what_bears_on_the_result_changes_the_key(fields: dict[str, Any]) -> None:
    """Each of these attributes can turn a pass into a failure, or what it proves into something else."""
    assert a_key(a_gate(**fields)) != a_key()


@pytest.mark.parametrize(
    "fields",
    [
        {"line": 1},
        {"optional": True},
        {"manual": Manual.DECLARED},
        {"when": frozenset({Door.CI})},
        {"needs": ("lint",)},
        {"fix": "ruff --fix"},
        {"on_change": OnChange.FINISH},
        {"exclusive": True},
        {"cpus": 2},
        {"estimate_s": 3.0},
        {"expected_text": "0 failed"},
        {"paths": ("**/*.py",)},
        {"reads": ("*.cfg",)},
        {"isolate": Isolate.FROZEN},
    ],
    ids=str,
)
def test_what_does_not_bear_on_the_result_leaves_the_key(fields: dict[str, Any]) -> None:
    """When and where it runs, what it is offered as, and how its inputs and view were chosen: those themselves are in the key."""
    assert a_key(a_gate(**fields)) == a_key()


@pytest.mark.parametrize(
    "changes",
    [
        {"inputs": {"a.py": "100644 aa"}},
        {"inputs": {"a.py": "100755 aa", "b.py": "100644 bb"}},
        {"inputs": {"a.py": "100644 aa", "c.py": "100644 bb"}},
        {"inputs": {"a.py": "100644 bb", "b.py": "100644 aa"}},
        {"tools": (PYTEST,)},
        {"tools": (PYTEST, ToolStamp(name="distributions", path=PACKAGES.path, stamp="cd"))},
        {"environment": {"A": "2"}},
        {"environment": {}},
        {"platform": "darwin-arm64"},
        {"view": "frozen"},
        {"beside": {"secret.cfg": "100644 5 1 1 1"}},
    ],
    ids=str,
)
def test_the_world_changes_the_key(changes: dict[str, Any]) -> None:
    """Content, mode and name of an input, a tool, a declared variable, the machine, the view."""
    assert a_key(**changes) != a_key()


def test_order_does_not_matter() -> None:
    """A mapping has none, and tools are a set."""
    assert a_key(inputs={"b.py": "100644 bb", "a.py": "100644 aa"}, tools=(PACKAGES, PYTEST, PYTEST)) == a_key()


def test_an_action_reads_like_a_bazel_action() -> None:
    """All fields, by their names there, so that a remote worker could be told the same."""
    gate = a_gate(cwd="web", artifacts=("b", "a"), server="serve", ready="x", min_tests=2)
    action = make_action(gate, inputs={}, tools=(PYTEST,), environment={"B": "2", "A": "1"}, platform="p", view="tree")
    assert action == Action(
        schema=SCHEMA,
        name="tests",
        arguments=("bash", "pytest -q", "serve", "x"),
        working_directory="web",
        environment=(("A", "1"), ("B", "2")),
        output_paths=("a", "b"),
        input_digest="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        beside_digest="e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        platform="p",
        tools=(PYTEST,),
        timeout_s=600.0,
        view=("tree", "show"),
        expectation=(0, 2),
    )


paths = st.dictionaries(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1),
    st.from_regex(r"100644 [0-9a-f]{4}", fullmatch=True),
    max_size=6,
)


@settings(deadline=None)  # a busy machine is no failure
@given(paths, paths)
def test_different_inputs_have_different_digests(one: dict[str, str], other: dict[str, str]) -> None:
    """No two sets of files run into each other, whatever their names: line ends and spaces included."""
    assert (digest_of(one) == digest_of(other)) == (one == other)


def test_names_that_are_no_utf_8_have_a_digest() -> None:
    """Fault 40: they come from git with surrogates."""
    assert digest_of({"\udcff": "100644 aa"}) != digest_of({"\udcfe": "100644 aa"})
    assert len(a_key(environment={"A": "\udcff"})) == 129
