"""A part of the terminal that is drawn anew as things change."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live


class LiveScreen:
    """
    Draws on stderr, in place; used as a context manager. Nothing is drawn, and nothing wakes up, between two calls.

    What was drawn last stays on the screen afterwards.
    """

    def __init__(self) -> None:
        self._live: Live | None = None

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.live import Live

        self._live = Live(console=Console(stderr=True), auto_refresh=False, vertical_overflow="ellipsis")
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def draw(self, content: RenderableType) -> None:
        """Show this in place of what was there."""
        if self._live is not None:
            self._live.update(content, refresh=True)
