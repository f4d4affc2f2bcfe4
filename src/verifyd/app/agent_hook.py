"""
One event of an agent's host in, what it is told out: the daemon is asked, the sessions are remembered, no gate is run here.

What only some events need is imported where it is used: most are answered in the time that Python takes to start.
"""

from __future__ import annotations

import json

from verifyd.edge.clock import SystemClock
from verifyd.edge.file_looks import looks_of
from verifyd.edge.plain_question import Refusal, Silence, ask_plainly
from verifyd.edge.session_files import change_sessions, sessions_folder
from verifyd.hosts.known import Known, read_known, session_key, without_session, write_known
from verifyd.hosts.model import Answer, Fields, HookEvent, Moment
from verifyd.hosts.seen import Seen, one_line, read_seen
from verifyd.hosts.turn import Act, Step, after_edit, end_of_turn, start_of_session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from verifyd.app.hook_call import Place
    from verifyd.hosts.payload import Payload
    from verifyd.render.document import TaskDocument

ANSWER_S = 5.0
"""What a daemon may take beyond what it was asked to wait."""
QUICK_S = 1.0
"""The same between two edits, where an agent waits for us."""
START_LOOK_S = 0.05
NOBODY_THERE = (Silence.GONE.value, Silence.ELSEWHERE.value)


class Options(Fields):
    """
    How the hook was installed.

    Attributes:
        wait_s: Seconds it may wait for a verdict; the host's own limit is to be longer.
        attempts: Times that a session is given the same task.
        start: Whether a daemon is started where none lives.
    """

    def __init__(self, *, wait_s: float, attempts: int, start: bool) -> None:
        self.wait_s = wait_s
        self.attempts = attempts
        self.start = start


class Heard(Fields):
    """
    What came of a question: the daemon's document, or why there is none.

    Attributes:
        seen: None when there is no answer.
        document: As the daemon wrote it.
    """

    def __init__(self, *, seen: Seen | None = None, document: Payload | None = None, trouble: str = "") -> None:
        self.seen = seen
        self.document = document or {}
        self.trouble = trouble


def answer_event(host: str, event: HookEvent, place: Place, options: Options) -> Answer:
    """What the host is told; never raises for what a daemon, a file or another session does."""
    key = session_key(host, event.session)
    if event.moment is Moment.END:
        end_session(key, place)
        return Answer()
    if event.moment is Moment.START:
        return at_start(key, place, options)
    if event.moment is Moment.EDIT:
        return at_edit(key, place, options)
    return at_stop(event, key, place, options)


def end_session(key: str, place: Place) -> None:
    """What it owned is anybody's."""
    now = now_s()
    change_sessions(place.git_dir, lambda data: write_known(without_session(read_known(data), key), now))


def at_start(key: str, place: Place, options: Options) -> Answer:
    """The brief."""
    heard = hear(place, options.wait_s, start=options.start)
    seen, now = heard.seen, now_s()
    looks = looks_of(place.root, seen.job.places) if seen is not None and seen.job is not None else {}
    change_sessions(
        place.git_dir,
        lambda data: write_known(start_of_session(key, seen, read_known(data), now=now, looks=looks), now),
    )
    from verifyd.json_shape import ShapeError, from_json
    from verifyd.render.agent import render_brief
    from verifyd.render.standing_document import StandingDocument

    try:
        document = from_json(StandingDocument, dict(heard.document)) if heard.seen else None
    except (ShapeError, ValueError):
        document = None
    return Answer(agent=render_brief(document, attempts=options.attempts, trouble=heard.trouble))


def at_edit(key: str, place: Place, options: Options) -> Answer:
    """What the newest verdict changed; mostly nothing."""
    heard = question(place, "/v1/status?wait=0", QUICK_S)
    if heard.seen is None:
        if options.start and may_start(heard, place):
            start_daemon(place)
        return Answer()
    judged, document = None, heard.document
    if heard.seen.reason == "verifying" and heard.seen.judged_readiness == "not_ready":
        of_judged = question(place, f"/v1/status?wait=0&tree={heard.seen.judged}", QUICK_S)
        judged, document = of_judged.seen, of_judged.document
    elif heard.seen.reason == "verifying" and heard.seen.judged:
        judged = Seen(tree=heard.seen.judged, readiness=heard.seen.judged_readiness)
    seen, now = heard.seen, now_s()
    step = remembered(place, lambda known: after_edit(key, seen, judged, known, now=now), now)
    if step.act is not Act.WARN:
        return Answer()
    from verifyd.render.agent import render_warning

    task = task_of(document)
    return Answer(agent=render_warning(task)) if task is not None else Answer()


