"""A host's payload, which anything may have written, into values of the types that are expected of it."""

from __future__ import annotations

import json
from collections.abc import Mapping

from verifyd.hosts.model import PayloadError

Payload = Mapping[str, object]

SESSION_CHARACTERS = 100
FOLDER_CHARACTERS = 4_096
HARMLESS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def parse_payload(data: bytes) -> Payload:
    """The object that the host wrote; PayloadError when it is none."""
    if not data.strip():
        raise PayloadError("nothing came on stdin")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise PayloadError(f"what came on stdin is no JSON: {type(error).__name__}") from error
    if not isinstance(found, dict):
        raise PayloadError("what came on stdin is JSON, but no object")
    return found


def text(payload: Payload, name: str) -> str:
    """A text; empty for anything else."""
    value = payload.get(name)
    return value if isinstance(value, str) else ""


def flag(payload: Payload, name: str) -> bool:
    """True for JSON's true alone."""
    return payload.get(name) is True


def number(payload: Payload, name: str) -> int:
    """A count; 0 for anything else."""
    value = payload.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1_000_000 else 0


def length(payload: Payload, name: str) -> int:
    """How many a list holds; 0 for anything else."""
    value = payload.get(name)
    return len(value) if isinstance(value, list) else 0


def session(payload: Payload, name: str) -> str:
    """An id that can be a file's name or stand in a sentence: everything else in it becomes a dash."""
    kept = text(payload, name)[:SESSION_CHARACTERS]
    return "".join(one if one in HARMLESS else "-" for one in kept)


def folder(payload: Payload, name: str) -> str:
    """An absolute path; empty for anything else."""
    found = text(payload, name)
    return found if found.startswith("/") and "\0" not in found and len(found) <= FOLDER_CHARACTERS else ""


def to_json(fields: Mapping[str, object]) -> str:
    """One line, ASCII: nothing in it acts on a terminal, and no encoding changes it. Empty for no field."""
    return json.dumps(fields) if fields else ""
