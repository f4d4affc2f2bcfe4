"""The MCP bridge's own words: headers made of messages, messages made of answers, and what it makes of a daemon that fails."""

from __future__ import annotations

import io
import json
from typing import Any, cast

import pytest

from verifyd.app.mcp_bridge import Bridge, Reach, events, header_value, headers_for, why_refused

NEWEST = {"_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}
OURS = {
    "Verifyd-Api": "1",
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
}


@pytest.mark.parametrize(
    "message, version, headers",
    [
        ({"method": "initialize", "params": {}}, "2025-11-25", {}),
        ({"method": "tools/list"}, "2025-11-25", {"Mcp-Protocol-Version": "2025-11-25"}),
        (
            {"method": "tools/call", "params": {"name": "verify_log", **NEWEST}},
            "",
            {"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "verify_log"},
        ),
        (
            {"method": "server/discover", "params": NEWEST},
            "",
            {"Mcp-Protocol-Version": "2026-07-28", "Mcp-Method": "server/discover"},
        ),
        ({"method": "ping", "params": []}, "", {}),
        ({"method": "ping", "params": {"_meta": {"io.modelcontextprotocol/protocolVersion": 7}}}, "", {}),
    ],
)
def test_headers_repeat_what_the_protocol_wants(message: dict[str, Any], version: str, headers: dict[str, str]) -> None:
    """The version that was agreed on before 2026-07-28; from then on each message's own, with its method and name."""
    assert headers_for(message, version) == {**OURS, **headers}


@pytest.mark.parametrize(
    "text, value",
    [
        ("verify_log", "verify_log"),
        ("a b", "a b"),
        (" a", "=?base64?IGE=?="),
        ("a\r\nX: y", "=?base64?YQ0KWDogeQ==?="),
        ("ä", "=?base64?w6Q=?="),
        ("=?base64?YQ==?=", "=?base64?PT9iYXNlNjQ/WVE9PT89?="),
        ("", "=?base64??="),
    ],
)
def test_a_header_cannot_be_broken_out_of(text: str, value: str) -> None:
    """What would not survive one is encoded as the protocol says."""
    assert header_value(text) == value


def test_events_are_messages_whatever_stands_between_them() -> None:
    """Comments, events without data, data of several lines, and data that is no object."""
    stream = b': ping\r\n\r\nevent: message\r\ndata: {"id":\ndata: 1}\n\nid: 7\n\ndata: [1]\n\ndata:{"id":2}\n\ndata: {"id":3}'
    assert list(events(cast("Any", io.BytesIO(stream)))) == [{"id": 1}, {"id": 2}]


def test_a_refusal_is_told_with_what_to_do() -> None:
    """The daemon's own words where it has some."""
    assert why_refused(501, {"error": "not there", "remedy": "Install it"}, b"") == "not there\nInstall it"
    assert why_refused(426, None, b"the daemon speaks api 2\n") == "the daemon speaks api 2"
    assert why_refused(502, None, b"<html>") == "the daemon refused with 502: <html>"


class Written:
    """Lines that a test reads afterwards."""

    def __init__(self, *lines: bytes) -> None:
        self.lines = list(lines)
        self.said: list[Any] = []

    def read(self) -> bytes | None:
        """The next one."""
        return self.lines.pop(0) if self.lines else None

    def write(self, message: bytes) -> None:
        """As JSON."""
        self.said.append(json.loads(message))


def test_notifications_and_answers_reach_nobody() -> None:
    """Neither is a daemon looked for: it keeps nothing that they could mean anything to."""

    def nobody() -> Reach:
        raise AssertionError("the daemon was looked for")

    lines = Written(
        b'{"jsonrpc": "2.0", "method": "notifications/initialized"}\n',
        b'{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": [1]}}\n',
        b'{"jsonrpc": "2.0", "method": "notifications/cancelled", "params": 7}\n',
        b'{"jsonrpc": "2.0", "id": 1, "result": {}}\n',
        b"\n",
    )
    Bridge(lines=lines, find=nobody).run()
    assert lines.said == []


def test_where_nothing_is_to_be_started_that_is_the_answer() -> None:
    """With the questions's own id, a text or a number."""
    reach = Reach(socket=lambda: "/nowhere/daemon.sock", sign="", stranger=str, start=None, was_killed=lambda: False)
    lines = Written(*(b'{"jsonrpc": "2.0", "id": %s, "method": "ping"}\n' % key for key in (b'"a"', b"7")))
    Bridge(lines=lines, find=lambda: reach).run()
    assert {said["id"]: said["error"]["code"] for said in lines.said} == {"a": -32000, 7: -32000}
