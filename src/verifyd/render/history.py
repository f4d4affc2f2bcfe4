"""The gates' past as text with a small chart for a terminal, and as JSON."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC

from msgspec import Struct

from verifyd.render.history_document import GateHistoryEntry, HistoryDocument, PastRun, RunEntry, TestsEntry
from verifyd.render.json import to_text
from verifyd.render.markdown import duration
from verifyd.render.shown import shown_line, spell_bytes
from verifyd.timing import Timing

SHOWN_RUNS = 10
"""Runs of a single gate that are listed line by line."""
STEADY = 0.1
"""A trend within a tenth is none."""


class Alphabet(Struct, frozen=True, kw_only=True):
    """
    The signs a chart is drawn with.

    Attributes:
        bars: From the shortest run to the longest.
        failed: In place of a bar.
        other: For a run without a verdict.
    """

    bars: str
    failed: str
    other: str
    passed: str
    slower: str
    faster: str
    steady: str
    nothing: str


BLOCKS = Alphabet(bars="▁▂▃▄▅▆▇█", failed="✗", other="?", passed="✓", slower="↗", faster="↘", steady="→", nothing="–")
ASCII = Alphabet(bars="_.-:=+*#", failed="x", other="?", passed="v", slower="/", faster="\\", steady="=", nothing="-")


def render_history(
    runs: Mapping[str, Sequence[PastRun]], timings: Mapping[str, Timing], *, width: int = 80, ascii_only: bool = False
) -> str:
    """
    A line a gate with a chart of its last runs, oldest first; for a single gate its latest runs below, newest first.

    Args:
        runs: By gate, newest first.
        timings: By gate; the same names.
        width: Columns of the terminal; at least 64 are used.
        ascii_only: For terminals without Unicode.
    """
    if not runs:
        return "No gate was ever run here.\n"
    signs = ASCII if ascii_only else BLOCKS
    width = max(width, LEAST_COLUMNS)
    named = min(max(cells(name) for name in (*runs, "gate")), 20, width - len(HEADINGS) - len(SHORT_HEADING))
    room = width - named - len(HEADINGS)
    lines = [f"{pad('gate', named)}{HEADINGS}{LONG_HEADING if room >= len(LONG_HEADING) else SHORT_HEADING}"]
    for name in sorted(runs):
        chart = draw_chart(runs[name][:room], signs)
        lines.append(f"{pad(shown_line(name), named)}{numbers(timings[name], signs)}{chart}")
    lines += ["", legend(signs)]
    if len(runs) == 1:
        lines += ["", *(run_line(run, signs) for run in next(iter(runs.values()))[:SHOWN_RUNS])]
    return "".join(f"{line.rstrip()}\n" for line in lines)


HEADINGS = "  runs   median      p95   trend failed flaky  "
LONG_HEADING = "last runs, oldest first"
SHORT_HEADING = "last runs"
LEAST_COLUMNS = 64


def numbers(timing: Timing, signs: Alphabet) -> str:
    """The columns below HEADINGS."""
    times = [signs.nothing if value_s is None else short_duration(value_s) for value_s in (timing.p50_s, timing.p95_s)]
    return (
        f"  {timing.runs:>4} {times[0]:>8} {times[1]:>8} {trend_text(timing.trend, signs):>7}"
        f" {timing.failure_rate:>6.0%} {timing.flake_rate:>5.0%}  "
    )


def short_duration(value_s: float) -> str:
    """Like everywhere, but never wider than eight columns."""
    text = duration(value_s)
    return text if len(text) <= 8 else f"{value_s / 60:.0f} min" if value_s < 3600 * 100 else f"{value_s / 3600:.0f} h"


def trend_text(trend: float | None, signs: Alphabet) -> str:
    """``↗ 12 %``; an arrow alone where it is steady."""
    if trend is None:
        return signs.nothing
    if abs(trend - 1) < STEADY:
        return signs.steady
    arrow = signs.slower if trend > 1 else signs.faster
    return f"{arrow} {min(abs(trend - 1), 9.99):.0%}"


def draw_chart(newest_first: Sequence[PastRun], signs: Alphabet) -> str:
    """One sign a run, oldest first: a bar as high as it took long, or what it ended as when it did not pass."""
    longest = max((run.duration_s for run in newest_first if run.status == "passed"), default=0.0)
    return "".join(draw_run(run, longest, signs) for run in reversed(newest_first))


def draw_run(run: PastRun, longest_s: float, signs: Alphabet) -> str:
    """The sign of one run."""
    if run.status == "failed":
        return signs.failed
    if run.status != "passed":
        return signs.other
    share = run.duration_s / longest_s if longest_s > 0 else 0.0
    return signs.bars[min(int(share * len(signs.bars)), len(signs.bars) - 1)]


def legend(signs: Alphabet) -> str:
    """What the chart's signs mean."""
    bars = f"{signs.bars[0]}{signs.bars[-1]}"
    return f"{bars} passed, the longest highest  {signs.failed} failed  {signs.other} no verdict  numbers: last 200"


