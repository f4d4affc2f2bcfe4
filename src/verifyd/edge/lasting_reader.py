"""A ``cat-file --batch`` that is kept running, so that a question costs no new process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack
from typing import TypeVar

from verifyd.edge.git_process import GitProcess, Place
from verifyd.edge.object_reader import ObjectReader
from verifyd.errors import GitError

Answer = TypeVar("Answer")


class LastingReader:
    """
    Starts when the first question comes; one question at a time, from any thread.

    Git looks up names (HEAD) and new objects at each question; only for other folders of objects it has to be started anew.
    """

    def __init__(self, git: GitProcess) -> None:
        self._git = git
        self._place: Place | None = None
        self._reader: ObjectReader | None = None
        self._running = ExitStack()
        self._asking = threading.Lock()

    def ask(self, place: Place, question: Callable[[ObjectReader], Answer]) -> Answer:
        """
        Ask a running reader; one that was started for an earlier question and fails is started anew.

        Raises:
            GitError: As *question*.
        """
        with self._asking:
            return self._ask(place, question)

    def _ask(self, place: Place, question: Callable[[ObjectReader], Answer]) -> Answer:
        if self._reader is not None and self._place == place:
            try:
                return question(self._reader)
            except GitError:
                self.close()
        self.close()
        self._reader = self._running.enter_context(self._git.object_reader(place))
        self._place = place
        try:
            return question(self._reader)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End the process."""
        self._reader = self._place = None
        self._running.close()
