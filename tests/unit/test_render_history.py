"""The gates' past as people and scripts see it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.support.records import NOON, a_failure, a_gate_run
from verifyd.app.history_ports import GateRun
from verifyd.json_shape import from_json
from verifyd.render.history import cells, history_json, pad, render_history
from verifyd.render.history_document import HistoryDocument, PastRun
from verifyd.timing import Sample, Timing, make_timing

TREES = ("aa" * 20, "bb" * 20, "cc" * 20)


def timing_of(newest_first: list[GateRun]) -> Timing:
    """What the store and timing make of these runs."""
    proven = [run for run in reversed(newest_first) if run.status in ("passed", "failed") and not run.reused]
    return make_timing(
        [Sample(duration_s=run.duration_s, passed=run.status == "passed", key=run.key) for run in proven]
    )


def rendered(*gates: list[GateRun], **options: int | bool) -> str:
    """The text for some gates, their runs oldest first."""
    runs = {gate[0].gate: list(reversed(gate)) for gate in gates}
    return render_history(runs, {name: timing_of(past) for name, past in runs.items()}, **options)  # type: ignore[arg-type]


def passes(gate: str, *durations: float) -> list[GateRun]:
    """Passes an hour after each other, oldest first."""
    return [
        a_gate_run(gate, duration_s=duration, key=f"{gate}{number}", started_at=NOON + timedelta(hours=number))
        for number, duration in enumerate(durations)
    ]


def test_a_gate_run_is_what_is_rendered() -> None:
    """The store's rows fit as they are: this line is checked by mypy."""
    run: PastRun = a_gate_run()
    assert run.status == "passed"


def test_nothing_was_run_yet() -> None:
    """Said in words, not by an empty table."""
    assert render_history({}, {}) == "No gate was ever run here.\n"


def test_several_gates_are_a_line_each() -> None:
    """By name; bars as high as a run took, other signs for runs that did not pass."""
    lint = passes("lint", *[0.02] * 10)
    tests = [
        *passes("tests", 1.0, 2.0, 4.0, 8.0),
        a_failure(duration_s=0.5),
        a_failure(status="unproven", reason="killed"),
        *passes("tests", 16.0),
    ]
    assert rendered(tests, lint) == (
        "gate   runs   median      p95   trend failed flaky  last runs, oldest first\n"
        "lint     10   0.02 s   0.02 s       →     0%    0%  ██████████\n"
        "tests     6   3.00 s   14.0 s       –    17%    0%  ▁▂▃▅✗?█\n"
        "\n"
        "▁█ passed, the longest highest  ✗ failed  ? no verdict  numbers: last 200\n"
    )


def test_a_single_gate_shows_its_latest_runs() -> None:
    """Newest first, with what is worth knowing of each; a reused one has no time of its own."""
    runs = [
        a_failure(tree=TREES[0], tests_ran=10, tests_failed=2),
        a_gate_run(tree=TREES[1], tests_ran=1, duration_s=125.0),
        a_gate_run(tree=TREES[2], tests_ran=None, reused=True),
        a_gate_run(tree=TREES[2], status="unproven", reason="tool_missing", tests_ran=None),
    ]
    assert rendered(runs).splitlines()[5:] == [
        "? 2026-11-21 12:00  unproven      1.00 s  cccccccccccc  tool_missing",
        "✓ 2026-11-21 12:00  passed        reused  cccccccccccc",
        "✓ 2026-11-21 12:00  passed    2 min 05 s  bbbbbbbbbbbb  1 test",
        "✗ 2026-11-21 12:00  failed        1.00 s  aaaaaaaaaaaa  tests_failed  10 tests, 2 failed",
    ]


def test_no_more_than_ten_runs_are_listed() -> None:
    """The chart has the rest."""
    assert len(rendered(passes("tests", *[1.0] * 30)).splitlines()) == 5 + 10


