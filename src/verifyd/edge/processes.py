"""Jobs into supervised process trees: asks the zygote for a supervisor each, and listens to what becomes of them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import anyio

import verifyd
from verifyd.app.ports import FrozenView, Job, JobEnd, Running
from verifyd.edge import reachability, wire
from verifyd.outcome import End

_SOURCE_ROOT = Path(verifyd.__file__).parent.parent
_START_ZYGOTE = "import sys; sys.path.append(sys.argv[1]); from verifyd.edge.zygote import main; main(int(sys.argv[2]))"
"""
Given with -c, because -I leaves the script's own folder out of sys.path. Ours is appended, so that nothing in it can
stand before the standard library.
"""
_RECEIVE_BYTES = 1 << 16
_RETRY_S = 0.005
_ZYGOTE_EXIT_S = 30.0
_PROBE_LIMIT_S = 10.0
_END_FIELDS = frozenset(field.name for field in fields(JobEnd))


class SupervisedJob:
    """A job under way in a supervisor of its own; see ``Running`` for the contract."""

    def __init__(self, job: Job, channel: socket.socket) -> None:
        self._job = job
        self._channel = channel
        self._unpacker = wire.Unpacker()
        self._end = _not_started("its supervisor was killed; all that it had started was ended")
        self._order_is_through = False
        self._sending = 0
        self._leader_has_ended = False
        self._ended = anyio.Event()
        asyncio.get_running_loop().add_reader(channel, self._read)

    async def send_order(self) -> None:
        """Hand the job to its supervisor, as soon as there is one."""
        await self._send(_order_of(self._job))
        self._order_is_through = True

    async def wait(self) -> JobEnd:
        """Until it has ended. Cancelling the wait stops the job (shielded) before the cancellation goes on."""
        try:
            await self._ended.wait()
        except anyio.get_cancelled_exc_class():
            await self.stop()
            raise
        return self._end

    async def stop(self) -> JobEnd:
        """SIGINT, SIGTERM, SIGKILL, each after the grace period, then everything the supervisor holds; shielded."""
        with anyio.CancelScope(shield=True):
            if not self._ended.is_set():
                await self._send({"stop": True})
            await self._ended.wait()
        return self._end

    def kill_now(self) -> None:
        """SIGKILL for all of it at once, without waiting; *wait* tells when nothing is left."""
        if self._ended.is_set():
            return
        with contextlib.suppress(OSError):
            if self._order_is_through:
                self._channel.send(wire.pack({"kill": True}))
            else:  # a word in the middle of it would spoil it; the end of the channel says the same
                self._channel.shutdown(socket.SHUT_WR)

    def has_ended(self) -> bool:
        """Whether the job's own process is gone."""
        return self._leader_has_ended

    async def _send(self, message: dict[str, Any]) -> None:
        self._sending += 1
        try:
            with anyio.CancelScope(shield=True), contextlib.suppress(BrokenPipeError, ConnectionResetError):
                await asyncio.get_running_loop().sock_sendall(self._channel, wire.pack(message))
        finally:
            self._sending -= 1
            self._close_when_done()

    def _read(self) -> None:
        try:
            received = self._channel.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        except ConnectionResetError:
            received = b""
        for message in self._unpacker.feed(received):
            self._take(message)
        if not received:
            self._finish()

    def _take(self, message: dict[str, Any]) -> None:
        self._leader_has_ended = True
        if "end" in message:
            self._end = _end_of(message)
            self._finish()

    def _finish(self) -> None:
        if not self._ended.is_set():
            self._leader_has_ended = True
            asyncio.get_running_loop().remove_reader(self._channel)
            self._ended.set()
            self._close_when_done()

    def _close_when_done(self) -> None:
        """Not while something is being sent: the event loop would go on with a file that is closed, or already another."""
        if self._ended.is_set() and not self._sending:
            self._channel.close()


class EndedJob:
    """A job that never was under way; see ``Running`` for the contract."""

    def __init__(self, end: JobEnd) -> None:
        self._end = end

    async def wait(self) -> JobEnd:
        """How it ended."""
        return self._end

    async def stop(self) -> JobEnd:
        """How it ended."""
        return self._end

    def has_ended(self) -> bool:
        """Always."""
        return True


