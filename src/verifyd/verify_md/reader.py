"""
VERIFY.md's bytes -> Pipeline, each value with its line.

Bytes to text, front matter off the top (front_matter.py), Markdown to sections (markdown_page.py), fences to gates (fences.py,
attributes.py, headings.py), on foreign pages also headings, items and tables (prose_commands.py), then what no script may do
unasked (danger.py), names and needs (needs.py). Every error is a ConfigurationError; nothing is run, and nothing is read but
the bytes that are given.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from verifyd.danger.reason import manual_reason, set_elsewhere
from verifyd.errors import ConfigurationError
from verifyd.pipeline import DIFF_GATE, Gate, LeftOut, Manual, Pipeline
from verifyd.verify_md.expected import expected_texts
from verifyd.verify_md.fences import read_fences
from verifyd.verify_md.front_matter import FrontMatter, parse_front_matter, split_front_matter
from verifyd.verify_md.gate_draft import GateDraft, left_out
from verifyd.verify_md.markdown_page import Section, parse_page, plain_text
from verifyd.verify_md.needs import check_needs
from verifyd.verify_md.place import Place
from verifyd.verify_md.prose_commands import read_prose

LONGEST_BYTES = 1024 * 1024
"""Bytes of a page (verify_md.md, Errors)."""
MOST_LINES = 20_000
"""Lines of a page: some nestings of quotations and lists cost time for each line."""
MOST_GATES = 500


def parse_verify_md(content: bytes, *, file: str = "VERIFY.md") -> Pipeline:
    """
    Read a page.

    Args:
        content: The whole file.
        file: Its name for error messages, relative to the root.

    Returns:
        What it declares; without gates when it holds no command.

    Raises:
        ConfigurationError: Anything that the page says and that cannot be meant (verify_md.md, Errors).
    """
    text = decode(content, file=file)
    source, body = split_front_matter(text, file=file)
    front = parse_front_matter(source, file=file)
    sections = parse_page(body)
    drafts, omitted = read_drafts(sections, front, file=file)
    if len(drafts) > MOST_GATES:
        raise Place(file=file, line=drafts[MOST_GATES].line).error(
            f"the page declares more than {MOST_GATES} gates", "Put commands that belong together into one fence."
        )
    gates = make_gates(drafts, file=file)
    pipeline = Pipeline(
        gates=gates,
        base=front.base,
        limits=front.limits,
        scope=front.scope,
        progress=front.progress,
        plan=front.plan,
        left_out=tuple(sorted((*ignored_front_matter(front), *omitted), key=lambda entry: entry.line)),
        title=title_of(sections),
    )
    check_needs(gates, file=file, has_diff_gate=pipeline.has_diff_gate)
    return pipeline


def decode(content: bytes, *, file: str) -> str:
    """The page's text with ``\\n`` line ends; a byte order mark is taken off."""
    if len(content) > LONGEST_BYTES:
        raise ConfigurationError(
            "the page is larger than 1 MiB", file=file, remedy="Keep logs and results in other files."
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise not_text(content, error.start, f"byte 0x{content[error.start]:02x} is not UTF-8", file=file) from error
    if "\0" in text:
        raise not_text(content, content.index(0), "byte 0x00 is not text", file=file)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        remedy = (
            "Write a heading and below it a fence of commands; verifyd init writes such a page where there is none."
        )
        raise ConfigurationError("the page is empty", file=file, remedy=remedy)
    if text.count("\n") > MOST_LINES:
        raise Place(file=file, line=MOST_LINES).error(
            f"the page has more than {MOST_LINES} lines", "Keep logs and results in other files."
        )
    return text


def not_text(content: bytes, index: int, problem: str, *, file: str) -> ConfigurationError:
    """An error about one byte."""
    before = content[:index].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace").lstrip("\ufeff")) + 1
    place = Place(file=file, line=before.count(b"\n") + 1, column=column)
    return place.error(problem, "Save the page as UTF-8 text.")


def read_drafts(
    sections: Sequence[Section], front: FrontMatter, *, file: str
) -> tuple[tuple[GateDraft, ...], tuple[LeftOut, ...]]:
    """All gates of the page in the order of their lines, with what they expect, and what was left out."""
    fences = read_fences(sections, file=file)
    prose, prose_left_out = read_prose(
        sections,
        native=front.declared or fences.native,
        fenced_headings=fences.headings,
        scripts=frozenset(gate.script for gate in fences.gates),
    )
    drafts = sorted((*fences.gates, *prose), key=lambda draft: draft.line)
    lines = frozenset(draft.line for draft in drafts)
    expected = {line: text for section in sections for line, text in expected_texts(section, lines).items()}
    with_expected = tuple(replace(draft, expected_text=expected.get(draft.line)) for draft in drafts)
    return with_expected, (*fences.left_out, *prose_left_out)


def make_gates(drafts: Sequence[GateDraft], *, file: str) -> tuple[Gate, ...]:
    """The gates with names of their own and the reasons why they are never run unasked."""
    names = unique_names(drafts, file=file)
    foreign_names = set_elsewhere([draft.script for draft in drafts])
    return tuple(
        Gate(
            **draft.settings,
            name=name,
            line=draft.line,
            script=draft.script,
            shell=draft.shell,
            optional=draft.optional,
            manual=manual_of(draft, foreign),
            estimate_s=draft.estimate_s,
            expected_text=draft.expected_text,
        )
        for draft, name, foreign in zip(drafts, names, foreign_names, strict=True)
    )


def manual_of(draft: GateDraft, foreign_names: frozenset[str]) -> Manual | None:
    """Why a gate is never run unasked: what its script does weighs more than what the page declares."""
    if draft.manual is Manual.POWERSHELL:
        return Manual.POWERSHELL
    environment = draft.settings.get("env", ())
    given = {name for name, _ in environment} if isinstance(environment, tuple) else set()
    return manual_reason(draft.script, foreign_names=foreign_names - given) or server_reason(draft) or draft.manual


def server_reason(draft: GateDraft) -> Manual | None:
    """Why a gate's server is not started unasked; that it does not end is what it is for."""
    server = draft.settings.get("server")
    reason = manual_reason(server) if isinstance(server, str) else None
    return None if reason is Manual.SERVER else reason


def unique_names(drafts: Sequence[GateDraft], *, file: str) -> list[str]:
    """
    A name for each gate: the page's own as they are, the others with a number where they collide.

    Raises:
        ConfigurationError: Two gates have a name from the page, and it is the same; or one has the built-in gate's.
    """
    taken = {DIFF_GATE: 0}
    for draft in (draft for draft in drafts if draft.fixed_name):
        place = Place(file=file, line=draft.line)
        if draft.name == DIFF_GATE:
            raise place.error(
                f"the name {DIFF_GATE!r} is taken by the built-in gate for limits and scope", "Rename the heading."
            )
        if draft.name in taken:
            problem = f"two gates are named {draft.name!r}; the first is in line {taken[draft.name]}"
            raise place.error(problem, "Rename one of their headings.")
        taken[draft.name] = draft.line
    return [draft.name if draft.fixed_name else free_name(draft, taken) for draft in drafts]


def free_name(draft: GateDraft, taken: dict[str, int]) -> str:
    """The draft's name, with the first number that makes it unique where that is needed."""
    names: Iterable[str] = (draft.name, *(f"{draft.name}-{number}" for number in range(2, MOST_GATES * 2 + 2)))
    name = next(name for name in names if name and name not in taken)
    taken[name] = draft.line
    return name


def ignored_front_matter(front: FrontMatter) -> tuple[LeftOut, ...]:
    """An entry for front matter that is another program's."""
    if front.ignored_line is None:
        return ()
    return (left_out(1, "---", "front matter without a setting of ours is not read"),)


def title_of(sections: Sequence[Section]) -> str:
    """The text of the first heading; empty when there is none."""
    return next((plain_text(section.heading.content) for section in sections if section.heading), "")
