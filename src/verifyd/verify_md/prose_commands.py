"""
Commands outside fences, on pages that were written without us in mind: drafts of gates from headings, items and tables.

The rule in two sentences: on a page with front matter of ours, or with an attribute on any fence, only fences are gates.
On any other page, a section without a fence of commands also gives the command that its heading consists of, the commands that
begin its list items (or end them, after a colon or a single word), and those of a table column in which every code span is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from verifyd.danger.shape import only_installs, reads_as_command
from verifyd.pipeline import LeftOut, Manual
from verifyd.verify_md.expected import is_label
from verifyd.verify_md.gate_draft import GateDraft, left_out
from verifyd.verify_md.headings import cut, parse_heading, slug
from verifyd.verify_md.markdown_page import IndentedCode, Item, Paragraph, Section, Span, Table, parse_spans

LONGEST_NAME = 40
CHECKBOX = re.compile(r"^\s*\[[ xX~-]\]\s")
NOTHING = re.compile(r"[\W_]*")

NATIVE = "stands in prose: on a page with front matter, or an attribute on a fence, only fences are gates"
BESIDE_FENCE = "stands beside a fence of commands: in such a section only fences are gates"
IN_TEXT = "stands in running text: put it into a fence to make it a gate"
INSIDE_ITEM = "neither begins its list item nor ends it after a colon"
IN_TABLE = "stands in a table's column that does not hold commands alone"
SETS_UP = "installs, and checks nothing"
REPEATED = "is the same command as another gate"
NOT_FENCED = "is not in a fence"


class Found(Struct, frozen=True, kw_only=True):
    """A command on a line, with the reason why it is no gate; empty when it may be one."""

    line: int
    text: str
    reason: str
    manual: bool = False
    optional: bool = False
    estimate_s: float | None = None


def read_prose(
    sections: Sequence[Section], *, native: bool, fenced_headings: frozenset[int], scripts: frozenset[str]
) -> tuple[tuple[GateDraft, ...], tuple[LeftOut, ...]]:
    """
    Read the commands outside fences.

    Args:
        native: Whether the page is in the native form: then none is a gate.
        fenced_headings: Lines of headings that have a fence of commands below them; 0 for what is above the first heading.
        scripts: Scripts of the page's fences; a command that is one of them is no second gate.
    """
    gates: list[GateDraft] = []
    omitted: list[LeftOut] = []
    taken = set(scripts)
    reasons = [
        NATIVE if native else BESIDE_FENCE if heading_line(section) in fenced_headings else "" for section in sections
    ]
    in_headings = [
        found for section, reason in zip(sections, reasons, strict=True) for found in heading_commands(section, reason)
    ]
    in_blocks = [
        found for section, reason in zip(sections, reasons, strict=True) for found in block_commands(section, reason)
    ]
    for found in (*in_headings, *in_blocks):
        why = found.reason or (REPEATED if found.text in taken else "")
        why = why or (SETS_UP if only_installs(found.text) else "")
        if why:
            omitted.append(left_out(found.line, found.text, why))
        else:
            taken.add(found.text)
            gates.append(make_draft(found))
    return tuple(gates), tuple(omitted)


def heading_line(section: Section) -> int:
    """The line of a section's heading; 0 above the first."""
    return section.heading.line if section.heading else 0


def make_draft(found: Found) -> GateDraft:
    """The gate of one command, named after it."""
    return GateDraft(
        name=cut(slug(found.text), LONGEST_NAME),
        line=found.line,
        script=found.text,
        manual=Manual.DECLARED if found.manual else None,
        optional=found.optional,
        estimate_s=found.estimate_s,
        fixed_name=False,
    )