class _Zygote:
    """The process that forks supervisors, seen from here."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _START_ZYGOTE, str(_SOURCE_ROOT), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self._control.setblocking(False)

    async def open_channel(self) -> socket.socket:
        """Our end of a channel to a new supervisor; OSError when the zygote is gone."""
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                await self._pass_on(theirs)
        except BaseException:
            ours.close()
            raise
        ours.setblocking(False)
        return ours

    async def _pass_on(self, channel: socket.socket) -> None:
        while True:
            try:
                socket.send_fds(self._control, [b"j"], [channel.fileno()])
            except BlockingIOError:
                await anyio.sleep(_RETRY_S)
            else:
                return

    def probe_view(self, folder: str) -> str:
        """Why no frozen view can be had with its files in *folder*; empty when one can. Blocks for some milliseconds."""
        ours, theirs = socket.socketpair()
        ours.settimeout(_PROBE_LIMIT_S)
        with ours, theirs:
            try:
                socket.send_fds(self._control, [b"j"], [theirs.fileno()])
                theirs.close()
                ours.sendall(wire.pack({"probe": folder}))
                for message in wire.Unpacker().feed(ours.recv(_RECEIVE_BYTES)):
                    return str(message["trouble"])
            except OSError as error:
                return str(error)
        return "the probe ended without an answer"

    async def close(self) -> None:
        """Let it end, and with it whatever is left."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError), anyio.move_on_after(_ZYGOTE_EXIT_S):
            await asyncio.get_running_loop().sock_recv(self._control, 1)
        self._control.close()
        self._process.kill()
        self._process.wait()


class SupervisedProcesses:
    """Process trees under supervisors; see ``Processes`` for the contract."""

    def __init__(self) -> None:
        self._zygote = _Zygote()
        self._jobs: set[SupervisedJob] = set()
        self._ports: set[int] = set()
        self._freezing_trouble: str | None = None

    async def start(self, job: Job) -> Running:
        """Start it; a job that cannot be started ends as NOT_STARTED instead of raising."""
        try:
            channel = await self._open_channel()
        except OSError as error:
            return EndedJob(_not_started(f"no supervisor could be started: {error}"))
        running = SupervisedJob(job, channel)
        self._jobs = {known for known in self._jobs if not known.has_ended()} | {running}
        await running.send_order()
        return running

    def kill_all_now(self) -> None:
        """SIGKILL for every process of every job at once, without waiting: for the second Ctrl-C."""
        for job in self._jobs:
            job.kill_now()

    def can_freeze(self) -> bool:
        """Whether this machine can mount a view over the repository's path; probed once, for real, in a few milliseconds."""
        if self._freezing_trouble is None:
            self._freezing_trouble = self._zygote.probe_view(tempfile.gettempdir())
        return self._freezing_trouble == ""

    def freezing_trouble(self) -> str:
        """What the machine said when the probe failed; empty when it can freeze."""
        return "" if self.can_freeze() else self._freezing_trouble or ""

    async def is_reachable(self, address: str) -> bool:
        """Whether a URL answers with a status below 500, or a ``host:port`` accepts a connection."""
        return await reachability.is_reachable(address)

    def free_port(self) -> int:
        """A TCP port on loopback that nobody listens on now; never the same one twice."""
        while (port := reachability.unused_port()) in self._ports:
            pass
        self._ports.add(port)
        return port

    async def close(self) -> None:
        """Stop every job, then the zygote; shielded."""
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as group:
                for job in self._jobs:
                    group.start_soon(job.stop)
            await self._zygote.close()

    async def _open_channel(self) -> socket.socket:
        try:
            return await self._zygote.open_channel()
        except (BrokenPipeError, ConnectionResetError):  # it was killed
            await self._zygote.close()
            self._zygote = _Zygote()
            return await self._zygote.open_channel()


@asynccontextmanager
async def open_processes() -> AsyncIterator[SupervisedProcesses]:
    """
    Supervision for one run or one daemon life, on asyncio; leaving it ends every job.

    Entering starts the zygote and does not wait for it, so its start overlaps with whatever comes next.
    """
    processes = SupervisedProcesses()
    try:
        yield processes
    finally:
        await processes.close()


def _order_of(job: Job) -> dict[str, Any]:
    return {
        "name": job.name,
        "command": job.command,
        "folder": str(job.folder),
        "environment": dict(job.environment),
        "log": str(job.log),
        "log_cap_bytes": job.log_cap_bytes,
        "timeout_s": job.timeout_s,
        "grace_s": job.grace_s,
        "max_processes": job.max_processes,
        "view": _view_order_of(job.view),
    }


def _view_order_of(view: FrozenView | None) -> dict[str, Any] | None:
    if view is None:
        return None
    return {"folder": str(view.folder), "at": str(view.at), "shared": view.shared}


def _end_of(message: dict[str, Any]) -> JobEnd:
    given = {"exit_code": None, "duration_s": 0.0} | {
        name: value for name, value in message.items() if name in _END_FIELDS
    }
    return JobEnd(**given | {"end": End(message["end"]), "modified": tuple(message.get("modified", ()))})


def _not_started(trouble: str) -> JobEnd:
    return JobEnd(end=End.NOT_STARTED, exit_code=None, duration_s=0.0, trouble=trouble)
