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
from pathlib import Path

import anyio

import verifyd
from verifyd.app.process_ports import Job, Running
from verifyd.edge import linux, reachability, wire
from verifyd.edge.supervised_job import RECEIVE_BYTES, EndedJob, SupervisedJob, not_started
from verifyd.errors import MachineError

_SOURCE_ROOT = Path(verifyd.__file__).parent.parent
_START_ZYGOTE = "import sys; sys.path.append(sys.argv[1]); from verifyd.edge.zygote import main; main(int(sys.argv[2]))"
"""
Given with -c, because -I leaves the script's own folder out of sys.path. Ours is appended, so that nothing in it can
stand before the standard library.
"""
_RETRY_S = 0.005
_ZYGOTE_EXIT_S = 30.0
_PROBE_LIMIT_S = 10.0


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
                for message in wire.Unpacker().feed(ours.recv(RECEIVE_BYTES)):
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
            return EndedJob(not_started(f"no supervisor could be started: {error}"))
        running = SupervisedJob(job, channel, self._forget)
        self._jobs.add(running)
        await running.send_order()
        return running

    def kill_all_now(self) -> None:
        """SIGKILL for every process of every job at once, without waiting: for the second Ctrl-C."""
        for job in tuple(self._jobs):
            job.kill_now()

    def can_freeze(self) -> bool:
        """Whether this machine can mount a view over the repository's path; probed once, for real, in a few milliseconds."""
        return self.freezing_trouble() == ""

    def freezing_trouble(self) -> str:
        """What the machine said when the probe of ``can_freeze`` failed; empty when it can freeze."""
        if self._freezing_trouble is None:
            self._freezing_trouble = self._zygote.probe_view(tempfile.gettempdir())
        return self._freezing_trouble

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
                for job in tuple(self._jobs):
                    group.start_soon(job.stop)
            await self._zygote.close()

    def _forget(self, ended: SupervisedJob) -> int:
        """Note that a job has ended; elsewhere than on Linux, end what of its run its supervisor could not know of."""
        self._jobs.discard(ended)
        if linux.IS_LINUX or ended.mark in {job.mark for job in self._jobs}:
            return 0
        from verifyd.edge import strays  # psutil takes 20 ms to import, and Linux needs none of it

        return strays.end_marked(ended.mark)

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

    Raises:
        MachineError: No process can be started at all.
    """
    try:
        processes = SupervisedProcesses()
    except OSError as error:
        raise MachineError(f"no process can be started: {error}", where=sys.executable) from error
    try:
        yield processes
    finally:
        await processes.close()
