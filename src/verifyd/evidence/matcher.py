"""A problem matcher of VS Code or GitHub in, Evidence from a log read with it out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import regex
from msgspec import Struct

from verifyd.errors import ConfigurationError
from verifyd.evidence.compose import MOST_FINDINGS, make_finding, without_repeats
from verifyd.evidence.json_values import Json, NotJsonError, dig, mapping, number, parse, sequence, text
from verifyd.evidence.kinds import kind_of, severity_of
from verifyd.evidence.log_text import cut_middle, text_of
from verifyd.evidence.model import Evidence, Finding, Severity, SourceTree
from verifyd.evidence.places import NOWHERE, Place, Places

SOURCE = "matcher"

_LONGEST_LINE = 1_000
"""Characters of a line that a user's expression is tried on: not every expression takes linear time."""

TIME_LIMIT_S = 2.0
"""Seconds that one matcher may look at a log; an ordinary one needs milliseconds."""

_FIELDS = ("file", "fromPath", "line", "column", "endLine", "endColumn", "severity", "code", "message", "location")
_NAMED_GROUP = re.compile(r"\(\?<(?![=!])")
_LOCATION = re.compile(r"(?P<line>\d{1,7})(?:,(?P<column>\d{1,7}))?")


class Pattern(Struct, frozen=True, kw_only=True):
    """
    One line of a problem.

    Attributes:
        groups: Field to the number of its capture group.
        loop: Whether this line may repeat, each time a problem of its own; only ever the last one's.
        whole_file: Whether it names a file without a line (``kind: file``).
    """

    regexp: regex.Pattern[str]
    groups: dict[str, int]
    loop: bool = False
    whole_file: bool = False


class Matcher(Struct, frozen=True, kw_only=True):
    """
    One problem matcher.

    Attributes:
        owner: Its name, shown as the tool.
        severity: Of problems that do not tell theirs.
        folder: What relative paths are relative to, as the matcher says it; empty for the gate's own folder.
        patterns: One for each line of a problem, one or more.
    """

    owner: str
    severity: Severity
    patterns: tuple[Pattern, ...]
    folder: str = ""


def parse_matchers(content: bytes, file: str) -> tuple[Matcher, ...]:
    """
    The matchers of one file: GitHub's ``{"problemMatcher": [...]}``, a list of matchers or a single one.

    Raises:
        ConfigurationError: It is no JSON, or a matcher is wrong; names *file* and what to do.
    """
    try:
        document = parse(content)
    except NotJsonError as error:
        raise _wrong(
            f"is not valid JSON: {error}", file, "Write it as GitHub's problem matchers are written."
        ) from error
    declared = mapping(document).get("problemMatcher", document)
    return tuple(_matcher(entry, file) for entry in (sequence(declared) or [declared]))


def read_matched(
    content: bytes, matchers: tuple[Matcher, ...], tree: SourceTree, monotonic_s: Callable[[], float] = lambda: 0.0
) -> Evidence:
    """
    Findings of all matchers in a log, of its ends when it is very long; a file outside the tree goes into the message.

    Args:
        monotonic_s: Tells when a matcher has had its time; without one each of its searches may take as long.
    """
    places = Places(tree)
    lines = [line[:_LONGEST_LINE].rstrip() for line in text_of(cut_middle(content)).split("\n")]
    findings: list[Finding] = []
    troubles: list[str] = []
    for matcher in matchers:
        reading = _Reading(matcher, places, monotonic_s)
        try:
            findings += reading.read(lines)
        except TimeoutError:
            troubles.append(_too_slow(matcher, reading.slow))
    return Evidence(
        source=SOURCE,
        findings=without_repeats(findings)[:MOST_FINDINGS],
        trouble="; ".join(troubles) or None,
    )


def _too_slow(matcher: Matcher, pattern: Pattern) -> str:
    named = f"the problem matcher {matcher.owner!r}" if matcher.owner else "the problem matcher"
    return (
        f"{named} was not done with the log after {TIME_LIMIT_S:g} s, at {json.dumps(pattern.regexp.pattern)}: "
        "write the expression so that no part of a line can be matched in two ways"
    )


