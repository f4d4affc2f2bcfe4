"""Findings and the change in: which of them have one cause, and where to look for it, out."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import IntEnum

from msgspec import Struct

from verifyd.evidence.model import Finding, FindingKind

KIND_ORDER = (
    FindingKind.SYNTAX,
    FindingKind.COLLECTION,
    FindingKind.LIMIT,
    FindingKind.TYPE,
    FindingKind.TEST,
    FindingKind.OTHER,
    FindingKind.LINT,
)
"""What unblocks most comes first: nothing runs before it parses; a limit of the person's comes before work that it may undo."""

MOST_PLACES = 5

INNERMOST = "innermost frame in files changed since the last ready tree"
ON_THE_WAY_CHANGED = "frame in the change"
REPORTED_CHANGED = "reported here, in the change since the last ready tree"
REPORTED = "reported here; not in the change since the last ready tree"
ON_THE_WAY = "on the way to the failure"
NAMED_IN_MESSAGE = "changed, and the message names it; no frame of the failure lies in the change"
NAMED_LIKE_TEST = "changed, and its name is that of the failing test's file; no frame of the failure lies in it"
NAMED_IN_DETAIL = "changed, and the failing lines name it; no frame of the failure lies in it"
COUNTED = "what the limit counts, most first"
FORBIDDEN = "a change that is not allowed here"
ONLY_CHANGED = "the only source file in the change; no frame of the failure lies in it"
ONE_OF_FEW = "one of the few source files in the change; no frame of the failure lies in any"
FEW = 3
"""Changed source files that are all worth a look when nothing tells which of them a test that was not touched fails for."""

_TEST_NAME = re.compile(r"(?:^|[-_.])(?:tests?|spec|specs|e2e|conftest)(?:[-_.]|$)|Tests?\.\w+$", re.ASCII)
_TEST_FOLDERS = frozenset({"test", "tests", "testing", "__tests__", "spec", "specs", "e2e"})
_TEST_WORDS = re.compile(r"^(?:test|tests|spec)[-_.]?|[-_.]?(?:test|tests|spec|e2e)$", re.IGNORECASE)
CODE = re.compile(
    r"\.(?:py|pyi|pyx|[cm]?[jt]sx?|vue|svelte|go|rs|java|kt|kts|scala|rb|php|cs|fs|swift|m|mm|c|h|cc|cpp|cxx|hpp|hh|zig|ex|exs|erl"
    r"|hs|ml|clj|lua|pl|sh|sql|html|css|scss)$"
)
_EVERYWHERE = frozenset(
    {"__init__", "__main__", "index", "main", "mod", "lib", "init", "types", "setup", "app", "test", "self", "data"}
)
"""Names so common that a word alike says nothing."""


class Place(Struct, frozen=True, kw_only=True):
    """Somewhere to look: *line* is 1-based or None; *why* is a phrase."""

    path: str
    line: int | None
    why: str


def is_test_file(path: str) -> bool:
    """Whether a path is called like a test, or lies in a folder that is."""
    folders, name = posixpath.split(path)
    return _TEST_NAME.search(name) is not None or not _TEST_FOLDERS.isdisjoint(folders.split("/"))


def is_source(path: str) -> bool:
    """Whether a path is code that is no test."""
    return CODE.search(path) is not None and not is_test_file(path)


def rank_of_kinds(findings: Iterable[Finding]) -> int:
    """Place in KIND_ORDER of the most blocking kind; that of OTHER without findings."""
    kinds = {finding.kind for finding in findings} or {FindingKind.OTHER}
    return min(KIND_ORDER.index(kind) for kind in kinds)


def first_cause(
    errors: Sequence[Finding], changed: frozenset[str], since_base: frozenset[str] | None = None
) -> tuple[Finding, ...]:
    """
    The findings of one cause: the most blocking kind; then a cause in the change before others; then the one of most findings.

    Failures that pass through the same innermost changed place are taken to have the same cause, else those that the same
    changed file is suspected of and that fail in the same way, else those that say the same. Ties are broken by fingerprint, which no shifted line moves.

    Args:
        changed: Since the last ready tree.
        since_base: What differs from the base now (see still_changed); None where that is the same.
    """
    if not errors:
        return ()
    rank = rank_of_kinds(errors)
    groups: dict[str, list[tuple[Strength, Finding]]] = {}
    for finding in errors:
        if KIND_ORDER.index(finding.kind) == rank:
            strength, key = cause_of(finding, changed, since_base)
            groups.setdefault(key, []).append((strength, finding))
    best = min(groups.values(), key=order_of_cause)
    return tuple(finding for _, finding in sorted(best, key=lambda one: one[0]))


def order_of_cause(group: Sequence[tuple[Strength, Finding]]) -> tuple[Strength, int, str]:
    """Best founded first, then the one of most findings, then by fingerprint."""
    return min(strength for strength, _ in group), -len(group), min(finding.fingerprint for _, finding in group)