def run_line(run: PastRun, signs: Alphabet) -> str:
    """One run: when, what, how long, on which tree, why."""
    mark = {"passed": signs.passed, "failed": signs.failed}.get(run.status, signs.other)
    when = run.started_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
    took = "reused" if run.reused else duration(run.duration_s)
    rest = "  ".join(part for part in (shown_line(run.reason or ""), tests_text(run)) if part)
    return f"{mark} {when}  {pad(run.status, 8)}  {took:>10}  {run.tree[:12]}  {rest}"


def tests_text(run: PastRun) -> str:
    """``10 tests, 2 failed``; empty where none were counted."""
    if run.tests_ran is None:
        return ""
    failed = f", {run.tests_failed} failed" if run.tests_failed else ""
    return f"{run.tests_ran} test{'' if run.tests_ran == 1 else 's'}{failed}"


def history_json(runs: Mapping[str, Sequence[PastRun]], timings: Mapping[str, Timing]) -> str:
    """The same as ``verifyd.history/1`` (see ``history_document``), ASCII only."""
    gates = tuple(gate_entry(name, runs[name], timings[name]) for name in sorted(runs))
    return to_text(HistoryDocument(gates=gates))


def gate_entry(name: str, runs: Sequence[PastRun], timing: Timing) -> GateHistoryEntry:
    """One gate in its published shape."""
    return GateHistoryEntry(
        name=name,
        samples=timing.runs,
        estimate_s=timing.estimate_s,
        median_s=timing.p50_s,
        p95_s=timing.p95_s,
        trend=timing.trend,
        failure_rate=timing.failure_rate,
        flake_rate=timing.flake_rate,
        runs=tuple(run_entry(run) for run in runs),
    )


def run_entry(run: PastRun) -> RunEntry:
    """One run in its published shape."""
    counted = run.tests_total is not None or run.tests_ran is not None
    return RunEntry(
        tree=run.tree,
        head=run.head,
        status=run.status,
        reason=run.reason,
        exit_code=run.exit_code,
        started_at=run.started_at.astimezone(UTC),
        duration_s=run.duration_s,
        cpu_s=run.cpu_s,
        peak_rss_bytes=run.peak_rss_bytes,
        tests=TestsEntry(total=run.tests_total, ran=run.tests_ran, failed=run.tests_failed) if counted else None,
        findings=run.findings,
        reused=run.reused,
        load=run.load,
        log=spell_bytes(run.log) if run.log is not None else None,
    )


def cells(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def pad(text: str, columns: int) -> str:
    """Exactly that many columns: cut with an ellipsis, or filled with spaces."""
    while cells(text) > columns:
        text = f"{text.removesuffix('…')[:-1]}…"
    return text + " " * (columns - cells(text))
