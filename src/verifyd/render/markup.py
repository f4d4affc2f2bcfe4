"""Text that others wrote in, Markdown that it cannot break out of or pass itself off as ours in."""

from __future__ import annotations

import re

# What begins or ends markup anywhere in a line; an underscore does only at the edge of a word.
_ACTIVE = re.compile(r"[\\`*\[\]<>|~&]|(?<![^\W_])_|_(?![^\W_])")
_LINE_START = re.compile(r"^(\s*)([#+\-=]|\d{1,9}(?=[.)]))")


def escape(line: str) -> str:
    """One line of text that reads as itself in Markdown and in a table's cell."""
    safe = _ACTIVE.sub(lambda match: "\\" + match[0], line)
    return _LINE_START.sub(escape_start, safe)


def escape_start(match: re.Match[str]) -> str:
    """A heading's, list's or rule's first character; for a numbered item the mark after its number."""
    return f"{match[1]}\\{match[2]}" if not match[2].isdigit() else f"{match[1]}{match[2][:-1]}&#{ord(match[2][-1])};"


def code(text: str) -> str:
    """A code span of one line, whatever backticks it holds (CommonMark 6.1); at most twice as long as the text, and 6 more."""
    if not text:
        return ""
    run = max((len(found) for found in re.findall("`+", text)), default=0)
    if run > 2:
        return escape(text)
    ticks = "`" * (run + 1)
    padding = " " if text.startswith("`") or text.endswith("`") or (text[0] == text[-1] == " ") else ""
    return f"{ticks}{padding}{text}{padding}{ticks}"


def code_cell(text: str) -> str:
    """A code span inside a table's cell, where a bar would end the cell even in code (GFM, tables)."""
    return code(text).replace("|", "\\|")


def fence(text: str, language: str = "text") -> str:
    """A fenced block that no line of its content can close, without a line end after it (CommonMark 4.5)."""
    run = max((len(found) for found in re.findall("`{3,}", text)), default=2)
    ticks = "`" * (run + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"


def table(head: tuple[str, ...], rows: list[tuple[str, ...]], right: frozenset[int] = frozenset()) -> str:
    """A table; cells are Markdown already, *right* are columns of numbers."""
    rule = tuple("---:" if column in right else "---" for column in range(len(head)))
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, rule, *rows))
