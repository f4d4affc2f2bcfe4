"""``verifyd mcp`` as hosts start it: under the official client, and as a process whose lines a test writes itself."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import mcp_types as types
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.support.project import Project

NEWEST, BEFORE = "2026-07-28", "2025-11-25"
MODES = {NEWEST: "auto", BEFORE: "legacy"}
"""How the official client is made to speak each generation: it finds the newest by itself."""


@asynccontextmanager
async def connected(project: Project, *options: str, version: str = NEWEST) -> AsyncIterator[Client]:
    """The official client over a bridge of its own."""
    command, *arguments = project.command("mcp", *options)
    server = StdioServerParameters(
        command=command, args=arguments, env=dict(project.environment), cwd=str(project.root)
    )
    async with Client(stdio_client(server), mode=MODES[version]) as client:
        yield client


async def said(client: Client, tool: str, **arguments: Any) -> str:
    """What a tool answers; an assertion error when it says that it cannot."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, text_of(result)
    return text_of(result)


def text_of(result: Any) -> str:
    """The text of a result, which has nothing else."""
    (content,) = result.content
    assert isinstance(content, types.TextContent)
    return content.text


@dataclass
class Bridge:
    """A bridge without a client."""

    process: subprocess.Popen[bytes]

    def send(self, *messages: object) -> None:
        """Messages as lines; bytes as they are."""
        assert self.process.stdin is not None
        for message in messages:
            self.process.stdin.write(message if isinstance(message, bytes) else json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def next(self) -> Any:
        """The next line; an assertion error for one that is no JSON object."""
        assert self.process.stdout is not None
        found = json.loads(self.process.stdout.readline())
        assert found["jsonrpc"] == "2.0"
        return found

    def ask(self, message: object) -> Any:
        """Send, and the next line."""
        self.send(message)
        return self.next()

    def end(self) -> tuple[bytes, bytes]:
        """Close its stdin; what it printed after that, on both streams."""
        return self.process.communicate(timeout=30)


@contextmanager
def bridged(
    project: Project, *options: str, extra: Mapping[str, str] | None = None, command: Sequence[str] = ()
) -> Iterator[Bridge]:
    """A bridge that ends with the test; *options* stand before ``mcp`` where that is among them."""
    usual = project.command(*options) if "mcp" in options else project.command("mcp", *options)
    process = subprocess.Popen(
        command or usual,
        cwd=project.root,
        env={**project.environment, **(extra or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield Bridge(process)
    finally:
        process.kill()
        process.communicate()


def a_call(tool: str, key: int | str = 1, **arguments: object) -> dict[str, object]:
    """A call of a tool as the newest generation sends it."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": NEWEST,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "a test", "version": "1"},
    }
    params = {"name": tool, "arguments": arguments, "_meta": meta}
    return {"jsonrpc": "2.0", "id": key, "method": "tools/call", "params": params}
