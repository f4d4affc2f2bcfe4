"""An ASGI application served on a socket: one request a connection, each client within limits that spare the others."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
from msgspec import Struct, field
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from verifyd.edge.peer import is_trusted, trusted_users

Application = Callable[[Any, Any, Any], Awaitable[None]]
"""An ASGI application: (scope, receive, send)."""

REFUSED = (
    b"HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n\r\n"
    b"only the user who started the daemon may ask it\n"
)
FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n\r\n"
    b"too many clients are being answered at once; ask again later\n"
)
REFUSED_S = 0.5
"""For a refused client to send its request."""
SHUTDOWN_S = 2.0
"""For answers that are under way when the server ends."""


class ClientLimits(Struct, frozen=True, kw_only=True):
    """
    What one client may do (fault 70).

    Attributes:
        connections: At once; past it the oldest one that has asked nothing yet gives way.
        head_bytes: Of a request's line and headers.
        head_s: Seconds for sending them.
        stalled_s: Seconds in which a client may take nothing of its answer.
        users: Ids of the users that are answered; None for everybody, where the kernel does not say who asks: on a TCP port.
    """

    connections: int = 64
    head_bytes: int = 16 * 1024
    head_s: float = 10.0
    stalled_s: float = 30.0
    users: frozenset[int] | None = field(default_factory=trusted_users)


@asynccontextmanager
async def serve(
    application: Application, listening: socket.socket, limits: ClientLimits | None = None
) -> AsyncIterator[None]:
    """
    Answer requests inside the ``with``; needs asyncio's loop.

    At the end nobody new is taken, answers that are under way get SHUTDOWN_S, and the rest is cut off. The socket's file stays.
    """
    config = Config(
        ended_quietly(application),
        http=LimitedClient,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="error",  # what a client does wrong is no news; an exception of ours is, and goes to stderr
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        h11_max_incomplete_event_size=(limits or ClientLimits()).head_bytes,
    )
    config.load()
    state, clients = ServerState(), Clients(limits or ClientLimits())
    # Not uvicorn's own Server: it takes the signals, which are the daemon's, and wakes up ten times a second for nothing.
    server = await asyncio.get_running_loop().create_server(
        lambda: LimitedClient(config, state, clients), sock=listening
    )
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            server.close()
            await end_clients(state)


async def end_clients(state: ServerState) -> None:
    """Let answers that are under way come to their end, then cut off who is left."""
    for client in list(state.connections):
        if not client.transport.is_closing():
            client.shutdown()
    late: set[asyncio.Task[None]] = set()
    if state.tasks:
        _done, late = await asyncio.wait(state.tasks, timeout=SHUTDOWN_S)
    for client in list(state.connections):
        client.transport.abort()  # before its answer ends without being whole: uvicorn complains of that while anybody listens
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)


def ended_quietly(application: Application) -> Application:
    """The application, whose answers may be cut off: uvicorn would print a traceback for each."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        with suppress(asyncio.CancelledError):
            await application(scope, receive, send)

    return answer


class Clients:
    """
    Who is connected and has asked nothing yet, oldest first: who gives way when there are too many.

    Attributes:
        waiting: A dict for its order.
    """

    def __init__(self, limits: ClientLimits) -> None:
        self.limits = limits
        self.waiting: dict[LimitedClient, None] = {}

    def make_room(self, connected: set[Any]) -> bool:
        """Whether one more may come in; the oldest that asked nothing, or took nothing of its answer, is cut off for it."""
        if len(connected) < self.limits.connections:
            return True
        unread = (client for client in connected if client.transport.is_closing())
        oldest = next(iter(self.waiting), None) or next(unread, None)
        if oldest is None:
            return False
        self.waiting.pop(oldest, None)
        connected.discard(oldest)
        oldest.transport.abort()
        return True


class LimitedClient(H11Protocol):
    """One connection: refused for other users, cut off when it sends or takes too slowly or too much."""

    def __init__(self, config: Config, state: ServerState, clients: Clients) -> None:
        super().__init__(config, state, {})
        self.clients = clients
        self.deadline: asyncio.TimerHandle | None = None
        self.refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Ask the kernel who it is, and begin to wait for the request."""
        limits = self.clients.limits
        connection: Any = transport.get_extra_info("socket")
        refusal = b"" if limits.users is None or is_trusted(connection, limits.users) else REFUSED
        if not refusal and not self.clients.make_room(self.connections):
            refusal = FULL
        if refusal:
            self.refused, self.transport = True, transport
            transport.write(refusal)
            self.cut_off_in(REFUSED_S)  # closed with its request unread, the client would not see why
            return
        super().connection_made(transport)
        self.clients.waiting[self] = None
        self.cut_off_in(limits.head_s)

    def data_received(self, data: bytes) -> None:
        """Once a whole request has come, it is waited for no longer."""
        if self.refused:
            self.transport.close()
            return
        super().data_received(data)
        has_asked: Any = self.cycle
        if has_asked is not None and self in self.clients.waiting:
            self.clients.waiting.pop(self)
            self.cut_off_in(None)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self.cut_off_in(None)
        self.clients.waiting.pop(self, None)
        if not self.refused:
            super().connection_lost(exc)

    def pause_writing(self) -> None:
        """It takes nothing of its answer: not for ever."""
        super().pause_writing()
        self.cut_off_in(self.clients.limits.stalled_s)

    def resume_writing(self) -> None:
        """It took something."""
        super().resume_writing()
        self.cut_off_in(None)

    def cut_off_in(self, seconds: float | None) -> None:
        """End the connection after so many seconds, unless this is called again before; None for never."""
        if self.deadline is not None:
            self.deadline.cancel()
        self.deadline = self.loop.call_later(seconds, self.transport.abort) if seconds is not None else None
