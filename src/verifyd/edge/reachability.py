"""Whether a server that a gate needs answers yet, and a port for it to answer on."""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit

import anyio
from anyio.abc import ByteStream
from anyio.streams.tls import TLSStream

_LIMIT_S = 2.0
_STATUS_LINE_BYTES = 64 * 1024


async def is_reachable(address: str) -> bool:
    """Whether an http(s) URL answers with a status below 500, or a ``host:port`` accepts a connection, within 2 s."""
    with anyio.move_on_after(_LIMIT_S):
        try:
            if address.startswith(("http://", "https://")):
                return await _answers(address)
            parts = urlsplit(f"//{address}")
            async with await anyio.connect_tcp(parts.hostname or "localhost", parts.port or 0):
                return True
        except (OSError, ValueError, anyio.EndOfStream, anyio.BrokenResourceError):
            return False
    return False


def unused_port() -> int:
    """A TCP port on loopback that nobody listens on now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


async def _answers(url: str) -> bool:
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host = parts.hostname or ""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    stream: ByteStream = await anyio.connect_tcp(host, parts.port or (443 if secure else 80))
    async with stream:
        if secure:
            stream = await TLSStream.wrap(
                stream, hostname=host, ssl_context=_trusting_context(), standard_compatible=False
            )
        request = f"GET {target} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
        await stream.send(request.encode())
        received = b""
        while b"\n" not in received and len(received) < _STATUS_LINE_BYTES:
            received += await stream.receive()
    return _status_of(received) < 500


def _status_of(response: bytes) -> int:
    """The status code of an HTTP response's first line; ValueError when it is no such line."""
    words = response.split(b"\n", 1)[0].split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/"):
        raise ValueError("no HTTP status line")
    return int(words[1])


def _trusting_context() -> ssl.SSLContext:
    """Any certificate will do: a test server signs its own, and nothing secret is sent."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
