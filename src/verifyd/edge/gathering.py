"""What every watcher that is told of events does with them: gathers them into batches, and notes what a person should know."""

from __future__ import annotations

from msgspec import Struct, field

from verifyd.app.ports import Clock
from verifyd.app.watch_ports import Hint
from verifyd.edge.clock import SystemClock
from verifyd.edge.noise import NoisyFiles
from verifyd.edge.settling import Settling
from verifyd.edge.watched_places import Places


class Gathering(Struct, kw_only=True):
    """The batch that is being gathered, by the machine's clock and with git's locks as they are."""

    places: Places
    clock: Clock = field(default_factory=SystemClock)
    settling: Settling = field(default_factory=Settling)
    noise: NoisyFiles = field(default_factory=NoisyFiles)

    def add(self, hint: Hint) -> None:
        """Gather a hint."""
        self.settling.add(hint, self.clock.monotonic_s())

    def ready_in_s(self) -> float | None:
        """Seconds until it is worth asking again; 0 when the batch is ready, None when there is none."""
        now_s = self.clock.monotonic_s()
        wait_s = self.settling.quiet_in_s(now_s)
        return wait_s if wait_s != 0 else self.settling.held_for_s(now_s, self.places.locks())

    def take_batch(self) -> Hint:
        """The batch; counts how often each path was in one."""
        taken = self.settling.take()
        self.noise.observe(taken.paths, self.clock.monotonic_s())
        return taken

    def take_now(self) -> Hint:
        """What was gathered so far, ready or not."""
        return self.settling.take()

    @property
    def notes(self) -> tuple[str, ...]:
        """Locks left behind and noisy files."""
        return (*self.settling.notes, *self.noise.notes)
