"""A fence's info string -> its language and the settings of its gate, each error with line and column."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct

from verifyd.nearest import nearest_of
from verifyd.pipeline import Door, EvidenceKind, EvidenceSource, Ignored, Isolate, OnChange
from verifyd.verify_md.globs import glob_problem, globs_problem, path_problem
from verifyd.verify_md.place import Place

LONGEST_INFO = 4_000
"""Characters of an info string."""
LONGEST_TIMEOUT_S = 7 * 24 * 3600.0
MOST_CPUS = 1024
BLANKS = re.compile(r"[ \t\r\n]*")
DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h)", re.ASCII)
SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
WHOLE_NUMBER = re.compile(r"0|[1-9]\d{0,8}", re.ASCII)
ENVIRONMENT_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
READY_URL = re.compile(r"https?://[^\s/:]+(?::(?:\d{1,5}|\{port\}))?(?:/\S*)?", re.ASCII)
READY_ADDRESS = re.compile(r"[^\s/:]+:(?:\d{1,5}|\{port\})", re.ASCII)
Choice = TypeVar("Choice", bound=StrEnum)
GATE_NAME_REMEDY = "Write the names of gates with commas between them: needs=lint,types."


class BadValueError(ValueError):
    """An attribute's value is not one of those it may have."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(problem)


class Attribute(Struct, frozen=True, kw_only=True):
    """
    One word of an info string after the language.

    Attributes:
        value: None for a word without ``=``.
        column: 1-based, of the word's first character.
    """

    name: str
    value: str | None
    column: int


class Info(Struct, frozen=True, kw_only=True):
    """An info string taken apart; *language* is in lower case, empty when there is none."""

    language: str
    attributes: tuple[Attribute, ...]


