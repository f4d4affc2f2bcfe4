"""Structs into JSON and back, every type and bound checked: the shapes of what verifyd keeps and publishes, and their schemas."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from msgspec import Struct

Shape = TypeVar("Shape", bound=Struct)


class ShapeError(ValueError):
    """A value has not the shape that was asked for; the message says where and what was expected."""


def to_json(value: object) -> Any:
    """What ``json.dumps`` takes: fields by their published names, what has no order of its own sorted."""
    return msgspec.to_builtins(value, str_keys=True, order="deterministic", enc_hook=refuse)


def refuse(value: object) -> object:
    """TypeError for what msgspec cannot write: it is never written as its repr."""
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def from_json(shape: type[Shape], value: object) -> Shape:
    """
    The inverse of ``to_json``, from what ``json.loads`` gave.

    Keys that the class does not know are passed over, as a newer version may have written them, unless the class forbids them.

    Raises:
        ShapeError: Something is missing, of another type or out of bounds.
    """
    try:
        return msgspec.convert(value, type=shape)
    except msgspec.ValidationError as error:
        raise ShapeError(str(error)) from error


def names_of(shape: type[Struct]) -> tuple[str, ...]:
    """The fields of a class, in their order."""
    return shape.__struct_fields__


def published_names(shape: type[Struct]) -> tuple[str, ...]:
    """The names of its fields in JSON: ``schema_`` is called ``schema`` there, which another name would hide."""
    return shape.__struct_encode_fields__


def schemas_of(shape: type[Struct], place: str) -> dict[str, Any]:
    """
    JSON schemas by name, of a class and all that it is made of.

    What is written has every key, so all are required; and further ones are allowed, as a newer version may write them.

    Args:
        place: Where references lead; ``{name}`` stands for the class.
    """
    _, schemas = msgspec.json.schema_components([shape], ref_template=place)
    for schema in schemas.values():
        if "properties" in schema:
            schema["required"] = list(schema["properties"])
            schema.pop("additionalProperties", None)
    return schemas


def schema_of(shape: type[Struct]) -> dict[str, Any]:
    """The JSON schema of a class by itself, what it is made of in its ``$defs``."""
    inner = schemas_of(shape, "#/$defs/{name}")
    schema = inner.pop(shape.__name__)
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {**dialect, **schema, "$defs": dict(sorted(inner.items()))}
