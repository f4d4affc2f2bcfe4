"""
One job from its order to its end: start it, copy its output, sample its memory, stop it, and leave nothing of it behind.

Runs in a process of its own, forked by the zygote, with the standard library alone.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import sys
import time

from verifyd.edge import launch, linux, namespaces, process_tree
from verifyd.edge.capped_log import CappedLog

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from verifyd.edge.wire import Channel

HEARTBEAT_S = 0.2
"""The loop turns at least this often."""
LONGEST_PAUSE_S = 2.0
"""A longer pause between two turns was not ours: this process was stopped, or the machine slept."""
_FIRST_SAMPLE_S = 0.005
_SAMPLING_SHARE = 20
"""Sampling may take a twentieth of the time at most."""
_COALESCE_S = 0.001
_COALESCE_BELOW_BYTES = 1 << 16
_LINGER_LIMIT_S = 0.3
_LOOK_AGAIN_S = 0.005
_TERMINATE_LIMIT_S = 0.5
_KILL_LIMIT_S = 10.0
_DRAIN_READS = 4


class RunningClock:
    """Seconds in which this process was free to run: the time it was stopped or the machine slept does not count."""

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._monotonic_s = monotonic_s
        self._seen = monotonic_s()
        self._lost = 0.0

    def now(self) -> float:
        """Seconds since some fixed point."""
        moment = self._monotonic_s()
        pause = moment - self._seen
        if pause > LONGEST_PAUSE_S:
            self._lost += pause - HEARTBEAT_S
        self._seen = moment
        return moment - self._lost


class Supervisor:
    """
    Holds one job's process tree.

    Args:
        channel: Socket to the main program: one order comes, then ``stop`` and ``kill``; ``exited`` and the end go back.
            Its end of file means that the main program is gone.
        order: The fields of a Job, as built-in values.
    """

    def __init__(self, channel: Channel, order: dict[str, Any]) -> None:
        self._channel = channel
        self._order = order
        self._parent = os.getppid()
        self._clock = RunningClock()
        self._own_peak = _peak_bytes(resource.RUSAGE_SELF)
        self._log = CappedLog(order["log"], order["log_cap_bytes"])
        self._view = namespaces.View(**order["view"]) if order["view"] else None
        self._poll = select.poll()
        self._on_ready: dict[int, Callable[[], None]] = {}
        self._leader = 0
        self._exit_status: int | None = None
        self._started = self._ended = self._clock.now()
        self._childless = False
        self._stopping = ""  # the End that the stop is for
        self._stage = 0
        self._next_stage = 0.0
        self._hurried = False
        self._abandoned = False
        self._peak = 0
        self._leaked = 0
        self._trouble = ""
        self._pause = _FIRST_SAMPLE_S
        self._next_sample = float("inf")
        self._output = -1
        self._output_rests_until = 0.0

    def run(self) -> dict[str, Any]:
        """Do all of it; the fields of a JobEnd."""
        self._listen_to_signals()
        self._listen(self._channel.fd, self._read_channel)
        try:
            self._start()
        except OSError as error:
            if self._view is not None:
                self._view.discard()
            return {"end": "not_started", "trouble": f"{error.filename}: {error.strerror}"}
        while self._exit_status is None and not self._is_out_of_reach():
            self._turn(HEARTBEAT_S)
            self._keep_deadlines()
        self._ended = self._clock.now()
        self._channel.send({"exited": True})
        self._end_the_rest()
        self._drain()
        return self._report()

    # --- start ---------------------------------------------------------------------------------------------------

    def _start(self) -> None:
        self._output, writer = launch.open_output_pipe()
        self._listen(self._output, self._read_output)
        if self._view is not None:
            self._view.enter()
            linux.die_with_parent(signal.SIGTERM)  # which new rights may have undone
        self._started = self._clock.now()
        self._leader = launch.launch(
            self._order["command"],
            folder=self._order["folder"],
            environment=self._order["environment"],
            output=writer,
        )
        os.close(writer)
        self._next_sample = self._started

    # --- what may happen -----------------------------------------------------------------------------------------

    def _listen_to_signals(self) -> None:
        self._wake, writer = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, _do_nothing)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        self._listen(self._wake, self._read_signals)

    def _listen(self, fd: int, handler: Callable[[], None]) -> None:
        self._on_ready[fd] = handler
        self._poll.register(fd, select.POLLIN)

    def _forget(self, fd: int) -> None:
        if self._on_ready.pop(fd, None):
            self._poll.unregister(fd)

    def _turn(self, longest_s: float) -> None:
        """Wait for something to happen, at most so long, and deal with it."""
        now = self._clock.now()
        rests = self._output_rests_until > now and self._output in self._on_ready
        if rests:
            self._poll.unregister(self._output)
            longest_s = min(longest_s, self._output_rests_until - now)
        wait_s = max(0.0, min(longest_s, self._next_sample - now))
        ready = self._poll.poll(wait_s * 1000)
        if rests:
            self._poll.register(self._output, select.POLLIN)
        for fd, _ in ready:
            if handler := self._on_ready.get(fd):
                handler()
        self._reap()
        if self._clock.now() >= self._next_sample:
            self._sample()
        if os.getppid() != self._parent:  # where the kernel sends no signal for it
            self._stop_for_good()

    def _read_channel(self) -> None:
        received = self._channel.receive()
        if received is None:  # the main program is gone, and with it whoever wanted an answer
            self._forget(self._channel.fd)
            self._stop_for_good()
        for message in received or ():
            self._begin_stop("cancelled")
            self._hurried |= "kill" in message

    def _read_signals(self) -> None:
        if signal.SIGTERM in os.read(self._wake, 4096):
            self._begin_stop("cancelled")

    def _read_output(self) -> None:
        count = self._log.copy_from(self._output)
        if count == 0:
            self._forget(self._output)
        elif count < _COALESCE_BELOW_BYTES:  # a line at a time would keep this process as busy as the gate
            self._output_rests_until = self._clock.now() + _COALESCE_S

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                self._childless = True
                return
            if pid == 0:
                return
            if pid == self._leader:
                self._exit_status = os.waitstatus_to_exitcode(status)

    def _sample(self) -> None:
        before = time.monotonic()
        pids = process_tree.descendants(os.getpid())
        self._peak = max(self._peak, process_tree.resident_bytes(pids))
        if len(pids) > self._order["max_processes"]:
            self._begin_stop("too_many_processes")
            self._hurried = True
        self._next_sample = self._clock.now() + max(self._pause, _SAMPLING_SHARE * (time.monotonic() - before))
        self._pause = min(HEARTBEAT_S, self._pause * 2)

    # --- stopping ------------------------------------------------------------------------------------------------

    def _keep_deadlines(self) -> None:
        now = self._clock.now()
        timeout_s = self._order["timeout_s"]
        if not self._stopping and timeout_s is not None and now - self._started >= timeout_s:
            self._begin_stop("timed_out")
        if self._stopping and (now >= self._next_stage or self._hurried):
            self._go_on_stopping(now)

    def _begin_stop(self, end: str) -> None:
        if not self._stopping and self._exit_status is None:
            self._stopping = end

    def _stop_for_good(self) -> None:
        """Nobody waits for this job any more: skip SIGINT, shorten what follows."""
        if self._abandoned:
            return
        self._abandoned = True
        self._begin_stop("cancelled")
        self._stage = max(self._stage, 1)
        self._next_stage = 0.0
        self._order["grace_s"] = min(self._order["grace_s"], _TERMINATE_LIMIT_S)

    def _go_on_stopping(self, now: float) -> None:
        """SIGINT to the job's own group, as a terminal would; then SIGTERM to all of it; then SIGKILL."""
        self._next_stage = now + self._order["grace_s"]
        if self._hurried or self._stage >= 2:
            self._stage += 1
            self._kill_all()
        elif self._stage == 0:
            process_tree.send([self._leader], signal.SIGINT)
            process_tree.send([self._leader], signal.SIGCONT)
            self._stage = 1
        else:
            pids = process_tree.descendants(os.getpid())
            process_tree.send(pids, signal.SIGTERM)
            process_tree.send(pids, signal.SIGCONT)
            self._stage = 2

    def _kill_all(self) -> None:
        """Round after round until nothing is left: what forks during one round is found in the next."""
        give_up = self._clock.now() + _KILL_LIMIT_S
        self._next_sample = float("inf")
        while not self._childless and self._clock.now() < give_up:
            pids = process_tree.descendants(os.getpid())
            if len(pids) > self._order["max_processes"]:
                process_tree.freeze(os.getpid())
                pids = process_tree.descendants(os.getpid())
            process_tree.send(pids or [self._leader], signal.SIGKILL)
            self._turn(_LOOK_AGAIN_S)
        if not self._childless:
            left = process_tree.alive(process_tree.descendants(os.getpid()))
            self._trouble = f"cannot be ended: process {', '.join(map(str, left))}"

    def _is_out_of_reach(self) -> bool:
        return bool(self._trouble)

    # --- the end -------------------------------------------------------------------------------------------------

    def _end_the_rest(self) -> None:
        self._next_sample = float("inf")
        self._reap()
        if not self._stopping:
            self._linger()
            self._leaked = len(self._living())
        if not self._hurried:
            self._terminate_rest()
        self._kill_all()

    def _living(self) -> list[int]:
        return [] if self._childless else process_tree.alive(process_tree.descendants(os.getpid()))

    def _linger(self) -> None:
        """Let what still works come to its end: ``exec > >(tee log)`` leaves a tee with output in hand."""
        give_up = self._clock.now() + _LINGER_LIMIT_S
        quiet_looks = 0
        while quiet_looks < 3 and not self._childless and not self._hurried and self._clock.now() < give_up:
            self._turn(_LOOK_AGAIN_S)
            busy = any(process_tree.state(pid) in ("R", "D") for pid in self._living())
            quiet_looks = 0 if busy else quiet_looks + 1

    def _terminate_rest(self) -> None:
        """SIGTERM, and time only for those that have a handler for it."""
        pids = self._living()
        waiting = [pid for pid in pids if process_tree.handles(pid, signal.SIGTERM)]
        process_tree.send(pids, signal.SIGTERM)
        process_tree.send(pids, signal.SIGCONT)
        give_up = self._clock.now() + min(self._order["grace_s"], _TERMINATE_LIMIT_S)
        while waiting and not self._childless and not self._hurried and self._clock.now() < give_up:
            self._turn(_LOOK_AGAIN_S)
            waiting = process_tree.alive(waiting)

    def _drain(self) -> None:
        """What is in the pipe; whoever else still holds its other end, from outside the tree, is not waited for."""
        for _ in range(_DRAIN_READS):
            if self._log.copy_from(self._output) <= 0:
                break
        self._log.close()

    def _report(self) -> dict[str, Any]:
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        largest = _peak_bytes(resource.RUSAGE_CHILDREN)
        if largest > self._own_peak or not self._peak:  # below, it is only what the fork had of this process
            self._peak = max(self._peak, largest)
        end = self._stopping or "exited"
        return {
            "end": end,
            "exit_code": self._exit_status if end == "exited" else None,
            "duration_s": self._ended - self._started,
            "cpu_s": usage.ru_utime + usage.ru_stime,
            "peak_rss_bytes": self._peak,
            "log_bytes": self._log.seen_bytes,
            "log_lost": self._log.lost,
            "leaked": self._leaked,
            "modified": self._view.leave() if self._view is not None else [],
            "trouble": self._trouble,
        }


def _peak_bytes(who: int) -> int:
    """ru_maxrss counts bytes on macOS and KiB elsewhere (getrusage(2))."""
    return resource.getrusage(who).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _do_nothing(_number: int, _frame: object) -> None:
    """Only there so that the signal reaches the wake-up file."""


def supervise(channel: Channel) -> None:
    """Take one order and see it through; nothing when the main program went away before it was whole."""
    order = channel.receive_one()
    if order is not None and "probe" in order:
        channel.send({"trouble": namespaces.probe(order["probe"])})
    elif order is not None:
        channel.send(Supervisor(channel, order).run())
