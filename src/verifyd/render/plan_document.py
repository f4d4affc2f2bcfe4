"""The shape of ``verifyd plan --json`` (``verifyd.plan/1``): what scripts may rely on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from verifyd.json_shape import says
from verifyd.pipeline import Limits, Scope

PLAN_SCHEMA: Literal["verifyd.plan/1"] = "verifyd.plan/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePlan:
    """One gate with what was decided about it."""

    name: str
    line: int = field(metadata=says("In VERIFY.md"))
    runs: bool
    skip: str | None = field(metadata=says("None when it runs"))
    why: str
    command: str
    folder: str
    inputs: tuple[str, ...] = field(metadata=says("Globs; empty means all files"))
    input_files: int | None = field(
        metadata=says("Files of the tree that the globs match; None when it reads all files")
    )
    reads: tuple[str, ...] = field(
        metadata=says("Globs of ignored files that count for its reuse; empty means all but what tools make again")
    )
    expected_s: float | None
    timeout_s: float
    needs: tuple[str, ...]
    optional: bool
    manual: str | None = field(metadata=says("Why it never runs by itself; None when it does"))
    fix: str | None
    shell: str
    environment: dict[str, str]
    expect: int = field(metadata=says("The exit status that passes"))
    min_tests: int | None
    server: str | None
    ready: str | None
    artifacts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutEntry:
    """Something on the page that looks like a command and was not taken as a gate."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanDocument:
    """What would run on one tree; those that run come first, in their order."""

    schema_: Literal["verifyd.plan/1"] = field(default=PLAN_SCHEMA, metadata={"alias": "schema"})
    tree: str
    base: str | None
    pipeline: str = field(metadata=says("sha256 of the parsed pipeline"))
    approved: bool = field(metadata=says("Whether this very pipeline was approved"))
    holds: tuple[str, ...] = field(metadata=says("Why the tree cannot be called ready, gates aside"))
    critical_path_s: float | None = field(metadata=says("Longest chain of needs; None while a time on it is unknown"))
    selected: tuple[str, ...]
    gates: tuple[GatePlan, ...]
    limits: Limits | None
    scope: Scope | None
    left_out: tuple[LeftOutEntry, ...]
