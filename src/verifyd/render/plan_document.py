"""The shape of ``verifyd plan --json`` (``verifyd.plan/1``): what scripts may rely on."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from verifyd.pipeline import Limits, Scope

PLAN_SCHEMA: Literal["verifyd.plan/1"] = "verifyd.plan/1"


class GatePlan(Struct, frozen=True, kw_only=True):
    """One gate with what was decided about it."""

    name: str
    line: Annotated[int, Meta(description="In VERIFY.md")]
    runs: bool
    skip: Annotated[str | None, Meta(description="None when it runs")]
    why: str
    command: str
    folder: str
    inputs: Annotated[tuple[str, ...], Meta(description="Globs; empty means all files")]
    input_files: Annotated[
        int | None, Meta(description="Files of the tree that the globs match; None when it reads all files")
    ]
    reads: Annotated[
        tuple[str, ...],
        Meta(description="Globs of ignored files that count for its reuse; empty means all but what tools make again"),
    ]
    expected_s: float | None
    timeout_s: float
    needs: tuple[str, ...]
    optional: bool
    manual: Annotated[str | None, Meta(description="Why it never runs by itself; None when it does")]
    fix: str | None
    shell: str
    environment: dict[str, str]
    expect: Annotated[int, Meta(description="The exit status that passes")]
    min_tests: int | None
    server: str | None
    ready: str | None
    artifacts: tuple[str, ...]


class LeftOutEntry(Struct, frozen=True, kw_only=True):
    """Something on the page that looks like a command and was not taken as a gate."""

    line: int
    text: str
    reason: str


class PlanDocument(Struct, frozen=True, kw_only=True):
    """What would run on one tree; those that run come first, in their order."""

    schema_: Literal["verifyd.plan/1"] = field(default=PLAN_SCHEMA, name="schema")
    tree: str
    base: str | None
    pipeline: Annotated[str, Meta(description="sha256 of the parsed pipeline")]
    approved: Annotated[bool, Meta(description="Whether this very pipeline was approved")]
    holds: Annotated[tuple[str, ...], Meta(description="Why the tree cannot be called ready, gates aside")]
    critical_path_s: Annotated[
        float | None, Meta(description="Longest chain of needs; None while a time on it is unknown")
    ]
    selected: tuple[str, ...]
    gates: tuple[GatePlan, ...]
    limits: Limits | None
    scope: Scope | None
    left_out: tuple[LeftOutEntry, ...]
