"""What a Markdown page says to a reader that renders it: its headings, blocks, cells and links."""

from __future__ import annotations

from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

PARSER = MarkdownIt("commonmark", {"linkify": False}).enable("table").enable("strikethrough")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """
    A page by its parts, in their order.

    Attributes:
        headings: Level and plain text.
        fences: Language and content.
        rows: The plain text of each table row's cells.
        texts: The plain text of everything that is no heading, fence or cell.
        active: Kinds of inline tokens that are not text or code: links, images, HTML, emphasis.
    """

    headings: tuple[tuple[int, str], ...]
    fences: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, ...], ...]
    texts: tuple[str, ...]
    active: tuple[str, ...]


def plain(inline: Token) -> str:
    """The text of one inline token as a reader sees it."""
    return "".join(child.content if child.type in ("text", "code_inline") else "" for child in inline.children or [])


def read_page(text: str) -> Page:
    """Parse a page as GitHub does, but for HTML, which is reported instead of drawn."""
    headings: list[tuple[int, str]] = []
    fences: list[tuple[str, str]] = []
    rows: list[list[str]] = []
    texts: list[str] = []
    active: list[str] = []
    tokens = PARSER.parse(text)
    for number, token in enumerate(tokens):
        before = tokens[number - 1].type if number else ""
        if token.type in ("fence", "code_block"):
            fences.append((token.info, token.content.removesuffix("\n")))
        elif token.type == "tr_open":
            rows.append([])
        elif token.type == "html_block":
            active.append(token.type)
        elif token.type == "inline":
            active += [
                child.type for child in token.children or [] if child.type not in ("text", "code_inline", "softbreak")
            ]
            if before == "heading_open":
                headings.append((int(tokens[number - 1].tag[1]), plain(token)))
            elif before in ("th_open", "td_open"):
                rows[-1].append(plain(token))
            else:
                texts.append(plain(token))
    return Page(
        headings=tuple(headings),
        fences=tuple(fences),
        rows=tuple(tuple(row) for row in rows),
        texts=tuple(texts),
        active=tuple(active),
    )