class Strength(IntEnum):
    """How well founded it is that a cause lies in the change; the best first."""

    SHOWN = 0
    """A frame, a report, a name."""
    ONLY_CANDIDATE = 1
    """Nothing but that no other source file changed, which is as true of failures that were there before."""
    OUTSIDE = 2


def cause_of(
    finding: Finding, changed: frozenset[str], since_base: frozenset[str] | None = None
) -> tuple[Strength, str]:
    """How well the change is known to hold the cause, and a key that findings of one cause share."""
    if finding.kind is FindingKind.LIMIT:
        return Strength.SHOWN, finding.code or finding.message
    frames = changed_frames(finding, changed)
    if frames and is_source(frames[0].path):
        return Strength.SHOWN, f"{frames[0].path}:{frames[0].line}"
    if finding.subject is None and finding.path is not None:
        return Strength.SHOWN if finding.path in changed else Strength.OUTSIDE, finding.path
    suspected = suspects(finding, still_changed(changed, since_base))
    why = suspected[0].why if suspected else None
    if why not in (None, ONE_OF_FEW):
        strength = Strength.ONLY_CANDIDATE if why == ONLY_CHANGED else Strength.SHOWN
        return strength, f"{suspected[0].path} {exception_of(finding)}"
    if frames or finding.path in changed:
        return Strength.SHOWN, finding.fingerprint
    return Strength.ONLY_CANDIDATE if suspected else Strength.OUTSIDE, said(finding)


def exception_of(finding: Finding) -> str:
    """``ReferenceError`` of ``ReferenceError: document is not defined``; empty for an assertion, however it is written."""
    named = re.match(r"(?:\w{1,60}\.){0,6}(\w{0,60}(?:Error|Exception|Warning))\b", finding.message)
    return named[1] if named is not None and named[1] != "AssertionError" else ""


def said(finding: Finding) -> str:
    """The message without what wanders; with the test's file for a plain assertion, which is alike in many tests by chance."""
    first = re.sub(r"0x[0-9a-fA-F]+|\d+", "#", finding.message.split("\n", 1)[0])
    is_assertion = first.startswith(("assert", "AssertionError", "Expected", "expected", "expect("))
    return f"{finding.path}: {first}" if is_assertion else first


def same_root(finding: Finding, cause: Sequence[Finding]) -> bool:
    """
    Whether a finding of another tool or gate speaks of what *cause* is about, so that mending one mends the other.

    A file that cannot be parsed or loaded is at the root of whatever else is said of it; otherwise it must be the same line.
    """
    whole_file = any(one.kind in (FindingKind.SYNTAX, FindingKind.COLLECTION) for one in cause)
    own = {(one.path, None if whole_file else one.line) for one in cause if one.path is not None}
    places = [(finding.path, finding.line), *finding.frames]
    return any((path, None if whole_file else line) in own for path, line in places)


def find_places(
    findings: Sequence[Finding], changed: frozenset[str], since_base: frozenset[str] | None = None
) -> tuple[Place, ...]:
    """
    Where to look, most likely first, each place once, at most MOST_PLACES.

    Code of the change that the failures passed through; what is reported in code of the change; code of the change that is
    suspected, before or after the test itself as that is unchanged or changed too; then what lies outside of the change.
    """
    in_code: list[Place] = []
    in_tests: list[Place] = []
    for finding in findings:
        for place in changed_frames(finding, changed) + own_place(finding, changed, inside=True):
            (in_tests if is_test_file(place.path) else in_code).append(place)
    candidates = still_changed(changed, since_base)
    suspected = most_common([place for finding in findings for place in suspects(finding, candidates)])
    outside = [place for finding in findings for place in own_place(finding, changed, inside=False)]
    inner = [place for finding in findings for place in inner_frames(finding, changed)]
    ranked: dict[tuple[str, int | None], Place] = {}
    for place in (*in_code, *in_tests, *suspected[:FEW], *outside, *inner):
        ranked.setdefault((place.path, place.line), place)
    return tuple(ranked.values())[:MOST_PLACES]


def still_changed(changed: frozenset[str], since_base: frozenset[str] | None) -> frozenset[str]:
    """
    What to suspect of a change without any sign: not the files that were put back to the base since a tree was last ready.

    Where no code differs from the base, that of commits since then is all there is.
    """
    fresh = changed if since_base is None else changed & since_base
    return fresh if any(map(is_source, fresh)) else changed


def most_common(places: Sequence[Place]) -> list[Place]:
    """Each path once, those that most findings point at first, else in their order."""
    counts = Counter(place.path for place in places)
    first = {place.path: place for place in reversed(places)}
    return sorted(first.values(), key=lambda place: (-counts[place.path], places.index(place)))


