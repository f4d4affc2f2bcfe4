"""
Text -> whether it reads as a command: for code spans, and for fences that name no language.

Only the form is judged, so the same rule holds for pages in any language: a known program with arguments that fit it, a script
by its path, or an unknown word in lower case with an option after it. What a sentence, a file name or a line of output looks
like is not taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from verifyd.danger.arguments import program_name
from verifyd.danger.commands import KNOWN_PROGRAMS
from verifyd.danger.tables import INTERPRETERS, SHELLS, names
from verifyd.shell.commands import DECLARERS, parse_shell
from verifyd.shell.script import UNKNOWN, ShellSyntaxError, SimpleCommand

LONGEST = 20_000
"""Characters; nothing longer is asked about."""

RUN_ALONE = names("pytest tox nox make just ctest vitest jest mocha rspec phpunit ninja rake pyright yarn")
"""Programs whose bare name is a whole command; any other bare name only mentions the program."""
SUBCOMMANDS_NEEDED = {
    "git": names(
        "status diff log show ls-files rev-parse describe grep branch tag stash fetch pull push commit add checkout switch reset "
        "restore rebase merge clean clone config worktree submodule fsck blame rm mv"
    ),
    "go": names("test vet build run generate install fmt mod tool list get"),
}
"""Programs whose names are found in sentences, and what must follow them."""
WORDY = names(
    "find time read sort set type cut join watch open at code install command parallel yes top less more man info build air fly "
    "render salt port service kind stack safety black cast forge buf lizard typos test wait true false"
)
"""Programs whose names are ordinary words: a call of one has an argument that is none."""
INSTALLERS = names("npm pnpm yarn bun pip uv poetry bundle composer pdm pipenv python go cargo")
INSTALLING = names("install ci i sync fetch download")
SENTENCE_WORDS = names("the a an is are was be to of and that your with this it not sure if for we you should must can")
"""Words that arguments are not, and sentences are full of."""
ORDINARY_WORD = re.compile(r"[^\W\d_]+")
SENTENCE_END = re.compile(r"[^\W\d_]{2,}[.,;:!?]")
PROGRAM = re.compile(r"[a-z][a-z0-9_+]*(?:[.-][a-z0-9_+]+)*")
DATA_SUFFIX = re.compile(
    r"\.(?:md|txt|json|ya?ml|toml|html?|css|csv|tsv|lock|cfg|ini|png|jpe?g|svg|pdf|xml|log|zip|gz|exe|env|rst)$"
)
VERSION = re.compile(r"v?\d+(?:\.\w+)*\+?")
OPTION = re.compile(r"--?[A-Za-z][\w-]*(?:=.*)?", re.DOTALL)


def reads_as_command(text: str) -> bool:
    """
    Whether a code span, a line or a whole fence is made of commands.

    Every simple command in it must read as one, and there must be at least one; assignments and comments may stand between,
    and lines that a backslash, a quote or a here-document joins are read together.
    """
    if len(text) > LONGEST:
        return False
    try:
        parsed = parse_shell(text)
    except ShellSyntaxError:
        return False
    named = [command for command in parsed.commands if command.words]
    return bool(named) and all(is_command(command) for command in named)


def is_command(command: SimpleCommand) -> bool:
    """Whether one command's words fit together."""
    name, arguments = command.words[0].raw, [word.text for word in command.words[1:]]
    if any(argument.lower() in SENTENCE_WORDS or SENTENCE_END.fullmatch(argument) for argument in arguments):
        return False
    if "/" in name:
        return is_called_path(name, arguments)
    program = program_name(command.words[0].text)
    if program in KNOWN_PROGRAMS or UNKNOWN in program:
        return fits_program(program, arguments)
    return PROGRAM.fullmatch(name) is not None and any(OPTION.fullmatch(argument) for argument in arguments)


def is_called_path(name: str, arguments: Sequence[str]) -> bool:
    """Whether a path is called and not only named: it starts with ``./``, or something follows it."""
    last = name.rsplit("/", 1)[-1]
    if not last or DATA_SUFFIX.search(last) or set(name) & set("*?{}[]:"):
        return False
    return name.startswith("./") or (bool(arguments) and arguments[0] not in ("=", "==", "!="))


def fits_program(program: str, arguments: Sequence[str]) -> bool:
    """Whether the arguments are ones that the program takes, as far as a call of it can be told from a mention."""
    if not arguments:
        return program in RUN_ALONE
    if len(arguments) == 1 and VERSION.fullmatch(arguments[0]):
        return False
    if needed := SUBCOMMANDS_NEEDED.get(program):
        return arguments[0] in needed or arguments[0].startswith("-")
    if program == "[":
        return arguments[-1] == "]" and len(arguments) > 1
    if program in DECLARERS:
        return any("=" in argument for argument in arguments)
    if program in INTERPRETERS | SHELLS:
        return any(argument.startswith("-") or set("./\0") & set(argument) for argument in arguments)
    return program not in WORDY or any(ORDINARY_WORD.fullmatch(argument) is None for argument in arguments)


def only_installs(text: str) -> bool:
    """Whether a command does no more than install what the tree declares: it sets up, and proves nothing."""
    try:
        parsed = parse_shell(text)
    except ShellSyntaxError:
        return False
    named = [command for command in parsed.commands if command.words and command.words[0].text != "cd"]
    return bool(named) and all(installs([word.text for word in command.words]) for command in named)


def installs(words: Sequence[str]) -> bool:
    """Whether one command installs packages."""
    program = program_name(words[0])
    return program in INSTALLERS and (words[1:] == [] or bool(INSTALLING & set(words[1:4])))
