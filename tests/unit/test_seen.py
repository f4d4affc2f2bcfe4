"""The daemon's answer becomes the little that a hook decides by, whatever release wrote it."""

from __future__ import annotations

from typing import Any

import pytest

from verifyd.hosts.seen import Job, Seen, one_line, read_seen

DOCUMENT: dict[str, Any] = {
    "schema": "verifyd.status/1",
    "tree": "1f" * 20,
    "readiness": "not_ready",
    "reason": "failed",
    "explanation": "failed: tests",
    "remaining_s": 2.6,
    "judged": {"tree": "2f" * 20, "readiness": "ready", "reason": None, "at": "", "behind": 1},
    "task": {
        "id": "t1",
        "title": "tests: test_x fails",
        "gate": "tests",
        "where": [{"path": "src/a.py", "line": 7, "why": "it"}, {"path": "src/b.py", "line": None, "why": "it"}],
        "optional": False,
        "log": "/logs/tests.log",
    },
}


def test_an_answer_is_read() -> None:
    """Tree, readiness, the task with its first place, and the newest complete verdict."""
    assert read_seen(DOCUMENT) == Seen(
        tree="1f" * 20,
        readiness="not_ready",
        reason="failed",
        explanation="failed: tests",
        job=Job(
            task="t1",
            title="tests: test_x fails",
            gate="tests",
            where="src/a.py:7",
            places=("src/a.py", "src/b.py"),
            log="/logs/tests.log",
        ),
        judged="2f" * 20,
        judged_readiness="ready",
        remaining_s=3,
    )


@pytest.mark.parametrize("document", [{}, {"tree": "1f"}, {"readiness": "ready"}, {"tree": 7, "readiness": "ready"}])
def test_what_names_no_tree_or_no_readiness_is_no_answer(document: dict[str, Any]) -> None:
    """It is not guessed."""
    assert read_seen(document) is None


@pytest.mark.parametrize("task", [None, [], "x", {}, {"id": 7}, {"id": ""}])
def test_a_task_without_an_id_is_none(task: object) -> None:
    """Nobody could tell whether it was given before."""
    seen = read_seen({**DOCUMENT, "task": task})
    assert seen is not None
    assert (seen.job, seen.wants_work) == (None, False)


@pytest.mark.parametrize("where", [None, [], [7], [{"path": 7}], [{"line": 3}]])
def test_a_task_may_name_no_place(where: object) -> None:
    """It is a task all the same."""
    seen = read_seen({**DOCUMENT, "task": {"id": "t1", "where": where}, "judged": None, "remaining_s": None})
    assert seen is not None
    assert seen.job == Job(task="t1")
    assert (seen.judged, seen.remaining_s) == ("", 0)


@pytest.mark.parametrize(
    "readiness, optional, wants",
    [("not_ready", False, True), ("unproven", False, True), ("unproven", True, False), ("ready", False, False)],
)
def test_a_task_of_a_required_gate_is_work_on_a_tree_that_is_not_ready(
    readiness: str, optional: bool, wants: bool
) -> None:
    """Evidence that contradicts itself makes a task though the tree is unproven; an optional gate keeps nobody."""
    seen = Seen(tree="1f", readiness=readiness, job=Job(task="t1", optional=optional))
    assert seen.wants_work is wants


def test_a_line_is_one_line_that_no_terminal_obeys() -> None:
    """Fault 48: and of a bounded length."""
    assert one_line("a\n b\x1b[31m\u202e c\t") == "a b [31m c"
    assert one_line("x" * 400) == "x" * 299 + "…"


def test_what_is_known_shows_its_fields_and_is_no_key() -> None:
    """For whoever reads a failing test."""
    assert repr(Job(task="t1")) == "Job(id='t1', title='', gate='', where='', places=(), optional=False, log='')"
    assert Job(task="t1") != Seen(tree="", readiness="ready")
    with pytest.raises(TypeError, match="compared by value"):
        hash(Job(task="t1"))