def heading_commands(section: Section, reason: str) -> Iterator[Found]:
    """
    The command that a section's heading consists of.

    Args:
        reason: Why none of the section's commands is a gate; empty when they may be.
    """
    if section.heading is None or reason == BESIDE_FENCE:
        return
    heading = parse_heading(section.heading.content)
    if heading.command is not None and reads_as_command(heading.command):
        yield Found(
            line=section.heading.line,
            text=heading.command.strip(),
            reason=reason,
            manual=heading.manual,
            optional=heading.optional,
            estimate_s=heading.estimate_s,
        )


def block_commands(section: Section, reason: str) -> Iterator[Found]:
    """The commands of a section outside its fences and its heading, those that are no gates with the reason."""
    for block in section.blocks:
        if isinstance(block, Item):
            yield from item_commands(block, reason)
        elif isinstance(block, Table):
            yield from table_commands(block, reason)
        elif isinstance(block, Paragraph):
            yield from paragraph_commands(block, native=reason == NATIVE)
        elif isinstance(block, IndentedCode) and reads_as_command(block.content):
            yield Found(line=block.line, text=block.content, reason=NOT_FENCED)


def item_commands(item: Item, reason: str) -> Iterator[Found]:
    """The command of a list item."""
    spans = parse_spans(without_labels(CHECKBOX.sub("", item.content)))
    commands = [position for position, span in enumerate(spans) if span.code and reads_as_command(span.text)]
    if not commands:
        return
    first = commands[0]
    inside = "" if stands_out(spans, first) else INSIDE_ITEM
    yield Found(line=item.line, text=spans[first].text.strip(), reason=reason or inside)


def without_labels(content: str) -> str:
    """The item's text without lines below it that are about something else: ``Expected: …``."""
    lines = content.split("\n")
    end = next((number for number, line in enumerate(lines) if number and is_label(line)), len(lines))
    return "\n".join(lines[:end])


def stands_out(spans: Sequence[Span], position: int) -> bool:
    """Whether a code span is the item's first, and begins the item or ends it after a colon or a single word."""
    if any(span.code for span in spans[:position]):
        return False
    before = "".join(span.text for span in spans[:position])
    if NOTHING.fullmatch(before):
        return True
    after = "".join(span.text for span in spans[position + 1 :])
    introduced = before.rstrip(" *_").endswith((":", "：")) or len(before.split()) == 1
    return introduced and NOTHING.fullmatch(after) is not None and not any(span.code for span in spans[position + 1 :])


def table_commands(table: Table, reason: str) -> Iterator[Found]:
    """The commands of a table's column, or columns."""
    width = max((len(cells) for _, cells in table.rows), default=0)
    for column in range(width):
        cells = [(line, parse_spans(cells[column])) for line, cells in table.rows if column < len(cells)]
        texts = [(line, cell_command(spans)) for line, spans in cells if any(span.code for span in spans)]
        commands = [(line, text) for line, text in texts if text is not None]
        inside = "" if len(commands) == len(texts) and len(commands) * 2 > len(table.rows) else IN_TABLE
        yield from (Found(line=line, text=text, reason=reason or inside) for line, text in commands)


def cell_command(spans: Sequence[Span]) -> str | None:
    """The command that a cell begins with; None when it begins with anything else."""
    first = next((position for position, span in enumerate(spans) if span.code), None)
    if first is None or NOTHING.fullmatch("".join(span.text for span in spans[:first])) is None:
        return None
    text = spans[first].text.strip()
    return text if reads_as_command(text) else None


def paragraph_commands(paragraph: Paragraph, *, native: bool) -> Iterator[Found]:
    """What reads as a command in running text: never a gate, and not worth a word on a page in the native form."""
    if native:
        return
    spans = parse_spans(paragraph.content)
    for span in spans:
        if span.code and reads_as_command(span.text):
            yield Found(line=paragraph.line, text=span.text.strip(), reason=IN_TEXT)
    if not any(span.code for span in spans) and reads_as_command(paragraph.content):
        yield Found(line=paragraph.line, text=paragraph.content, reason=NOT_FENCED)
