"""A daemon's page as a client by hand sees it, and as the tags and texts it is made of."""

from __future__ import annotations

import http.client
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio.to_thread
from msgspec import Struct

from tests.support.fake_engine import FakeEngine, a_daemon
from tests.support.fake_world import FakeWorld
from verifyd.app.daemon import Daemon
from verifyd.app.ports import Repository
from verifyd.doors.web_opening import open_page


class Fetched(Struct, frozen=True, kw_only=True):
    """One answer; names of headers in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Opened(Struct, frozen=True, kw_only=True):
    """A page that is open, with the daemon that it shows."""

    engine: FakeEngine
    daemon: Daemon
    url: str

    @property
    def port(self) -> int:
        """Where it listens."""
        return urlsplit(self.url).port or 80

    @property
    def secret(self) -> str:
        """Which nobody else knows."""
        return urlsplit(self.url).path.strip("/")

    def connect(self) -> http.client.HTTPConnection:
        """A client."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    async def get(
        self, path: str, method: str = "GET", headers: Mapping[str, str] | None = None, *, host: str | None = ""
    ) -> Fetched:
        """
        The answer to a request.

        Args:
            path: Below the page's own; from the root where it begins with a slash.
            host: What the request says it is asked for; None for nothing, empty for the right one.
        """
        named = {"Host": host or f"127.0.0.1:{self.port}"} if host is not None else {}
        target = path if path.startswith("/") else f"/{self.secret}/{path}"
        return await anyio.to_thread.run_sync(self.fetch, method, target, {**named, **(headers or {})})

    def fetch(self, method: str, target: str, headers: Mapping[str, str]) -> Fetched:
        """The same, in a thread."""
        client = self.connect()
        try:
            client.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in headers.items():
                client.putheader(name, value)
            client.endheaders()
            answer = client.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Fetched(status=answer.status, headers=found, body=answer.read())
        finally:
            client.close()


def a_paged_daemon(folder: Path, **fields: Any) -> tuple[FakeEngine, Daemon]:
    """A daemon whose engine is set so, of a repository in the folder."""
    git_dir = folder / "repository" / ".git"
    repository = Repository(root=git_dir.parent, git_dir=git_dir, common_dir=git_dir)
    engine = FakeEngine(FakeWorld().world, repository, **fields)
    return engine, a_daemon(engine, folder / "daemon.sock")


@asynccontextmanager
async def opened(folder: Path, *, port: int = 0, **fields: Any) -> AsyncIterator[Opened]:
    """The page of such a daemon."""
    engine, daemon = a_paged_daemon(folder, **fields)
    async with daemon.page:
        yield Opened(engine=engine, daemon=daemon, url=await open_page(daemon, port))


class Parts(HTMLParser):
    """
    What a page is made of.

    Attributes:
        tags: Each element with the names of its attributes, in order.
        texts: What stands between them.
    """

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    @property
    def text(self) -> str:
        """All of it, white space made one."""
        return " ".join(" ".join(self.texts).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note it."""
        self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        """Note it."""
        self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        """Templates write none."""
        self.tags.append(("a comment", (data,)))
