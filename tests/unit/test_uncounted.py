"""Which commits limits and scope no longer count: a commit begins a new count, and a person is told."""

from __future__ import annotations

import pytest

from verifyd.app.history_ports import ReadyRun
from verifyd.app.ports import Commit
from verifyd.app.uncounted import count_uncounted


def commits(*trees: str) -> list[Commit]:
    """Newest first; each is called like its tree, in capitals."""
    return [Commit(commit=tree.upper(), tree=tree) for tree in trees]


def ready(*pairs: tuple[str, str | None]) -> list[ReadyRun]:
    """Trees and heads, newest first."""
    return [ReadyRun(tree=tree, head=head) for tree, head in pairs]


@pytest.mark.parametrize(
    "history, runs, number",
    [
        (commits("b", "a"), ready(), 0),
        (commits("a"), ready(("b", "A")), 0),
        (commits("b", "a"), ready(("b", "A")), 0),
        (commits("c", "a"), ready(("b", "A")), 1),
        (commits("c", "b", "a"), ready(("b", "A")), 1),
        (commits("d", "c", "a"), ready(("d", "D"), ("b", "A")), 2),
        (commits("d", "c", "a"), ready(("e", "D"), ("b", "A")), 0),
        (commits("d", "c"), ready(("b", "A")), 0),
        (commits("a"), ready(("b", None)), 0),
        ([], ready(("b", "A")), 0),
    ],
    ids=[
        *(
            "never ready",
            "nothing committed",
            "the ready tree committed",
            "another tree committed",
            "one more committed",
        ),
        *("a clean tree proves nothing", "a later change was counted", "another branch", "unborn", "no commit"),
    ],
)
def test_commits_that_are_not_counted(history: list[Commit], runs: list[ReadyRun], number: int) -> None:
    """From the last tree that was ready with a change on its HEAD, or the commit made of it."""
    assert count_uncounted(history, runs) == number
