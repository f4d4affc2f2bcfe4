"""Problem matchers of VS Code and GitHub: one line, several lines, loops, and clear errors for wrong ones."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.evidence import ROOT, a_tree, told
from verifyd.errors import ConfigurationError
from verifyd.evidence.matcher import parse_matchers, read_matched
from verifyd.evidence.model import Evidence, Severity

LINE = {
    "regexp": r"^(\S+):(\d+):(\d+): (\w+) \[(\w+)\] (.*)$",
    "file": 1,
    "line": 2,
    "column": 3,
    "severity": 4,
    "code": 5,
    "message": 6,
}


def matched(matcher: object, *lines: str, monotonic_s: Callable[[], float] = lambda: 0.0) -> Evidence:
    """What a matcher finds in these lines."""
    return read_matched(
        "\n".join(lines).encode(),
        parse_matchers(json.dumps(matcher).encode(), "m.json"),
        a_tree("src/a.py", "sub/b.py"),
        monotonic_s,
    )


def a_matcher(*patterns: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """GitHub's form, with one matcher."""
    return {"problemMatcher": [{"owner": "mytool", "pattern": list(patterns), **fields}]}


def test_one_line_is_one_finding() -> None:
    """Every field, colours taken off first; other lines are nobody's."""
    evidence = matched(
        a_matcher(LINE),
        "\x1b[31msrc/a.py:3:5: warning [X1] odd\x1b[0m",
        "words",
        f"{ROOT}/src/a.py:4:1: error [X2] bad",
    )
    assert (evidence.source, told(evidence, "path", "line", "column", "severity", "code", "message", "tool")) == (
        "matcher",
        [
            ("src/a.py", 3, 5, Severity.WARNING, "X1", "odd", "mytool"),
            ("src/a.py", 4, 1, Severity.ERROR, "X2", "bad", "mytool"),
        ],
    )


@pytest.mark.parametrize("form", ["list", "single", "pattern"])
def test_vs_codes_shorter_forms_are_taken(form: str) -> None:
    """A list of matchers, a single one, a single pattern that is no list."""
    one = {"owner": "mytool", "pattern": LINE if form == "pattern" else [LINE]}
    assert told(matched([one] if form == "list" else one, "src/a.py:3:5: error [X] m"), "line") == [(3,)]


def test_several_lines_make_one_problem() -> None:
    """What earlier lines captured is shared; a line that does not fit ends it."""
    matcher = a_matcher(
        {"regexp": r"^error: (.*)$", "message": 1},
        {"regexp": r"^\s+--> (.*):(\d+)$", "file": 1, "line": 2},
    )
    assert told(
        matched(matcher, "error: bad", " --> src/a.py:3", "error: alone", "words", "error: cut"),
        "path",
        "line",
        "message",
    ) == [("src/a.py", 3, "bad")]


def test_the_last_pattern_may_loop() -> None:
    """eslint's stylish: a file, then its problems."""
    matcher = a_matcher(
        {"regexp": r"^(\S+)$", "file": 1},
        {
            "regexp": r"^\s+(\d+):(\d+)\s+(error|warning)\s+(.*)$",
            "line": 1,
            "column": 2,
            "severity": 3,
            "message": 4,
            "loop": True,
        },
    )
    evidence = matched(
        matcher, "src/a.py", "  3:5  error  one", "  4:1  warning  two", "", "sub/b.py", "  9:1  error  three"
    )
    assert told(evidence, "path", "line", "severity", "message") == [
        ("src/a.py", 3, Severity.ERROR, "one"),
        ("src/a.py", 4, Severity.WARNING, "two"),
        ("sub/b.py", 9, Severity.ERROR, "three"),
    ]


@pytest.mark.parametrize(
    "fields, severity",
    [({}, Severity.ERROR), ({"severity": "warning"}, Severity.WARNING), ({"severity": "odd"}, Severity.ERROR)],
)
def test_the_matchers_severity_is_the_default(fields: dict[str, str], severity: Severity) -> None:
    """For problems that do not tell theirs."""
    matcher = a_matcher({"regexp": r"^(\S+)!$", "message": 1, "file": 1, "kind": "file"}, **fields)
    assert told(matched(matcher, "src/a.py!"), "path", "line", "severity") == [("src/a.py", None, severity)]


def test_a_location_holds_line_and_column() -> None:
    """VS Code's ``location`` instead of two groups."""
    matcher = a_matcher({"regexp": r"^(\S+)\((\d+,\d+)\): (.*)$", "file": 1, "location": 2, "message": 3})
    assert told(matched(matcher, "src/a.py(3,5): m"), "line", "column") == [(3, 5)]