def at_stop(event: HookEvent, key: str, place: Place, options: Options) -> Answer:
    """Let it stop, or send it on."""
    wait_s = 0.0 if event.aborted or event.busy else options.wait_s
    heard = hear(place, wait_s, start=options.start)
    if heard.seen is None:
        return Answer(person=f"verifyd: {heard.trouble}. The agent was let go unverified.")
    seen, now = heard.seen, now_s()
    kept: list[bool] = []

    def step_of(known: Known) -> Step:
        session = known.sessions.get(key)
        looks = looks_of(place.root, session.looks) if session is not None else {}
        return end_of_turn(event, key, seen, known, now=now, attempts=options.attempts, looks=looks)

    step = remembered(place, step_of, now, kept)
    if not kept[0] and step.act in (Act.GIVE, Act.HAND_OVER) and (event.again or event.loops):
        return Answer(
            person=f"verifyd: not ready, and {sessions_folder()} cannot be written, so no task is given twice."
        )
    return spoken(step, heard.document, options)


def spoken(step: Step, document: Payload, options: Options) -> Answer:
    """The step in words."""
    if step.act not in (Act.GIVE, Act.HAND_OVER):
        return Answer(person=step.person)
    task = task_of(document)
    if task is None:  # a daemon of another release: what it is about cannot be said, so nobody is sent
        return Answer(person=step.person.partition(";")[0] + "; see: verifyd task")
    from verifyd.render.agent import render_continuation, render_hand_over

    if step.act is Act.HAND_OVER:
        return Answer(agent=render_hand_over(task, attempt=step.attempt), person=step.person)
    text = render_continuation(task, attempt=step.attempt, attempts=options.attempts)
    return Answer(agent=text, person=step.person)


def task_of(document: Payload) -> TaskDocument | None:
    """The task in its published shape; None when it has another."""
    from verifyd.json_shape import ShapeError, from_json
    from verifyd.render.document import TaskDocument

    task = document.get("task")
    try:
        return from_json(TaskDocument, dict(task)) if isinstance(task, dict) else None
    except (ShapeError, ValueError):
        return None


def remembered(place: Place, step_of: Callable[[Known], Step], now: float, kept: list[bool] | None = None) -> Step:
    """Make the step while nobody else does, and remember it."""
    made: list[Step] = []

    def change(data: bytes) -> bytes:
        step = step_of(read_known(data))
        made.append(step)
        return write_known(step.known, now)

    was_kept = change_sessions(place.git_dir, change)
    if kept is not None:
        kept.append(was_kept)
    return made[0]


def hear(place: Place, wait_s: float, *, start: bool) -> Heard:
    """What the daemon says within *wait_s*; one is started where none lives."""
    clock = SystemClock()
    end = clock.monotonic_s() + wait_s
    heard = question(place, f"/v1/status?wait={wait_s:g}", wait_s + ANSWER_S)
    if heard.seen is not None or not start or not may_start(heard, place):
        return heard
    if why := start_daemon(place):
        return Heard(trouble=why)
    while (left := end - clock.monotonic_s()) > 0:
        wait(START_LOOK_S)
        heard = question(place, f"/v1/status?wait={left:g}", left + ANSWER_S)
        if heard.trouble not in NOBODY_THERE:
            return heard
    return Heard(trouble="the daemon has only just been started: verifyd status --wait 600")


def may_start(heard: Heard, place: Place) -> bool:
    """Whether nobody is there whom a daemon would have to wait for: who listens in its place may hold its lock too."""
    if heard.trouble != Silence.ELSEWHERE.value:
        return heard.trouble == Silence.GONE.value
    from verifyd.edge.hook_daemon import is_daemon_locked

    return not is_daemon_locked(place.git_dir)


def question(place: Place, target: str, timeout_s: float) -> Heard:
    """One question."""
    said = ask_plainly(place.root, place.git_dir, target, kind="application/json", timeout_s=timeout_s)
    if isinstance(said, Silence):
        return Heard(trouble=said.value)
    document = parsed(said.body if isinstance(said, Refusal) else said)
    if isinstance(said, Refusal):
        why = one_line(str(document.get("error", "")))
        return Heard(trouble=f"the daemon cannot say: {why}" if why else Silence.DAMAGED.value)
    seen = read_seen(document)
    return Heard(seen=seen, document=document) if seen is not None else Heard(trouble=Silence.DAMAGED.value)


def parsed(body: bytes) -> Payload:
    """The object; an empty one for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def start_daemon(place: Place) -> str:
    """Start a daemon that outlives us and is waited for by nobody; why it cannot be, empty otherwise."""
    from verifyd.edge.hook_daemon import start_for_hook

    return start_for_hook(place.root, place.git_dir)


def wait(seconds: float) -> None:
    """Let the daemon begin."""
    import select

    select.select([], [], [], seconds)


def now_s() -> float:
    """Seconds since 1970."""
    return SystemClock().now().timestamp()
