"""Text, paths and messages of tools in, text that may be shown to people, terminals and agents out."""

from __future__ import annotations

import re

from verifyd.evidence.clean import clean_text
from verifyd.redact import redact

_BYTE = re.compile("[\udc80-\udcff]")
_SPELLED_BYTE = re.compile(r"\\x([89a-f][0-9a-f])")


def shown(text: str, limit: int | None = None) -> str:
    """
    Text of a tool with nothing in it that acts on a terminal, and with secret-looking values masked.

    Args:
        limit: Longest result, in characters; the middle is left out. Masking comes first, so that no cut hides half of a secret.
    """
    safe = redact(clean_text(text)).strip("\n")
    return safe if limit is None else cut_middle(safe, limit)


def shown_line(text: str, limit: int | None = None) -> str:
    """Like shown, on one line: line ends become spaces."""
    safe = " ".join(redact(clean_text(text)).split("\n")).strip()
    return safe if limit is None else cut_end(safe, limit)


def shown_path(path: str, limit: int | None = None) -> str:
    """A path on one line: undecodable bytes and everything invisible spelled out, a line end as ``\\n``."""
    safe = redact(clean_text(spell_bytes(path).replace("\t", "\\t").replace("\r", "\\r").replace("\n", "\\n")))
    return safe if limit is None else cut_middle(safe, limit, mark="…")


def shown_command(command: str) -> str:
    """A command of VERIFY.md, to be run again: nothing in it acts on a terminal, and nothing is masked, because it stands in the tree."""
    return clean_text(spell_bytes(command)).strip("\n")


def spell_bytes(text: str) -> str:
    """Bytes that are no UTF-8 (kept by git as lone surrogates) as ``\\xff``, so that the text can be written as UTF-8."""
    spelled = _BYTE.sub(lambda match: f"\\x{ord(match[0]) - 0xDC00:02x}", text)
    return spelled.encode("utf-8", "backslashreplace").decode("utf-8")


def read_bytes_spelled(text: str) -> str:
    """The inverse of spell_bytes for paths; a file that is really called ``\\xff`` comes out wrong, and does no harm."""
    return _SPELLED_BYTE.sub(lambda match: chr(0xDC00 + int(match[1], 16)), text)


def cut_end(text: str, limit: int) -> str:
    """At most *limit* characters, with an ellipsis where something was left out."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"[:limit]


def cut_middle(text: str, limit: int, mark: str | None = None) -> str:
    """At most *limit* characters, both ends kept: what is wrong stands at one of them, tools differ in which."""
    if len(text) <= limit:
        return text
    said = mark if mark is not None else f" … [{len(text) - limit:,} or more characters left out] … "
    if len(said) >= limit:
        return cut_end(text, limit)
    kept = limit - len(said)
    head = kept - kept // 2
    return text[:head] + said + text[len(text) - kept // 2 :]