def split_words(text: str) -> Iterable[tuple[str, int]]:
    """
    Words as ``shlex.split`` gives them, each with the index of its first character.

    Raises:
        ValueError: A quote is not closed; from shlex.
    """
    stream = io.StringIO(text)
    lexer = shlex.shlex(stream, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    while True:
        start = BLANKS.match(text, stream.tell())
        word = lexer.get_token()
        if word is None or start is None:
            return
        yield word, start.end()


def parse_info(info: str, *, file: str, line: int, column: int) -> Info:
    """
    Take an info string apart; *column* is that of its first character.

    The first word is the language and is read as it stands, without quoting: other programs write all kinds of things there.
    """
    if len(info) > LONGEST_INFO:
        problem = f"the line that opens the fence is longer than {LONGEST_INFO} characters"
        raise Place(file=file, line=line).error(problem, "Move long commands into a script of the repository.")
    language = info.split(maxsplit=1)[0] if info.strip() else ""
    offset = info.index(language) + len(language)
    try:
        words = list(split_words(info[offset:]))
    except ValueError as error:
        raise Place(file=file, line=line, column=column + offset).error(
            "a quote in the fence's attributes is not closed", 'Close it: fix="ruff check --fix ."'
        ) from error
    return Info(
        language=language.lower(),
        attributes=tuple(make_attribute(word, column + offset + start) for word, start in words),
    )


def make_attribute(word: str, column: int) -> Attribute:
    """``name=value`` or a flag."""
    name, equals, value = word.partition("=")
    return Attribute(name=name, value=value if equals else None, column=column)


def parse_settings(attributes: Iterable[Attribute], *, gate: str, place: Place) -> dict[str, object]:
    """
    Turn attributes into the fields of a Gate.

    Returns:
        Fields by name; ``manual`` and ``slow`` as True. What is not set is left out.

    Raises:
        ConfigurationError: An unknown or repeated attribute, or a bad value.
    """
    settings: dict[str, object] = {}
    columns: dict[str, int] = {}
    for attribute in attributes:
        here = Place(file=place.file, line=place.line, column=attribute.column)
        name = attribute.name
        if name not in ATTRIBUTES and name not in FLAGS:
            known = nearest_of(name, (*ATTRIBUTES, *FLAGS)) or f"Attributes are: {', '.join((*ATTRIBUTES, *FLAGS))}."
            raise here.error(f"gate {gate!r}: unknown attribute {name!r}", known)
        if name in columns:
            problem = (
                f"gate {gate!r}: attribute {name!r} stands here a second time; the first is in column {columns[name]}"
            )
            raise here.error(problem, "Keep one of them.")
        columns[name] = attribute.column
        try:
            settings[FIELDS.get(name, name)] = parse_value(attribute)
        except BadValueError as error:
            raise here.error(f"gate {gate!r}: {name}: {error.problem}", error.remedy) from error
    check_server(columns, gate=gate, place=place)
    return settings


def check_server(columns: Mapping[str, int], *, gate: str, place: Place) -> None:
    """A server and the sign that it is ready go together."""
    for one, other, remedy in (
        ("server", "ready", "Say when it has started: ready=http://127.0.0.1:{port}."),
        ("ready", "server", 'Say what starts it: server="npm run preview".'),
    ):
        if one in columns and other not in columns:
            here = Place(file=place.file, line=place.line, column=columns[one])
            raise here.error(f"gate {gate!r}: {one} without {other}", remedy)


def parse_value(attribute: Attribute) -> object:
    """The value of one attribute as its field holds it."""
    if attribute.name in FLAGS:
        if attribute.value is not None:
            raise BadValueError("takes no value", f"Write the word alone: {attribute.name}.")
        return True
    parse, example = ATTRIBUTES[attribute.name]
    if not attribute.value:
        raise BadValueError("has no value", f"Write one: {example}.")
    return parse(attribute.value)


# --- values -----------------------------------------------------------------------------------------------------------


def parse_duration(text: str) -> float:
    """Seconds of ``30s``, ``1.5m``, ``250ms``, ``2h``."""
    found = DURATION.fullmatch(text)
    if found is None:
        raise BadValueError(f"{text!r} is no duration", "Write a number and ms, s, m or h: timeout=30s.")
    seconds = float(found.group(1)) * SECONDS[found.group(2)]
    if not 0 < seconds <= LONGEST_TIMEOUT_S:
        raise BadValueError(
            f"{text!r} is not between 1ms and a week", "Write a time in which the gate should end: timeout=5m."
        )
    return seconds


def parse_list(text: str) -> tuple[str, ...]:
    """Parts between commas."""
    parts = tuple(part.strip() for part in text.split(","))
    if not all(parts):
        raise BadValueError(f"{text!r} holds an empty part", "Take the comma away, or quote the whole value.")
    return parts


def parse_globs(text: str) -> tuple[str, ...]:
    """gitignore-style patterns; those that could match nothing are refused, because the gate would then never run."""
    if "{" in text:
        raise BadValueError(
            "holds braces, which .gitignore patterns do not have", "Write the patterns out: src/*.ts,src/*.tsx."
        )
    globs = parse_list(text)
    if problem := globs_problem(globs):
        raise BadValueError(f"{text!r} {problem}", "Write patterns as in .gitignore: **/*.py,pyproject.toml.")
    return globs


def parse_plain_globs(text: str) -> tuple[str, ...]:
    """Globs of files below the root, where files are looked for and not sorted out: no ``!``."""
    globs = parse_list(text)
    for glob in globs:
        if problem := path_problem(glob) or glob_problem(glob):
            raise BadValueError(f"{glob!r} {problem}", "Name files below the root: reads=settings/*.cfg,.env.local.")
        if glob.startswith("!"):
            raise BadValueError(f"{glob!r} takes files away", "Name the files that are read: reads=settings/*.cfg.")
    return globs


def parse_gate_names(text: str) -> tuple[str, ...]:
    """Names of gates, each once."""
    names = parse_list(text)
    if len(set(names)) < len(names):
        raise BadValueError(f"{text!r} names a gate twice", GATE_NAME_REMEDY)
    return names


def parse_doors(text: str) -> frozenset[Door]:
    """Where the gate runs."""
    return frozenset(parse_choice(Door, part, "when=ci or when=watch,hook") for part in parse_list(text))


def parse_choice(choices: type[Choice], text: str, example: str) -> Choice:
    """One of an enum's values."""
    known = [choice.value for choice in choices]
    if text not in known:
        remedy = nearest_of(text, known) or f"Write one of {', '.join(known)}: {example}."
        raise BadValueError(f"unknown value {text!r}", remedy)
    return choices(text)


def parse_folder(text: str) -> str:
    """A folder below the root, without ``./``, ``//`` and a slash at the end."""
    if problem := path_problem(text):
        raise BadValueError(f"{text!r} {problem}", "Name a folder of the repository: cwd=web.")
    return "/".join(part for part in text.split("/") if part not in ("", ".")) or "."


def parse_environment(text: str) -> tuple[tuple[str, str], ...]:
    """``K=V`` parts between commas."""
    pairs: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = part.strip().partition("=")
        if not equals or ENVIRONMENT_NAME.fullmatch(name) is None:
            remedy = "Write names and values with commas between them: env=CI=1,TZ=UTC. For a comma in a value, export it in the script."
            raise BadValueError(f"{part.strip()!r} is not NAME=value", remedy)
        if name in pairs:
            raise BadValueError(f"{name!r} is set twice", "Keep one of them.")
        pairs[name] = value
    return tuple(pairs.items())


def parse_expected_exit(text: str) -> int:
    """``exit:N``."""
    kind, _, number = text.partition(":")
    if kind != "exit" or WHOLE_NUMBER.fullmatch(number) is None or int(number) > 255:
        raise BadValueError(f"{text!r} is no exit status", "Write exit: and a number from 0 to 255: expect=exit:1.")
    return int(number)


def parse_number(text: str, *, least: int, most: int, example: str) -> int:
    """A whole number within bounds."""
    if WHOLE_NUMBER.fullmatch(text) is None or not least <= int(text) <= most:
        raise BadValueError(f"{text!r} is no whole number from {least} to {most}", f"Write digits alone: {example}.")
    return int(text)


def parse_evidence(text: str) -> EvidenceSource:
    """``junit:GLOB``, ``sarif:GLOB``, ``matcher:FILE`` or ``text``."""
    kind_text, colon, pattern = text.partition(":")
    kind = parse_choice(EvidenceKind, kind_text, "evidence=junit:reports/*.xml")
    if kind is EvidenceKind.TEXT:
        if colon:
            raise BadValueError("text names no file", "Write the word alone: evidence=text.")
        return EvidenceSource(kind=kind)
    if not pattern:
        raise BadValueError(
            f"{kind.value} names no file", f"Say where the result is: evidence={kind.value}:reports/*.xml."
        )
    if problem := path_problem(pattern):
        raise BadValueError(
            f"{pattern!r} {problem}", f"Name files below the gate's folder: evidence={kind.value}:reports/*.xml."
        )
    return EvidenceSource(kind=kind, pattern=pattern)


def parse_command(text: str) -> str:
    """A command line."""
    if not text.strip():
        raise BadValueError("is empty", 'Write a command in quotes: fix="ruff check --fix .".')
    return text.strip()


def parse_ready(text: str) -> str:
    """A URL or ``host:port``; the port may be ``{port}``."""
    if READY_URL.fullmatch(text) is None and READY_ADDRESS.fullmatch(text) is None:
        remedy = "Write an address that answers once the server is up: ready=http://127.0.0.1:{port} or ready=127.0.0.1:5432."
        raise BadValueError(f"{text!r} is neither a URL nor host:port", remedy)
    return text


ATTRIBUTES: Mapping[str, tuple[Callable[[str], object], str]] = {
    "timeout": (parse_duration, "timeout=5m"),
    "paths": (parse_globs, "paths=**/*.py,pyproject.toml"),
    "reads": (parse_plain_globs, "reads=settings/*.cfg"),
    "needs": (parse_gate_names, "needs=lint"),
    "when": (parse_doors, "when=ci"),
    "cwd": (parse_folder, "cwd=web"),
    "env": (parse_environment, "env=TZ=UTC"),
    "expect": (parse_expected_exit, "expect=exit:1"),
    "min_tests": (lambda text: parse_number(text, least=0, most=10**9, example="min_tests=1"), "min_tests=1"),
    "evidence": (parse_evidence, "evidence=junit:reports/*.xml"),
    "fix": (parse_command, 'fix="ruff check --fix ."'),
    "on_change": (lambda text: parse_choice(OnChange, text, "on_change=finish"), "on_change=finish"),
    "isolate": (lambda text: parse_choice(Isolate, text, "isolate=tree"), "isolate=tree"),
    "ignored": (lambda text: parse_choice(Ignored, text, "ignored=hide"), "ignored=hide"),
    "cpus": (lambda text: parse_number(text, least=1, most=MOST_CPUS, example="cpus=2"), "cpus=2"),
    "server": (parse_command, 'server="npm run preview"'),
    "ready": (parse_ready, "ready=http://127.0.0.1:{port}"),
    "artifacts": (parse_globs, "artifacts=test-results/**"),
}
"""For each attribute with a value, what reads it and an example (verify_md.md, the table of attributes)."""
FLAGS = ("optional", "manual", "exclusive", "slow")
"""Attributes without a value. ``slow`` bears on nothing but the first time estimate."""
FIELDS: Mapping[str, str] = {"timeout": "timeout_s"}
"""Attributes whose field in Gate has another name."""
