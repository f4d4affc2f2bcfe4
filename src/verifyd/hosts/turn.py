"""
A host's event, the tree as it is known now and what the sessions were told before, into what is to be done.

Loops are ours to bound, because hosts do not: the same task on the same tree is given once, a task a bounded number of times,
and one session at a time works on it. What could not be determined sends nobody to work.
"""

from __future__ import annotations

from enum import Enum

from verifyd.hosts.known import Known, Session, owner_of, with_session
from verifyd.hosts.model import Fields, HookEvent
from verifyd.hosts.seen import READY, SHORT, VERIFYING, Job, Seen

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

ATTEMPTS = 3
"""Times that one session is given the same task."""
ROUNDS = 10
"""So many times the attempts, a session is continued altogether before a tree of its is ready once."""


class Act(Enum):
    """What is to be done."""

    NOTHING = "nothing"
    TELL = "tell the person one line"
    GIVE = "continue the agent with the task"
    HAND_OVER = "continue the agent a last time: it stops and says what it tried"
    WARN = "tell the agent, in passing, what its edits have broken"


class Step(Fields):
    """
    What is to be done, and what is to be remembered of it.

    Attributes:
        person: One line for the person; empty when there is nothing to say.
        attempt: 1 for the first time that a task is given.
    """

    def __init__(self, *, act: Act, known: Known, person: str = "", attempt: int = 0, job: Job | None = None) -> None:
        self.act = act
        self.known = known
        self.person = person
        self.attempt = attempt
        self.job = job


def end_of_turn(
    event: HookEvent,
    key: str,
    seen: Seen,
    known: Known,
    *,
    now: float,
    attempts: int,
    looks: Mapping[str, str] | None = None,
) -> Step:
    """
    Let it stop, give it the task, or hand over; see the module.

    Args:
        looks: How the files that the session remembers look now, by path; None when nobody looked.
    """
    session = known.sessions.get(key, Session()).but(seen_at=now)
    if seen.readiness == READY:
        return Step(
            act=Act.NOTHING,
            known=with_session(known, key, session.but(given={}, handed=(), told=READY, found="", looks={})),
        )
    job = seen.job
    if job is None or not seen.wants_work:
        return Step(act=Act.TELL, known=with_session(known, key, session), person=undetermined(seen))
    owner = owner_of(known, job.id, now)
    if owner is not None and owner != key:
        told = f"{open_task(job)} is being worked on by {owner}, so this session was not sent"
        return Step(act=Act.TELL, known=with_session(known, key, session), person=f"verifyd: {told}.")
    if is_still_as_found(session, job, looks):
        told = f"{open_task(job)}; it failed before this session began, which has not edited the places that it names"
        return Step(
            act=Act.TELL, known=with_session(known, key, session), person=f"verifyd: not ready: {told}.", job=job
        )
    return own_task(event, key, seen, job, session, known, attempts)


def is_still_as_found(session: Session, job: Job, looks: Mapping[str, str] | None) -> bool:
    """
    Whether a task is the one that was open when the session began, whose brief said to leave it, and nothing that it names was edited.

    Of a task that names no file nobody can say so; one that was given once is the session's.
    """
    return job.id == session.found and job.id not in session.given and bool(session.looks) and session.looks == looks


def own_task(event: HookEvent, key: str, seen: Seen, job: Job, session: Session, known: Known, attempts: int) -> Step:
    """The task is this session's, or will be."""
    trees = session.given.get(job.id, ())
    why = why_not_now(event, seen, job, session, trees)
    if why:
        kept = with_session(known, key, session, owns=job.id if trees and job.id not in session.handed else "")
        return Step(act=Act.TELL, known=kept, person=f"verifyd: not ready: {open_task(job)}; {why}.", job=job)
    if len(trees) >= attempts or session.times_given() >= attempts * ROUNDS:
        handed = session.but(handed=(*session.handed, job.id))
        return Step(
            act=Act.HAND_OVER,
            known=with_session(known, key, handed),
            person=f"verifyd: over to you: {open_task(job)}; {tried(trees, session)}{log_of(job)}.",
            attempt=len(trees),
            job=job,
        )
    given = {**session.given, job.id: (*trees, seen.tree)}
    told = session.but(given=given, told=job.id)
    return Step(
        act=Act.GIVE,
        known=with_session(known, key, told, owns=job.id),
        person=f"verifyd: not ready: {open_task(job)}; given to the agent ({len(trees) + 1} of {attempts}).",
        attempt=len(trees) + 1,
        job=job,
    )


