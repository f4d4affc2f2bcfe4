"""A heading's text -> the name of its gate and what the heading says about it."""

from __future__ import annotations

import re
import unicodedata

from msgspec import Struct

from verifyd.verify_md.markdown_page import EMPHASIS, Span, parse_spans

LONGEST_NAME = 60
"""Characters; a longer name is cut at a hyphen. Names become file names."""
SLOW_ESTIMATE_S = 60.0
"""First estimate for ``(slow)``, until a run has been measured."""

NUMBERING = re.compile(
    r"\s*(?:\(?\d+(?:\.\d+)*[.):]\s+"
    r"|(?:step|schritt|étape|etapa|paso|passo|stap|krok|шаг|крок|步骤|步驟|ステップ|단계)\s*\d+(?:\.\d+)*\s*(?:[.):：–—-]\s*|\s+))",
    re.IGNORECASE,
)
"""``1. ``, ``2) ``, ``1.2: ``, ``Step 2: ``; a number without a mark after it (``3 browsers``) belongs to the name."""
DURATION = re.compile(
    r"[~≈]?\s*(\d{1,6}(?:\.\d{1,6})?)\s*(ms|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?)", re.IGNORECASE
)
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
DROPPED = frozenset("'’\ufe0e\ufe0f\u20e3\u200d\u200c\u00ad")
"""Apostrophes, and the invisible parts of emoji."""


class HeadingName(Struct, frozen=True, kw_only=True):
    """
    What a heading says.

    Attributes:
        name: Slug; empty when nothing of the text can be in one.
        command: The text of a heading that is nothing but a code span; else None.
        optional: From the suffix ``(optional)``; *manual* likewise.
        estimate_s: From a suffix such as ``(30 s)``, or ``(slow)``; None for none.
    """

    name: str
    command: str | None = None
    optional: bool = False
    manual: bool = False
    estimate_s: float | None = None


def parse_heading(content: str) -> HeadingName:
    """Read a heading's inline text."""
    spans = [span if span.code else Span(text=EMPHASIS.sub("", span.text), code=False) for span in parse_spans(content)]
    flags: set[str] = set()
    estimate_s: float | None = None
    while spans and not spans[-1].code:
        rest, inside = split_suffix(spans[-1].text)
        says = parse_suffix(inside)
        if says is None:
            break
        flags |= says[0]
        estimate_s = says[1] if says[1] is not None else estimate_s
        spans[-1] = Span(text=rest, code=False)
    if estimate_s is None and "slow" in flags:
        estimate_s = SLOW_ESTIMATE_S
    return HeadingName(
        name=slug(without_numbering("".join(span.text for span in spans))),
        command=only_code(spans),
        optional="optional" in flags,
        manual="manual" in flags,
        estimate_s=estimate_s,
    )


def split_suffix(text: str) -> tuple[str, str]:
    """The text before round brackets at its end, and what is in them; the whole text and nothing when there are none."""
    text = text.rstrip()
    start = max(text.rfind("("), text.rfind("（"))
    if start < 0 or not text.endswith((")", "）")):
        return text, ""
    return text[:start], text[start + 1 : -1]


def parse_suffix(text: str) -> tuple[set[str], float | None] | None:
    """The flags and the estimate in a suffix; None when it says anything else, and so belongs to the name."""
    flags: set[str] = set()
    estimate_s: float | None = None
    for part in re.split(r"[,;·]", text):
        word = part.strip().lower()
        if word in ("optional", "manual", "slow"):
            flags.add(word)
        elif (found := DURATION.fullmatch(word)) and estimate_s is None:
            estimate_s = float(found.group(1)) * SECONDS[unit_of(found.group(2))]
        else:
            return None
    return flags, estimate_s


def unit_of(word: str) -> str:
    """``minutes`` is ``m``."""
    return "ms" if word == "ms" else word[0]


def only_code(spans: list[Span]) -> str | None:
    """The text of the one code span, when beside it there is nothing but numbering, emoji and punctuation."""
    codes = [span.text for span in spans if span.code]
    around = without_numbering("".join(span.text for span in spans if not span.code), keep_something=False)
    return codes[0] if len(codes) == 1 and not slug(around) else None


def without_numbering(text: str, *, keep_something: bool = True) -> str:
    """The text without the number it starts with, unless then nothing would be left."""
    start = strip_signs(text) + " "
    found = NUMBERING.match(start)
    rest = start[found.end() :] if found else start
    return rest if slug(rest) or not keep_something else text


def strip_signs(text: str) -> str:
    """The text from its first letter, digit or bracket on."""
    return re.sub(r"^(?:\d\ufe0f?\u20e3|[^\w(])+", "", text)


def slug(text: str) -> str:
    """Letters, digits and their marks of any script, in lower case; a hyphen for everything between."""
    pieces: list[str] = []
    for char in unicodedata.normalize("NFC", text).lower():
        kind = unicodedata.category(char)[0]
        if char in DROPPED:
            continue
        if kind in "LN" or (kind == "M" and pieces and pieces[-1] != "-"):
            pieces.append(char)
        elif pieces and pieces[-1] != "-":
            pieces.append("-")
    return cut("".join(pieces).strip("-"), LONGEST_NAME)


def cut(name: str, longest: int) -> str:
    """A name cut at the last hyphen that keeps it short enough."""
    if len(name) <= longest:
        return name
    head, hyphen, _ = name[: longest + 1].rpartition("-")
    return head if hyphen else name[:longest]
