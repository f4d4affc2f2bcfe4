"""
One job from its order to its end: start it, copy its output, sample its memory, stop it, and leave nothing of it behind.

Runs in a process of its own, forked by the zygote, with the standard library alone.
"""

from __future__ import annotations

import os
import signal
import time

from verifyd.edge import launch, linux, namespaces
from verifyd.edge.capped_log import CappedLog
from verifyd.edge.events import Events
from verifyd.edge.job_tree import JobTree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from verifyd.edge.wire import Channel

HEARTBEAT_S = 0.2
"""The loop turns at least this often."""
LONGEST_PAUSE_S = 2.0
"""A longer pause between two turns was not ours: this process was stopped, or the machine slept."""
_LOOK_AGAIN_S = 0.005
_KILL_LIMIT_S = 10.0
_DRAIN_BYTES = 4 << 20

# Memory is sampled soon, then at doubling distances up to the heartbeat; it may take a twentieth of the time at most.
_FIRST_SAMPLE_S = 0.005
_SAMPLING_SHARE = 20

# Output that comes in small portions is read after a rest: a line at a time would keep this process as busy as the gate,
# and each time it wakes it takes the processor away from the gate, 0.4 ms on a busy machine. The rest grows while little comes.
FIRST_REST_S = 0.001
LONGEST_REST_S = 0.032
REST_GROWTH = 1.25
FILLED_SHARE = 16
"""A portion that filled less than this part of the pipe is a small one."""

# After the job's own process ended by itself.
_LINGER_LIMIT_S = 0.3
_QUIET_LOOKS = 3
_TERMINATE_LIMIT_S = 0.5


class RunningClock:
    """Seconds in which this process was free to run: the time it was stopped or the machine slept does not count."""

    def __init__(self, monotonic_s: Callable[[], float] = time.monotonic) -> None:
        self._monotonic_s = monotonic_s
        self._seen = monotonic_s()
        self._lost = 0.0

    def now(self) -> float:
        """Seconds since some fixed point; to be asked at every turn."""
        moment = self._monotonic_s()
        pause = moment - self._seen
        if pause > LONGEST_PAUSE_S:
            self._lost += pause - HEARTBEAT_S
        self._seen = moment
        return moment - self._lost


def rest_after(count: int, rest_s: float, *, pipe_bytes: int) -> float:
    """How long output rests after a portion of *count* bytes, where it rested for *rest_s* before; 0 for a large portion."""
    if count * FILLED_SHARE >= pipe_bytes:
        return 0.0
    return min(max(rest_s * REST_GROWTH, FIRST_REST_S), LONGEST_REST_S)


class Stop:
    """
    How far stopping has come: SIGINT, SIGTERM, SIGKILL, a grace period between them.

    Attributes:
        end: The End it is for; empty while the job may go on.
        at_once: No more waiting for anything.
    """

    def __init__(self, grace_s: float) -> None:
        self.end = ""
        self.at_once = False
        self._grace_s = grace_s
        self._signals = [signal.SIGINT, signal.SIGTERM, signal.SIGKILL]
        self._next_at = 0.0

    def begin(self, end: str, *, at_once: bool = False) -> None:
        """Stop for this reason, unless there is one already."""
        self.end = self.end or end
        self.at_once |= at_once

    def hasten(self) -> None:
        """Go on to SIGTERM now, with a shorter grace period: nobody waits for the job any more."""
        self._grace_s = min(self._grace_s, _TERMINATE_LIMIT_S)
        self._signals = [number for number in self._signals if number != signal.SIGINT]
        self._next_at = 0.0

    def due(self, now: float) -> signal.Signals | None:
        """The signal to send now; None while there is none. SIGKILL stays due."""
        if not self.end or (now < self._next_at and not self.at_once):
            return None
        self._next_at = now + self._grace_s
        if self.at_once:
            return signal.SIGKILL
        return self._signals.pop(0) if len(self._signals) > 1 else self._signals[0]