def why_not_now(event: HookEvent, seen: Seen, job: Job, session: Session, trees: tuple[str, ...]) -> str:
    """Why the agent is let go although there is a task for it; empty when it is to have it."""
    if event.aborted:
        return "the turn was aborted, so the agent was not sent"
    if event.busy:
        return f"the agent has {event.busy} in the background, so it was not sent yet"
    if job.id in session.handed:
        return "it was handed over to you"
    if event.spent:
        return "its host sends the agent on no more"
    if seen.tree == session.began and not trees:
        return "it failed before this session began, which has changed nothing"
    if seen.tree in trees:
        return "the agent was given it on this very tree and has changed nothing"
    return ""


def open_task(job: Job) -> str:
    """Gate and title, where the title does not begin with the gate."""
    return job.title if job.title.startswith(job.gate) else f"{job.gate}: {job.title}"


def tried(trees: tuple[str, ...], session: Session) -> str:
    """On which trees the agent was given it."""
    if not trees:
        return f"the agent was continued {times(session.times_given())} and no tree of its was ready"
    short = tuple(dict.fromkeys(tree[:SHORT] for tree in trees))
    return f"the agent had it {times(len(trees))} ({'tree' if len(short) == 1 else 'trees'} {', '.join(short)})"


def times(number: int) -> str:
    """``once``, ``3 times``."""
    return "once" if number == 1 else f"{number} times"


def log_of(job: Job) -> str:
    """Where the whole output is."""
    return f"; log: {job.log}" if job.log else ""


def undetermined(seen: Seen) -> str:
    """One line about a tree that nobody can be sent to mend."""
    tree = f" (tree {seen.tree[:SHORT]})" if seen.tree else ""
    if seen.reason == VERIFYING:
        left = f", about {seen.remaining_s} s left" if seen.remaining_s else ""
        return f"verifyd: still verifying{tree}{left}: {seen.explanation}. See: verifyd status --wait 600"
    reason = f"{seen.reason}: " if seen.reason else ""
    return f"verifyd: {seen.readiness.replace('_', ' ')}{tree}: {reason}{seen.explanation}. See: verifyd status"


def after_edit(key: str, seen: Seen, judged: Seen | None, known: Known, *, now: float) -> Step:
    """
    Only what is new: the newest complete verdict is not ready and was ready before, or has another task.

    Args:
        judged: About the tree of the newest complete verdict; None when there is none.
    """
    old = known.sessions.get(key, Session())
    owns = next((task for task, owner in known.owners.items() if owner == key), "")

    def step(act: Act, told: str, job: Job | None = None) -> Step:
        session = old.but(seen_at=now, told=told)
        return Step(act=act, known=with_session(known, key, session, owns=owns), job=job)

    newest = seen if seen.reason != VERIFYING else judged
    if newest is None or newest.reason == VERIFYING:
        return step(Act.NOTHING, old.told)
    if newest.readiness == READY:
        return step(Act.NOTHING, READY)
    job = newest.job
    if job is None or not newest.wants_work or job.id == old.told or job.id in old.given:
        return step(Act.NOTHING, old.told)
    owner = owner_of(known, job.id, now)
    if owner not in (None, key):
        return step(Act.NOTHING, old.told)
    return step(Act.WARN, job.id, job)


def start_of_session(
    key: str, seen: Seen | None, known: Known, *, now: float, looks: Mapping[str, str] | None = None
) -> Known:
    """
    The session is there, and knows what its brief says; one that was there before (resumed, made compact) began earlier.

    Args:
        looks: How the files that the open task names look, by path.
    """
    old = known.sessions.get(key)
    if old is None and seen is not None:
        old = Session(began=seen.tree, found=seen.job.id if seen.job is not None else "", looks=looks)
    old = old or Session()
    told = old.told
    if seen is not None:
        told = READY if seen.readiness == READY else seen.job.id if seen.job is not None else ""
    session = old.but(seen_at=now, told=told)
    owns = next((task for task, owner in known.owners.items() if owner == key), "")
    return with_session(known, key, session, owns=owns)
