"""Runs and gate runs to rows of the history database and back, each row sealed over its own values."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import zlib
from collections.abc import Sequence
from datetime import datetime

from verifyd.app.history_ports import GateRun, RunRecord

GATE_RUN_COLUMNS = (
    "gate",
    "tree",
    "head",
    "status",
    "reason",
    "exit_code",
    "started_at",
    "duration_s",
    "cpu_s",
    "peak_rss_bytes",
    "tests_total",
    "tests_ran",
    "tests_failed",
    "findings",
    "action_key",
    "reused",
    "load",
    "fingerprints",
    "log",
    "report_hash",
)
"""What the seal covers, in this order; the report itself is covered through its hash, so that it can be dropped alone."""

RUN_COLUMNS = (
    "tree",
    "base",
    "head",
    "pipeline",
    "door",
    "readiness",
    "reason",
    "started_at",
    "duration_s",
    "whole",
    "report_hash",
)
"""The same for a run."""

Value = str | int | float | bytes | None


def run_values(run: RunRecord, secret: bytes = b"") -> tuple[Value, ...]:
    """One run as the values of RUN_COLUMNS, then ``report`` and ``seal``."""
    report = packed(run.report)
    values = (
        run.tree,
        run.base,
        run.head,
        run.pipeline,
        run.door,
        run.readiness,
        run.reason,
        run.started_at.isoformat(),
        float(run.duration_s),
        int(run.whole),
        report_hash(report),
    )
    return (*values, report, seal(values, secret))


def make_run(row: Sequence[Value]) -> RunRecord:
    """A sound row as a value, without its gates; ``report`` is empty where it was dropped."""
    column = dict(zip((*RUN_COLUMNS, "report", "seal"), row, strict=True))
    return RunRecord(
        tree=text(column["tree"]),
        base=optional_text(column["base"]),
        head=optional_text(column["head"]),
        pipeline=text(column["pipeline"]),
        door=text(column["door"]),
        readiness=text(column["readiness"]),
        reason=optional_text(column["reason"]),
        started_at=datetime.fromisoformat(text(column["started_at"])),
        duration_s=real(column["duration_s"]),
        whole=bool(column["whole"]),
        report=unpacked(column["report"]),
    )


def gate_run_values(gate_run: GateRun, secret: bytes = b"") -> tuple[Value, ...]:
    """One gate run as the values of GATE_RUN_COLUMNS, then ``report`` and ``seal``."""
    report = packed(gate_run.report)
    values = (
        gate_run.gate,
        gate_run.tree,
        gate_run.head,
        gate_run.status,
        gate_run.reason,
        gate_run.exit_code,
        gate_run.started_at.isoformat(),
        float(gate_run.duration_s),
        float(gate_run.cpu_s),
        gate_run.peak_rss_bytes,
        gate_run.tests_total,
        gate_run.tests_ran,
        gate_run.tests_failed,
        gate_run.findings,
        gate_run.key,
        int(gate_run.reused),
        float(gate_run.load),
        json.dumps(gate_run.fingerprints),
        os.fsencode(gate_run.log) if gate_run.log is not None else None,
        report_hash(report),
    )
    return (*values, report, seal(values, secret))


def packed(report: str) -> bytes | None:
    """A report as it is stored, compressed to about a fifth; None for none."""
    return zlib.compress(report.encode("utf-8", "surrogateescape")) if report else None


def report_hash(report: bytes | None) -> str:
    """Sha256 of a stored report; empty when there is none."""
    return hashlib.sha256(report).hexdigest() if report is not None else ""


def seal(values: Sequence[Value], secret: bytes = b"") -> str:
    """
    HMAC-SHA256 over a row's values: a byte that flipped on disk is found before the row is believed (fault 19), and so is a
    row that was written by somebody who does not hold the secret. With an empty one: a plain SHA256, against damage alone.
    """
    plain = [
        str(value) if isinstance(value, str) else value for value in values
    ]  # an enum member is stored as its text
    content = repr(plain).encode("utf-8", "surrogateescape")
    return hmac.new(secret, content, hashlib.sha256).hexdigest() if secret else hashlib.sha256(content).hexdigest()


def is_sound(row: Sequence[Value], secret: bytes = b"") -> bool:
    """Whether a row (its columns, ``report``, ``seal``) still is what was written; a dropped report does not matter."""
    *values, report, stored = row
    if not isinstance(stored, str) or not hmac.compare_digest(stored.encode(), seal(values, secret).encode()):
        return False
    return report is None or (isinstance(report, bytes) and report_hash(report) == values[-1])


def has_report(row: Sequence[Value]) -> bool:
    """Whether the row can answer for a run."""
    return row[-2] is not None


def make_gate_run(row: Sequence[Value]) -> GateRun:
    """A sound row as a value; ``report`` is empty where it was dropped."""
    column = dict(zip((*GATE_RUN_COLUMNS, "report", "seal"), row, strict=True))
    return GateRun(
        gate=text(column["gate"]),
        tree=text(column["tree"]),
        head=optional_text(column["head"]),
        status=text(column["status"]),
        reason=optional_text(column["reason"]),
        exit_code=optional_whole(column["exit_code"]),
        started_at=datetime.fromisoformat(text(column["started_at"])),
        duration_s=real(column["duration_s"]),
        cpu_s=real(column["cpu_s"]),
        peak_rss_bytes=optional_whole(column["peak_rss_bytes"]) or 0,
        tests_total=optional_whole(column["tests_total"]),
        tests_ran=optional_whole(column["tests_ran"]),
        tests_failed=optional_whole(column["tests_failed"]),
        findings=optional_whole(column["findings"]) or 0,
        key=optional_text(column["action_key"]),
        reused=bool(column["reused"]),
        load=real(column["load"]),
        fingerprints=tuple(json.loads(text(column["fingerprints"]))),
        report=unpacked(column["report"]),
        log=os.fsdecode(column["log"]) if isinstance(column["log"], bytes) else None,
    )


def unpacked(report: Value) -> str:
    """A stored report as text; empty when there is none."""
    return zlib.decompress(report).decode("utf-8", "surrogateescape") if isinstance(report, bytes) else ""


def text(value: Value) -> str:
    """A column that is never null, as text."""
    return str(value)


def optional_text(value: Value) -> str | None:
    """A text column that may be null."""
    return None if value is None else str(value)


def optional_whole(value: Value) -> int | None:
    """An integer column that may be null."""
    return None if value is None else int(value)


def real(value: Value) -> float:
    """A column of seconds or load; STRICT tables keep it a number."""
    return float(value) if value is not None else 0.0
