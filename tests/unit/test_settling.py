"""How hints become batches, on a clock that the test sets."""

from __future__ import annotations

import pytest

from verifyd.app.watch_ports import Hint
from verifyd.edge.settling import Lock, Settling

A = Hint(paths=frozenset({"a"}))
B = Hint(paths=frozenset({"b"}))
LOCK = Lock("/r/.git/index.lock", 1, 1)


def test_without_a_hint_there_is_nothing_to_wait_for() -> None:
    """No batch, and an empty hint begins none."""
    settling = Settling()
    settling.add(Hint(), 1.0)
    assert settling.quiet_in_s(1.0) is None
    assert settling.take() == Hint()


def test_a_batch_is_ready_ten_milliseconds_after_its_last_hint() -> None:
    """Each hint begins the wait anew, and all are one batch."""
    settling = Settling()
    settling.add(A, 1.000)
    assert settling.quiet_in_s(1.004) == pytest.approx(0.006)
    settling.add(B, 1.008)
    assert settling.quiet_in_s(1.010) == pytest.approx(0.008)
    assert settling.quiet_in_s(1.018) == 0
    assert settling.take() == A | B
    assert settling.quiet_in_s(1.018) is None


def test_a_batch_is_ready_after_a_quarter_of_a_second_although_more_comes() -> None:
    """A hint every 5 ms for a second makes a batch every 250 ms, none of them lost."""
    settling, batches = Settling(), []
    for step in range(200):
        now_s = step * 0.005
        settling.add(Hint(paths=frozenset({str(step)})), now_s)
        if settling.quiet_in_s(now_s) == 0:
            batches.append(settling.take())
    batches.append(settling.take())
    assert [len(batch.paths) for batch in batches] == [51, 51, 51, 47]
    assert Hint.__or__(batches[0] | batches[1], batches[2] | batches[3]).paths == {str(step) for step in range(200)}


def test_what_was_lost_and_gits_state_are_kept_together() -> None:
    """The batch of three hints says all three things."""
    settling = Settling()
    for hint in (A, Hint(lost=True), Hint(git_state=True)):
        settling.add(hint, 1.0)
    assert settling.take() == Hint(paths=frozenset({"a"}), lost=True, git_state=True)


def test_a_lock_holds_a_batch_back_until_it_is_gone() -> None:
    """While git holds its index, the lock is looked at every 10 ms."""
    settling = Settling()
    settling.add(A, 1.0)
    assert settling.held_for_s(1.01, frozenset({LOCK})) == pytest.approx(0.01)
    assert settling.held_for_s(1.50, frozenset({LOCK})) == pytest.approx(0.01)
    assert settling.held_for_s(1.51, frozenset()) == 0
    assert list(settling.notes) == []


def test_a_lock_that_stays_is_waited_for_once_and_noted() -> None:
    """After two seconds it is taken for left behind: this batch and all later ones no longer wait for it."""
    settling = Settling()
    settling.add(A, 1.0)
    assert settling.held_for_s(1.25, frozenset({LOCK})) > 0
    assert settling.held_for_s(3.00, frozenset({LOCK})) > 0
    assert settling.held_for_s(3.25, frozenset({LOCK})) == 0
    settling.take()
    settling.add(B, 4.0)
    assert settling.held_for_s(4.01, frozenset({LOCK})) == 0
    assert list(settling.notes) == [
        (
            "/r/.git/index.lock has been there for more than 2 s, so edits no longer wait for it: if no git command is running,"
            " remove it (rm '/r/.git/index.lock')."
        )
    ]
    assert settling.held_for_s(4.02, frozenset()) == 0
    assert list(settling.notes) == []


def test_a_new_lock_of_the_same_name_is_waited_for() -> None:
    """A lock left behind says nothing of the next command's."""
    settling = Settling()
    settling.add(A, 1.0)
    settling.held_for_s(1.0, frozenset({LOCK}))
    assert settling.held_for_s(3.0, frozenset({LOCK})) == 0
    settling.take()
    settling.add(B, 5.0)
    assert settling.held_for_s(5.0, frozenset({LOCK._replace(inode=2)})) > 0


def test_one_lock_after_another_does_not_hold_a_batch_for_ever() -> None:
    """A rebase of a thousand commits is not one batch."""
    settling = Settling()
    settling.add(A, 1.0)
    held = [settling.held_for_s(1.0 + n / 10, frozenset({LOCK._replace(inode=n)})) for n in range(30)]
    assert [wait_s > 0 for wait_s in held] == [n <= 22 for n in range(30)]
    assert list(settling.notes) == []
