"""Turns hints that come one by one into batches: quiet for a moment, but not for ever, and not while git is at work."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct, field

from verifyd.app.watch_ports import Hint

QUIET_S = 0.010
"""A file that is opened for writing is seen empty for up to 6 ms on ext4: shorter, and empty files are read."""
LONGEST_S = 0.250
LONGEST_LOCKED_S = 2.0


class Lock(NamedTuple):
    """One lock file of git's, told from a later one of the same name by what the system says of it."""

    path: str
    inode: int
    mtime_ns: int


class Settling(Struct, kw_only=True):
    """
    The batch that is being gathered. The caller says what time it is, in seconds that never go back.

    Attributes:
        quiet_s: A batch is ready when nothing came for this long.
        longest_s: It is ready this long after its first hint, although more comes.
        longest_locked_s: It is held back for one of git's locks for this long; that lock is then taken for left behind, and
            nothing waits for it any more. One lock after another holds it back no longer than this and *longest_s*.
    """

    quiet_s: float = QUIET_S
    longest_s: float = LONGEST_S
    longest_locked_s: float = LONGEST_LOCKED_S
    _gathered: Hint = field(default_factory=Hint)
    _first_s: float = 0.0
    _last_s: float = 0.0
    _seen_s: dict[Lock, float] = field(default_factory=dict)
    _stale: frozenset[Lock] = frozenset()

    def add(self, hint: Hint, now_s: float) -> None:
        """Gather a hint; an empty one is nothing."""
        if not hint:
            return
        if not self._gathered:
            self._first_s = now_s
        self._last_s = now_s
        self._gathered |= hint

    def quiet_in_s(self, now_s: float) -> float | None:
        """Seconds until the batch is ready as far as its hints go: 0 when it is; None without a hint."""
        if not self._gathered:
            return None
        return max(0.0, min(self._last_s + self.quiet_s, self._first_s + self.longest_s) - now_s)

    def held_for_s(self, now_s: float, locks: frozenset[Lock]) -> float:
        """Seconds until the locks should be looked at again; 0 when the batch need not wait for them."""
        self._seen_s = {lock: self._seen_s.get(lock, now_s) for lock in locks}
        self._stale = frozenset(
            lock for lock, seen_s in self._seen_s.items() if now_s - seen_s >= self.longest_locked_s
        )
        left_s = self._first_s + self.longest_locked_s + self.longest_s - now_s
        return max(0.0, min(self.quiet_s, left_s)) if locks - self._stale else 0.0

    def take(self) -> Hint:
        """What was gathered, ready or not; nothing is left."""
        taken, self._gathered = self._gathered, Hint()
        return taken

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each lock that was left behind."""
        return tuple(
            f"{lock.path} has been there for more than {self.longest_locked_s:g} s, so edits no longer wait for it: if no git"
            f" command is running, remove it (rm '{lock.path}')."
            for lock in sorted(self._stale)
        )