class Supervisor:
    """
    Holds one job's process tree.

    Args:
        channel: To the main program: ``stop`` and ``kill`` come, ``exited`` and the end go back. When it is closed, the
            main program is gone.
        order: The fields of a Job, as built-in values.
    """

    def __init__(self, channel: Channel, order: dict[str, Any]) -> None:
        self._channel = channel
        self._order = order
        self._parent = os.getppid()
        self._clock = RunningClock()
        self._events = Events()
        self._log = CappedLog(order["log"], order["log_cap_bytes"])
        self._view = namespaces.View(**order["view"]) if order["view"] else None
        self._tree = JobTree()
        self._stop = Stop(order["grace_s"])
        self._started = 0.0
        self._leaked = 0
        self._abandoned = False
        self._gave_up = False
        self._trouble = ""
        self._output = -1
        self._pipe_bytes = 0
        self._output_rest_s = 0.0
        self._output_rests_until = 0.0
        self._next_sample = float("inf")
        self._sample_pause_s = _FIRST_SAMPLE_S

    def run(self) -> dict[str, Any]:
        """Do all of it; the fields of a JobEnd."""
        self._events.listen_to_signals((signal.SIGCHLD, signal.SIGTERM), self._take_signals)
        self._events.listen(self._channel.fd, self._take_messages)
        try:
            self._start()
        except (OSError, ValueError) as error:  # the latter for what no command or environment can hold, such as NUL
            if self._view is not None:
                self._view.discard()
            end = "not_found" if isinstance(error, launch.NotOnPathError) else "not_started"
            return {"end": end, "trouble": launch.trouble_of(error)}
        if self._channel.has_waiting():
            self._take_messages()
        while self._tree.exit_status is None and not self._gave_up:
            self._turn(HEARTBEAT_S)
            self._keep_deadlines()
        end, duration_s = self._stop.end or "exited", self._clock.now() - self._started
        self._channel.send({"exited": True})
        self._end_the_rest()
        self._drain()
        return self._report(end, duration_s)

    def _start(self) -> None:
        self._output, writer = launch.open_output_pipe()
        self._pipe_bytes = launch.pipe_bytes(self._output)
        self._events.listen(self._output, self._copy_output)
        if self._view is not None:
            self._view.enter()
            linux.die_with_parent(signal.SIGTERM)  # which a change of rights undoes (prctl(2))
        self._started = self._clock.now()
        self._tree.leader = launch.launch(
            self._order["command"],
            folder=self._order["folder"],
            environment=self._order["environment"],
            output=writer,
        )
        os.close(writer)
        self._next_sample = self._started + _FIRST_SAMPLE_S

    # --- while it runs -------------------------------------------------------------------------------------------

    def _turn(self, longest_s: float) -> None:
        """Wait for something to happen, at most so long, and deal with it."""
        now = self._clock.now()
        until = min(now + longest_s, self._next_sample)
        if self._output_rests_until > now:
            self._events.wait(min(until, self._output_rests_until) - now, besides=self._output)
        else:
            self._events.wait(until - now)
        self._tree.reap()
        if self._clock.now() >= self._next_sample:
            self._sample()
        if os.getppid() != self._parent and not self._abandoned:
            self._trouble = "the process that looks after all supervisors was killed"
            self._abandon()

    def _take_messages(self) -> None:
        messages = self._channel.receive()
        if messages is None:
            self._events.forget(self._channel.fd)
            self._abandon()
        for message in messages or ():
            self._stop.begin("cancelled", at_once="kill" in message)

    def _take_signals(self, numbers: bytes) -> None:
        if signal.SIGTERM in numbers:
            self._stop.begin("cancelled")

    def _abandon(self) -> None:
        self._abandoned = True
        self._stop.begin("cancelled")
        self._stop.hasten()

    def _copy_output(self) -> None:
        count = self._log.copy_from(self._output)
        if count == 0:
            self._events.forget(self._output)
            return
        self._output_rest_s = rest_after(count, self._output_rest_s, pipe_bytes=self._pipe_bytes)
        self._output_rests_until = self._clock.now() + self._output_rest_s

    def _sample(self) -> None:
        before = self._clock.now()
        most = self._order["max_processes"]
        count = self._tree.sample()
        if count > most:
            self._stop.begin("too_many_processes", at_once=True)
        after = self._clock.now()
        self._sample_pause_s = min(HEARTBEAT_S, self._sample_pause_s * 2)
        is_crowded = count * 4 > most  # and may be too many in no time
        self._next_sample = after + max(self._sample_pause_s, 0 if is_crowded else _SAMPLING_SHARE * (after - before))

    def _keep_deadlines(self) -> None:
        now = self._clock.now()
        timeout_s = self._order["timeout_s"]
        if timeout_s is not None and now - self._started >= timeout_s and self._tree.exit_status is None:
            self._stop.begin("timed_out")
        match self._stop.due(now):
            case signal.SIGINT:
                self._tree.interrupt()
            case signal.SIGTERM:
                self._tree.terminate()
            case signal.SIGKILL:
                self._kill_all()

    # --- the end -------------------------------------------------------------------------------------------------

    def _end_the_rest(self) -> None:
        """What the job's own process has left behind."""
        self._next_sample = float("inf")
        self._tree.reap()
        if not self._stop.end:
            self._linger()
            self._leaked = len(self._tree.living())
        if not self._stop.at_once:
            self._terminate_rest()
        self._kill_all()

    def _linger(self) -> None:
        """Let what still works come to its end: ``exec > >(tee log)`` leaves a tee with output in hand."""
        quiet_looks = 0
        for _ in self._looks(_LINGER_LIMIT_S):
            quiet_looks = 0 if self._tree.is_working() else quiet_looks + 1
            if quiet_looks == _QUIET_LOOKS:
                return

    def _terminate_rest(self) -> None:
        stubborn = self._tree.terminate()
        for _ in self._looks(min(self._order["grace_s"], _TERMINATE_LIMIT_S) if stubborn else 0):
            if not set(stubborn) & set(self._tree.living()):
                return

    def _kill_all(self) -> None:
        """Look and kill until nothing is left."""
        self._next_sample = float("inf")
        give_up = self._clock.now() + _KILL_LIMIT_S
        while not self._tree.ended and not self._gave_up and self._clock.now() < give_up:
            self._tree.kill_found(crowd=self._order["max_processes"])
            self._turn(_LOOK_AGAIN_S)
        if not self._tree.ended and not self._gave_up:
            self._gave_up = True
            self._trouble = f"cannot be ended: process {', '.join(map(str, self._tree.living()))}"

    def _looks(self, limit_s: float) -> Iterator[None]:
        """Turn, again and again, until the tree has ended, no more waiting is wanted, or the time is over."""
        give_up = self._clock.now() + limit_s
        while not self._tree.ended and not self._stop.at_once and self._clock.now() < give_up:
            self._turn(_LOOK_AGAIN_S)
            yield

    def _drain(self) -> None:
        """What is in the pipe; whoever else still holds its other end, from outside the tree, is not waited for."""
        limit = self._log.seen_bytes + _DRAIN_BYTES
        while self._log.seen_bytes < limit and self._log.copy_from(self._output) > 0:
            pass
        self._log.close()

    def _report(self, end: str, duration_s: float) -> dict[str, Any]:
        return {
            "end": end,
            "exit_code": self._tree.exit_status if end == "exited" else None,
            "duration_s": duration_s,
            "cpu_s": self._tree.cpu_s(),
            "peak_rss_bytes": self._tree.peak_bytes(),
            "log_bytes": self._log.seen_bytes,
            "log_lost": self._log.lost,
            "leaked": self._leaked,
            "modified": self._leave_view(),
            "trouble": self._trouble,
        }

    def _leave_view(self) -> list[str]:
        """Paths modified in it; what was written in it and cannot be kept, on a full disk, does not cost the exit status."""
        if self._view is None:
            return []
        try:
            return self._view.leave()
        except OSError as error:
            self._trouble = f"what it wrote cannot be kept: {launch.trouble_of(error)}"
            return self._view.modified


def _probe(folder: str) -> str:
    try:
        namespaces.probe(folder)
    except OSError as error:
        return launch.trouble_of(error)
    return ""


def supervise(channel: Channel) -> None:
    """Take one order and see it through; nothing when the main program went away before it was whole."""
    order = channel.receive_one()
    if order is not None and "probe" in order:
        channel.send({"trouble": _probe(order["probe"])})
    elif order is not None:
        channel.send(Supervisor(channel, order).run())
