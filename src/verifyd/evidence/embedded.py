"""A log's text in; the machine-readable results that stand in it, and the text without them, out."""

from __future__ import annotations

import io
import json
import re

from msgspec import Struct, field

from verifyd.evidence.json_findings import findings_in
from verifyd.evidence.json_tests import read_test_report
from verifyd.evidence.json_values import Json, dig, mapping, text
from verifyd.evidence.junit import read_junit
from verifyd.evidence.model import Evidence, SourceTree
from verifyd.evidence.places import Places
from verifyd.evidence.sarif import is_sarif, read_document

_MOST_DOCUMENTS = 100
"""Attempts at a document of several lines: most text that looks like one is none."""

_MOST_IN_VAIN = 10_000
"""Documents that are no results, of one line each, after which no more are looked for."""

_JSON_START = re.compile(r'^[{\[]\s{0,4}(?:["{\[\]}]|$)', re.MULTILINE)
_JUNIT_START = re.compile(r"^(?:<\?xml[^>\n]{0,200}\?>\s{0,10})?<testsuites?[\s>]", re.MULTILINE)
_DECODER = json.JSONDecoder()


class Embedded(Struct):
    """
    What was found.

    Attributes:
        results: One Evidence for each document that is a result.
        rest: The text without them; what ``go test -json`` wrapped is unwrapped in it.
    """

    rest: str
    results: list[Evidence] = field(default_factory=list)


def take_embedded(content: str, tree: SourceTree) -> Embedded:
    """Finds JUnit files, SARIF logs and the JSON reports of known tools that were printed instead of written to a file."""
    found = Embedded(rest=content)
    if "<testsuite" in content:
        _take_junit(found, tree)
    if _JSON_START.search(found.rest):
        _take_json(found, tree)
    return found


def _take_junit(found: Embedded, tree: SourceTree) -> None:
    for _ in range(_MOST_DOCUMENTS):
        start = _JUNIT_START.search(found.rest)
        if start is None:
            return
        root = "</testsuites>" if "<testsuites" in start[0] else "</testsuite>"
        end = found.rest.find(root, start.start())
        stop = end + len(root) if end >= 0 else len(found.rest)
        result = read_junit(io.BytesIO(found.rest[start.start() : stop].encode("utf-8", "replace")), tree)
        if (
            result.trouble is None or result.tests is None or result.tests.total
        ):  # a file cut short says nothing of no tests
            found.results.append(result)
        found.rest = found.rest[: start.start()] + found.rest[stop:]


def _take_json(found: Embedded, tree: SourceTree) -> None:
    """
    Tries every line that can open a document: first the line alone, then from there on.

    The work is bounded: each failed attempt at a long document is paid from a budget of twice the text's length, and
    after many documents that are no results no more are looked for.
    """
    places = Places(tree)
    content, kept, unwrapped = found.rest, list[str](), dict[str, list[str]]()
    budget, vain, position = 2 * len(content), 0, 0
    while vain < _MOST_IN_VAIN and (start := _JSON_START.search(content, position)) is not None:
        begin = start.start()
        document, end, cost = _decode(content, begin, whole=vain < _MOST_DOCUMENTS and budget > 0)
        budget -= cost
        following = end if end is not None else _line_end(content, begin)
        if end is not None and _understand(document, found, unwrapped, places, tree):
            kept.append(content[position:begin])
        else:
            kept.append(content[position:following])
            vain += 1
        position = following
    kept.append(content[position:])
    found.rest = "".join(kept) + "".join("\n" + "".join(outputs) for outputs in unwrapped.values())


def _line_end(content: str, start: int) -> int:
    end = content.find("\n", start)
    return end + 1 if end >= 0 else len(content)


def _decode(content: str, start: int, *, whole: bool) -> tuple[Json, int | None, int]:
    """The document that begins here, the index behind it (None when there is none), and what the attempt cost."""
    end = _line_end(content, start)
    line = content[start:end].rstrip()
    if line.endswith(("}", "]")):
        try:
            return json.loads(line), end, 0
        except (ValueError, RecursionError):
            if not whole:
                return None, None, 0
    if not whole:
        return None, None, 0
    try:
        document, stop = _DECODER.raw_decode(content, start)
    except json.JSONDecodeError as error:
        return None, None, error.pos - start
    except (ValueError, RecursionError):
        return None, None, 1_000
    return document, stop, 0


def _understand(
    document: Json, found: Embedded, unwrapped: dict[str, list[str]], places: Places, tree: SourceTree
) -> bool:
    """Whether the document is a result; it is then added to what was found."""
    if is_sarif(document):
        found.results.append(read_document(document, tree))
        return True
    entry = mapping(document)
    if "Action" in entry and "Package" in entry:  # go test -json: packages run side by side, their lines mixed
        unwrapped.setdefault(text(entry.get("Package")), []).append(text(entry.get("Output")))
        return True
    report = read_test_report(document, places)
    findings = findings_in(document, places) if report is None else []
    if report is None and findings:
        report = Evidence(source="text", findings=tuple(findings))
    if report is not None:
        found.results.append(report)
    return report is not None or text(dig(document, "reason")) in (
        "compiler-message",
        "compiler-artifact",
        "build-finished",
    )
