"""Finds the files that change at every look, from the batches that they are in."""

from __future__ import annotations

from collections.abc import Collection

from msgspec import Struct, field

BATCHES = 40
"""At the longest settle time this is ten seconds of writing without a pause; no person and no agent edits so."""
PAUSE_S = 1.0
FORGET_S = 60.0
MOST_NAMED = 5


class NoisyFiles(Struct, kw_only=True):
    """
    Counts in how many batches in a row each path was.

    Attributes:
        batches: A path in this many in a row is noisy.
        pause_s: Batches further apart are not in a row.
    """

    batches: int = BATCHES
    pause_s: float = PAUSE_S
    _in_a_row: dict[str, int] = field(default_factory=dict)
    _noisy_s: dict[str, float] = field(default_factory=dict)
    _last_s: float = float("-inf")

    def observe(self, paths: Collection[str], now_s: float) -> None:
        """Count one batch. A path that was noisy is forgotten when it has kept quiet for a minute."""
        before = self._in_a_row if now_s - self._last_s <= self.pause_s else {}
        self._last_s = now_s
        self._in_a_row = {path: before.get(path, 0) + 1 for path in paths}
        noisy = {path: now_s for path, count in self._in_a_row.items() if count >= self.batches}
        self._noisy_s = {path: at_s for path, at_s in self._noisy_s.items() if now_s - at_s < FORGET_S} | noisy

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each noisy file, at most five."""
        return tuple(
            f"{path} is written without a pause, so verification never rests: let git ignore it (.gitignore), or write it"
            " elsewhere."
            for path in sorted(self._noisy_s)[:MOST_NAMED]
        )
