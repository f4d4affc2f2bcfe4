"""What a gate declares, its result files and its log in, one Evidence out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import BinaryIO

from msgspec import Struct, field
from msgspec.structs import replace

from verifyd.evidence.compose import MOST_FINDINGS, add_counts, join_evidence, without_repeats
from verifyd.evidence.interrupted import INTERRUPTED
from verifyd.evidence.junit import read_junit
from verifyd.evidence.log_text import read_ends
from verifyd.evidence.model import Evidence, Finding, SourceTree, TestCounts
from verifyd.evidence.promised import NOTHING_LEFT
from verifyd.evidence.sarif import read_sarif
from verifyd.evidence.summaries import Runs
from verifyd.evidence.text import join_runs, read_log, read_text
from verifyd.pipeline import EvidenceKind, EvidenceSource


class EvidenceRequest(Struct, frozen=True, kw_only=True):
    """
    All that one gate left behind, opened by whoever may read files.

    Attributes:
        log: Seekable, bytes as written.
        declared: None: automatic.
        files: Opened, by the name the user knows. Declared junit or sarif: what the glob matched, written during this run
            alone; declared matcher: the matcher's file itself. Automatic: what injection.result_files left, if it is there.
        promised: Whether a pytest that ended well must have left results (promised.promises_pytest_file), and has not.
        monotonic_s: Bounds the work of a person's own expressions.
        script: The gate's; it names the tools whose output is nothing but paths.
    """

    tree: SourceTree
    log: BinaryIO
    declared: EvidenceSource | None = None
    files: Mapping[str, BinaryIO] = field(default_factory=dict)
    promised: bool = False
    script: str = ""
    monotonic_s: Callable[[], float] = lambda: 0.0


def read_evidence(request: EvidenceRequest) -> Evidence:
    """
    Reads what is declared, else what can be found: injected JUnit files, results printed to the log, and its text.

    What is declared and cannot be read whole has its trouble named, and holds the findings of the log, so that there is
    something to go by.

    Raises:
        ConfigurationError: The declared problem matcher is wrong.
    """
    log = read_ends(request.log)
    match request.declared.kind if request.declared is not None else None:
        case EvidenceKind.JUNIT | EvidenceKind.SARIF:
            return _read_declared(request, log)
        case EvidenceKind.MATCHER:
            return _read_matcher(request, log)
        case EvidenceKind.TEXT:
            return _join_text(request, *read_log(log, request.tree, request.script))
    return _read_automatically(request, log)


def _read_declared(request: EvidenceRequest, log: bytes) -> Evidence:
    assert request.declared is not None  # noqa: S101 — the caller has looked
    kind, pattern = request.declared.kind, request.declared.pattern
    if not request.files:
        trouble = f"no file matches {pattern!r}: the gate declares evidence={kind.value}:{pattern} and left none"
        return Evidence(source=kind.value, findings=read_text(log, request.tree).findings, trouble=trouble)
    read = read_junit if kind is EvidenceKind.JUNIT else read_sarif
    parts = [_named(read(file, request.tree), name) for name, file in request.files.items()]
    evidence = join_evidence(parts, kind.value)
    if evidence.trouble is not None and not evidence.findings:
        found = read_text(log, request.tree).findings
        return Evidence(source=kind.value, tests=evidence.tests, findings=found, trouble=evidence.trouble)
    return evidence


def _named(evidence: Evidence, name: str) -> Evidence:
    """The trouble with the file's name in front."""
    if evidence.trouble is None:
        return evidence
    trouble = f"{name}: {evidence.trouble}"
    return Evidence(source=evidence.source, tests=evidence.tests, findings=evidence.findings, trouble=trouble)


def _read_matcher(request: EvidenceRequest, log: bytes) -> Evidence:
    """The matcher's findings with the counts of the log, which no matcher can tell."""
    from verifyd.evidence.matcher import parse_matchers, read_matched  # its library is not small, and few gates need it

    found = [matcher for name, file in request.files.items() for matcher in parse_matchers(file.read(), name)]
    if not found:
        assert request.declared is not None  # noqa: S101 — the caller has looked
        trouble = f"the problem matcher {request.declared.pattern!r} is not there"
        return Evidence(source="matcher", findings=read_text(log, request.tree).findings, trouble=trouble)
    matched = read_matched(log, tuple(found), request.tree, request.monotonic_s)
    return replace(matched, tests=read_text(log, request.tree).tests)


def _read_automatically(request: EvidenceRequest, log: bytes) -> Evidence:
    text, runs = read_log(log, request.tree, request.script)
    results = [_named(read_junit(file, request.tree), name) for name, file in request.files.items()]
    if not results:
        return _join_text(request, text, runs)
    junit = join_evidence(results, "junit")
    if junit.tests is None:
        return join_runs(text, runs)
    return _join_pytest(junit, text, runs)


def _join_text(request: EvidenceRequest, text: Evidence, runs: Runs) -> Evidence:
    """The log alone; a pytest that owes its file and does not close with its last line either did not come to its end."""
    broken = request.promised and "pytest" not in runs
    return replace(join_runs(text, runs), trouble=NOTHING_LEFT if broken else text.trouble)


def _join_pytest(junit: Evidence, text: Evidence, runs: Runs) -> Evidence:
    """
    pytest's file and the log as one: the file is the last call's, the log tells of calls before it and of other tools.

    The result is called a text's as soon as the text adds a finding: words in a log contradict no exit status.
    """
    before = runs.get("pytest", [])[:-1]
    others = [count for runner, counts in runs.items() if runner != "pytest" for count in counts]
    added = _added(junit.findings, text.findings, called_once=not before)
    return Evidence(
        source="text" if added else "junit",
        tests=add_counts([junit.tests, text.tests, *before, *others]) or TestCounts(total=0),
        findings=without_repeats([*junit.findings, *added])[:MOST_FINDINGS],
        trouble=junit.trouble,
    )


def _added(known: tuple[Finding, ...], found: tuple[Finding, ...], *, called_once: bool) -> list[Finding]:
    """What the log tells and the file does not: not pytest's own report again, unless it speaks of an earlier call."""
    subjects = {finding.subject for finding in known}
    return [
        finding
        for finding in found
        if finding.tool != "pytest"
        or finding.code == INTERRUPTED
        or (not called_once and finding.subject not in subjects)
    ]
