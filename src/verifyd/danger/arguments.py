"""The parts of a command's words: its program, its options, its first argument, and what the names in it say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from verifyd.danger.name_words import FIRST_WORDS, LAST_WORDS, ONLY_WORDS, REASSURING_WORDS, STRONG_WORDS
from verifyd.danger.tables import INTERPRETERS
from verifyd.pipeline import Manual

Reasons = frozenset[Manual]
NONE: Reasons = frozenset()

VERSION_SUFFIX = re.compile(r"(?<=[a-z])-?\d+(?:\.\d+)*$")
VERSIONED = INTERPRETERS | {"pip", "pytest", "clang", "gcc"}
EXTENSION = re.compile(r"\.(?:sh|bash|zsh|py|js|mjs|cjs|ts|mts|rb|pl|php|exe|cmd|bat)$")
CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def program_name(word: str) -> str:
    """A program without its folder and version: ``.venv/bin/python3.12`` is ``python``."""
    name = word.rsplit("/", 1)[-1]
    if name.startswith("mkfs."):
        return "mkfs"
    bare = VERSION_SUFFIX.sub("", name)
    return bare if bare in VERSIONED else name.removesuffix(".exe")


def operands(arguments: Sequence[str]) -> list[str]:
    """The arguments that are not options."""
    return [argument for argument in arguments if not argument.startswith("-") or argument == "-"]


def has_short_option(arguments: Sequence[str], letters: str) -> bool:
    """Whether a cluster of short options holds one of the letters."""
    return any(
        argument.startswith("-") and not argument.startswith("--") and set(letters) & set(argument)
        for argument in arguments
    )


def has_option(arguments: Sequence[str], option: str) -> bool:
    """Whether an option is given, a short one also in a cluster."""
    if option.startswith("--"):
        return any(argument.split("=")[0] == option for argument in arguments)
    cluster = re.compile(rf"-[A-Za-z]{{0,4}}{re.escape(option[1:])}\w{{0,4}}")
    return any(cluster.fullmatch(argument) for argument in arguments)


def positions(arguments: Sequence[str]) -> Iterator[int]:
    """
    Where the first argument that is no option may stand.

    Which options take a value is not known here, so what follows an option may be its value or the argument meant: both
    are given.
    """
    for position, argument in enumerate(arguments):
        if argument.startswith("-") and len(argument) > 1:
            continue
        yield position
        before = arguments[position - 1] if position else ""
        if not before.startswith("-") or "=" in before or before == "--":
            return


def first_word(arguments: Sequence[str]) -> str:
    """The first argument when it can be no option's value; else empty."""
    position = next(positions(arguments), None)
    if position is None or (position and arguments[position - 1] != "--" and "=" not in arguments[position - 1]):
        return ""
    return arguments[position]


def subcommands_at(arguments: Sequence[str], position: int) -> tuple[str, ...]:
    """The word at a position, and with the next word that is no option."""
    following = next((word for word in arguments[position + 1 :] if not word.startswith("-")), None)
    return (arguments[position],) if following is None else (arguments[position], f"{arguments[position]} {following}")


def is_assignment(argument: str) -> bool:
    """Whether an argument reads ``NAME=value``."""
    return re.match(r"[A-Za-z_]\w*=", argument) is not None


def name_reasons(name: str) -> Reasons:
    """
    For a script, target or subcommand that somebody named: what its name says it does.

    ``deploy:staging``, ``db-migrate``, ``start``, ``:app:publishDocs`` do; ``release-check`` and ``migrate:status`` look.
    """
    words = words_of(name)
    if not words or set(words[1:]) & REASSURING_WORDS:
        return NONE
    parts = [part for part in map(words_of, name.split(":")) if len(part) > 1]
    found = [reason for part in (words, *parts) for reason in (FIRST_WORDS.get(part[0]), LAST_WORDS.get(part[-1]))]
    found.append(ONLY_WORDS.get(words[0]) if len(words) == 1 else None)
    found.append(Manual.OUTSIDE if STRONG_WORDS & set(words) else None)
    return frozenset([reason for reason in found if reason][:1])


def words_of(name: str) -> list[str]:
    """The words of a name in lower case: ``publishDocs.sh`` is ``publish`` and ``docs``."""
    return [word for word in re.split(r"[^a-z0-9]+", CAMEL.sub("-", EXTENSION.sub("", name)).lower()) if word]
