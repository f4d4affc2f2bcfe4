"""What is done at the end of a turn and between edits: loops end, one session works on a task, nobody is sent for nothing."""

from __future__ import annotations

from typing import Any

import pytest

from verifyd.hosts.known import SILENCE_S, Known, Session, owner_of, read_known, without_session, write_known
from verifyd.hosts.model import HookEvent, Moment
from verifyd.hosts.seen import Job, Seen
from verifyd.hosts.turn import Act, Step, after_edit, end_of_turn, start_of_session

NOW = 1_800_000_000.0
STOP = HookEvent(moment=Moment.STOP, session="s1")


def a_job(task: str = "t1", **changes: Any) -> Job:
    """A failing test."""
    return Job(**{"task": task, "title": "tests: test_x fails", "gate": "tests", "log": "/logs/tests.log", **changes})


def red(tree: str = "a" * 40, job: Job | None = None) -> Seen:
    """A tree that is not ready."""
    return Seen(tree=tree, readiness="not_ready", reason="failed", explanation="failed: tests", job=job or a_job())


def ready(tree: str = "f" * 40) -> Seen:
    """A tree that is."""
    return Seen(tree=tree, readiness="ready")


def turn(seen: Seen, known: Known | None = None, key: str = "claude-s1", event: HookEvent = STOP, **more: Any) -> Step:
    """The end of a turn."""
    return end_of_turn(event, key, seen, known or Known(), **{"now": NOW, "attempts": 3, **more})


def test_a_ready_tree_lets_the_agent_stop() -> None:
    """And says nothing: what is well costs nobody a word."""
    step = turn(ready())
    assert (step.act, step.person) == (Act.NOTHING, "")


def test_a_tree_that_is_not_ready_sends_the_agent_on_with_the_task() -> None:
    """The person is told so in one line."""
    step = turn(red())
    assert (step.act, step.attempt) == (Act.GIVE, 1)
    assert step.person == "verifyd: not ready: tests: test_x fails; given to the agent (1 of 3)."


def test_the_same_task_is_never_given_twice_on_the_same_tree() -> None:
    """Whatever the host says of itself: the flag may be wrong."""
    known = turn(red()).known
    for again in (True, False):
        step = turn(red(), known, event=HookEvent(moment=Moment.STOP, again=again))
        assert step.act is Act.TELL
        assert step.person == (
            "verifyd: not ready: tests: test_x fails; the agent was given it on this very tree and has changed nothing."
        )


def test_after_the_attempts_a_person_takes_over() -> None:
    """The agent is sent on a last time, to say what it tried; then it is let go whatever the tree is."""
    steps = [turn(red(tree="0" * 40))]
    for number in range(1, 6):
        steps.append(turn(red(tree=f"{number}" * 40), steps[-1].known))
    assert [step.act for step in steps] == [Act.GIVE, Act.GIVE, Act.GIVE, Act.HAND_OVER, Act.TELL, Act.TELL]
    assert steps[-1].person == "verifyd: not ready: tests: test_x fails; it was handed over to you."


def test_the_person_is_told_what_was_tried() -> None:
    """The trees it was tried on, and where the log is."""
    trees = ("1" * 40, "2" * 40, "3" * 40)
    known = Known(sessions={"claude-s1": Session(seen_at=NOW, given={"t1": trees})})
    assert turn(red(), known).person == (
        "verifyd: over to you: tests: test_x fails; the agent had it 3 times (trees 111111111111, 222222222222, "
        "333333333333); log: /logs/tests.log."
    )


def test_the_number_of_attempts_can_be_set() -> None:
    """One, for the impatient."""
    known = turn(red(), attempts=1).known
    assert turn(red(tree="b" * 40), known, attempts=1).act is Act.HAND_OVER


def test_progress_gives_another_task_its_own_attempts() -> None:
    """A task that is gone was progress."""
    known = turn(red()).known
    step = turn(red(tree="b" * 40, job=a_job("t2")), known)
    assert (step.act, step.attempt) == (Act.GIVE, 1)


def test_two_tasks_that_bring_each_other_back_end_too() -> None:
    """Each has its attempts, and only a ready tree gives new ones."""
    known, acts = Known(), []
    for number in range(20):
        step = turn(red(tree=f"{number:040}", job=a_job(f"t{number % 2}")), known)
        known = step.known
        acts.append(step.act)
    assert acts.count(Act.GIVE) == 6
    assert acts.count(Act.HAND_OVER) == 2
    assert acts[-1] is Act.TELL


def test_tasks_that_are_new_each_time_end_too() -> None:
    """A session is continued thirty times before a tree of its is ready, and no more."""
    known, acts = Known(), []
    for number in range(40):
        step = turn(red(tree=f"{number:040}", job=a_job(f"t{number}")), known)
        known = step.known
        acts.append(step.act)
    assert acts.count(Act.GIVE) == 30
    assert acts[30] is Act.HAND_OVER


