"""Runs and gate runs as history keeps them, for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from verifyd.app.history_ports import GateRun, RunRecord

NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
TREE = "1f" * 20


def a_gate_run(gate: str = "tests", **fields: Any) -> GateRun:
    """A pass of one second with ten tests, which may be reused."""
    known: dict[str, Any] = {
        "gate": gate,
        "tree": TREE,
        "head": "3c" * 20,
        "status": "passed",
        "reason": None,
        "exit_code": 0,
        "started_at": NOON,
        "duration_s": 1.0,
        "cpu_s": 0.8,
        "peak_rss_bytes": 20_000_000,
        "tests_total": 12,
        "tests_ran": 10,
        "tests_failed": 0,
        "key": "k1",
        "load": 0.5,
        "report": '{"name": "tests"}',
        "log": "/state/runs/1/tests.log",
    }
    return GateRun(**{**known, **fields})


def a_failure(gate: str = "tests", **fields: Any) -> GateRun:
    """A failure of that gate with one fingerprint."""
    known = {"status": "failed", "reason": "tests_failed", "exit_code": 1, "tests_failed": 1, "fingerprints": ("f1",)}
    return a_gate_run(gate, **{**known, **fields})


def a_run(*gates: GateRun, **fields: Any) -> RunRecord:
    """A whole run that ended ready."""
    known: dict[str, Any] = {
        "tree": TREE,
        "base": "2b" * 20,
        "head": "3c" * 20,
        "pipeline": "ab" * 32,
        "door": "run",
        "readiness": "ready",
        "reason": None,
        "started_at": NOON,
        "duration_s": 2.0,
        "whole": True,
        "gates": gates,
        "report": '{"schema": "verifyd.report/1"}',
    }
    return RunRecord(**{**known, **fields})
