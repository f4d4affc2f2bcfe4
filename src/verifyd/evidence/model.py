"""What a result file says, in one shape for all tools: findings and test counts, judged by nobody yet."""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum

from msgspec import Struct, field


class Severity(StrEnum):
    """How a tool ranks its finding; NOTE never fails anything by itself."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class FindingKind(StrEnum):
    """What must be mended first: nothing can be parsed before SYNTAX, nothing collected before COLLECTION."""

    SYNTAX = "syntax"
    COLLECTION = "collection"
    TYPE = "type"
    LINT = "lint"
    TEST = "test"
    LIMIT = "limit"
    OTHER = "other"


class Finding(Struct, frozen=True, kw_only=True):
    """
    One thing a tool complains about.

    Attributes:
        path: Relative to the repository's root, forward slashes; None when the tool names no file of the tree.
        line: 1-based; None when unknown.
        column: 1-based, in characters; None when unknown.
        code: The tool's own rule name (``F401``, ``arg-type``, ``TS2322``); None when it has none.
        message: First what is wrong; several lines are allowed, control characters are not.
        subject: What was tested, in the tool's own selector syntax where it has one; None for linters. pytest: the node id
            seen from the gate's folder; unittest: ``tests.test_a.TestA.test_x``; vitest: ``path > suite > test``;
            Playwright: ``path › suite › test`` (paths as the gate's folder sees them); jest and mocha: the full name, ``suite test``; go: ``TestA/sub``;
            cargo: ``module::test``; node: the name. A file that could not be collected: its path.
        frames: Places on the way to the failure, outermost first, (path, line); only files of the tree.
        detail: Longer text for the log or the task (a traceback, a diff); may be empty.
        tool: Who reported it (``pytest``, ``ruff``), when that is known: it tells which selector syntax *subject* is in.
    """

    path: str | None = None
    line: int | None = None
    column: int | None = None
    severity: Severity = Severity.ERROR
    code: str | None = None
    message: str
    subject: str | None = None
    kind: FindingKind = FindingKind.OTHER
    frames: tuple[tuple[str, int], ...] = ()
    detail: str = ""
    tool: str | None = None

    @property
    def fingerprint(self) -> str:
        """
        The same failure on another tree has the same fingerprint: 16 hex digits.

        Line numbers and anything in the message that wanders (numbers, addresses, quoted temporary paths) are left out,
        as code scanning's partial fingerprints do, so that an edit above the place does not make a new failure of it.
        """
        steady = re.sub(r"0x[0-9a-fA-F]+|\d+|/tmp/\S+", "#", self.message.split("\n", 1)[0])
        identity = "\0".join([self.path or "", self.code or "", self.subject or "", "" if self.subject else steady])
        return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:16]


class TestCounts(Struct, frozen=True, kw_only=True):
    """
    How many tests a result speaks of.

    Attributes:
        total: All that were selected, skipped ones included.
        failed: Failed or errored.
        skipped: Skipped or expected to fail.
    """

    __test__ = False  # pytest would collect the name

    total: int
    failed: int = 0
    skipped: int = 0

    @property
    def ran(self) -> int:
        """Tests that really ran: a suite of skipped tests proves nothing."""
        return self.total - self.skipped


class Lack(StrEnum):
    """What a machine may be short of."""

    DISK = "disk"
    MEMORY = "memory"
    FILES = "files"
    NETWORK = "network"


class MachineTrouble(Struct, frozen=True, kw_only=True):
    """
    What the machine lacked, so that the gate says nothing of the code.

    Attributes:
        said: The line that tells it, cleaned.
    """

    lack: Lack
    said: str


class Evidence(Struct, frozen=True, kw_only=True):
    """
    What one gate's results say.

    Attributes:
        source: The reader that made it: ``sarif``, ``junit``, ``text``, ``matcher``, ``builtin``.
        tests: None when the result does not count tests.
        findings: In the tool's own order.
        trouble: Why the result cannot be trusted whole (cut short, not parsable, too large); None when it can.
        machine: What alone explains that the gate did not pass; None when the code must.
    """

    source: str
    tests: TestCounts | None = None
    findings: tuple[Finding, ...] = ()
    trouble: str | None = None
    machine: MachineTrouble | None = None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that say no."""
        return tuple(finding for finding in self.findings if finding.severity is Severity.ERROR)


NO_EVIDENCE = Evidence(source="none")


class SourceTree(Struct, frozen=True, kw_only=True):
    """
    What the readers may know of the tree: which paths exist, so that text that merely looks like a place is not one.

    Attributes:
        root: Absolute path prefix to cut from the tool's paths, with the view's own prefix where it differs; no slash at the end.
        paths: Every file of the judged tree, relative, forward slashes.
        cwd: The gate's folder relative to the root, ``.`` for the root: tools print paths relative to it.
        views: Other absolute prefixes of the same files: a copy that the gate ran in, the root with its links resolved.
    """

    root: str
    paths: frozenset[str] = field(default_factory=frozenset)
    cwd: str = "."
    views: tuple[str, ...] = ()
