"""What is remembered of the agents' sessions on one work tree, as JSON and back; whatever cannot be read was never known."""

from __future__ import annotations

import json
from collections.abc import Mapping

from verifyd.hosts.model import Fields
from verifyd.hosts.payload import Payload, text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SCHEMA = "verifyd.sessions/1"
SILENCE_S = 30 * 60.0
"""Who says nothing for so long is gone: its task is anybody's."""
KEEP_S = 7 * 86_400.0
MOST_SESSIONS = 64
MOST_TREES = 50
"""Trees that one task is remembered to have been given on."""
MOST_TASKS = 100


class Session(Fields):
    """
    What one session was told.

    Attributes:
        seen_at: Seconds since 1970, of its newest hook.
        given: Task id to the trees that it was given on, oldest first.
        handed: Tasks that a person was asked to take over.
        told: What it was told of between turns: ``ready``, or the id of a task.
        began: The tree that it began on; empty when nobody knows.
        found: Id of the task that was open when it began; empty for none, and once a tree was ready since.
        looks: How the files that this task names looked then, by path.
    """

    def __init__(
        self,
        *,
        seen_at: float = 0.0,
        given: Mapping[str, tuple[str, ...]] | None = None,
        handed: tuple[str, ...] = (),
        told: str = "",
        began: str = "",
        found: str = "",
        looks: Mapping[str, str] | None = None,
    ) -> None:
        self.seen_at = seen_at
        self.given = dict(given or {})
        self.handed = handed
        self.told = told
        self.began = began
        self.found = found
        self.looks = dict(looks or {})

    def but(self, **fields: Any) -> Session:
        """The same with other fields."""
        return Session(**{**vars(self), **fields})

    def times_given(self) -> int:
        """How often it was continued since it was last ready."""
        return sum(len(trees) for trees in self.given.values())


class Known(Fields):
    """
    All sessions on one work tree.

    Attributes:
        sessions: By key.
        owners: Task id to the key of the session that works on it.
    """

    def __init__(
        self, *, sessions: Mapping[str, Session] | None = None, owners: Mapping[str, str] | None = None
    ) -> None:
        self.sessions = dict(sessions or {})
        self.owners = dict(owners or {})


def session_key(host: str, session: str) -> str:
    """``claude-3f2a…``: the host and its own id."""
    return f"{host}-{session or 'unnamed'}"


def read_known(data: bytes) -> Known:
    """What was written; nothing known for a file that is empty, cut off or of another release."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return Known()
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        return Known()
    sessions, owners = document.get("sessions"), document.get("owners")
    if not isinstance(sessions, dict) or not isinstance(owners, dict):
        return Known()
    return Known(
        sessions={key: read_session(one) for key, one in sessions.items() if isinstance(one, dict)},
        owners={task: key for task, key in owners.items() if isinstance(key, str)},
    )


def read_session(entry: Payload) -> Session:
    """One session; what has another type is left out."""
    at, given, looks = entry.get("seen_at"), entry.get("given"), entry.get("looks")
    return Session(
        seen_at=float(at) if isinstance(at, int | float) else 0.0,
        given={task: texts(trees) for task, trees in given.items()} if isinstance(given, dict) else {},
        handed=texts(entry.get("handed")),
        told=text(entry, "told"),
        began=text(entry, "began"),
        found=text(entry, "found"),
        looks={path: look for path, look in looks.items() if isinstance(look, str)} if isinstance(looks, dict) else {},
    )


def texts(value: object) -> tuple[str, ...]:
    """The texts of a list."""
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def write_known(known: Known, now: float) -> bytes:
    """As JSON, small: the sessions of the last days, and owners that are still there."""
    kept = collected(known, now)
    document = {
        "schema": SCHEMA,
        "sessions": {
            key: {
                "seen_at": one.seen_at,
                "given": {task: list(trees[-MOST_TREES:]) for task, trees in list(one.given.items())[-MOST_TASKS:]},
                "handed": list(one.handed[-MOST_TASKS:]),
                "told": one.told,
                "began": one.began,
                "found": one.found,
                "looks": one.looks,
            }
            for key, one in kept.sessions.items()
        },
        "owners": kept.owners,
    }
    return (json.dumps(document, indent=1) + "\n").encode("ascii")


def collected(known: Known, now: float) -> Known:
    """Without what is long over; a clock that was set back makes nobody old."""
    recent = sorted(known.sessions.items(), key=lambda item: item[1].seen_at)[-MOST_SESSIONS:]
    sessions = {key: one for key, one in recent if now - one.seen_at < KEEP_S}
    return Known(sessions=sessions, owners={task: key for task, key in known.owners.items() if key in sessions})


def owner_of(known: Known, task: str, now: float) -> str | None:
    """Who works on a task: a session that was heard of lately; None when it is anybody's."""
    key = known.owners.get(task)
    session = known.sessions.get(key) if key is not None else None
    return key if session is not None and now - session.seen_at < SILENCE_S else None


def with_session(known: Known, key: str, session: Session, *, owns: str = "") -> Known:
    """The same with one session as it is now; *owns* is the one task that it works on, and empty when it works on none."""
    owners = {task: owner for task, owner in known.owners.items() if owner != key}
    if owns:
        owners[owns] = key
    return Known(sessions={**known.sessions, key: session}, owners=owners)


def without_session(known: Known, key: str) -> Known:
    """The same without a session that has ended; what it was told goes with it."""
    return Known(
        sessions={one: session for one, session in known.sessions.items() if one != key},
        owners={task: owner for task, owner in known.owners.items() if owner != key},
    )
