"""The daemon's answer about the tree as it is now (``verifyd.status/1``) into the little that a hook decides by."""

from __future__ import annotations

from collections.abc import Mapping

from verifyd.hosts.model import Fields
from verifyd.hosts.payload import Payload, flag, number, text

READY, NOT_READY = "ready", "not_ready"
VERIFYING = "verifying"
SHORT = 12
"""Digits of a tree id that people are shown."""
LINE_CHARACTERS = 300
MOST_PLACES = 20
"""Of a task that are remembered."""


class Job(Fields):
    """
    The task that is asked of somebody.

    Attributes:
        id: Stable: the same failure on the next tree has the same.
        places: Files that it names, relative to the root, each once, at most MOST_PLACES.
        optional: Of a gate that keeps no tree from being ready.
        log: Path of the gate's whole output; empty when there is none.
    """

    def __init__(
        self,
        *,
        task: str,
        title: str = "",
        gate: str = "",
        where: str = "",
        places: tuple[str, ...] = (),
        optional: bool = False,
        log: str = "",
    ) -> None:
        self.id = task
        self.title = title
        self.gate = gate
        self.where = where
        self.places = places
        self.optional = optional
        self.log = log


class Seen(Fields):
    """
    What is known of the tree as it is now.

    Attributes:
        reason: As in ``verifyd status --json``; empty when ready.
        job: None without a task.
        judged: Tree of the newest complete verdict; empty before the first.
        judged_readiness: Its readiness.
        remaining_s: 0 when nobody knows.
    """

    def __init__(
        self,
        *,
        tree: str,
        readiness: str,
        reason: str = "",
        explanation: str = "",
        job: Job | None = None,
        judged: str = "",
        judged_readiness: str = "",
        remaining_s: int = 0,
    ) -> None:
        self.tree = tree
        self.readiness = readiness
        self.reason = reason
        self.explanation = explanation
        self.job = job
        self.judged = judged
        self.judged_readiness = judged_readiness
        self.remaining_s = remaining_s

    @property
    def wants_work(self) -> bool:
        """Whether an agent can bring this tree nearer to ready: what could not be determined is nobody's to mend."""
        return self.readiness != READY and self.job is not None and not self.job.optional


def read_seen(document: Payload) -> Seen | None:
    """The answer's own words; None for what is no such answer."""
    tree, readiness = text(document, "tree"), text(document, "readiness")
    if not readiness or not isinstance(document.get("tree"), str):
        return None
    judged = inner(document, "judged")
    task = document.get("task")
    return Seen(
        tree=tree,
        readiness=readiness,
        reason=text(document, "reason"),
        explanation=one_line(text(document, "explanation")),
        job=read_job(task) if isinstance(task, Mapping) else None,
        judged=text(judged, "tree"),
        judged_readiness=text(judged, "readiness"),
        remaining_s=round(seconds) if isinstance(seconds := document.get("remaining_s"), int | float) else 0,
    )


def read_job(task: Payload) -> Job | None:
    """The task's own words, which were masked and cleaned when they were written; None without an id."""
    if not text(task, "id"):
        return None
    where = task.get("where")
    places = [place for place in where if isinstance(place, Mapping)] if isinstance(where, list) else []
    first = places[0] if places else {}
    line = number(first, "line")
    return Job(
        task=text(task, "id")[:200],
        title=one_line(text(task, "title")),
        gate=one_line(text(task, "gate")),
        where=one_line(text(first, "path") + (f":{line}" if line else "")) if text(first, "path") else "",
        places=tuple(dict.fromkeys(path for place in places if (path := text(place, "path"))))[:MOST_PLACES],
        optional=flag(task, "optional"),
        log=one_line(text(task, "log")),
    )


def inner(document: Payload, name: str) -> Payload:
    """An object within; an empty one for anything else."""
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}


def one_line(words: str) -> str:
    """On one line of a bounded length, and nothing in it that a terminal obeys."""
    line = " ".join("".join(one if one.isprintable() else " " for one in words).split())
    return line if len(line) <= LINE_CHARACTERS else line[: LINE_CHARACTERS - 1] + "…"
