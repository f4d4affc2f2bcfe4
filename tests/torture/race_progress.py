"""Four numbers that the editor's process and the race share: memory, so that neither waits for the other."""

from __future__ import annotations

import mmap
from pathlib import Path

WORD = 8


class Progress:
    """
    How far the editor is.

    Attributes:
        begun: The edit that was begun last.
        done: The edit that was finished last.
        resting: 1 while the editor waits to be let go on.
    """

    def __init__(self, file: Path) -> None:
        with file.open("r+b" if file.exists() else "w+b") as opened:
            opened.truncate(4 * WORD)
            self._words = memoryview(mmap.mmap(opened.fileno(), 4 * WORD)).cast("q")

    @property
    def begun(self) -> int:
        """See the class."""
        return self._words[0]

    @begun.setter
    def begun(self, number: int) -> None:
        self._words[0] = number

    @property
    def done(self) -> int:
        """See the class."""
        return self._words[1]

    @done.setter
    def done(self, number: int) -> None:
        self._words[1] = number

    @property
    def resting(self) -> int:
        """See the class."""
        return self._words[2]

    @resting.setter
    def resting(self, number: int) -> None:
        self._words[2] = number
