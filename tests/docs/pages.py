"""The repository's pages and what stands in them: fences, inline code, links, tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
PARSER = MarkdownIt("commonmark", {"linkify": False}).enable("table")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """A code block of a page; *language* is the first word after the marker, *line* that of the marker."""

    page: str
    line: int
    language: str
    content: str

    @property
    def place(self) -> str:
        """``docs/index.md:7``."""
        return f"{self.page}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inline:
    """A piece of inline markup, a code span's text or a link's target, in a block that begins at *line*."""

    page: str
    line: int
    text: str

    @property
    def place(self) -> str:
        """``docs/index.md:7``."""
        return f"{self.page}:{self.line}"


def pages() -> list[str]:
    """Every page that people read, relative to the root; generated output left out."""
    written = [path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts]
    named = [ROOT / name for name in ("README.md", "AGENTS.md", "CONTRIBUTING.md", "changelog.d/README.md")]
    return sorted(
        str(path.relative_to(ROOT)) for path in (*written, *named, ROOT / "examples" / "verify" / "README.md")
    )


def text_of(page: str) -> str:
    """The page as written."""
    return (ROOT / page).read_text("utf-8")


def tokens_of(page: str) -> list[Token]:
    """The page parsed as CommonMark with tables."""
    return PARSER.parse(text_of(page))


def fences(page: str) -> Iterator[Fence]:
    """The page's fences, and its blocks by indentation, which have no language."""
    for token in tokens_of(page):
        if token.type in ("fence", "code_block") and token.map is not None:
            language = token.info.split(maxsplit=1)[0] if token.info.strip() else ""
            yield Fence(page=page, line=token.map[0] + 1, language=language, content=token.content)


def inlines(page: str, kind: str, attribute: str = "") -> Iterator[Inline]:
    """The contents of inline tokens of one kind, or one of their attributes."""
    for token in tokens_of(page):
        for child in token.children or []:
            if child.type == kind:
                text = str(child.attrGet(attribute) or "") if attribute else child.content
                yield Inline(page=page, line=token.map[0] + 1 if token.map else 1, text=text)


def tables(page: str) -> Iterator[list[list[str]]]:
    """The page's tables: rows of cells, the header first, markup kept."""
    rows: list[list[str]] = []
    for token in tokens_of(page):
        if token.type == "table_open":
            rows = []
        elif token.type == "tr_open":
            rows.append([])
        elif token.type in ("th_open", "td_open"):
            rows[-1].append("")
        elif token.type == "inline" and rows and rows[-1]:
            rows[-1][-1] = token.content
        elif token.type == "table_close":
            yield rows
            rows = []


def table(page: str, *header: str) -> list[list[str]]:
    """The body of the page's one table with these words at the start of its header."""
    found = [rows[1:] for rows in tables(page) if tuple(rows[0][: len(header)]) == header]
    assert len(found) == 1, f"{page} has {len(found)} tables that begin with {header}"
    return found[0]
