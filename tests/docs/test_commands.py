"""Every ``verifyd …`` that a page shows, held against the command line's own declarations."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from tests.docs.pages import fences, inlines, pages, text_of
from verifyd.doors.cli import cli

NOT_YET: set[str] = set()
"""Commands that pages may name as not being here yet."""
PLACEHOLDER = re.compile(r"\[?[A-Z]+…?\]?|…")
ENDS = re.compile(r"\|\||&&|[;|]|\)|(?<!\S)#|(?<!\S)(?:>>?|do)(?!\S)")
SAID = re.compile(r"(?<![\w./-])verifyd (?=[a-z-])(?P<words>[^`\n]*)")


def commands_in(text: str) -> Iterator[str]:
    """The arguments of each call of verifyd in shell text, as written."""
    for found in SAID.finditer(text):
        yield ENDS.split(found["words"], maxsplit=1)[0].strip().rstrip("\"'")


def shown_commands(page: str) -> Iterator[tuple[str, str]]:
    """Place and arguments of each call in the page's shell fences and code spans; output in transcripts is left out."""
    for fence in fences(page):
        if fence.language in ("sh", "bash", "console", "yaml"):
            prompts = fence.language == "console"
            lines = [line for line in fence.content.split("\n") if not prompts or line.startswith("$ ")]
            yield from ((fence.place, words) for words in commands_in("\n".join(lines)))
    for span in inlines(page, "code_inline"):
        if span.text.startswith("verifyd "):
            yield from ((span.place, words) for words in commands_in(span.text))


def problem_of(arguments: str) -> str:
    """Why the command line would not take these arguments; empty when it would. Words in capitals stand for any value."""
    name, *words = shlex.split(arguments.replace("\\|", "|").split("|")[0])
    words = [word for word in words if not PLACEHOLDER.fullmatch(word)]
    if name.startswith("-"):
        return "" if any(name in option.opts for option in cli.params if isinstance(option, click.Option)) else name
    command = cli.commands.get(name)
    if command is None:
        return f"no command {name!r}"
    try:
        with command.make_context(name, words, parent=click.Context(cli), resilient_parsing=False):
            return ""
    except click.UsageError as error:
        if isinstance(error.__cause__ or error, click.MissingParameter):
            return ""  # a command is named without all that it needs: a mention
        lacks_value = "requires an argument" in error.format_message()
        return "" if lacks_value else error.format_message()


SHOWN = [(place, words) for page in pages() for place, words in shown_commands(page)]


@pytest.mark.parametrize("place, arguments", SHOWN, ids=[f"{place} {words}" for place, words in SHOWN])
def test_every_command_shown_is_one_that_the_command_line_takes(place: str, arguments: str) -> None:
    """A command, an option or a value that verifyd does not know stands on no page, but for those said not to be here yet."""
    if arguments.split(maxsplit=1)[0] in NOT_YET:
        assert "not here yet" in text_of(place.rpartition(":")[0]) or "/adr/" in place
        return
    assert problem_of(arguments) == ""


def test_nothing_said_to_be_missing_is_there() -> None:
    """When a command of NOT_YET comes, the pages that say it is not here yet have to change."""
    assert set(cli.commands) & NOT_YET == set()


@pytest.mark.parametrize(
    "arguments", ["rum", "run --bass main", "run --format yaml", "completion tcsh", "plan x", "--vers"]
)
def test_a_command_that_is_not_there_is_noticed(arguments: str) -> None:
    """The check above sees a misspelt command, option, value and an argument too many."""
    assert problem_of(arguments) != ""


def test_every_command_has_a_place_on_a_page() -> None:
    """No command of the command line goes unmentioned."""
    assert set(cli.commands) - {arguments.split(maxsplit=1)[0] for _, arguments in SHOWN} == set()
