"""One failed testcase element in, its Findings out: where, what was tested, what went wrong."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, cast
from xml.etree.ElementTree import Element

from msgspec import Struct

from verifyd.evidence.compose import make_finding
from verifyd.evidence.kinds import collection_kind, kind_of, severity_of
from verifyd.evidence.model import Finding, FindingKind, Severity
from verifyd.evidence.places import Place, Places
from verifyd.evidence.subjects import file_of_module, pytest_subject
from verifyd.evidence.traces import Trace, read_trace

if TYPE_CHECKING:
    from junitparser.junitparser import FinalResult


class Writer(StrEnum):
    """Who wrote the file, as far as it shows; it decides what names and line numbers mean."""

    PYTEST = "pytest"
    VITEST = "vitest"
    JEST = "jest"
    PLAYWRIGHT = "playwright"
    NEXTEST = "nextest"
    GO = "go"
    NODE = "node"
    UNKNOWN = ""


_ROOT_NAMES = {
    "pytest tests": Writer.PYTEST,
    "vitest tests": Writer.VITEST,
    "jest tests": Writer.JEST,
    "nextest-run": Writer.NEXTEST,
}

_LINTERS = frozenset(
    {"basedpyright", "biome", "eslint", "mypy", "oxlint", "pyrefly", "pyright", "ruff", "stylelint", "ty"}
)

_LINE_IN_TEXT = re.compile(r"line (\d{1,7}), col(?:umn)? (\d{1,7}), ")
_COLLECTION_NAMES = ("collection failure", "Test suite failed to run")


class Case(Struct, frozen=True, kw_only=True):
    """
    A testcase with the suites around it.

    Attributes:
        around: Outermost first; their children are gone, their attributes are not.
    """

    element: Element
    around: tuple[Element, ...] = ()

    @property
    def suite(self) -> Element | None:
        """The innermost testsuite; None for a case that stands outside any (node's runner)."""
        return next((element for element in reversed(self.around) if element.tag.endswith("testsuite")), None)

    @property
    def suite_name(self) -> str:
        """Empty when there is no suite or it has no name."""
        return self.suite.get("name", "") if self.suite is not None else ""

    @property
    def root_name(self) -> str:
        """The outermost element's name."""
        return self.around[0].get("name", "") if self.around else ""

    @property
    def linter(self) -> str | None:
        """The linter or type checker that wrote this, lower case; None for a test runner."""
        package = (self.suite.get("package") or "").removeprefix("org.") if self.suite is not None else ""
        for name in (self.root_name, package.split(".")[0], self.suite_name):
            if name.lower() in _LINTERS:
                return name.lower()
        return None

    @property
    def is_linter(self) -> bool:
        """Whether this speaks of code that was looked at, not of a test that ran."""
        return self.linter is not None

    @property
    def writer(self) -> Writer:
        """Who wrote it."""
        if self.root_name in _ROOT_NAMES:
            return _ROOT_NAMES[self.root_name]
        if self.suite_name == "pytest" or self._is_renamed_pytest():
            return Writer.PYTEST
        if " › " in self.element.get("name", ""):
            return Writer.PLAYWRIGHT
        if self.suite is None and self.element.get("classname") == "test":
            return Writer.NODE
        if self.suite is not None and self.suite_name and self.suite_name == self.element.get("classname"):
            return Writer.VITEST if re.search(r"\.[cm]?[jt]sx?$", self.suite_name) else Writer.GO
        return Writer.UNKNOWN

    def _is_renamed_pytest(self) -> bool:
        """junit_suite_name renames the suite; the class is still named after the file, which unittest's writers do for the suite."""
        file, classname = self.element.get("file", ""), self.element.get("classname", "")
        module = file.removesuffix(".py").replace("/", ".")
        return (
            file.endswith(".py") and f"{classname}.".startswith(f"{module}.") and not self.suite_name.startswith(module)
        )


def findings_of(case: Case, places: Places) -> list[Finding]:
    """A test's failure is one finding, whatever else went wrong with it; a linter's every failure is one."""
    import junitparser  # takes longer to import than all our readers together, and most files hold no failure

    parsed = junitparser.TestCase.fromelem(case.element)  # type: ignore[no-untyped-call]  # junitparser's own methods carry no types
    results = [result for result in parsed.result if not isinstance(result, junitparser.Skipped)]
    if case.linter is not None:
        return [_of_linter(case, result, case.linter, places) for result in results]
    return [_of_test(case, results[0], places)] if results else []


def _of_linter(case: Case, result: FinalResult, linter: str, places: Places) -> Finding:
    message, body = _texts(result)
    spoken = _LINE_IN_TEXT.match(body)
    line = _number(case.element.get("line")) or (int(spoken[1]) if spoken else None)
    column = _number(case.element.get("column")) or (int(spoken[2]) if spoken else None)
    code = _linter_code(case, result)
    name = case.element.get("file") or case.suite_name
    severity = _linter_severity(case.element)
    return make_finding(
        message or body,
        place=places.at(name, line, column),
        severity=severity,
        code=code,
        kind=kind_of(code=code, message=message, tool=linter, severity=severity),
        tool=linter,
    )


def _linter_code(case: Case, result: FinalResult) -> str | None:
    """``org.ruff.F401`` is F401, ``org.biome.lint.style.useTemplate`` is lint/style/useTemplate; Pyrefly has it as the type."""
    name = case.element.get("name", "")
    if name.startswith("org."):
        code = name.split(".", 2)[-1]
        return code.replace(".", "/") if code.startswith(("lint.", "assist.")) else code
    return cast("str | None", result.type) or name or None


def _linter_severity(element: Element) -> Severity:
    for prop in element.iter("property"):
        if prop.get("name") == "severity":
            return severity_of(prop.get("value", "")) or Severity.ERROR
    return Severity.ERROR


def _of_test(case: Case, result: FinalResult, places: Places) -> Finding:
    message, body = _texts(result)
    package = case.suite_name if case.writer is Writer.GO else ""
    trace = read_trace(body, places, package=package)
    is_collection = _is_collection(case, message)
    return make_finding(
        _test_message(message, body, trace, explained=is_collection),
        place=_test_place(case, trace, places),
        subject=_subject(case, places),
        kind=collection_kind(f"{message}\n{body}") if is_collection else FindingKind.TEST,
        frames=trace.frames,
        detail=body,
        tool=case.writer.value or None,
    )


def _is_collection(case: Case, message: str) -> bool:
    """The file could not be loaded, so none of its tests ran: pytest, jest and vitest each say it in their way."""
    name, classname = case.element.get("name", ""), case.element.get("classname", "")
    if message in _COLLECTION_NAMES or any(said in (name, classname) for said in _COLLECTION_NAMES):
        return True
    return case.writer is Writer.VITEST and name == classname == case.suite_name


def _texts(result: FinalResult) -> tuple[str, str]:
    return str(result.message or "").strip(), str(result.text or "").strip("\n")


def _test_message(message: str, body: str, trace: Trace, *, explained: bool) -> str:
    """The tool's message; the exception itself where that says only that something failed."""
    if explained and trace.explanation:
        return trace.explanation
    vague = message.lower() in ("", "failed", "failure", "error", "collection failure")
    if not vague:
        return message
    telling = [line.strip() for line in body.split("\n") if line.strip() and not line.startswith(("=== ", "--- "))]
    return trace.explanation or (telling[0] if telling else message)


def _test_place(case: Case, trace: Trace, places: Places) -> Place:
    """Where it went wrong, else where the test stands."""
    if trace.innermost is not None:
        return trace.innermost
    path = _test_file(case, places)
    line = _number(case.element.get("line"), first=0 if case.writer is Writer.PYTEST else 1)
    return Place(path=path, line=line if path and case.element.get("file") else None)


def _test_file(case: Case, places: Places) -> str | None:
    """The file of the test: as an attribute, or as the name of its class or suite."""
    classname = case.element.get("classname", "")
    for said in (case.element.get("file"), case.suite.get("file") if case.suite is not None else None):
        if said and places.find(said):
            return places.find(said)
    if case.writer is Writer.PYTEST:
        return file_of_module(classname or case.element.get("name", ""), places)
    for said in (classname, case.suite_name):
        if "." in said and places.find(said):
            return places.find(said)
    return None


def _subject(case: Case, places: Places) -> str:
    """The test in its runner's own selector syntax (see model.Finding.subject)."""
    name, classname = case.element.get("name", ""), case.element.get("classname", "")
    path = _test_file(case, places)
    match case.writer:
        case Writer.PYTEST:
            return pytest_subject(places.from_cwd(path) if path else None, classname, name)
        case Writer.VITEST:
            file = places.as_seen(case.suite_name)
            return file if name == case.suite_name else f"{file} > {name}"
        case Writer.PLAYWRIGHT:
            return f"{places.as_seen(classname)} › {name}"
        case Writer.JEST | Writer.NEXTEST | Writer.GO | Writer.NODE:
            return name
    return f"{classname}.{name}" if classname and classname != name else name


def _number(said: str | None, *, first: int = 1) -> int | None:
    if said is None or not said.isascii() or not said.isdigit() or len(said) > 7:
        return None
    return int(said) - first + 1 or None
