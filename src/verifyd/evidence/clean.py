"""Text that a tool wrote in, text that is safe to show in: no colours, no control characters, nothing invisible."""

from __future__ import annotations

import re

MESSAGE_LIMIT = 1_000
"""Characters of a finding's message."""

DETAIL_LIMIT = 8_000
"""Characters of a finding's detail."""

# A sequence never runs past its line: an unterminated OSC must not swallow the rest of a log.
_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor, erase
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"  # OSC: titles, links, the clipboard (52)
    r"|\x1b[PX^_][^\x1b\n]*(?:\x1b\\)?"  # DCS, SOS, PM, APC
    r"|\x1b[ -/]*[0-Z\\^-~]?"  # two-character escapes, character sets, a lone escape
)

# C0 and C1 without tab and newline, DEL, marks that reorder or hide text (Trojan Source, tag characters), lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def strip_sequences(text: str) -> str:
    """The text as a terminal without colours shows it: escape sequences gone, every carriage return a line end."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\x1b" in text or "\x9b" in text or "\x9d" in text:
        text = _SEQUENCE.sub("", text)
    return text


def clean_text(text: str, limit: int | None = None) -> str:
    """
    Text that can be shown anywhere: escape sequences are gone, other unsafe characters are spelled out (``\\u202e``).

    Args:
        limit: Longest result in characters, the mark for what was left out included; None for no bound.
    """
    if limit is not None:
        text = text[: limit * 4 + 64]  # a bound on the work; sequences are rarely longer than what they colour
    safe = _UNSAFE.sub(_spell_out, strip_sequences(text).replace("\t", "    "))
    if limit is not None and len(safe) > limit:
        return safe[: limit - 1] + "…"
    return safe


def clean_line(text: str, limit: int | None = None) -> str:
    """Like clean_text, on one line: line ends become spaces."""
    return clean_text(" ".join(strip_sequences(text).split("\n")), limit).strip()


def _spell_out(match: re.Match[str]) -> str:
    """``\\x07``, ``\\u202e`` or ``\\U000e0041``."""
    number = ord(match[0])
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
