"""The shape of ``verifyd plan --json`` (``verifyd.plan/1``): what scripts may rely on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from verifyd.pipeline import Limits, Scope
from verifyd.render.document import Entry

PLAN_SCHEMA: Literal["verifyd.plan/1"] = "verifyd.plan/1"


class GatePlan(Entry):
    """One gate with what was decided about it."""

    name: str
    line: int = Field(description="In VERIFY.md")
    runs: bool
    skip: str | None = Field(description="None when it runs")
    why: str
    command: str
    folder: str
    inputs: tuple[str, ...] = Field(description="Globs; empty means all files")
    input_files: int | None = Field(description="Files of the tree that the globs match; None when it reads all files")
    expected_s: float | None
    timeout_s: float
    needs: tuple[str, ...]
    optional: bool
    manual: str | None = Field(description="Why it never runs by itself; None when it does")
    fix: str | None
    shell: str
    environment: dict[str, str]
    expect: int = Field(description="The exit status that passes")
    min_tests: int | None
    server: str | None
    ready: str | None
    artifacts: tuple[str, ...]


class LeftOutEntry(Entry):
    """Something on the page that looks like a command and was not taken as a gate."""

    line: int
    text: str
    reason: str


class PlanDocument(Entry):
    """What would run on one tree; those that run come first, in their order."""

    schema_: Literal["verifyd.plan/1"] = Field(default=PLAN_SCHEMA, alias="schema")
    tree: str
    base: str | None
    pipeline: str = Field(description="sha256 of the parsed pipeline")
    approved: bool = Field(description="Whether this very pipeline was approved")
    holds: tuple[str, ...] = Field(description="Why the tree cannot be called ready, gates aside")
    critical_path_s: float | None = Field(description="Longest chain of needs; None while a time on it is unknown")
    selected: tuple[str, ...]
    gates: tuple[GatePlan, ...]
    limits: Limits | None
    scope: Scope | None
    left_out: tuple[LeftOutEntry, ...]
