"""
A host's settings file, which holds a person's own settings too, with our hooks put in or taken out.

Everything of theirs stays, in its order; ours come last in their lists, because Codex trusts hooks by their place. A file with
comments, or with a key twice, cannot be written again without a loss: it is refused, and the lines to add are named.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from msgspec import Struct

OURS = re.compile(r"(?:^|[\s/'\"])verifyd['\"]?(?:\s+|$)hook\s+(?P<host>[a-z]+)\s+(?P<event>[a-z]+)")
"""How a command of ours is known, wherever verifyd lies and however it is quoted."""
BROKEN = "is no plain JSON (comments, or a comma too many?), so it is not written anew"


class Shape(Enum):
    """How a host's settings name a hook."""

    GROUPS = "event to groups of hooks with a matcher"
    LIST = "event to a list of hooks"


class HookLine(Struct, frozen=True, kw_only=True):
    """
    One hook as it is installed.

    Attributes:
        event: The host's own name of it.
        matcher: Of tools; empty for none.
        fields: What the hook itself says: its command, its time limit.
    """

    event: str
    fields: Mapping[str, object]
    matcher: str = ""


class SettingsError(ValueError):
    """A settings file that cannot be changed without harm; the text says why."""


def merged(content: bytes | None, lines: Sequence[HookLine], *, host: str, shape: Shape, version: int | None) -> bytes:
    """
    The file with our hooks in it, and no older ones of ours.

    Args:
        content: None for no file.
        version: What a new file says first; None where the host asks for none.

    Raises:
        SettingsError: It is left alone.
    """
    settings = parse(content) if content is not None and content.strip() else {}
    if version is not None:
        settings.setdefault("version", version)
    hooks = settings.setdefault("hooks", {})
    take_out(hooks, host, shape)
    for line in lines:
        listed = hooks.setdefault(line.event, [])
        if not isinstance(listed, list):
            raise SettingsError(f"hooks.{line.event} is no list")
        entry: dict[str, object] = dict(line.fields)
        if shape is Shape.GROUPS:
            entry = {**({"matcher": line.matcher} if line.matcher else {}), "hooks": [entry]}
        listed.append(entry)
    return written(settings, content)


def without(content: bytes, *, host: str, shape: Shape) -> bytes | None:
    """The file without our hooks; None when nothing is left in it that a person wrote."""
    settings = parse(content)
    take_out(settings.get("hooks"), host, shape)
    if not settings.get("hooks"):
        settings.pop("hooks", None)
    if not set(settings) - {"version"}:
        return None
    return written(settings, content)


def commands(content: bytes, *, host: str) -> tuple[tuple[str, str], ...]:
    """(our event, the whole command) of each hook of ours in a file, in its order; empty where it cannot be read."""
    try:
        settings = parse(content)
    except SettingsError:
        return ()
    found = (OURS.search(text) for text in texts(settings.get("hooks")))
    return tuple((match["event"], match.string) for match in found if match is not None and match["host"] == host)


def texts(value: object) -> list[str]:
    """Every text within a value."""
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for one in inner for text in texts(one)]


def parse(content: bytes) -> dict[str, Any]:
    """The object; SettingsError for what could not be written back as it was."""
    try:
        found = json.loads(content.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        if isinstance(error, SettingsError):
            raise
        raise SettingsError(BROKEN) from error
    if not isinstance(found, dict):
        raise SettingsError("holds no object")
    if not isinstance(found.get("hooks", {}), dict):
        raise SettingsError("holds hooks in a shape of its own")
    return found


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; SettingsError when a key is there twice, of which one would be lost."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise SettingsError("holds a key twice, so it is not written anew")
    return found


def take_out(hooks: object, host: str, shape: Shape) -> None:
    """Remove our hooks, and what held nothing else."""
    if not isinstance(hooks, dict):
        return
    for event, listed in list(hooks.items()):
        if not isinstance(listed, list):
            continue
        kept = [cleared for entry in listed if (cleared := without_ours(entry, host, shape)) is not None]
        if kept:
            hooks[event] = kept
        elif listed:
            del hooks[event]


def without_ours(entry: Any, host: str, shape: Shape) -> Any:
    """The entry without our hooks; None when it held nothing else."""
    if shape is Shape.LIST or not isinstance(entry, dict) or not isinstance(entry.get("hooks"), list):
        return None if is_ours(entry, host) else entry
    kept = [hook for hook in entry["hooks"] if not is_ours(hook, host)]
    if len(kept) == len(entry["hooks"]):
        return entry
    return {**entry, "hooks": kept} if kept else None


def is_ours(entry: object, host: str) -> bool:
    """Whether it runs our hook of this host."""
    command = entry.get("command", entry.get("bash")) if isinstance(entry, dict) else None
    match = OURS.search(command) if isinstance(command, str) else None
    return match is not None and match["host"] == host


def written(settings: Mapping[str, object], content: bytes | None) -> bytes:
    """As JSON, indented as the file was."""
    text = content.decode("utf-8") if content else ""
    found = re.search(r"\n([ \t]+)\"", text)
    indent = found[1] if found is not None else "  "
    end = "" if text and not text.endswith("\n") else "\n"
    return (json.dumps(settings, indent=indent, ensure_ascii=False) + end).encode("utf-8", "surrogatepass")
