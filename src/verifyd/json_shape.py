"""
Frozen dataclasses into JSON and back, every type and bound checked: the shapes of what verifyd keeps and publishes.

A field's metadata uses pydantic's words (``alias``, ``description``, ``ge``, ``gt``, ``le``, ``min_length``), so that pydantic makes
the published schemas of the same classes. It is not used while gates run: importing it took a quarter of a run whose gates are all known.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

Shape = TypeVar("Shape")

BOUNDS = {
    "ge": lambda value, bound: value >= bound,
    "gt": lambda value, bound: value > bound,
    "le": lambda value, bound: value <= bound,
    "min_length": lambda value, bound: len(value) >= bound,
}
ACCEPTED: Mapping[object, tuple[type, ...]] = {bool: (bool,), int: (int,), float: (float, int), str: (str,)}
"""What may stand for each plain type: a whole number for a measured one, and nothing else for another."""


class ShapeError(ValueError):
    """A value has not the shape that was asked for; the message says where and what was expected."""


def says(description: str, **bounds: object) -> dict[str, object]:
    """Metadata of a field: what the published schema says of it, and its bounds."""
    return {"description": description, **bounds}


def to_json(value: object) -> Any:
    """What ``json.dumps`` takes: fields by their published names, sets as sorted lists, moments in UTC."""
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, frozenset):
        return sorted(to_json(item) for item in value)
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if is_dataclass(value):
        return {published(field): to_json(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def names_of(shape: type) -> tuple[str, ...]:
    """The fields of a dataclass, in their order."""
    return tuple(field.name for field in fields(shape))


def published(field: Field[Any]) -> str:
    """The name of a field in JSON: ``schema_`` is called ``schema`` there, which another name would hide."""
    return str(field.metadata.get("alias", field.name))


def from_json(shape: type[Shape], value: object, *, unknown_keys: bool = False) -> Shape:
    """
    The inverse of ``to_json`` for a dataclass.

    Args:
        unknown_keys: Whether keys that the class does not know are passed over, as a newer version may have written them.

    Raises:
        ShapeError: Something is missing, unknown, of another type or out of bounds.
    """
    found: Shape = _Reader(unknown_keys).record(shape, value, "")
    return found


class _Reader:
    """Reads one document."""

    def __init__(self, unknown_keys: bool) -> None:
        self.unknown_keys = unknown_keys

    def record(self, shape: Any, value: object, where: str) -> Any:
        """One dataclass."""
        if not isinstance(value, dict):
            raise ShapeError(f"{where or 'the document'}: expected an object")
        found: dict[str, object] = {}
        kinds = kinds_of(shape)
        for name, (field, kind) in kinds.items():
            place = f"{where}.{name}" if where else name
            if name in value:
                found[field.name] = self.any(kind, value[name], place)
                check_bounds(field, found[field.name], place)
            elif field.default is MISSING and field.default_factory is MISSING:
                raise ShapeError(f"{place}: missing")
        if not self.unknown_keys and (unknown := value.keys() - kinds.keys()):
            raise ShapeError(f"{where or 'the document'}: unknown: {', '.join(sorted(map(str, unknown)))}")
        return shape(**found)

    def any(self, kind: Any, value: object, where: str) -> Any:
        """A value of any kind that a field may have."""
        if kind in ACCEPTED:
            if type(value) not in ACCEPTED[kind]:
                raise ShapeError(f"{where}: expected {kind.__name__}")
            return kind(value)
        origin = get_origin(kind)
        if origin in (Union, types.UnionType):
            return None if value is None else self.any(without_none(kind), value, where)
        if origin in (tuple, frozenset):
            return self.several(origin, get_args(kind), value, where)
        if is_dataclass(kind) and isinstance(kind, type):
            return self.record(kind, value, where)
        return one_of(kind, value, where)

    def several(self, origin: Any, kinds: tuple[Any, ...], value: object, where: str) -> Any:
        """A tuple of any or of fixed length, or a set."""
        if not isinstance(value, list):
            raise ShapeError(f"{where}: expected a list")
        each = [kinds[0]] * len(value) if origin is frozenset or kinds[-1] is Ellipsis else list(kinds)
        if len(each) != len(value):
            raise ShapeError(f"{where}: expected {len(each)} items")
        return origin(
            self.any(kind, item, f"{where}.{n}") for n, (kind, item) in enumerate(zip(each, value, strict=True))
        )


@functools.cache
def kinds_of(shape: Any) -> Mapping[str, tuple[Field[Any], Any]]:
    """Field and type by published name."""
    kinds = get_type_hints(shape)
    return {published(field): (field, kinds[field.name]) for field in fields(shape)}


def without_none(kind: Any) -> Any:
    """The one kind that may also be None."""
    (other,) = (part for part in get_args(kind) if part is not type(None))
    return other


def one_of(kind: Any, value: object, where: str) -> Any:
    """A member of an enumeration, or one of the literal values."""
    known = get_args(kind) if get_origin(kind) is Literal else [member.value for member in kind]
    if value not in known:
        raise ShapeError(f"{where}: expected one of {', '.join(map(str, known))}")
    return value if get_origin(kind) is Literal else kind(value)


def check_bounds(field: Field[Any], value: Any, where: str) -> None:
    """ShapeError for a value out of its field's bounds."""
    for word, bound in field.metadata.items():
        if word in BOUNDS and value is not None and not BOUNDS[word](value, bound):
            raise ShapeError(f"{where}: out of bounds ({word} {bound})")
