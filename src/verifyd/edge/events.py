"""Waits for files and signals, for a process that has no event loop."""

from __future__ import annotations

import os
import select
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_READ_BYTES = 4096


class Events:
    """Calls a handler for each file that can be read, or whose other end was closed."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._wake = -1

    def listen(self, fd: int, handler: Callable[[], None]) -> None:
        """Call *handler* when *fd* can be read, from now on."""
        self._handlers[fd] = handler
        self._poll.register(fd, select.POLLIN)

    def forget(self, fd: int) -> None:
        """Do so no more; nothing when it is not listened to."""
        if self._handlers.pop(fd, None):
            self._poll.unregister(fd)

    def listen_to_signals(self, numbers: tuple[signal.Signals, ...], handler: Callable[[bytes], None]) -> None:
        """
        Call *handler* with the numbers that came, in place of what they do by default; they are unblocked.

        What was set up before a fork is replaced: parent and child would read each other's signals.
        """
        self._wake, writer = os.pipe()
        for fd in (self._wake, writer):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, _do_nothing)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)
        self.listen(self._wake, lambda: handler(os.read(self._wake, _READ_BYTES)))

    def wait(self, longest_s: float | None, *, besides: int = -1) -> None:
        """Until something happened that is not the file *besides*, or for so long; then call the handlers."""
        rests = besides in self._handlers
        if rests:
            self._poll.unregister(besides)
        ready = self._poll.poll(None if longest_s is None else max(0.0, longest_s) * 1000)
        if rests:
            self._poll.register(besides, select.POLLIN)
        for fd, _ in ready:
            if handler := self._handlers.get(fd):
                handler()


def _do_nothing(_number: int, _frame: object) -> None:
    """Only there so that the signal reaches the wake-up file."""
