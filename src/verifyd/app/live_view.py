"""Shows a person what a daemon does: a live view on a terminal, and nothing but transitions elsewhere."""

from __future__ import annotations

import anyio

from verifyd.app.daemon_port import Engine
from verifyd.edge.live_screen import LiveScreen
from verifyd.render.live import draw_standing, event_line
from verifyd.render.standing import standing_document
from verifyd.standing import EventKind

DRAW_EVERY_S = 0.2
"""While a gate runs; else only events are drawn."""


async def show_live(engine: Engine) -> None:
    """Draw what is known, whenever something happens and while something runs, until it is cancelled or the daemon ends."""
    with LiveScreen() as screen:
        async with engine.events() as events:
            while True:
                standing = engine.standing()
                screen.draw(draw_standing(standing_document(standing)))
                with anyio.move_on_after(DRAW_EVERY_S if standing.is_under_way else None):
                    event = await anext(events, None)
                    if event is None or event.kind is EventKind.STOPPING:
                        return


async def show_plain(engine: Engine) -> None:
    """A line for each transition, until it is cancelled or the daemon ends."""
    seen_s = engine.world.clock.monotonic_s()
    async with engine.events() as events:
        async for event in events:
            now_s = engine.world.clock.monotonic_s()
            if event.kind is EventKind.TREE:
                seen_s = now_s
            line = event_line(event, took_s=now_s - seen_s)
            if line is not None:
                engine.world.console.say(line)
