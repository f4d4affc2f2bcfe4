"""What the tables say about a program's subcommands and options, and what package managers may install unasked."""

from __future__ import annotations

from collections.abc import Sequence

from verifyd.danger.arguments import NONE, Reasons, first_word, has_option, name_reasons, positions, subcommands_at
from verifyd.danger.subcommand_tables import DRY_RUN_PROGRAMS, DRY_RUNS, OPTIONS, SUBCOMMANDS, WATCH_OPTIONS
from verifyd.danger.tables import (
    DATA_PROGRAMS,
    GUARDED,
    JAVASCRIPT_MANAGERS,
    MANAGER_SUBCOMMANDS,
    RUN_SUBCOMMANDS,
    TASK_RUNNERS,
    names,
)
from verifyd.pipeline import Manual

PIP_VALUES = names(
    "-r -c -e -i -f --requirement --constraint --editable --index-url --extra-index-url --find-links --group"
)
PIP_ELSEWHERE = names("--user --break-system-packages -t --target --prefix --root")
PIP_ITSELF = names("pip setuptools wheel")
MANAGER_VALUES = names(
    "--prefix -C --registry --workspace -w --cache --loglevel --omit --include --filter -F --dir --cwd"
)


def table_reasons(program: str, arguments: Sequence[str]) -> Reasons:
    """All that the tables say about a command."""
    return (
        guarded_reasons(program, arguments)
        | subcommand_reasons(program, arguments)
        | option_reasons(program, arguments)
        | task_reasons(program, arguments)
    )


def guarded_reasons(program: str, arguments: Sequence[str]) -> Reasons:
    """For a program that does one thing but for a few subcommands."""
    for reason, programs in GUARDED.items():
        if program in programs:
            safe = any(arguments[position] in programs[program] for position in positions(arguments))
            return NONE if safe or is_dry_run(program, arguments) else frozenset({reason})
    return NONE


def is_dry_run(program: str, arguments: Sequence[str]) -> bool:
    """Whether a publishing command only says what it would do."""
    return program in DRY_RUN_PROGRAMS and bool(DRY_RUNS & set(arguments))


def subcommand_reasons(program: str, arguments: Sequence[str]) -> Reasons:
    """For a program of which some subcommands matter."""
    table = SUBCOMMANDS.get(program, {})
    if not table or is_dry_run(program, arguments):
        return NONE
    return frozenset(table[subcommand] for subcommand in subcommands_of(arguments) if subcommand in table)


def subcommands_of(arguments: Sequence[str]) -> list[str]:
    """The words that may be the subcommand, alone and with the word after; "" when there may be none."""
    found = [words for position in positions(arguments) for words in subcommands_at(arguments, position)]
    return found if first_word(arguments) else [*found, ""]


def option_reasons(program: str, arguments: Sequence[str]) -> Reasons:
    """For a program of which some options matter, and for ``--watch`` of any."""
    reasons: set[Manual] = set()
    for key in (program, *(f"{program} {subcommand}" for subcommand in subcommands_of(arguments))):
        reasons.update(reason for option, reason in OPTIONS.get(key, {}).items() if has_option(arguments, option))
    if program not in DATA_PROGRAMS and any(is_watching(argument) for argument in arguments):
        reasons.add(Manual.SERVER)
    return frozenset(reasons)


def is_watching(argument: str) -> bool:
    """Whether an argument makes a program wait for changes: ``--watch``, not ``--watch=false``."""
    name, _, value = argument.partition("=")
    return name in WATCH_OPTIONS and value.lower() not in ("false", "0", "no")


def task_reasons(program: str, arguments: Sequence[str]) -> Reasons:
    """For a program that runs what somebody gave a name: the names are all that is known."""
    if program in TASK_RUNNERS:
        return NONE.union(*(name_reasons(word) for word in arguments if not word.startswith("-") and "=" not in word))
    reasons = NONE
    for position in positions(arguments):
        word, after = arguments[position], arguments[position + 1 :]
        if word in RUN_SUBCOMMANDS.get(program, ()):
            reasons |= NONE.union(*(name_reasons(after[later]) for later in positions(after)))
        elif program in JAVASCRIPT_MANAGERS:
            reasons |= install_reasons(program, word, after)
            if not is_managers_own(program, word):
                reasons |= name_reasons(word)
    return reasons


def is_managers_own(program: str, word: str) -> bool:
    """Whether a JavaScript package manager does this itself; any other word is a script or a program of the project."""
    return word in MANAGER_SUBCOMMANDS or word in SUBCOMMANDS[program]


def install_reasons(program: str, subcommand: str, after: Sequence[str]) -> Reasons:
    """For npm and its like: what the tree declares may be installed; a package that is named changes the tree."""
    if subcommand not in ("install", "i", "ci"):
        return NONE
    if {"-g", "--global"} & set(after):
        return frozenset({Manual.MACHINE})
    return frozenset({Manual.HISTORY}) if named_packages(after, MANAGER_VALUES) and program != "yarn" else NONE


def named_packages(after: Sequence[str], valued: frozenset[str]) -> list[str]:
    """The arguments of an install command that are neither options nor their values."""
    return [
        word
        for position, word in enumerate(after)
        if not word.startswith("-") and (position == 0 or after[position - 1] not in valued)
    ]


def pip_reasons(arguments: Sequence[str]) -> Reasons:
    """pip: what the tree declares (``-e .``, ``-r FILE``) may go into the active environment; other packages are the machine's."""
    tabled = subcommand_reasons("pip", arguments)
    if "install" not in arguments:
        return tabled
    after = arguments[list(arguments).index("install") + 1 :]
    elsewhere = PIP_ELSEWHERE & {argument.split("=")[0] for argument in after}
    strangers = [
        word
        for word in named_packages(after, PIP_VALUES)
        if word not in PIP_ITSELF and not word.startswith((".", "dist/"))
    ]
    return tabled | {Manual.MACHINE} if elsewhere or strangers else tabled
