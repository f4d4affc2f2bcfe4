"""
Forks one supervisor for each channel that the main program hands over, and outlives them all to clean up after them.

Small on purpose, and started before the main program has threads and a large heap: a fork of it costs half a millisecond.
Everything here and in what it imports is standard library, because it runs without site-packages.
"""

from __future__ import annotations

import _socket
import gc
import os
import signal
import sys
import time
from contextlib import suppress

from verifyd.edge import launch, linux, process_tree
from verifyd.edge.events import Events
from verifyd.edge.supervisor import supervise
from verifyd.edge.wire import Channel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_CHANNEL_FD = 3
_CLOSING_LIMIT_S = 10.0
_KILL_LIMIT_S = 10.0
_LOOK_AGAIN_S = 0.001
_WATCHED = (signal.SIGTERM, signal.SIGCHLD)


class Zygote:
    """
    Waits for channels and for the end of supervisors.

    It keeps its own copy of each channel until the supervisor was reaped and what it left was ended: only then does the
    main program see the end of a channel whose supervisor was killed.
    """

    def __init__(self, control: int) -> None:
        self._control = _socket.socket(fileno=control)
        self._events = Events()
        self._channels: dict[int, int] = {}  # supervisor's process id -> our copy of its channel
        self._wanted = True

    def run(self) -> None:
        """Until the main program closes the control socket, is killed, or SIGTERM comes."""
        self._events.listen_to_signals(_WATCHED, self._take_signals)
        self._events.listen(self._control.fileno(), self._take_channel)
        while self._wanted:
            self._events.wait(None)
        self._close()

    def _take_signals(self, numbers: bytes) -> None:
        self._wanted &= signal.SIGTERM not in numbers
        self._reap()

    def _take_channel(self) -> None:
        """Fork a supervisor for the channel that came."""
        try:
            data, ancillary, _, _ = self._control.recvmsg(1, _socket.CMSG_SPACE(4))
        except ConnectionResetError:
            data, ancillary = b"", []
        self._wanted &= bool(data)
        for _, _, payload in ancillary:
            channel = int.from_bytes(payload[:4], sys.byteorder)
            os.set_inheritable(channel, False)
            self._fork(channel)

    def _fork(self, channel: int) -> None:
        zygote = os.getpid()
        signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
        try:
            pid = os.fork()
            if pid == 0:
                _become_supervisor(channel, zygote)
            self._channels[pid] = channel
        except OSError as error:
            Channel(channel).send(
                {"end": "not_started", "trouble": f"no supervisor could be started: {error.strerror}"}
            )
            os.close(channel)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _WATCHED)

    def _reap(self) -> None:
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                pid, status = ended
                if pid in self._channels:
                    if status != 0:
                        self._end_strays()
                    os.close(self._channels.pop(pid))

    def _end_strays(self) -> None:
        """End what a killed supervisor left: as subreaper, this process is its parent now."""
        give_up = time.monotonic() + _KILL_LIMIT_S
        while time.monotonic() < give_up:
            strays = [pid for pid in process_tree.children(os.getpid()) if pid not in self._channels]
            if not strays:
                return
            below = [pid for stray in strays for pid in process_tree.descendants(stray)]
            process_tree.send([*strays, *below], signal.SIGKILL)
            time.sleep(_LOOK_AGAIN_S)
            for pid in strays:
                with suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)

    def _close(self) -> None:
        """Supervisors end by themselves when the main program is gone; those that do not are ended with all they hold."""
        give_up = time.monotonic() + _CLOSING_LIMIT_S
        self._events.forget(self._control.fileno())
        for pid in self._channels:
            os.kill(pid, signal.SIGTERM)
        while self._channels and time.monotonic() < give_up:
            self._events.wait(give_up - time.monotonic())
        self._channels.clear()
        self._end_strays()


def _become_supervisor(channel: int, zygote: int) -> NoReturn:
    status = 1
    try:
        signal.set_wakeup_fd(-1)
        os.setsid()
        linux.name_process("verifyd-gate")
        linux.become_subreaper()
        linux.die_with_parent(signal.SIGTERM)
        if os.getppid() == zygote:
            os.dup2(channel, _CHANNEL_FD, inheritable=False)
            launch.close_all_from(_CHANNEL_FD + 1)
            supervise(Channel(_CHANNEL_FD))
            status = 0
    except BaseException:  # noqa: BLE001  # our own bug: its traceback goes where the main program's goes
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(status)


def main(control: int) -> None:
    """Body of the zygote; *control* is its end of the socket pair, the only file it was given."""
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    linux.name_process("verifyd-zygote")
    linux.become_subreaper()
    gc.freeze()  # what is never collected is not copied on write by the supervisors either
    gc.disable()
    Zygote(control).run()
