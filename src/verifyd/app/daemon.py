"""One daemon's life: the lock, the socket, the engine, the address for the clients, and all of it undone at the end."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.abc
import anyio.to_thread
from msgspec import Struct

from verifyd.app.crash_loop import Starts, ended, record_start, write_starts
from verifyd.app.daemon_port import Engine, EngineFactory
from verifyd.app.ports import Repository
from verifyd.app.web_page import WebPage
from verifyd.app.world import World
from verifyd.edge.daemon_address import (
    DaemonAddress,
    forget_address,
    is_alive,
    read_address,
    remove_address,
    remove_hint,
    write_address,
)
from verifyd.edge.daemon_client import DaemonAnswer, ask
from verifyd.edge.daemon_lock import DaemonLock
from verifyd.edge.daemon_place import sign_of, socket_of
from verifyd.edge.daemon_process import trim_log
from verifyd.edge.daemon_socket import BoundSocket, bind_socket
from verifyd.edge.dead_daemons import remove_dead
from verifyd.edge.long_life import begin_long_life
from verifyd.edge.process_identity import own_pid, start_of
from verifyd.edge.somebody_else import somebody_else
from verifyd.errors import MachineError, StoreError, UndeterminedError

if TYPE_CHECKING:
    from verifyd.edge.http_server import Application

API = 1
"""Number of the API that this daemon speaks; another number means that old clients would misread it."""
LONGEST_START_S = 30.0
"""How long a second daemon waits for the first one to answer, or to let go of the lock."""
ASK_AGAIN_S = 0.05
TRIM_EVERY_S = 60.0
LOOK_FOR_LOCK_S = 2.0
END_THAT_ONE = "End the process that listens there, or start this one with the same XDG_STATE_HOME, then try again."


class Daemon(Struct, frozen=True, kw_only=True):
    """
    A daemon that lives, as its doors know it.

    Attributes:
        address: Who and where it is; what the clients read.
        page: In a browser, once somebody asks for it.
    """

    engine: Engine
    address: DaemonAddress
    page: WebPage

    @property
    def sign(self) -> str:
        """What each answer is signed with, see ``sign_of``."""
        repository = self.engine.repository
        return sign_of(os.fspath(repository.root), os.fspath(repository.git_dir))


class Ending(Struct, frozen=True, kw_only=True):
    """
    How an attempt to be the daemon ended.

    Attributes:
        reason: Why the daemon stopped; empty when there was one already.
        other: The daemon that was there already.
    """

    reason: str = ""
    other: DaemonAddress | None = None

    @property
    def is_interrupt(self) -> bool:
        """Whether Ctrl-C ended it."""
        return self.reason == said_of(signal.SIGINT)


class DaemonParts(Struct, frozen=True, kw_only=True):
    """
    What a daemon is put together of.

    Attributes:
        open_engine: See EngineFactory.
        make_application: The API that is served on the socket.
        show: Shows a person what happens, until it is cancelled.
        begin: Awaited when the daemon is about to answer, before anybody is told where; what it raises ends the daemon.
        idle_s: See EngineFactory.
        automatic: Whether no person started it: after a few crashes it then stays down.
    """

    open_engine: EngineFactory
    make_application: Callable[[Daemon], Application]
    show: Callable[[Engine], Coroutine[Any, Any, None]]
    begin: Callable[[Daemon], Coroutine[Any, Any, None]] | None = None
    idle_s: float | None = None
    automatic: bool = False


async def live(world: World, repository: Repository, parts: DaemonParts) -> Ending:
    """
    Be this work tree's daemon until a signal, a client or the engine ends it; or find the one that is there already.

    Raises:
        UndeterminedError: It must not start (crashed too often), or cannot (the folder, the socket, the engine).
    """
    if repository.substitute is not None:
        remedy = "Make it writable: the daemon keeps its lock, its socket and its history there."
        raise UndeterminedError("cannot be written", where=str(repository.home), remedy=remedy)
    lock = await take_or_find(repository)
    if isinstance(lock, DaemonAddress):
        return Ending(other=lock)
    with lock:
        starts = record_start(world, repository, automatic=parts.automatic)
        try:
            reason = await serve_engine(world, repository, parts, lock)
        except BaseException as error:
            forget_start(world, repository, starts, problem_of(error))
            raise
        forget_start(world, repository, starts)
        return Ending(reason=reason)


async def take_or_find(repository: Repository) -> DaemonLock | DaemonAddress:
    """The lock, or the daemon that holds it and answers; MachineError when somebody holds it who does not answer."""
    with anyio.move_on_after(LONGEST_START_S):
        while True:
            lock = DaemonLock.take(repository.home)
            if lock is not None:
                return lock
            address = await anyio.to_thread.run_sync(answering, repository)
            if address is not None:
                return address
            refuse_other_root(repository)
            if other := await anyio.to_thread.run_sync(somebody_else, os.fspath(repository.git_dir)):
                raise MachineError(f"{other}, and no second daemon can be started", where="watch", remedy=END_THAT_ONE)
            await anyio.sleep(ASK_AGAIN_S)
    address = read_address(repository.git_dir)
    who = f"process {address.pid}" if address is not None and is_alive(address) else "another process"
    remedy = f"End it: kill {address.pid}" if address is not None else "Look for a verifyd that hangs, and end it."
    raise MachineError(f"{who} is this work tree's daemon, and does not answer", where="watch", remedy=remedy)


def refuse_other_root(repository: Repository) -> None:
    """MachineError when the git folder's daemon is about another folder, which a ``.git`` file makes a work tree of it too."""
    address = read_address(repository.git_dir)
    if address is not None and address.root != str(repository.root) and is_alive(address):
        raise MachineError(
            f"process {address.pid} watches {address.root} with the same git folder, {repository.git_dir}",
            where="watch",
            remedy=f"Remove {address.root}/.git if you did not make it, then: verifyd stop",
        )


