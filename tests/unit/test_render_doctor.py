"""What doctor found, as text and as JSON."""

from __future__ import annotations

import json

import pytest

from verifyd.render.doctor import Check, CheckStatus, is_bad, render_doctor, render_doctor_json

GIT = Check(name="git", status=CheckStatus.OK, what="git version 2.39.5")
VIEWS = Check(name="views", status=CheckStatus.WARN, what="none can be made", remedy="Allow user namespaces.")
APPROVAL = Check(name="approval", status=CheckStatus.BAD, what="never approved", remedy="Look: verifyd plan")


def test_the_text_is_aligned() -> None:
    """Status, name and finding in columns, a remedy under its finding, the sum at the end."""
    assert render_doctor([GIT, VIEWS, APPROVAL]) == (
        "ok    git       git version 2.39.5\n"
        "warn  views     none can be made\n"
        "                Allow user namespaces.\n"
        "bad   approval  never approved\n"
        "                Look: verifyd plan\n"
        "\n"
        "1 bad: no tree can be called ready before that is put right. 1 worth knowing.\n"
    )


@pytest.mark.parametrize(
    "checks, summary",
    [
        ([GIT], "All is well."),
        ([GIT, VIEWS], "Nothing is bad. 1 worth knowing."),
        ([APPROVAL], "1 bad: no tree can be called ready before that is put right."),
    ],
)
def test_the_sum(checks: list[Check], summary: str) -> None:
    """What is bad, and what is worth knowing."""
    assert render_doctor(checks).splitlines()[-1] == summary


def test_the_json() -> None:
    """The document with its schema and the worst status."""
    assert json.loads(render_doctor_json([GIT, VIEWS])) == {
        "schema": "verifyd.doctor/1",
        "status": "warn",
        "checks": [
            {"name": "git", "status": "ok", "what": "git version 2.39.5", "remedy": ""},
            {"name": "views", "status": "warn", "what": "none can be made", "remedy": "Allow user namespaces."},
        ],
    }


@pytest.mark.parametrize("checks, bad", [([GIT, VIEWS], False), ([GIT, APPROVAL], True), ([], False)])
def test_only_bad_is_bad(checks: list[Check], bad: bool) -> None:
    """What is worth knowing does not change the exit code."""
    assert is_bad(checks) is bad


def test_nothing_acts_on_the_terminal() -> None:
    """A path with control characters is shown without them, in both forms."""
    check = Check(name="tree", status=CheckStatus.WARN, what="hidden: a\x1b]0;x\x07b\nc")
    assert "\x1b" not in render_doctor([check])
    assert len(render_doctor([check]).splitlines()) == 3
    assert "\\u001b" not in render_doctor_json([check])
