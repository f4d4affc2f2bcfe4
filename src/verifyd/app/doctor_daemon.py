"""A work tree in, how its daemon is out: for ``verifyd doctor``."""

from __future__ import annotations

import json
from importlib.metadata import version

from verifyd.app.crash_loop import BY_HAND, read_starts
from verifyd.app.daemon_client import JSON, ask_daemon, find_daemon, stranger
from verifyd.app.doctor import Checks, ok, warn
from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.edge.daemon_client import DaemonAnswer
from verifyd.render.shown import shown_line

OK = 200
RENEW = "Renew it with: verifyd stop, then: verifyd watch --detach"


def examine_daemon(world: World, repository: Repository) -> Checks:
    """Whether it lives and answers, is of this release, how it notices changes, and whether git ever contradicted it."""
    if find_daemon(repository) is None:
        if other := stranger(repository):
            yield warn("daemon", other, "Find out what it is; `verifyd run` and the commit hook do not ask it either.")
        down = read_starts(world, repository).down
        if down:
            yield warn("daemon", shown_line(down), BY_HAND)
        else:
            yield ok("daemon", "none runs; start one with: verifyd watch --detach")
        return
    asked = ask_daemon(repository, "/v1/version", headers=JSON)
    if asked.answer is None:
        yield warn("daemon", asked.trouble or "it has just ended", RENEW)
        return
    about = json.loads(asked.answer.body)
    yield ok("daemon", f"process {about['pid']}, verifyd {shown_line(about['version'])}, since {about['started_at']}")
    if about["version"] != version("verifyd"):
        yield warn("daemon", f"it is verifyd {shown_line(about['version'])}, this is {version('verifyd')}", RENEW)
    if about["discarded"]:
        times = "once" if about["discarded"] == 1 else f"{about['discarded']} times"
        what = f"git's own answer about the tree differed from the daemon's {times}; it then read everything anew"
        yield warn("daemon", what, "No verdict was wrong because of it; tell the developers what was edited then.")
    yield from examine_watching(ask_daemon(repository, "/v1/status", headers=JSON).answer)


def examine_watching(answer: DaemonAnswer | None) -> Checks:
    """How it notices changes, and what it says besides."""
    if answer is None or answer.status != OK:
        yield warn("watching", "the daemon does not say what is known about the tree", RENEW)
        return
    standing = json.loads(answer.body)
    yield ok("watching", f"by {shown_line(standing['watching'])}")
    for note in standing["notes"]:
        yield warn("watching", shown_line(note))
    if standing["trouble"]:
        yield warn("watching", shown_line(standing["trouble"]))
