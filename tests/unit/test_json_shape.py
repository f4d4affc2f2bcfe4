"""Structs into JSON and back: what is accepted is exactly what was declared."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta, Struct, field
from msgspec.structs import replace

from verifyd.json_shape import ShapeError, from_json, names_of, published_names, schemas_of, to_json


class Colour(StrEnum):
    """Two of them."""

    RED = "red"
    BLUE = "blue"


class Leaf(Struct, frozen=True, kw_only=True):
    """The inner one."""

    path: Annotated[str, Meta(min_length=1)]
    line: Annotated[Annotated[int, Meta(ge=1)] | None, Meta(description="1-based")] = None


class Tree(Struct, frozen=True, kw_only=True):
    """Every kind of field that our documents have."""

    schema_: Literal["tree/1"] = field(default="tree/1", name="schema")
    leaves: tuple[Leaf, ...]
    pairs: tuple[tuple[str, int], ...] = ()
    colours: frozenset[Colour] = frozenset(Colour)
    best: Leaf | None = None
    height: Annotated[float, Meta(gt=0, le=10)] = 1.0
    old: bool = False


class Sealed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One that no newer version adds to."""

    name: str


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
    assert json.loads(json.dumps(to_json(TREE))) == JSON
    assert from_json(Tree, json.loads(json.dumps(JSON))) == TREE


def test_a_schema_requires_every_key() -> None:
    """All are written; the classes inside have schemas of their own."""
    schemas = schemas_of(Tree, "#/$defs/{name}")
    assert schemas["Tree"]["required"] == list(schemas["Tree"]["properties"]) == list(JSON)
    assert schemas["Tree"]["properties"]["leaves"]["items"] == {"$ref": "#/$defs/Leaf"}
    assert schemas["Leaf"]["properties"]["line"]["description"] == "1-based"


def test_a_schema_allows_what_a_newer_version_adds() -> None:
    """Also of a class that forbids it to whoever writes its files."""
    assert "additionalProperties" not in schemas_of(Sealed, "{name}")["Sealed"]


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
        ({"leaves": None}, "Expected `array`, got `null` - at `$.leaves`"),
        ({"leaves": [{}]}, "Object missing required field `path` - at `$.leaves[0]`"),
        ({"leaves": ["a"]}, "Expected `object`, got `str` - at `$.leaves[0]`"),
        ({"leaves": [{"path": "a", "line": True}]}, "Expected `int | null`, got `bool` - at `$.leaves[0].line`"),
        ({"leaves": [{"path": "a", "line": "1"}]}, "Expected `int | null`, got `str` - at `$.leaves[0].line`"),
        ({"leaves": [{"path": "a", "line": 0}]}, "Expected `int` >= 1 - at `$.leaves[0].line`"),
        ({"leaves": [{"path": ""}]}, "Expected `str` of length >= 1 - at `$.leaves[0].path`"),
        ({"pairs": [["x"]]}, "Expected `array` of length 2, got 1 - at `$.pairs[0]`"),
        ({"pairs": [[1, 1]]}, "Expected `str`, got `int` - at `$.pairs[0][0]`"),
        ({"colours": ["red", "green"]}, "Invalid enum value 'green' - at `$.colours[1]`"),
        ({"colours": [["red"]]}, "Expected `str`, got `array` - at `$.colours[0]`"),
        ({"height": 0.0}, "Expected `float` > 0.0 - at `$.height`"),
        ({"height": 11}, "Expected `float` <= 10.0 - at `$.height`"),
        ({"height": float("nan")}, "Expected `float` > 0.0 - at `$.height`"),
        ({"old": 1}, "Expected `bool`, got `int` - at `$.old`"),
        ({"schema": "tree/2"}, "Invalid enum value 'tree/2' - at `$.schema`"),
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
    with pytest.raises(ShapeError, match="Expected `object`"):
        from_json(Tree, document)


def test_keys_of_a_newer_version_are_passed_over() -> None:
    """At every depth."""
    newer = {**JSON, "new": 1, "best": {"path": "c", "new": 1}}
    assert from_json(Tree, newer) == TREE


def test_a_class_can_forbid_them() -> None:
    """Such as an approval, where a key that is not read could mean something."""
    with pytest.raises(ShapeError, match="Object contains unknown field `new`"):
        from_json(Sealed, {"name": "a", "new": 1})


def test_moments_keep_their_zone() -> None:
    """All of ours are taken in UTC."""
    assert to_json(datetime(2026, 11, 20, 12, 0, tzinfo=UTC)) == "2026-11-20T12:00:00Z"


def test_mappings_are_objects_in_one_order() -> None:
    """With what they hold."""
    assert to_json({"b": (1, 2), "a": 1}) == {"a": 1, "b": (1, 2)}


def test_what_has_no_form_in_json_is_our_bug() -> None:
    """It is never written as its repr."""
    with pytest.raises(TypeError) as caught:
        to_json(object())
    assert str(caught.value) == "object has no form in JSON"


def test_fields_are_named_in_their_order() -> None:
    """By their names in Python, and as they are published."""
    assert names_of(Tree)[:2] == ("schema_", "leaves")
    assert published_names(Tree)[:2] == ("schema", "leaves")