class _Reading:
    """One matcher going through a log."""

    def __init__(self, matcher: Matcher, places: Places, monotonic_s: Callable[[], float]) -> None:
        self._matcher = matcher
        self._places = places
        self._monotonic_s = monotonic_s
        self._until_s = monotonic_s() + TIME_LIMIT_S
        self.slow = matcher.patterns[0]

    def read(self, lines: list[str]) -> list[Finding]:
        """
        Every problem, in the order of the log.

        Raises:
            TimeoutError: The time is over; *slow* is the pattern that was being looked for.
        """
        found: list[Finding] = []
        index = 0
        while index < len(lines) and len(found) < MOST_FINDINGS:
            problems, used = self._at(lines, index)
            found += [self._finding(problem) for problem in problems]
            index += max(used, 1)
        return found

    def _at(self, lines: list[str], index: int) -> tuple[list[dict[str, str]], int]:
        """The problems that begin at this line, and how many lines they take; none and 0 when it is no beginning."""
        problem: dict[str, str] = {}
        for offset, pattern in enumerate(self._matcher.patterns):
            match = self._search(pattern, lines[index + offset]) if index + offset < len(lines) else None
            if match is None:
                return [], 0
            if pattern.loop:
                return self._loop(lines, index + offset, pattern, problem, offset)
            problem |= _captured(pattern, match)
        return [problem], len(self._matcher.patterns)

    def _search(self, pattern: Pattern, line: str) -> regex.Match[str] | None:
        self.slow = pattern
        left_s = self._until_s - self._monotonic_s()
        if left_s <= 0:
            raise TimeoutError
        return pattern.regexp.search(line, timeout=left_s)

    def _loop(
        self, lines: list[str], start: int, pattern: Pattern, shared: dict[str, str], before: int
    ) -> tuple[list[dict[str, str]], int]:
        problems: list[dict[str, str]] = []
        for line in lines[start:]:
            match = self._search(pattern, line)
            if match is None:
                break
            problems.append(shared | _captured(pattern, match))
        return problems, before + len(problems)

    def _finding(self, problem: dict[str, str]) -> Finding:
        severity = severity_of(problem.get("severity", "")) or self._matcher.severity
        code, message = problem.get("code") or None, problem.get("message") or "no message"
        kind = kind_of(code=code, message=message, severity=severity)
        owner = self._matcher.owner or None
        return make_finding(message, place=self._place(problem), severity=severity, code=code, kind=kind, tool=owner)

    def _place(self, problem: dict[str, str]) -> Place:
        file = problem.get("file", "")
        if not file:
            return NOWHERE
        location = _LOCATION.match(problem.get("location", ""))
        line = _number(problem.get("line")) or (int(location["line"]) if location else None)
        column = _number(problem.get("column")) or (
            int(location["column"]) if location and location["column"] else None
        )
        below = f"{self._matcher.folder}/{file}" if self._matcher.folder and not file.startswith("/") else file
        return self._places.at(below if self._places.find(below) else file, line, column)


def _captured(pattern: Pattern, match: regex.Match[str]) -> dict[str, str]:
    values = {name: match[group] for name, group in pattern.groups.items()}
    return {name: value.strip() for name, value in values.items() if value is not None}


def _number(said: str | None) -> int | None:
    return int(said) or None if said and said.isascii() and said.isdigit() and len(said) <= 7 else None


def _matcher(entry: Json, file: str) -> Matcher:
    declared = dig(entry, "pattern")
    patterns = [_pattern(pattern, file) for pattern in (sequence(declared) or [declared])]
    if any(pattern.loop for pattern in patterns[:-1]):
        raise _wrong("has a loop in a pattern that is not the last", file, "Let only the last pattern loop.")
    if len(patterns) == 1 and patterns[0].loop:
        raise _wrong(
            "has a single pattern that loops", file, 'Take "loop" out: each matching line is a problem already.'
        )
    if not any("message" in pattern.groups for pattern in patterns):
        raise _wrong("has no pattern with a message", file, 'Give "message" the number of its capture group.')
    severity = severity_of(text(dig(entry, "severity"))) or Severity.ERROR
    owner = text(dig(entry, "owner"))
    return Matcher(owner=owner, severity=severity, patterns=tuple(patterns), folder=_folder(dig(entry, "fileLocation")))


def _folder(location: Json) -> str:
    """VS Code's ``["relative", "${workspaceFolder}/sub"]``: the part below the workspace."""
    said = sequence(location)
    folder = text(said[1]) if len(said) > 1 else ""
    return re.sub(r"^\$\{(?:workspaceFolder|workspaceRoot|cwd)\}/?", "", folder).strip("/")


def _pattern(declared: Json, file: str) -> Pattern:
    source = text(dig(declared, "regexp"))
    if not source:
        raise _wrong("has a pattern without a regexp", file, 'Give every entry of "pattern" a "regexp".')
    try:
        regexp = regex.compile(_NAMED_GROUP.sub("(?P<", source), regex.VERSION0)
    except (regex.error, RecursionError, OverflowError) as error:
        remedy = "Mend the expression; JavaScript's and Python's differ in little but \\k."
        raise _wrong(f"has a regexp that cannot be used, {json.dumps(source)}: {error}", file, remedy) from error
    groups: dict[str, int] = {}
    for name in _FIELDS:
        if name not in mapping(declared):
            continue
        group = number(dig(declared, name))
        if group is None or not 0 <= group <= regexp.groups:
            raise _wrong(
                f'has "{name}": {json.dumps(dig(declared, name))}, which is no capture group of its regexp',
                file,
                f'Give "{name}" the number of a capture group of {json.dumps(source)}.',
            )
        groups[name] = group
    whole_file = text(dig(declared, "kind")) == "file"
    return Pattern(regexp=regexp, groups=groups, loop=dig(declared, "loop") is True, whole_file=whole_file)


def _wrong(problem: str, file: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(f"the problem matcher {problem}", file=file, remedy=remedy)
