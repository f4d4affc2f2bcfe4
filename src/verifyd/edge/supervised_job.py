"""A job as the application holds it, while a supervisor holds its processes."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from typing import Any

import anyio
from msgspec.structs import replace

from verifyd.app.process_ports import FrozenView, Job, JobEnd
from verifyd.edge import wire
from verifyd.json_shape import names_of
from verifyd.outcome import End

RECEIVE_BYTES = 1 << 16
_END_FIELDS = frozenset(names_of(JobEnd))


class SupervisedJob:
    """
    A job under way in a supervisor of its own; see ``Running`` for the contract.

    Args:
        channel: Our end of the socket to the supervisor, not blocking.
        when_ended: Called once, before anybody who waits goes on; how many processes it found that the supervisor lost.
    """

    def __init__(self, job: Job, channel: socket.socket, when_ended: Callable[[SupervisedJob], int]) -> None:
        self.mark = job.mark
        self._order = _order_of(job)
        self._channel = channel
        self._when_ended = when_ended
        self._unpacker = wire.Unpacker()
        self._end = not_started("its supervisor was killed; all that it had started was ended")
        self._order_is_through = False
        self._sending = 0
        self._leader_has_ended = False
        self._ended = anyio.Event()
        asyncio.get_running_loop().add_reader(channel, self._read)

    async def send_order(self) -> None:
        """Hand the job to its supervisor, as soon as there is one."""
        await self._send(self._order)
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
            received = self._channel.recv(RECEIVE_BYTES)
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
            self._end = replace(self._end, leaked=self._end.leaked + self._when_ended(self))
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


def not_started(trouble: str) -> JobEnd:
    """The end of a job that never ran, and why."""
    return JobEnd(end=End.NOT_STARTED, exit_code=None, duration_s=0.0, trouble=trouble)


def _order_of(job: Job) -> dict[str, Any]:
    """As built-in values: marshal takes no subclass of str, which a member of an enum is."""
    return {
        "command": tuple(map(str, job.command)),
        "folder": str(job.folder),
        "environment": {str(name): str(value) for name, value in job.environment.items()},
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
    return {
        "folder": str(view.folder),
        "at": str(view.at),
        "shared": view.shared,
        "kept": None if view.changes is None else str(view.changes),
    }


def _end_of(message: dict[str, Any]) -> JobEnd:
    given = {"exit_code": None, "duration_s": 0.0} | {
        name: value for name, value in message.items() if name in _END_FIELDS
    }
    return JobEnd(**given | {"end": End(message["end"]), "modified": tuple(message.get("modified", ()))})
