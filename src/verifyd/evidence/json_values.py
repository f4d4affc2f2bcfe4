"""Decoded JSON of unknown shape in, values of known types out: a field of the wrong type is an absent one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

Json = object
"""What ``json.loads`` returns: nobody has checked it."""

_EMPTY: Mapping[str, Json] = {}


class NotJsonError(ValueError):
    """The text is no JSON document; says where it stops being one."""


def parse(content: bytes | str) -> Json:
    """
    The document in UTF-8, -16 or -32, with or without a byte order mark.

    Raises:
        NotJsonError: Not JSON, cut short, or nested too deeply.
    """
    try:
        document: Json = json.loads(content)
    except RecursionError as error:
        raise NotJsonError("it is nested too deeply") from error
    except ValueError as error:  # JSONDecodeError, UnicodeDecodeError, a number of too many digits
        raise NotJsonError(str(error)) from error
    return document


def mapping(value: Json) -> Mapping[str, Json]:
    """The object; an empty one for anything else."""
    return value if isinstance(value, dict) else _EMPTY


def sequence(value: Json) -> Sequence[Json]:
    """The array; an empty one for anything else."""
    return value if isinstance(value, list) else ()


def text(value: Json) -> str:
    """The string; an empty one for anything else."""
    return value if isinstance(value, str) else ""


def number(value: Json) -> int | None:
    """The whole number; None for anything else, true and false included."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if abs(value) < 2**53 and value == int(value) else None


def positive(value: Json, *, first: int = 1) -> int | None:
    """A line or column made 1-based; None when unknown. *first* is what the tool calls the first one."""
    found = number(value)
    if found is None:
        return None
    return found - first + 1 if found - first >= 0 else None


def dig(value: Json, *keys: str) -> Json:
    """The value below a chain of keys; None where the chain breaks."""
    for key in keys:
        value = mapping(value).get(key)
    return value
