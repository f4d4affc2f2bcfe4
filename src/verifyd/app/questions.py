"""Questions to a daemon that have to wait for their answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import anyio

from verifyd.app.account import Account, account_of, is_planned
from verifyd.app.standings import standing_of
from verifyd.app.verdicts_at_hand import find
from verifyd.standing import Event, EventKind, Standing

if TYPE_CHECKING:
    from verifyd.app.watch import Watch

PLAN_LIMIT_S = 10.0
"""How long a question about the plan waits for it."""


async def wait_now(watch: Watch, limit_s: float) -> Standing:
    """What is known of the tree as it is, as soon as there is a report about it; as it stands when the limit is reached."""
    standing = await watch.now()
    with anyio.move_on_after(limit_s):
        async with watch.news.listen() as events:
            standing = await watch.now()
            while standing.report is None and not standing.trouble and not watch.stopping.is_set():
                if watch.decided.is_set():
                    await next_answer(events)
                else:
                    await watch.decided.wait()
                standing = await watch.now()
    return standing


async def of_tree(watch: Watch, tree: str, limit_s: float) -> Standing | None:
    """What is known of a tree by its id or the beginning of it, waited for until it is whole; None when nothing is."""
    with anyio.move_on_after(limit_s):
        async with watch.news.listen() as events:
            while is_under_way(watch, tree) and not watch.stopping.is_set():
                await next_answer(events)
    found = find(watch.known, tree)
    if found is not None:
        return standing_of(watch, result=found)
    return standing_of(watch) if watch.state.tree.startswith(tree) else None


def is_under_way(watch: Watch, tree: str) -> bool:
    """Whether a verdict on this tree can still be waited for."""
    if find(watch.known, tree) is not None:
        return False
    current = watch.current
    is_running = current is not None and not current.done.is_set() and current.state.tree.startswith(tree)
    return is_running or watch.state.tree.startswith(tree)


async def next_answer(events: AsyncIterator[Event]) -> None:
    """Until something is told of that may be an answer."""
    async for event in events:
        if event.kind is not EventKind.STARTED:
            return


async def account(watch: Watch) -> Account:
    """Why each gate of the tree as it is now runs or does not, once that is known."""
    await watch.now()
    with anyio.move_on_after(PLAN_LIMIT_S):
        while not is_planned(watch):
            await watch.decided.wait()
            if watch.current is not None:
                await watch.current.planned.wait()
    return account_of(watch)
