"""
Lines such as ``Expected: …`` -> the text that the report shows beside a gate, never an assertion.

The words are few and known in several languages; a page in another language loses the text beside the gate, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from verifyd.verify_md.markdown_page import Block, Fence, Item, Paragraph, Section, plain_text

LONGEST = 1_000
"""Characters that are kept."""
EXPECTED = re.compile(
    r"\W*(?:expected|expect|expects|pass(?:es)?(?: condition)?|should (?:print|see)|esperado|esperada|resultado esperado|erwartet|"
    r"attendu|atteso|previsto|oczekiwane|verwacht|forventet|förväntat|ожидается|ожидаемый результат|очікується|预期|預期|期望|期待|예상|기대)"
    r"(?:[ _](?:[\w-]{1,20}[ _]?){1,3})?(?:\([^)]{0,80}\))?\s*[*_]*[:：][*_]*[ \t]*(?P<rest>.*)",
    re.IGNORECASE,
)
LONGEST_LINE = 2_000
"""Characters of a line that are looked at."""
LABEL = re.compile(r"[*_]{1,2}[^*_:：]{1,40}[:：]?[*_]{1,2}[:：]?\s|[A-Z]\w{1,20}[:：]\s")
"""The start of a line that is about something else: ``**Maps to**: …``."""


def expected_in(block: Block) -> str | None:
    """The text after the word; empty when the block ends with the colon, None when it is no such line."""
    if not isinstance(block, Paragraph | Item):
        return None
    lines = block.content.split("\n")
    for number, line in enumerate(lines):
        if found := EXPECTED.match(line[:LONGEST_LINE]):
            rest = [found["rest"]]
            for later in lines[number + 1 :]:
                if LABEL.match(later[:LONGEST_LINE]):
                    break
                rest.append(later)
            return plain_text("\n".join(rest))[:LONGEST]
    return None


def is_label(line: str) -> bool:
    """Whether a line starts something of its own: ``Expected: …``, ``**Maps to**: …``."""
    start = line[:LONGEST_LINE]
    return EXPECTED.match(start) is not None or LABEL.match(start) is not None


def introduced_lines(section: Section) -> frozenset[int]:
    """Lines of the fences that such a line introduces: it ends with its colon, and the fence is next."""
    return frozenset(fence.line for _, fence in introductions(section))


def introductions(section: Section) -> Iterator[tuple[Block, Fence]]:
    """Each introducing block with its fence."""
    for block, following in zip(section.blocks, section.blocks[1:], strict=False):
        if isinstance(following, Fence) and expected_in(block) == "":
            yield block, following


def expected_texts(section: Section, gate_lines: frozenset[int]) -> dict[int, str]:
    """For the line of each gate in a section, the first text that follows it before the next gate."""
    outputs = {block.line: fence for block, fence in introductions(section) if fence.line not in gate_lines}
    texts: dict[int, str] = {}
    gate: int | None = None
    for block in section.blocks:
        if block.line in gate_lines:
            gate = block.line
        if block.line in gate_lines and isinstance(block, Fence):
            continue
        if gate is not None and gate not in texts and (text := expected_in(block)) is not None:
            if not text and block.line in outputs:
                text = outputs[block.line].content.strip()[:LONGEST]
            if text:
                texts[gate] = text
    return texts
