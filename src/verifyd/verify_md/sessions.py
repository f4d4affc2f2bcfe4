"""A fence's content -> its script: prompts stripped, and the output of a copied terminal session dropped."""

from __future__ import annotations

import re

from verifyd.danger.tables import names
from verifyd.shell.commands import DECLARERS, parse_shell
from verifyd.shell.script import ShellSyntaxError

CONSOLE = "console"
PROMPT = "$ "
CONTINUED_PROMPT = "> "
LONGEST_CONTINUATION = 20_000
"""Characters of one command that goes on over lines of a session."""
MOST_CONTINUED_LINES = 200
COMPOUND = {"for": "done", "while": "done", "until": "done", "if": "fi", "case": "esac"}
PREPARING = DECLARERS | names("cd set unset alias shopt source . : pushd popd umask ulimit")
"""Builtins that prepare a shell for the commands after them; alone they check nothing."""


def make_script(content: str, language: str) -> str:
    """
    The script of a fence.

    In a ``console`` fence with at least one ``$ `` prompt, and in any other whose first line has one, lines without a prompt
    are output, but for those that go on with a command: after a backslash, inside quotes, a here-document or a loop.
    """
    lines = content.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if is_prompted(first) or (language == CONSOLE and any(is_prompted(line) for line in lines)):
        lines = session_commands(lines)
    while lines and not lines[0].strip():
        lines = lines[1:]
    return "\n".join(lines).rstrip()


def is_prompted(line: str) -> bool:
    """Whether a line starts with a prompt."""
    return line.lstrip().startswith(PROMPT)


def session_commands(lines: list[str]) -> list[str]:
    """The commands of a terminal session."""
    commands: list[str] = []
    position = 0
    while position < len(lines):
        if is_prompted(lines[position]):
            command = whole_command(lines[position : position + MOST_CONTINUED_LINES])
            commands.extend(command)
            position += len(command)
        else:
            position += 1
    return commands


def whole_command(lines: list[str]) -> list[str]:
    """The command that starts in the first line, with the lines that it goes on over; one line when it never ends."""
    first = lines[0].lstrip().removeprefix(PROMPT)
    if len(first) > LONGEST_CONTINUATION:
        return [first]
    command = [first]
    for line in lines[1:]:
        text = "\n".join(command)
        if not is_open(text):
            return command
        if is_prompted(line) or len(text) > LONGEST_CONTINUATION:
            break
        command.append(line.removeprefix(CONTINUED_PROMPT))
    return command if not is_open("\n".join(command)) else [first]


def is_open(text: str) -> bool:
    """Whether a command goes on in the next line."""
    if text.endswith("\\"):
        return True
    end = COMPOUND.get(text.split(maxsplit=1)[0] if text.strip() else "")
    if end is not None and re.search(rf"(?<![\w-]){end}(?![\w-])", text) is None:
        return True
    try:
        parse_shell(text)
    except ShellSyntaxError:
        return True
    return False


def checks_nothing(script: str) -> bool:
    """Whether a script holds no command, or only such as prepare a shell for others."""
    try:
        parsed = parse_shell(script)
    except ShellSyntaxError:
        return False
    return not parsed.has_test and all(
        not command.words or command.words[0].text in PREPARING for command in parsed.commands
    )


def is_unfinished(script: str) -> bool:
    """Whether a script holds words of the shell's grammar and nothing that they could be about: ``if then``."""
    try:
        parsed = parse_shell(script)
    except ShellSyntaxError:
        return False
    return parsed.has_keyword and not parsed.has_test and not any(command.words for command in parsed.commands)
