"""A JUnit XML file in, Evidence out: streamed, capped, without document types, and as far as it goes when it was cut short."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum, auto
from typing import BinaryIO, cast
from xml.etree.ElementTree import Element, ParseError, XMLPullParser
from xml.parsers import expat

from verifyd.evidence.compose import MOST_FINDINGS, without_repeats
from verifyd.evidence.junit_case import Case, findings_of
from verifyd.evidence.model import Evidence, Finding, SourceTree, TestCounts
from verifyd.evidence.places import Places

SIZE_CAP = 64 * 1024 * 1024
"""Bytes of one file."""

DEPTH_CAP = 64
"""Elements inside each other; real files stay below 8."""

SOURCE = "junit"

_CHUNK = 256 * 1024
_MOST_CHILDREN = 1_000
_FAILED = frozenset({"failure", "error"})
_NOT_RUN = frozenset({"skipped", "disabled", "notrun", "suppressed", "ignored"})


class _UnreadableError(Exception):
    """The rest of the file cannot be read; the message says why."""


def read_junit(file: BinaryIO, tree: SourceTree, *, size_cap: int = SIZE_CAP) -> Evidence:
    """
    Counts and failures of every testcase, those outside a testsuite included.

    Results of linters in this format (ruff, ty, Biome, …) are findings, not tests: they count none.
    A file that cannot be read to its end gives what was read, with the trouble named; no exception leaves here.
    """
    tally = _Tally(Places(tree))
    trouble = None
    try:
        _read_cases(file, size_cap, tally)
    except _UnreadableError as error:
        trouble = str(error)
    counts = tally.counts()
    return Evidence(
        source=SOURCE,
        tests=counts if trouble is None or (counts is not None and counts.total) else None,
        findings=without_repeats(tally.findings)[:MOST_FINDINGS],
        trouble=trouble,
    )


class _Tally:
    """Counts every case; only those that failed are looked at closely, so that 20,000 passing ones cost little."""

    def __init__(self, places: Places) -> None:
        self.findings: list[Finding] = []
        self._places = places
        self._total = self._failed = self._skipped = 0
        self._suite: Element | None = None
        self._counts_tests = True
        self._saw_linter = False

    def add(self, element: Element, around: list[Element]) -> None:
        """
        Args:
            around: The elements around it, outermost first; not kept.
        """
        suite = around[-1] if around else None
        if suite is not self._suite or suite is None:
            self._suite = suite
            self._counts_tests = not Case(element=element, around=tuple(around)).is_linter
            self._saw_linter = self._saw_linter or not self._counts_tests
        self._total += self._counts_tests
        ending = _ending(element)
        if ending is _Ending.SKIPPED:
            self._skipped += self._counts_tests
        elif ending is _Ending.FAILED:
            self._failed += self._counts_tests
            if len(self.findings) < MOST_FINDINGS:
                self.findings += findings_of(Case(element=element, around=tuple(around)), self._places)

    def counts(self) -> TestCounts | None:
        """None for a file of linters alone."""
        if self._saw_linter and not self._total:
            return None
        return TestCounts(total=self._total, failed=self._failed, skipped=self._skipped)


class _Ending(Enum):
    PASSED = auto()
    FAILED = auto()
    SKIPPED = auto()


def _ending(element: Element) -> _Ending:
    ending = _Ending.PASSED
    for child in element:
        tag = _local(child.tag)
        if tag in _FAILED:
            return _Ending.FAILED
        if tag == "skipped":
            ending = _Ending.SKIPPED
    # googletest and others say it by attribute alone
    if element.get("status") in _NOT_RUN or element.get("result") in _NOT_RUN:
        return _Ending.SKIPPED
    return ending


def _read_cases(file: BinaryIO, size_cap: int, tally: _Tally) -> None:
    """
    Hands every testcase to the tally and forgets it.

    Raises:
        _UnreadableError: Too large, too deep, with a document type, or not well-formed from some point on.
    """
    parser: XMLPullParser[Element] = XMLPullParser(("start", "end"))
    around: list[Element] = []
    for chunk in _chunks(file, size_cap):
        parser.feed(chunk)  # an ill-formed place is queued behind the events before it, for read_events to raise
        _drain(parser, around, tally)
    try:
        parser.close()
    except ParseError as error:
        raise _UnreadableError(f"the JUnit file is cut short: {error}") from error


def _drain(parser: XMLPullParser[Element], around: list[Element], tally: _Tally) -> None:
    try:
        for kind, element in cast("Iterator[tuple[str, Element]]", parser.read_events()):
            if kind == "start":
                around.append(element)
                if len(around) > DEPTH_CAP:
                    raise _UnreadableError(f"the JUnit file nests more than {DEPTH_CAP} elements")
                continue
            around.pop()
            if element.tag == "testcase" or _local(element.tag) == "testcase":
                tally.add(element, around)
                if around:
                    del around[-1][:]
            elif around and len(around[-1]) > _MOST_CHILDREN:
                del around[-1][-1]
    except ParseError as error:
        raise _UnreadableError(f"the JUnit file is not well-formed XML: {error}") from error


def _chunks(file: BinaryIO, size_cap: int) -> Iterator[bytes]:
    """
    The file in pieces, the first once its prolog was checked.

    Raises:
        _UnreadableError: Past the cap, empty, or with a document type: entities are how small files become huge ones.
    """
    head = file.read(_CHUNK)
    if not head.strip():
        raise _UnreadableError("the JUnit file is empty")
    _refuse_document_type(head)
    size = 0
    chunk = head
    while chunk:
        size += len(chunk)
        if size > size_cap:
            raise _UnreadableError(f"the JUnit file is larger than {size_cap // 1024 // 1024} MiB")
        yield chunk
        chunk = file.read(_CHUNK)


class _RootReachedError(Exception):
    """The prolog is over: no document type can follow."""


def _refuse_document_type(head: bytes) -> None:
    """ElementTree cannot refuse a DOCTYPE, expat alone can, in whatever encoding it is written."""

    def refuse(*_: object) -> None:
        raise _UnreadableError("the JUnit file declares a document type, which is refused: it can define entities")

    def stop(*_: object) -> None:
        raise _RootReachedError

    prolog = expat.ParserCreate()
    prolog.StartDoctypeDeclHandler = refuse
    prolog.StartElementHandler = stop
    try:
        prolog.Parse(head, len(head) < _CHUNK)
    except _RootReachedError:
        return
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise _UnreadableError(f"the JUnit file is not well-formed XML: {error}") from error
    raise _UnreadableError(f"the JUnit file has no element in its first {_CHUNK // 1024} KiB")


def _local(tag: str) -> str:
    """The tag without its namespace."""
    return tag.rpartition("}")[2] if "}" in tag else tag
