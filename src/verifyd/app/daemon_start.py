"""Starts a daemon that outlives this command, and ends the one that lives."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import anyio.to_thread
from msgspec import Struct

from verifyd.app.daemon import answering
from verifyd.app.daemon_client import JSON, ask_daemon, find_daemon
from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.edge.daemon_address import DaemonAddress
from verifyd.edge.daemon_lock import is_held
from verifyd.edge.daemon_process import DetachedProcess
from verifyd.errors import MachineError, UndeterminedError
from verifyd.evidence.clean import clean_text

START_LIMIT_S = 60.0
STOP_LIMIT_S = 5.0
LOOK_EVERY_S = 0.02


class Detached(Struct, frozen=True, kw_only=True):
    """A daemon that answers; *was_there* when it did so before."""

    address: DaemonAddress
    was_there: bool


async def start_detached(world: World, repository: Repository, command: Sequence[str]) -> Detached:
    """
    Start the daemon by *command* in a session of its own, and wait until it answers.

    Raises:
        UndeterminedError: It ended instead; the message is what it said.
        MachineError: It could not be started, or does not answer in time.
    """
    if repository.substitute is not None:
        raise UndeterminedError("cannot be written", where=str(repository.home), remedy="Make it writable.")
    there = await anyio.to_thread.run_sync(answering, repository)
    if there is not None:
        return Detached(address=there, was_there=True)
    local = world.git.local_environment_names()
    environment = {name: value for name, value in world.machine.environment.items() if name not in local}
    process = DetachedProcess(command, home=repository.home, folder=repository.root, environment=environment)
    with anyio.move_on_after(START_LIMIT_S):
        while True:
            address = await anyio.to_thread.run_sync(answering, repository)
            if address is not None:
                return Detached(address=address, was_there=address.pid != process.pid)
            code = process.ended_with()
            if code not in (None, 0):  # with 0 it has found another daemon, which is about to answer
                raise UndeterminedError(why_ended(process, code), where="the daemon")
            await anyio.sleep(LOOK_EVERY_S)
    raise MachineError(
        f"process {process.pid} does not answer after {START_LIMIT_S:g} s",
        where="the daemon",
        remedy=f"See {process.log}",
    )


def why_ended(process: DetachedProcess, code: int | None) -> str:
    """What it said, or how it ended."""
    said = clean_text(process.said()).strip()
    return said or f"it ended with {code} and said nothing in {process.log}"


async def stop_daemon(repository: Repository) -> DaemonAddress | None:
    """
    End this work tree's daemon and wait until it is gone; which one it was, None when there was none.

    Raises:
        UndeterminedError: It does not end.
    """
    address = await anyio.to_thread.run_sync(find_daemon, repository)
    if address is None:
        return None
    await anyio.to_thread.run_sync(lambda: ask_daemon(repository, "/v1/stop", method="POST", headers=JSON))
    with anyio.move_on_after(STOP_LIMIT_S):
        while True:
            if not await anyio.to_thread.run_sync(is_held, repository.home):
                return address
            await anyio.sleep(LOOK_EVERY_S)
    raise UndeterminedError(
        f"the daemon (process {address.pid}) has not ended after {STOP_LIMIT_S:g} s",
        where="stop",
        remedy=f"End it by hand: kill {address.pid}",
    )