def changed_frames(finding: Finding, changed: frozenset[str]) -> list[Place]:
    """Frames that lie in the change, innermost first, code before tests."""
    frames = [(path, line) for path, line in reversed(finding.frames) if path in changed]
    if finding.kind is FindingKind.LIMIT:
        return [Place(path=path, line=None, why=COUNTED) for path, _ in frames]
    ordered = sorted(frames, key=lambda frame: is_test_file(frame[0]))
    return [
        Place(path=path, line=line, why=ON_THE_WAY_CHANGED if number else INNERMOST)
        for number, (path, line) in enumerate(ordered)
    ]


def own_place(finding: Finding, changed: frozenset[str], *, inside: bool) -> list[Place]:
    """Where the finding is reported, when that lies inside, or outside, of the change."""
    if finding.path is None or (finding.path in changed) is not inside:
        return []
    if finding.kind is FindingKind.LIMIT:
        return [Place(path=finding.path, line=None, why=FORBIDDEN)]
    return [Place(path=finding.path, line=finding.line, why=REPORTED_CHANGED if inside else REPORTED)]


def inner_frames(finding: Finding, changed: frozenset[str]) -> list[Place]:
    """The two innermost frames outside the change."""
    outside = [(path, line) for path, line in reversed(finding.frames) if path not in changed]
    return [Place(path=path, line=line, why=ON_THE_WAY) for path, line in outside[:2]]


def suspects(finding: Finding, changed: frozenset[str]) -> list[Place]:
    """
    Changed code that no frame of the failure lies in, and yet is likelier to be wrong than a test that was not touched.

    A wrong value shows where it is compared: ``assert add(1, 2) == 3`` fails in the test alone. What is known without
    reading files: whether the message or the failing lines name a changed file, whether one is called like the test's
    file, whether only one, or a few, changed at all. The reason given says which of these it is, and that it is no more than that.
    """
    if finding.kind is FindingKind.LIMIT:  # it counts files, whatever is in them
        return []
    code = sorted(path for path in changed if is_source(path))
    own = {finding.path, *(path for path, _ in finding.frames)}
    if own.intersection(code) or (finding.subject is None and finding.kind is not FindingKind.TYPE):
        return []
    ways = (
        (NAMED_IN_MESSAGE, [path for path in code if names_path(finding.message, path)]),
        (
            NAMED_LIKE_TEST,
            [path for path in code if finding.subject is not None and is_named_like(path, file_of_test(finding))],
        ),
        (NAMED_IN_DETAIL, [path for path in code if names_stem(finding.detail, path)]),
        (ONLY_CHANGED, code if finding.kind is FindingKind.TEST and len(code) == 1 else []),
    )
    found: dict[str, Place] = {}
    for why, paths in ways:
        for path in paths:
            found.setdefault(path, Place(path=path, line=None, why=why))
    if not found and finding.kind is FindingKind.TEST and len(code) <= FEW:
        return [Place(path=path, line=None, why=ONE_OF_FEW) for path in code]
    return list(found.values())


def file_of_test(finding: Finding) -> str | None:
    """The file of the test that failed: the outermost frame called like one, else where the failure is reported."""
    called_so = [path for path, _ in finding.frames if is_test_file(path)]
    return called_so[0] if called_so else finding.path


def is_named_like(path: str, test: str | None) -> bool:
    """``calc.py`` and ``test_calc.py``, ``calc.ts`` and ``calc.test.ts``."""
    if test is None:
        return False
    return bool(stem(path)) and stem(path).lower() == _TEST_WORDS.sub("", stem(test)).lower()


def stem(path: str) -> str:
    """A file's name up to the last dot."""
    return posixpath.splitext(posixpath.basename(path))[0]


def names_path(text: str, path: str) -> bool:
    """Whether text holds the path, or its dotted module from any folder on (``shop.offers``)."""
    if re.search(rf"(?<![\w.-]){re.escape(path)}(?!\w)", text) is not None:
        return True
    parts = posixpath.splitext(path)[0].split("/")
    if parts[-1] in _EVERYWHERE:
        parts = parts[:-1]
    dotted = [".".join(parts[start:]) for start in range(len(parts)) if len(parts) - start > 1]
    quoted = [f"{mark}{parts[-1]}{mark}" for mark in "'\"`"] if parts else []
    return any(re.search(rf"(?<![\w.]){re.escape(module)}(?![\w])", text) for module in dotted) or any(
        name in text for name in quoted
    )


def names_stem(text: str, path: str) -> bool:
    """Whether text uses the file's name as a word: ``calc.add(1, 2)``."""
    word = stem(path)
    if len(word) < 3 or word.lower() in _EVERYWHERE:
        return False
    return re.search(rf"(?<![\w./-]){re.escape(word)}(?![\w/-])", text) is not None
