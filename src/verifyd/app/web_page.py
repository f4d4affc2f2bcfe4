"""A daemon's page in a browser: a second listener of its process, on loopback, which nobody has before it is asked for."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
import anyio.to_thread
from msgspec import Struct

from verifyd.edge.history_key import page_key_path, read_history_key
from verifyd.edge.loopback import LOOPBACK, bind_loopback

if TYPE_CHECKING:
    from verifyd.edge.http_server import Application


class PageAddress(Struct, frozen=True, kw_only=True):
    """
    Where a page is.

    Attributes:
        secret: The first part of every path: who does not know it is answered nothing.
    """

    port: int
    secret: str

    @property
    def root(self) -> str:
        """What every path begins with."""
        return f"/{self.secret}"

    @property
    def url(self) -> str:
        """What a person opens; whoever has it can read the page."""
        return f"http://{LOOPBACK}:{self.port}{self.root}/"


def secret_of(key: bytes, sign: str, port: int) -> str:
    """
    The secret of one work tree's page on one port.

    The same for the next daemon there, so that bookmarks hold and open pages find it again. Another one on every other port:
    whoever takes a port to catch what browsers send there learns nothing that opens a page elsewhere.

    Args:
        sign: The work tree, see ``sign_of``.
    """
    return urlsafe_b64encode(hmac.digest(key, f"{port} {sign}".encode(), "sha256")).decode("ascii").rstrip("=")


class WebPage:
    """The page of one daemon; a context manager, which ends it. At most one, whatever ports are asked for."""

    def __init__(self) -> None:
        self.address: PageAddress | None = None
        self.served = AsyncExitStack()
        self.opening = anyio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.served.aclose()

    async def open(self, port: int, sign: str, make_application: Callable[[PageAddress], Application]) -> PageAddress:
        """
        Where the page is, opened now unless it is open already.

        Args:
            port: 0 for a free one.
            sign: The work tree, see ``sign_of``.

        Raises:
            MachineError: The port cannot be had.
        """
        async with self.opening:
            if self.address is None:
                async with AsyncExitStack() as begun:
                    self.address = await begin_page(begun, port, sign, make_application)
                    self.served = begun.pop_all()
            return self.address


async def begin_page(
    begun: AsyncExitStack, port: int, sign: str, make_application: Callable[[PageAddress], Application]
) -> PageAddress:
    """Listen and answer until *begun* is closed, see ``WebPage.open``."""
    from verifyd.edge.http_server import ClientLimits, serve

    key = await anyio.to_thread.run_sync(read_history_key, page_key_path())
    listening = bind_loopback(port)
    begun.callback(listening.close)
    found = int(listening.getsockname()[1])
    address = PageAddress(port=found, secret=secret_of(key, sign, found))
    # In a thread: what makes pages is imported now, and the other doors go on answering.
    application = await anyio.to_thread.run_sync(make_application, address)
    await begun.enter_async_context(serve(application, listening, ClientLimits(users=None)))
    return address
