"""The starts of earlier daemons in, whether one more may be tried out: a daemon that only crashes is not started for ever."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.errors import StoreError, UndeterminedError
from verifyd.json_shape import ShapeError, from_json, to_json

FILE_NAME = "daemon.starts.json"
MOST_CRASHES = 5
WITHIN = timedelta(minutes=5)
LARGEST_BYTES = 64 * 1024
BY_HAND = "Look at daemon.log beside the socket, then start it by hand: verifyd watch"


class Start(Struct, frozen=True, kw_only=True):
    """
    One start that no clean end followed, yet or at all.

    Attributes:
        at: UTC, ISO 8601.
        problem: What it said when it crashed; empty while it lives, and when it was killed.
    """

    at: str
    problem: str = ""


class Starts(Struct, frozen=True, kw_only=True):
    """
    What is remembered of earlier daemons of this work tree.

    Attributes:
        open: Oldest first; whoever holds the daemon's lock knows that all of them crashed.
        down: Why no daemon is started but by a person; empty normally.
    """

    open: tuple[Start, ...] = ()
    down: str = ""


def crashes(starts: Starts, now: datetime) -> tuple[Start, ...]:
    """The starts that count: those of the last minutes, by a clock that may have been set in either direction."""
    return tuple(start for start in starts.open if abs(now - moment_of(start, now)) <= WITHIN)


def moment_of(start: Start, now: datetime) -> datetime:
    """When it was; long ago for what cannot be read."""
    try:
        return datetime.fromisoformat(start.at)
    except ValueError:
        return now - 2 * WITHIN


def begun(starts: Starts, now: datetime, *, automatic: bool) -> Starts:
    """
    The starts with one more; one by a person forgets the earlier ones.

    Returns:
        With ``down`` set, no daemon may be started.
    """
    earlier = crashes(starts, now) if automatic else ()
    if automatic and starts.down:
        return starts
    if len(earlier) >= MOST_CRASHES:
        return Starts(open=earlier, down=why_down(earlier))
    return Starts(open=(*earlier, Start(at=now.isoformat())))


def why_down(crashed: tuple[Start, ...]) -> str:
    """What ``status`` says of it."""
    last = next((start.problem for start in reversed(crashed) if start.problem), "it was killed")
    return f"the daemon crashed {len(crashed)} times in {int(WITHIN.total_seconds() // 60)} minutes, and stays down (last: {last})"


def ended(starts: Starts, problem: str = "") -> Starts:
    """The starts once the newest has ended: forgotten when it was a clean end, with its problem otherwise."""
    earlier = starts.open[:-1]
    return replace(starts, open=(*earlier, replace(starts.open[-1], problem=problem)) if problem else earlier)


def read_starts(world: World, repository: Repository) -> Starts:
    """What is remembered; nothing when it cannot be read."""
    try:
        content = world.files.read(repository.home / FILE_NAME, limit_bytes=LARGEST_BYTES)
        return from_json(Starts, json.loads(content)) if content else Starts()
    except (StoreError, ValueError, ShapeError, RecursionError):
        return Starts()


def record_start(world: World, repository: Repository, *, automatic: bool) -> Starts:
    """
    Remember that a daemon starts. Only for the holder of the daemon's lock.

    Raises:
        UndeterminedError: It has crashed too often, and this start is not by a person.
    """
    starts = begun(read_starts(world, repository), world.clock.now(), automatic=automatic)
    write_starts(world, repository, starts)
    if starts.down:
        raise UndeterminedError(starts.down, remedy=BY_HAND)
    return starts


def write_starts(world: World, repository: Repository, starts: Starts) -> None:
    """Keep them, whole."""
    world.files.write_whole(repository.home / FILE_NAME, json.dumps(to_json(starts)) + "\n", mode=0o600)