def test_a_ready_tree_gives_new_attempts() -> None:
    """What comes after it is another matter."""
    known = Known(sessions={"claude-s1": Session(seen_at=NOW, given={"t1": ("1", "2", "3")}, handed=("t1",))})
    known = turn(ready(), known).known
    assert turn(red(), known).act is Act.GIVE


@pytest.mark.parametrize(
    "event, why",
    [
        (HookEvent(moment=Moment.STOP, aborted=True), "the turn was aborted, so the agent was not sent"),
        (HookEvent(moment=Moment.STOP, busy=2), "the agent has 2 in the background, so it was not sent yet"),
        (HookEvent(moment=Moment.STOP, spent=True), "its host sends the agent on no more"),
    ],
)
def test_an_aborted_turn_one_with_work_in_the_background_and_a_last_one_are_let_be(event: HookEvent, why: str) -> None:
    """Nobody waits for work there; it is no attempt either."""
    step = turn(red(), event=event)
    assert (step.act, step.person) == (Act.TELL, f"verifyd: not ready: tests: test_x fails; {why}.")
    assert turn(red(), step.known).attempt == 1


@pytest.mark.parametrize(
    "seen, person",
    [
        (
            Seen(
                tree="a" * 40, readiness="unproven", reason="unapproved", explanation="the pipeline was never approved"
            ),
            "verifyd: unproven (tree aaaaaaaaaaaa): unapproved: the pipeline was never approved. See: verifyd status",
        ),
        (
            Seen(
                tree="a" * 40,
                readiness="unproven",
                reason="tool_missing",
                explanation="ruff is not there",
                job=a_job(optional=True),
            ),
            "verifyd: unproven (tree aaaaaaaaaaaa): tool_missing: ruff is not there. See: verifyd status",
        ),
        (
            Seen(
                tree="a" * 40, readiness="unproven", reason="verifying", explanation="1 of 2 gates done", remaining_s=7
            ),
            "verifyd: still verifying (tree aaaaaaaaaaaa), about 7 s left: 1 of 2 gates done. See: verifyd status --wait 600",
        ),
        (
            Seen(tree="", readiness="unproven", reason="cannot_verify", explanation="VERIFY.md:3: unknown key"),
            "verifyd: unproven: cannot_verify: VERIFY.md:3: unknown key. See: verifyd status",
        ),
    ],
)
def test_what_could_not_be_determined_sends_nobody_to_work(seen: Seen, person: str) -> None:
    """One line says so."""
    step = turn(seen)
    assert (step.act, step.person) == (Act.TELL, person)


def test_one_session_works_on_a_task_and_the_others_are_told_who() -> None:
    """The first that asks has it."""
    known = turn(red()).known
    step = turn(red(), known, key="codex-s2")
    assert step.act is Act.TELL
    assert step.person == "verifyd: tests: test_x fails is being worked on by claude-s1, so this session was not sent."
    assert owner_of(step.known, "t1", NOW) == "claude-s1"


def test_a_session_that_is_silent_or_has_ended_owns_nothing() -> None:
    """After half an hour, or at once."""
    known = turn(red()).known
    late = turn(red(), known, key="codex-s2", now=NOW + SILENCE_S)
    assert (late.act, owner_of(late.known, "t1", NOW + SILENCE_S)) == (Act.GIVE, "codex-s2")
    assert turn(red(), without_session(known, "claude-s1"), key="codex-s2").act is Act.GIVE


def test_a_task_that_was_handed_over_is_anybodys() -> None:
    """The person may have another session take it."""
    known = Known(
        sessions={"claude-s1": Session(seen_at=NOW, given={"t1": ("1", "2", "3")})}, owners={"t1": "claude-s1"}
    )
    known = turn(red(), known).known
    assert owner_of(known, "t1", NOW) is None


def test_a_session_that_changed_nothing_is_not_sent_to_mend_what_failed_before_it() -> None:
    """Who was asked a question answers it, and stops; what was changed since, by whomever, is sent on."""
    known = start_of_session("claude-s1", red(), Known(), now=NOW)
    step = turn(red(), known)
    assert (step.act, step.person) == (
        Act.TELL,
        "verifyd: not ready: tests: test_x fails; it failed before this session began, which has changed nothing.",
    )
    assert owner_of(step.known, "t1", NOW) is None
    assert turn(red(tree="b" * 40), step.known).act is Act.GIVE


def begun(tree: str = "a" * 40, **changes: Any) -> Known:
    """A session that began on a red tree, with the one file that its task names."""
    job = a_job(**{"places": ("tests/test_x.py",), **changes})
    return start_of_session("claude-s1", red(tree, job), Known(), now=NOW, looks=dict.fromkeys(job.places, "as found"))


def test_what_failed_before_a_session_is_only_told_while_it_edits_other_files() -> None:
    """Its brief said to leave it. It is nobody's then, and stays so through the file that remembers it."""
    known = begun()
    for tree in ("b" * 40, "c" * 40):
        step = turn(red(tree), read_known(write_known(known, NOW)), looks={"tests/test_x.py": "as found"})
        known = step.known
        assert step.act is Act.TELL
        assert step.person == (
            "verifyd: not ready: tests: test_x fails; it failed before this session began, which has not edited the places "
            "that it names."
        )
        assert owner_of(known, "t1", NOW) is None


