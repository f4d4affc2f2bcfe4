"""Tells whoever listens what happens in a daemon, one event after another."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import anyio
from anyio.streams.memory import MemoryObjectSendStream
from msgspec import Struct, field

from verifyd.app.ports import Clock
from verifyd.report import Readiness, Report
from verifyd.standing import Event, EventKind, Transition

HELD_FOR_A_SLOW_LISTENER = 1_000
"""Events; a listener that is further behind is let go, and has to ask anew."""


class News(Struct, kw_only=True):
    """Events go to all who listen, in order; whoever comes later does not get earlier ones."""

    clock: Clock
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    listeners: list[MemoryObjectSendStream[Event]] = field(default_factory=list)
    is_over: bool = False

    def add(
        self,
        kind: EventKind,
        *,
        tree: str,
        gate: str | None = None,
        status: str | None = None,
        reason: str | None = None,
        transition: Transition | None = None,
        text: str = "",
    ) -> None:
        """Tell everybody; returns at once."""
        event = Event(
            number=next(self.numbers),
            kind=kind,
            at=self.clock.now(),
            tree=tree,
            gate=gate,
            status=status,
            reason=reason,
            transition=transition,
            text=text,
        )
        for listener in tuple(self.listeners):
            try:
                listener.send_nowait(event)
            except (anyio.WouldBlock, anyio.BrokenResourceError):
                self.let_go(listener)

    def let_go(self, listener: MemoryObjectSendStream[Event]) -> None:
        """This one gets no more."""
        self.listeners.remove(listener)
        listener.close()

    @asynccontextmanager
    async def listen(self) -> AsyncIterator[AsyncIterator[Event]]:
        """Events from now on; the iteration ends for a listener that is too slow, and with the daemon."""
        send, receive = anyio.create_memory_object_stream[Event](HELD_FOR_A_SLOW_LISTENER)
        self.listeners.append(send)
        if self.is_over:
            self.let_go(send)
        try:
            yield receive
        finally:
            if send in self.listeners:
                self.let_go(send)
            receive.close()

    def end(self) -> None:
        """No more events, for whoever comes later neither."""
        self.is_over = True
        for listener in tuple(self.listeners):
            self.let_go(listener)


def transition_between(before: Report | None, after: Report) -> Transition | None:
    """What *after* changed for whoever knew *before*; None where there is nothing new to say."""
    if before is None or before.readiness is not after.readiness:
        return Transition(str(after.readiness))
    if after.readiness is Readiness.NOT_READY and failing(after) - failing(before):
        return Transition.NEW_FAILURE
    return None


def failing(report: Report) -> frozenset[str]:
    """Names of the required gates that failed."""
    return frozenset(gate.verdict.gate.name for gate in report.gates if gate.required and gate.verdict.makes_task)