def answering(repository: Repository) -> DaemonAddress | None:
    """The daemon that is written down, when it is the one that answers."""
    address = read_address(repository.git_dir)
    if address is None:
        return None
    answer = ask(address.socket, "/v1/version", timeout_s=1.0)
    # The next one listens at the same place: what a killed one wrote down is not about who answers now.
    written = str(address.pid)
    is_same = isinstance(answer, DaemonAnswer) and answer.headers.get("verifyd-pid", written) == written
    return address if is_same and address.root == str(repository.root) else None


def forget_start(world: World, repository: Repository, starts: Starts, problem: str = "") -> None:
    """Remember how it ended, where there is still something to remember it in."""
    with suppress(StoreError):
        if repository.git_dir.is_dir():
            write_starts(world, repository, ended(starts, problem))


def problem_of(error: BaseException) -> str:
    """What an ending is remembered by; empty for a clean one."""
    if isinstance(error, BaseExceptionGroup):
        return problem_of(error.exceptions[0])
    if isinstance(error, anyio.get_cancelled_exc_class() | KeyboardInterrupt):
        return ""
    return f"{type(error).__name__}: {error}".partition("\n")[0][:300]


async def serve_engine(world: World, repository: Repository, parts: DaemonParts, lock: DaemonLock) -> str:
    """Bind, open the engine, answer, tell where, and run until it ends; why it did. The lock is held all the while."""
    from verifyd.edge.http_server import serve

    begin_long_life()
    # Before anything else runs in this process: binding sets the umask for a moment, which is everybody's.
    # Under another name until somebody answers: nobody shall wait for what is only starting.
    place = Path(socket_of(os.fspath(repository.git_dir)))
    bound = bind_socket(place.with_name(f"starting-{place.name}"))
    forget_address(place)
    remove_dead(place.parent, world.clock.now())
    address = own_address(repository, place, world)
    try:
        async with parts.open_engine(world, repository, parts.idle_s) as engine, WebPage() as page:
            daemon = Daemon(engine=engine, address=address, page=page)
            async with serve(parts.make_application(daemon), bound.listening), anyio.create_task_group() as tasks:
                await tasks.start(stop_on_signal, world, engine)
                if parts.begin is not None:
                    await parts.begin(daemon)
                bound = bound.moved_to(place)
                write_address(daemon.address)
                tasks.start_soon(parts.show, engine)
                tasks.start_soon(keep_log_small, repository.home)
                tasks.start_soon(stop_without_lock, engine, lock, repository.home)
                reason = await engine.run()
                tasks.cancel_scope.cancel()
        return reason
    finally:
        clean_up(repository, lock, bound, address)


def clean_up(repository: Repository, lock: DaemonLock, bound: BoundSocket, address: DaemonAddress) -> None:
    """Nothing of the daemon is left where clients look; what may be the next daemon's stays."""
    remove_address(address)
    bound.close()
    if lock.is_in_place(repository.home):
        remove_hint(address)


def own_address(repository: Repository, place: Path, world: World) -> DaemonAddress:
    """Who we are and where we listen."""
    return DaemonAddress(
        pid=own_pid(),
        start=start_of(own_pid()) or "",
        root=str(repository.root),
        git_dir=str(repository.git_dir),
        socket=str(place),
        version=version("verifyd"),
        api=API,
        started_at=world.clock.now().isoformat(),
    )


async def stop_on_signal(world: World, engine: Engine, *, task_status: anyio.abc.TaskStatus[None]) -> None:
    """The first signal stops the engine, which ends its gates; any later one ends these at once."""
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM, signal.SIGHUP) as signals:
        task_status.started()
        stopped = False
        async for number in signals:
            if stopped:
                world.end_all_now()
            stopped = True
            await engine.stop(said_of(signal.Signals(number)))


def said_of(number: signal.Signals) -> str:
    """The reason of an end by a signal."""
    return f"stopped by {number.name}"


async def stop_without_lock(engine: Engine, lock: DaemonLock, home: Path) -> None:
    """Stop when somebody has removed the folder with our lock: nobody finds us any more, and a second daemon could run beside us."""
    while True:
        await anyio.sleep(LOOK_FOR_LOCK_S)
        if not lock.is_in_place(home):
            break
    await engine.stop(f"{home} was removed, and with it what says that this is the daemon")


async def keep_log_small(home: Path) -> None:
    """What a detached daemon prints is cut when it has grown large."""
    while True:
        await anyio.sleep(TRIM_EVERY_S)
        await anyio.to_thread.run_sync(functools.partial(trim_log, home))