def test_a_session_that_edits_a_place_of_the_old_failure_is_sent_on_with_it() -> None:
    """It works on it, or has made it worse; from then on it is its task, also when the file is put back."""
    given = turn(red("b" * 40), begun(), looks={"tests/test_x.py": "edited"})
    again = turn(red("c" * 40), given.known, looks={"tests/test_x.py": "as found"})
    assert [(step.act, step.attempt) for step in (given, again)] == [(Act.GIVE, 1), (Act.GIVE, 2)]


def test_another_failure_than_the_old_one_is_the_sessions() -> None:
    """Whatever it edited; once it is mended, the old one is the old one still."""
    looks = {"tests/test_x.py": "as found"}
    step = turn(red("b" * 40, a_job("t2")), begun(), looks=looks)
    assert step.act is Act.GIVE
    assert turn(red("c" * 40), step.known, looks=looks).act is Act.TELL


def test_an_old_failure_that_comes_back_after_a_ready_tree_is_the_sessions() -> None:
    """It was mended meanwhile."""
    looks = {"tests/test_x.py": "as found"}
    known = turn(ready(), begun(), looks=looks).known
    assert turn(red("b" * 40), known, looks=looks).act is Act.GIVE


def test_an_old_failure_that_names_no_file_is_given_once_something_changed() -> None:
    """Nobody can say whose it is."""
    assert turn(red("b" * 40), begun(places=()), looks={}).act is Act.GIVE


def test_what_a_resumed_session_found_is_what_it_began_with() -> None:
    """A second start, on a tree that it has broken, makes nothing old."""
    known = start_of_session("claude-s1", red("b" * 40, a_job("t2")), begun(), now=NOW, looks={"b.py": "broken"})
    assert turn(red("b" * 40, a_job("t2")), known, looks={"tests/test_x.py": "as found"}).act is Act.GIVE


def test_a_session_that_is_made_compact_began_before() -> None:
    """Its start is told again; the tree that it has broken meanwhile is not the one it began on."""
    known = start_of_session("claude-s1", ready(), Known(), now=NOW)
    known = start_of_session("claude-s1", red(), known, now=NOW)
    assert turn(red(), known).act is Act.GIVE


def test_an_edit_that_broke_something_is_told_once() -> None:
    """By the newest complete verdict, which may be about an earlier tree; the same again is not news."""
    verifying = Seen(
        tree="b" * 40, readiness="unproven", reason="verifying", judged="a" * 40, judged_readiness="not_ready"
    )
    known = start_of_session("claude-s1", ready(), Known(), now=NOW)
    first = after_edit("claude-s1", verifying, red(), known, now=NOW)
    second = after_edit("claude-s1", verifying, red(), first.known, now=NOW)
    other = after_edit("claude-s1", red(job=a_job("t2")), None, second.known, now=NOW)
    assert [first.act, second.act, other.act] == [Act.WARN, Act.NOTHING, Act.WARN]


def test_a_failure_that_was_there_at_the_start_or_was_given_is_no_news() -> None:
    """It was in the brief, or is the very task that the agent works on."""
    known = start_of_session("claude-s1", red(), Known(), now=NOW)
    assert after_edit("claude-s1", red(), None, known, now=NOW).act is Act.NOTHING
    given = turn(red(tree="b" * 40, job=a_job("t2")), known).known
    back = after_edit("claude-s1", ready(), None, given, now=NOW).known
    assert after_edit("claude-s1", red(job=a_job("t2")), None, back, now=NOW).act is Act.NOTHING


def test_an_edit_keeps_the_task_that_a_session_owns() -> None:
    """A hook between edits is a sign of life, and no more."""
    known = after_edit("claude-s1", red(), None, turn(red()).known, now=NOW + SILENCE_S - 1).known
    assert owner_of(known, "t1", NOW + SILENCE_S + 1) == "claude-s1"


def test_what_is_remembered_comes_back_as_it_was() -> None:
    """Through its file."""
    known = turn(red()).known
    assert read_known(write_known(known, NOW)) == known


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b'{"schema": "verifyd.sessions/2"}',
        b'{"schema": "verifyd.sessions/1", "sessions": [], "owners": {}}',
    ],
)
def test_what_cannot_be_read_was_never_known(data: bytes) -> None:
    """A hook never fails for it."""
    assert read_known(data) == Known()


def test_what_is_long_over_is_forgotten() -> None:
    """After a week, and beyond sixty-four sessions."""
    sessions = {f"claude-{number}": Session(seen_at=NOW - number) for number in range(100)}
    sessions["claude-old"] = Session(seen_at=NOW - 8 * 86_400)
    kept = read_known(write_known(Known(sessions=sessions, owners={"t": "claude-99"}), NOW))
    assert sorted(kept.sessions) == sorted(f"claude-{number}" for number in range(64))
    assert kept.owners == {}
