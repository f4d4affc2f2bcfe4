"""The bodies of the commands that ask this work tree's daemon, and answer without one where none lives."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from verifyd.app.daemon_client import JSON, TEXT, ask_daemon, silent_daemon, stranger
from verifyd.doors.commands import end, open_world
from verifyd.errors import ExitCode
from verifyd.snapshot import can_name_tree

if TYPE_CHECKING:
    from verifyd.app.ports import Repository
    from verifyd.app.world import World

OK = 200
NOT_FOUND = 404
"""It knows the trees since its start; the history and git know more."""


def status(folder: str, *, wait_s: float, tree: str | None, as_json: bool) -> None:
    """``verifyd status``."""
    world, repository = open_world(folder)
    query = f"wait={wait_s:g}&width={world.console.width()}" + (f"&tree={tree}" if tree else "")
    trouble = ""
    if tree is None or can_name_tree(tree):  # a branch or tag is git's to resolve
        trouble = answered(world, repository, f"/v1/status?{query}", as_json=as_json, wait_s=wait_s)
    from verifyd.app.standing_now import standing_without_daemon
    from verifyd.render.standing import exit_code_of_standing, render_standing, render_standing_json

    notes = (trouble,) if trouble else ()
    document = standing_without_daemon(world, repository, tree=tree, notes=notes)
    text = render_standing_json(document) if as_json else render_standing(document, width=world.console.width())
    world.console.write_answer(text)
    end(exit_code_of_standing(document))


def task(folder: str, *, wait_s: float, as_json: bool) -> None:
    """``verifyd task``."""
    from verifyd.doors import commands

    world, repository = open_world(folder)
    trouble = answered(world, repository, f"/v1/task?wait={wait_s:g}", as_json=as_json, wait_s=wait_s)
    if trouble:
        world.console.say(trouble)
    commands.task(folder, as_json=as_json)


def answered(world: World, repository: Repository, target: str, *, as_json: bool, wait_s: float) -> str:
    """Ask the daemon, print its answer and end the command; without an answer, what a person should know about that."""
    if silent := silent_daemon():
        return f"the daemon (process {silent}) does not answer; this is without it; end it with: verifyd stop"
    asked = ask_daemon(repository, target, headers=JSON if as_json else TEXT, wait_s=wait_s)
    answer = asked.answer
    if answer is None or answer.status == NOT_FOUND:
        return asked.trouble
    if asked.trouble:
        world.console.say(asked.trouble)
    if answer.status != OK:
        refusal = json.loads(answer.body)
        world.console.say("\n  ".join(part for part in (refusal["error"], refusal.get("remedy", "")) if part))
    else:
        if "verifyd-say" in answer.headers:
            world.console.say(answer.headers["verifyd-say"])
        if answer.body.strip() != b"null":
            world.console.write_answer(answer.body.decode("utf-8", "replace"))
    end(int(answer.headers.get("verifyd-exit", ExitCode.UNPROVEN)))
    return ""


def stop(folder: str) -> None:
    """``verifyd stop``."""
    from verifyd.app.daemon_start import stop_daemon
    from verifyd.doors.watch import without_group

    world, repository = open_world(folder)
    address = without_group(lambda: stop_daemon(repository))
    world.console.say(f"stopped (process {address.pid})" if address else "no daemon runs for this work tree")
    if address is None and (other := stranger(repository)):
        world.console.say(other)


def watch(folder: str, **options: Any) -> None:
    """``verifyd watch``."""
    from verifyd.doors.watch import WatchOptions
    from verifyd.doors.watch import watch as watch_here

    world, repository = open_world(folder)
    watch_here(world, repository, WatchOptions(**options))