def test_relative_paths_may_be_below_a_named_folder() -> None:
    """``fileLocation``: relative to a folder of the workspace."""
    matcher = a_matcher(
        {"regexp": r"^(\S+):(\d+) (.*)$", "file": 1, "line": 2, "message": 3},
        fileLocation=["relative", "${workspaceFolder}/sub"],
    )
    assert told(matched(matcher, "b.py:3 m", f"{ROOT}/src/a.py:4 m"), "path", "line") == [
        ("sub/b.py", 3),
        ("src/a.py", 4),
    ]


def test_a_file_outside_the_tree_goes_into_the_message() -> None:
    """The matcher was written for this tool, so it is a finding all the same; one without a file too."""
    matcher = a_matcher({"regexp": r"^(?:(\S+):(\d+) )?bad: (?<what>.*)$", "file": 1, "line": 2, "message": 3})
    assert told(matched(matcher, "gone.py:3 bad: m", "bad: n"), "path", "message") == [
        (None, "gone.py:3: m"),
        (None, "n"),
    ]


@pytest.mark.parametrize(
    "content, said",
    [
        ("{", "m.json: the problem matcher is not valid JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)\n  Write it as GitHub's problem matchers are written."),
        ("[]", "m.json: the problem matcher has a pattern without a regexp\n  Give every entry of \"pattern\" a \"regexp\"."),
        (json.dumps({"pattern": [{"message": 1}]}), "m.json: the problem matcher has a pattern without a regexp\n  Give every entry of \"pattern\" a \"regexp\"."),
        (json.dumps({"pattern": [{"regexp": "(", "message": 1}]}), "m.json: the problem matcher has a regexp that cannot be used, \"(\": missing ) at position 1\n  Mend the expression; JavaScript's and Python's differ in little but \\k."),
        (json.dumps({"pattern": [{"regexp": "(.*)", "message": 2}]}), "m.json: the problem matcher has \"message\": 2, which is no capture group of its regexp\n  Give \"message\" the number of a capture group of \"(.*)\"."),
        (json.dumps({"pattern": [{"regexp": "(.*)", "message": "1"}]}), "m.json: the problem matcher has \"message\": \"1\", which is no capture group of its regexp\n  Give \"message\" the number of a capture group of \"(.*)\"."),
        (json.dumps({"pattern": [{"regexp": "(.*)", "file": 1}]}), "m.json: the problem matcher has no pattern with a message\n  Give \"message\" the number of its capture group."),
        (json.dumps({"pattern": [{"regexp": "(.*)", "message": 1, "loop": True}]}), "m.json: the problem matcher has a single pattern that loops\n  Take \"loop\" out: each matching line is a problem already."),
        (json.dumps({"pattern": [{"regexp": "(.*)", "message": 1, "loop": True}, {"regexp": "x"}]}), "m.json: the problem matcher has a loop in a pattern that is not the last\n  Let only the last pattern loop."),
    ],
)  # fmt: skip
def test_a_wrong_matcher_is_a_configuration_error(content: str, said: str) -> None:
    """Where, what, what to do."""
    with pytest.raises(ConfigurationError) as raised:
        parse_matchers(content.encode(), "m.json")
    assert str(raised.value) == said


SLOW = {"regexp": r"^(a|aa)+$", "message": 1}
SAYS = (
    "the problem matcher 'mytool' was not done with the log after 2 s, at {}: "
    "write the expression so that no part of a line can be matched in two ways"
)


def test_an_expression_that_needs_exponential_time_is_ended() -> None:
    """Within one line, for which it would take longer than the universe lasts."""
    clock = itertools.chain([0.0], itertools.repeat(1.99))
    evidence = matched(a_matcher(SLOW), "a" * 200 + "!", monotonic_s=lambda: next(clock))
    assert (evidence.findings, evidence.trouble) == ((), SAYS.format('"^(a|aa)+$"'))


def test_many_slow_lines_are_ended_together() -> None:
    """The time is one for all lines: each search here takes half a second of it."""
    clock = itertools.count(0.0, 0.5)
    evidence = matched(a_matcher(LINE), *["src/a.py:3:5: error [X] m"] * 100, monotonic_s=lambda: next(clock))
    assert evidence.trouble == SAYS.format(json.dumps(LINE["regexp"]))


def test_a_slow_matcher_takes_nothing_from_the_others() -> None:
    """Each has its own time, and what the others find is kept; one without a name is told by its expression."""
    slow = {"pattern": [{"regexp": "^slow (.*)$", "message": 1}]}
    times = iter([0.0, 3.0, 3.0])
    evidence = matched(
        [slow, {"owner": "mytool", "pattern": [LINE]}],
        "src/a.py:3:5: error [X] m",
        monotonic_s=lambda: next(times, 3.0),
    )
    assert told(evidence, "path", "line") == [("src/a.py", 3)]
    assert evidence.trouble == SAYS.format('"^slow (.*)$"').replace(" 'mytool'", "")