@pytest.mark.parametrize(
    "ends, arrow", [((1.0, 1.05), "→"), ((1.0, 1.2), "↗ 20%"), ((2.0, 1.0), "↘ 50%"), ((0.001, 9.0), "↗ 999%")]
)
def test_the_trend(ends: tuple[float, float], arrow: str) -> None:
    """An arrow with how much, or a level one when it is within a tenth."""
    line = rendered(passes("tests", *[ends[0]] * 5, *[ends[1]] * 5)).splitlines()[1]
    assert line[30:38].strip() == arrow


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("name", ["t", "a-name-that-is-longer-than-twenty-columns", "テスト-とても長い名前のゲート"])
def test_fits_the_terminal(width: int, name: str) -> None:
    """No line of the table is wider than the terminal (64 columns at least), in times of any size and names of any script."""
    for durations in ([0.0001] * 300, [9.0e7] * 300, [1e-9, 1e9] * 100):
        lines = rendered(passes(name, *durations), passes("b", *durations), width=width).splitlines()[:3]
        assert max(cells(line) for line in lines) <= max(width, 64)
        chart = lines[1].rsplit("  ", 1)[1]
        assert len(chart) >= 3


def test_ascii_only() -> None:
    """For terminals without Unicode, every sign has another."""
    text = rendered(
        [*passes("tests", *[1.0] * 5, *[2.0] * 5), a_failure(), a_failure(status="unproven")], ascii_only=True
    )
    assert text.isascii()
    assert text.splitlines()[1].endswith("/ 100%     9%    0%  =====#####x?")


def test_what_a_tool_or_page_wrote_cannot_act_on_the_terminal() -> None:
    """Fault 48: a reason or name with control sequences is shown harmlessly, and no secret comes out."""
    text = rendered([a_failure(reason="\x1b]52;c;aGk=\x07 password=hunter2", gate="tests")])
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "hunter2" not in text


def test_the_json() -> None:
    """The published shape, newest first; scripts rely on these names."""
    runs = [
        a_gate_run(tree=TREES[0], started_at=NOON),
        a_failure(tree=TREES[1], log="/state/\udcff", tests_total=None, tests_ran=None, tests_failed=None),
    ]
    newest_first = list(reversed(runs))
    text = history_json({"tests": newest_first}, {"tests": timing_of(newest_first)})
    assert json.loads(text) == {
        "schema": "verifyd.history/1",
        "gates": [
            {
                "name": "tests",
                "samples": 2,
                "estimate_s": 1.0,
                "median_s": 1.0,
                "p95_s": 1.0,
                "trend": None,
                "failure_rate": 0.5,
                "flake_rate": 1.0,
                "runs": [
                    {
                        "tree": TREES[1],
                        "head": "3c" * 20,
                        "status": "failed",
                        "reason": "tests_failed",
                        "exit_code": 1,
                        "started_at": "2026-11-21T12:00:00Z",
                        "duration_s": 1.0,
                        "cpu_s": 0.8,
                        "peak_rss_bytes": 20000000,
                        "tests": None,
                        "findings": 0,
                        "reused": False,
                        "load": 0.5,
                        "log": "/state/\\xff",
                    },
                    {
                        "tree": TREES[0],
                        "head": "3c" * 20,
                        "status": "passed",
                        "reason": None,
                        "exit_code": 0,
                        "started_at": "2026-11-21T12:00:00Z",
                        "duration_s": 1.0,
                        "cpu_s": 0.8,
                        "peak_rss_bytes": 20000000,
                        "tests": {"total": 12, "ran": 10, "failed": 0},
                        "findings": 0,
                        "reused": False,
                        "load": 0.5,
                        "log": "/state/runs/1/tests.log",
                    },
                ],
            }
        ],
    }
    assert text.isascii()
    assert from_json(HistoryDocument, json.loads(text)).gates[0].name == "tests"


def test_json_without_history() -> None:
    """An empty list, not an error."""
    assert json.loads(history_json({}, {})) == {"schema": "verifyd.history/1", "gates": []}


@pytest.mark.parametrize(
    "text, columns, expected",
    [
        ("abc", 5, "abc  "),
        ("abcdef", 4, "abc…"),
        ("テスト", 5, "テス…"),
        ("テスト", 4, "テ… "),
        ("e\u0301", 2, "e\u0301 "),
    ],
)
def test_padding_counts_columns(text: str, columns: int, expected: str) -> None:
    """Wide characters take two, combining ones none."""
    assert pad(text, columns) == expected
    assert cells(expected) == columns
