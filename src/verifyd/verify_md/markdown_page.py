"""Markdown text -> the blocks that VERIFY.md is read from: headings, fences, items, tables and paragraphs, each with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec import Struct

LONGEST_INLINE = 4_000
"""Characters of one paragraph or cell that are looked into for code spans; the rest of a longer one is prose."""

# Inline text is parsed apart and only where it is asked for: a page of 1 MiB can hold links that take minutes.
BLOCKS = MarkdownIt("commonmark", {"html": True}).enable("table").disable(["inline", "text_join", "reference"])
INLINE = MarkdownIt("zero", {"html": True}).enable(
    ["backticks", "escape", "newline", "link", "image", "html_inline", "entity"]
)
EMPHASIS = re.compile(r"\*{1,3}|(?<![^\W_])_{1,3}|_{1,3}(?![^\W_])")


class Heading(Struct, frozen=True, kw_only=True):
    """A heading's inline text, as written."""

    line: int
    content: str


class Fence(Struct, frozen=True, kw_only=True):
    """
    A fenced code block.

    Attributes:
        info: What follows the opening marker, as written.
        info_column: 1-based, where *info* starts.
        content: Lines as written, without the indentation of the fence.
        closed: Whether its closing marker is there.
        quoted: Whether it stands in a block quotation.
    """

    line: int
    info: str
    info_column: int
    content: str
    closed: bool
    quoted: bool


class Item(Struct, frozen=True, kw_only=True):
    """The first paragraph of a list item, as written."""

    line: int
    content: str


class Paragraph(Struct, frozen=True, kw_only=True):
    """A paragraph, as written."""

    line: int
    content: str


class IndentedCode(Struct, frozen=True, kw_only=True):
    """A code block by indentation."""

    line: int
    content: str


class Table(Struct, frozen=True, kw_only=True):
    """
    A table's body.

    Attributes:
        rows: Line and cells, as written, of each row below the header.
    """

    line: int
    rows: tuple[tuple[int, tuple[str, ...]], ...]


Block = Heading | Fence | Item | Paragraph | IndentedCode | Table


class Section(Struct, frozen=True, kw_only=True):
    """
    A heading and what stands below it, up to the next heading of any level.

    Attributes:
        heading: None above the first heading.
    """

    heading: Heading | None
    blocks: tuple[Block, ...]


class Span(Struct, frozen=True, kw_only=True):
    """A piece of inline text: a code span's content, or prose with links and HTML reduced to their text."""

    text: str
    code: bool


def parse_page(text: str) -> tuple[Section, ...]:
    """The sections of a page whose line ends are ``\\n``."""
    sections: list[Section] = []
    heading: Heading | None = None
    blocks: list[Block] = []
    for block in parse_blocks(text):
        if isinstance(block, Heading):
            sections.append(Section(heading=heading, blocks=tuple(blocks)))
            heading, blocks = block, []
        else:
            blocks.append(block)
    sections.append(Section(heading=heading, blocks=tuple(blocks)))
    return tuple(sections)


def parse_blocks(text: str) -> Iterator[Block]:
    """The blocks of a page in order; only fences are given from inside block quotations."""
    lines = text.split("\n")
    tokens = BLOCKS.parse(text)
    quotes = 0
    for position, token in enumerate(tokens):
        quotes += {"blockquote_open": 1, "blockquote_close": -1}.get(token.type, 0)
        if token.type == "fence":
            yield make_fence(token, lines, quoted=quotes > 0)
        elif quotes == 0 and (block := make_block(tokens, position)) is not None:
            yield block


def make_block(tokens: Sequence[Token], position: int) -> Block | None:
    """The block that starts with a token; None when none does, or it belongs to a table."""
    token = tokens[position]
    line = token.map[0] + 1 if token.map else 1
    if token.type == "heading_open":
        return Heading(line=line, content=tokens[position + 1].content)
    if token.type == "paragraph_open":
        content = tokens[position + 1].content
        starts_item = tokens[position - 1].type == "list_item_open" if position else False
        return Item(line=line, content=content) if starts_item else Paragraph(line=line, content=content)
    if token.type == "code_block":
        return IndentedCode(line=line, content=token.content)
    if token.type == "table_open":
        return Table(line=line, rows=tuple(table_rows(tokens, position)))
    return None


def table_rows(tokens: Sequence[Token], position: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Line and cells of each row in the body of the table that opens here."""
    cells: list[str] = []
    line = 0
    for token in tokens[position:]:
        if token.type == "tr_open":
            cells, line = [], token.map[0] + 1 if token.map else 1
        elif token.type == "td_open":
            cells.append("")
        elif token.type == "inline" and cells:
            cells[-1] = token.content
        elif token.type == "tr_close" and cells:
            yield line, tuple(cells)
        elif token.type == "table_close":
            return


def make_fence(token: Token, lines: Sequence[str], *, quoted: bool) -> Fence:
    """A fence; whether it is closed follows from how many of its lines are content."""
    first, end = token.map or [0, 0]
    content_lines = token.content.count("\n") + (0 if token.content.endswith("\n") or not token.content else 1)
    opening = lines[first]
    after_marker = opening.index(token.markup) + len(token.markup)
    info = opening[after_marker:]
    return Fence(
        line=first + 1,
        info=info.rstrip(),
        info_column=after_marker + 1,
        content=token.content,
        closed=content_lines == end - first - 2,
        quoted=quoted,
    )


def parse_spans(content: str) -> tuple[Span, ...]:
    """The code spans of inline text and the prose between them."""
    spans: list[Span] = []
    for token in INLINE.parseInline(content[:LONGEST_INLINE])[0].children or []:
        if token.type == "code_inline":
            spans.append(Span(text=token.content, code=True))
        elif token.type in ("text", "text_special", "softbreak", "hardbreak"):
            spans.append(Span(text=token.content if token.type.startswith("text") else "\n", code=False))
    return tuple(spans)


def plain_text(content: str) -> str:
    """Inline text without its markup."""
    pieces = [span.text if span.code else EMPHASIS.sub("", span.text) for span in parse_spans(content)]
    return "".join(pieces).strip()
