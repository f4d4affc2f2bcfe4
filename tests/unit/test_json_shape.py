"""Dataclasses into JSON and back: what is accepted is exactly what was declared."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, Literal

import pytest
from pydantic import TypeAdapter

from verifyd.json_shape import ShapeError, from_json, names_of, says, to_json


class Colour(StrEnum):
    """Two of them."""

    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """The inner one."""

    path: str = field(metadata={"min_length": 1})
    line: int | None = field(default=None, metadata=says("1-based", ge=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Every kind of field that our documents have."""

    schema_: Literal["tree/1"] = field(default="tree/1", metadata={"alias": "schema"})
    leaves: tuple[Leaf, ...]
    pairs: tuple[tuple[str, int], ...] = ()
    colours: frozenset[Colour] = frozenset(Colour)
    best: Leaf | None = None
    height: float = field(default=1.0, metadata={"gt": 0, "le": 10})
    old: bool = False


TREE = Tree(leaves=(Leaf(path="a", line=2), Leaf(path="b")), pairs=(("x", 1),), best=Leaf(path="c"), height=2.5)
JSON = {
    "schema": "tree/1",
    "leaves": [{"path": "a", "line": 2}, {"path": "b", "line": None}],
    "pairs": [["x", 1]],
    "colours": ["blue", "red"],
    "best": {"path": "c", "line": None},
    "height": 2.5,
    "old": False,
}


def test_a_value_becomes_plain_json_and_is_the_same_again() -> None:
    """Published names, sets as sorted lists, enumerations by their values."""
    assert to_json(TREE) == JSON
    assert from_json(Tree, json.loads(json.dumps(JSON))) == TREE


def test_pydantic_reads_the_same_shape() -> None:
    """The published schemas are made by it, so both must agree on every key."""
    assert TypeAdapter(Tree).validate_json(json.dumps(JSON)) == TREE
    schema = TypeAdapter(Tree).json_schema(mode="serialization")
    assert list(schema["properties"]) == list(JSON)
    assert schema["$defs"]["Leaf"]["properties"]["line"]["description"] == "1-based"


def test_what_has_a_default_may_be_missing() -> None:
    """As in files of an older version."""
    assert from_json(Tree, {"leaves": []}) == Tree(leaves=())


def test_a_whole_number_stands_for_a_measured_one() -> None:
    """JSON does not tell 2 from 2.0."""
    read = from_json(Tree, {**JSON, "height": 2})
    assert (read, type(read.height)) == (replace(TREE, height=2.0), float)


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"leaves": None}, "leaves: expected a list"),
        ({"leaves": [{}]}, "leaves.0.path: missing"),
        ({"leaves": ["a"]}, "leaves.0: expected an object"),
        ({"leaves": [{"path": "a", "line": True}]}, "leaves.0.line: expected int"),
        ({"leaves": [{"path": "a", "line": "1"}]}, "leaves.0.line: expected int"),
        ({"leaves": [{"path": "a", "line": 0}]}, "leaves.0.line: out of bounds (ge 1)"),
        ({"leaves": [{"path": ""}]}, "leaves.0.path: out of bounds (min_length 1)"),
        ({"leaves": [{"path": "a", "more": 1}]}, "leaves.0: unknown: more"),
        ({"pairs": [["x"]]}, "pairs.0: expected 2 items"),
        ({"pairs": [[1, 1]]}, "pairs.0.0: expected str"),
        ({"colours": ["red", "green"]}, "colours.1: expected one of red, blue"),
        ({"colours": [["red"]]}, "colours.0: expected one of red, blue"),
        ({"height": 0.0}, "height: out of bounds (gt 0)"),
        ({"height": 11}, "height: out of bounds (le 10)"),
        ({"height": float("nan")}, "height: out of bounds (gt 0)"),
        ({"old": 1}, "old: expected bool"),
        ({"schema": "tree/2"}, "schema: expected one of tree/1"),
    ],
)
def test_another_shape_is_refused_with_its_place(changed: dict[str, Any], message: str) -> None:
    """Nothing is converted, guessed or left out."""
    with pytest.raises(ShapeError) as caught:
        from_json(Tree, {**JSON, **changed})
    assert str(caught.value) == message


@pytest.mark.parametrize("document", [None, [], "tree", 1])
def test_a_document_is_an_object(document: object) -> None:
    """Whatever else JSON can say."""
    with pytest.raises(ShapeError) as caught:
        from_json(Tree, document)
    assert str(caught.value) == "the document: expected an object"


def test_keys_of_a_newer_version_are_passed_over_where_that_was_asked_for() -> None:
    """At every depth."""
    newer = {**JSON, "new": 1, "best": {"path": "c", "new": 1}}
    assert from_json(Tree, newer, unknown_keys=True) == TREE


def test_moments_are_written_in_utc() -> None:
    """Whatever zone they were taken in."""
    noon = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    assert to_json(noon) == to_json(noon.astimezone(timezone(timedelta(hours=2)))) == "2026-11-20T12:00:00Z"


def test_mappings_are_objects() -> None:
    """With what they hold."""
    assert to_json({"a": (1, 2)}) == {"a": [1, 2]}


def test_what_has_no_form_in_json_is_our_bug() -> None:
    """It is never written as its repr."""
    with pytest.raises(TypeError) as caught:
        to_json(object())
    assert str(caught.value) == "object has no form in JSON"


def test_fields_are_named_in_their_order() -> None:
    """By their names in Python."""
    assert names_of(Leaf) == ("path", "line")
