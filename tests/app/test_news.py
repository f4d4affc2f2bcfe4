"""What happens in a daemon is told to whoever listens."""

from __future__ import annotations

import pytest

from verifyd.app.news import News
from verifyd.edge.clock import SystemClock
from verifyd.standing import EventKind

pytestmark = pytest.mark.anyio


async def test_whoever_comes_after_the_end_is_told_that_nothing_more_comes() -> None:
    """A client that connects while the daemon ends does not keep it waiting."""
    news = News(clock=SystemClock())
    async with news.listen() as before:
        news.add(EventKind.STOPPING, tree="0" * 40)
        news.end()
        assert [event.kind async for event in before] == [EventKind.STOPPING]
    async with news.listen() as after:
        assert [event async for event in after] == []
