"""What VERIFY.md may say: gates, limits and scope, and the digest that approval is given to."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from verifyd.json_shape import to_json

DEFAULT_TIMEOUT_S = 600.0
DIFF_GATE = "diff"
"""The built-in gate's name; no fence may take it."""


class Shell(StrEnum):
    """What reads a gate's script."""

    BASH = "bash"
    """``bash -eo pipefail``"""
    SH = "sh"
    """``sh -eu``"""
    ZSH = "zsh"
    """``zsh -e -o pipefail``"""


class Door(StrEnum):
    """Where a run was asked for."""

    WATCH = "watch"
    HOOK = "hook"
    CI = "ci"


class OnChange(StrEnum):
    """What an edit does to a running gate."""

    AUTO = "auto"
    RESTART = "restart"
    FINISH = "finish"


class Isolate(StrEnum):
    """Which files a gate sees."""

    AUTO = "auto"
    FROZEN = "frozen"
    TREE = "tree"


class Ignored(StrEnum):
    """Whether a frozen view contains what git ignores."""

    SHOW = "show"
    HIDE = "hide"


class EvidenceKind(StrEnum):
    """Format of a declared result."""

    JUNIT = "junit"
    SARIF = "sarif"
    MATCHER = "matcher"
    TEXT = "text"


class Manual(StrEnum):
    """Why a gate never runs by itself. Only a DECLARED one may be run by naming it."""

    DECLARED = "declared manual"
    PLACEHOLDER = "has a placeholder to fill in"
    SERVER = "starts a server or watcher that does not end"
    MACHINE = "changes the machine"
    HISTORY = "changes the repository's history or files"
    OUTSIDE = "reaches outside this machine"
    POWERSHELL = "is written for PowerShell"
    NOT_A_COMMAND = "does not read as a command"


class EvidenceSource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Where a gate leaves its machine-readable result.

    Attributes:
        pattern: Glob (junit, sarif) or file (matcher), relative to the gate's folder; empty for text.
    """

    kind: EvidenceKind
    pattern: str = ""


class Gate(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    One declared check: a script, the conditions it runs under, and what counts as a pass.

    Attributes:
        name: Slug of the heading; unique.
        line: 1-based line in VERIFY.md; not part of the digest.
        script: As the shell gets it: prompts stripped, lines joined by newlines.
        timeout_s: Seconds.
        paths: gitignore-style globs of its inputs; empty means all files.
        reads: Globs, from the root, of files it reads that are in no tree; empty means all that git ignores and no tool makes.
        when: Doors it runs at; all by default.
        cwd: Relative to the root, forward slashes.
        env: Names and values, in the declared order.
        expect: The exit status that passes.
        min_tests: None: 1 when the evidence counts tests, else no bound.
        cpus: Slots it takes.
        estimate_s: First time estimate from the heading; not part of the digest.
        expected_text: An ``Expected:`` line of the page, shown in the report, never asserted; not part of the digest.
        manual: None: runs by itself.
    """

    name: str
    line: Annotated[int, Meta(ge=1)]
    script: str
    shell: Shell = Shell.BASH
    timeout_s: Annotated[float, Meta(gt=0)] = DEFAULT_TIMEOUT_S
    paths: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    optional: bool = False
    manual: Manual | None = None
    when: frozenset[Door] = frozenset(Door)
    cwd: str = "."
    env: tuple[tuple[str, str], ...] = ()
    expect: Annotated[int, Meta(ge=0, le=255)] = 0
    min_tests: Annotated[int, Meta(ge=0)] | None = None
    evidence: EvidenceSource | None = None
    fix: str | None = None
    on_change: OnChange = OnChange.AUTO
    isolate: Isolate = Isolate.AUTO
    ignored: Ignored = Ignored.SHOW
    exclusive: bool = False
    cpus: Annotated[int, Meta(ge=1)] = 1
    server: str | None = None
    ready: str | None = None
    artifacts: tuple[str, ...] = ()
    estimate_s: float | None = None
    expected_text: str | None = None

    @property
    def may_be_named(self) -> bool:
        """Whether naming the gate runs it; what is dangerous by its nature is never run by us."""
        return self.manual in (None, Manual.DECLARED)

    @property
    def title(self) -> str:
        """The script's first line, for lists and reports."""
        first, _, rest = self.script.partition("\n")
        return f"{first} …" if rest else first


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    How large a change may be; None means no bound.

    Attributes:
        changed_lines: Added plus deleted, generated and lock files left out.
    """

    changed_lines: Annotated[int, Meta(ge=0)] | None = None
    changed_files: Annotated[int, Meta(ge=0)] | None = None
    deleted_files: Annotated[int, Meta(ge=0)] | None = None


class Scope(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    Which paths a change may touch, as gitignore-style globs.

    Attributes:
        only: When not empty, any other changed path fails.
        protected: A change here fails until a person approves it.
    """

    only: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()


class LeftOut(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something on the page that looks like a command and was not taken as a gate, with the reason: for ``plan`` alone."""

    line: int
    text: str
    reason: str


class Pipeline(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    All that VERIFY.md declares.

    Attributes:
        base: ``auto`` or a ref.
        progress: File that keeps a marked block up to date; None for none.
        plan: File whose first unchecked item becomes part of a task's context; None for none.
        left_out: Not part of the digest.
        title: The page's first heading; not part of the digest.
    """

    gates: tuple[Gate, ...] = ()
    base: str = "auto"
    limits: Limits | None = None
    scope: Scope | None = None
    progress: str | None = None
    plan: str | None = None
    left_out: tuple[LeftOut, ...] = ()
    title: str = ""

    @property
    def has_diff_gate(self) -> bool:
        """Whether the built-in gate exists: as soon as limits or scope is declared."""
        return self.limits is not None or self.scope is not None

    @property
    def digest(self) -> str:
        """
        Sha256, hex, of what bears on meaning: prose, layout, line numbers and estimates do not change it.

        The order of gates does not either: order follows from ``needs`` and from measured times.
        """
        meaning = {key: value for key, value in to_json(self).items() if key not in ("left_out", "title")}
        meaning["gates"] = sorted((gate_meaning(gate) for gate in self.gates), key=lambda gate: str(gate["name"]))
        text = json.dumps({"schema": "verifyd.pipeline/1", **meaning}, sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def gate(self, name: str) -> Gate | None:
        """The gate of that name; None when there is none."""
        return next((gate for gate in self.gates if gate.name == name), None)


def gate_meaning(gate: Gate) -> dict[str, object]:
    """The part of one gate that bears on its meaning, JSON-ready, in a stable order."""
    unmeant = ("line", "estimate_s", "expected_text")
    meaning = {key: value for key, value in to_json(gate).items() if key not in unmeant}
    if not gate.reads:  # approvals that were given before there was such a thing go on holding
        del meaning["reads"]
    return meaning


class ApprovedBy(StrEnum):
    """How an approval was given."""

    TERMINAL = "terminal"
    FLAG = "flag"
    CI = "ci"
    """The CI job itself, whose configuration says ``verifyd ci``."""


class Approval(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    That a person let this pipeline run.

    Attributes:
        digest: Of the pipeline.
        at: UTC, ISO 8601.
        pipeline: Whole, so that it can go on running when VERIFY.md changes.
        page: Sha256, hex, of the page it was read from: the very same bytes need not be read again.
    """

    schema_: Literal["verifyd.approval/1"] = field(default="verifyd.approval/1", name="schema")
    digest: Annotated[str, Meta(min_length=1)]
    by: ApprovedBy
    at: Annotated[str, Meta(min_length=1)]
    pipeline: Pipeline
    page: str = ""
