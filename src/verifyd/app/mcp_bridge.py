"""
MCP messages on stdin and stdout in, the daemon's ``/mcp`` over its Unix socket out, and back.

It knows of the protocol only what a message's place on the wire depends on, so it imports no SDK and serves every revision that the
daemon's SDK does. The daemon keeps nothing between two messages: one that was started anew meanwhile is a daemon like any other.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Protocol

from msgspec import Struct, field

from verifyd.edge.daemon_client import Exchange
from verifyd.edge.message_lines import LONGEST_LINE, MessageLines
from verifyd.errors import VerifydError
from verifyd.evidence.clean import clean_text

PARSE_ERROR, INVALID_REQUEST, REFUSED = -32700, -32600, -32000
"""JSON-RPC 2.0, section 5.1; the last one is the first that a server may use for itself."""
SILENCE_S = 60.0
"""The daemon says at least every 15 s that it is still there."""
LAST_ANSWERS_S = 1.0
"""For answers under way when stdin ends; hosts kill a server that takes two seconds."""
MOST_AT_ONCE = 16
OK, ACCEPTED, OTHER_API, NOT_IMPLEMENTED = 200, 202, 426, 501
VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
"""In ``params._meta`` of each request since revision 2026-07-28; before, ``initialize`` agrees on the version once."""
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""Which parameter goes into the header ``Mcp-Name``."""
HEADER_SAFE = re.compile(r"(?!=\?)[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")

Message = dict[str, Any]


def serve(find: Callable[[], Reach]) -> None:
    """Bridge this process's stdin and stdout to the daemon that *find* finds, until stdin ends."""
    Bridge(lines=MessageLines(), find=find).run()


class Lines(Protocol):
    """Where messages come from and go to."""

    def read(self) -> bytes | None:
        """The next one; None at the end."""

    def write(self, message: bytes) -> None:
        """One out; OSError when nobody reads."""


class RefusedError(Exception):
    """Why a request gets no answer from the daemon, for the host and whoever reads its log."""


class WentAwayError(Exception):
    """The daemon ended while it answered."""


class Reach(Struct, frozen=True, kw_only=True):
    """
    How a daemon is reached.

    Attributes:
        socket: Path of its socket, whether it listens or not.
        sign: What it signs its answers with.
        stranger: A sentence about whoever listens in its place and is not believed; empty normally.
        start: Has one started and waits until it listens; a VerifydError says why not. None where none is to be started.
        was_killed: Whether the last one is gone without anybody having ended it.
    """

    socket: Callable[[], str]
    sign: str
    stranger: Callable[[], str]
    start: Callable[[], None] | None
    was_killed: Callable[[], bool]


class Bridge(Struct):
    """
    One host's connection.

    Attributes:
        find: The work tree's daemon; VerifydError where there is no work tree. Asked until it has answered once.
        version: Of the protocol, once ``initialize`` has agreed on one.
        underway: Requests by their id, as JSON: 1 is not "1".
    """

    lines: Lines
    find: Callable[[], Reach]
    reach: Reach | None = None
    version: str = ""
    underway: dict[str, Exchange] = field(default_factory=dict)
    threads: list[threading.Thread] = field(default_factory=list)
    slots: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(MOST_AT_ONCE))
    starting: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Until stdin ends; answers that are nearly there are still given."""
        while (line := self.lines.read()) is not None:
            self.take(line)
        for thread in self.threads:
            thread.join(LAST_ANSWERS_S / len(self.threads))

    def take(self, line: bytes) -> None:
        """One line: a request is answered by a thread of its own, a notification may end one, anything else is refused."""
        if len(line) > LONGEST_LINE:
            self.refuse(None, INVALID_REQUEST, f"a message may have {LONGEST_LINE:,} bytes at most")
            return
        if not line.strip():
            return
        try:
            message = json.loads(line)
        except (ValueError, RecursionError) as error:
            self.refuse(None, PARSE_ERROR, f"not JSON: {error}")
            return
        if not isinstance(message, dict):
            self.refuse(None, INVALID_REQUEST, "expected one JSON object a line: there are no batches")
        elif "id" not in message:
            self.notice(message)
        elif "method" in message:
            self.begin(message)
        # Else it answers a request of the daemon's, which makes none.

    def notice(self, message: Message) -> None:
        """A notification: only that a request is given up means anything to a daemon that keeps nothing."""
        params = message.get("params")
        if message.get("method") == "notifications/cancelled" and isinstance(params, dict):
            exchange = self.underway.pop(json.dumps(params.get("requestId")), None)
            if exchange is not None:
                exchange.give_up()

    def begin(self, message: Message) -> None:
        """Have a request answered; the next line is read meanwhile."""
        key = message["id"]
        if isinstance(key, bool) or not isinstance(key, str | int) or not isinstance(message["method"], str):
            self.refuse(
                None, INVALID_REQUEST, "a request has a text or a whole number as its id, and a text as its method"
            )
            return
        exchange = self.underway[json.dumps(key)] = Exchange()
        thread = threading.Thread(target=self.answer, args=(message, exchange), daemon=True)
        self.threads = [*(one for one in self.threads if one.is_alive()), thread]
        thread.start()

    def answer(self, message: Message, exchange: Exchange) -> None:
        """All that the daemon says to one request, or why it says nothing."""
        try:
            with self.slots:
                for said in self.asked(message, exchange):
                    if not exchange.given_up:
                        self.write(said)
        except (RefusedError, VerifydError) as error:
            if not exchange.given_up:
                self.refuse(message["id"], REFUSED, str(error))
        finally:
            exchange.close()
            if self.underway.get(json.dumps(message["id"])) is exchange:
                del self.underway[json.dumps(message["id"])]

    def asked(self, message: Message, exchange: Exchange) -> Iterator[Message]:
        """
        The daemon's messages, the response last.

        Where one goes away meanwhile, the next one is asked: questions change nothing, so they may be asked twice. It is started
        only where the first was killed: who has ended it did so on purpose.
        """
        told = False
        try:
            for said in self.exchanged(message, exchange, starts=True):
                told = True
                yield said
        except WentAwayError as error:
            if told or exchange.given_up:
                raise RefusedError(ENDED) from error
            try:
                yield from self.exchanged(message, exchange, starts=self.found().was_killed())
            except WentAwayError:
                raise RefusedError(ENDED) from error

    def exchanged(self, message: Message, exchange: Exchange, *, starts: bool) -> Iterator[Message]:
        """One exchange with the daemon that listens now; WentAwayError when it ends before its response."""
        body = json.dumps(message).encode("ascii")
        response = self.post(exchange, body, headers_for(message, self.version), starts=starts)
        try:
            yield from self.understood(response, message)
        except TimeoutError as error:
            raise RefusedError(SILENT) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise WentAwayError from error

    def post(
        self, exchange: Exchange, body: bytes, headers: Mapping[str, str], *, starts: bool
    ) -> http.client.HTTPResponse:
        """Send it to the daemon; one is started first where none listens."""
        reach = self.found()
        try:
            response = exchange.post(reach.socket(), "/mcp", body, headers, timeout_s=SILENCE_S)
        except PermissionError as error:
            raise RefusedError(f"{error}; it is not believed") from error
        except TimeoutError as error:
            raise RefusedError(SILENT) from error
        except http.client.HTTPException as error:
            raise WentAwayError from error
        except OSError as error:
            if exchange.reached is not None:
                raise WentAwayError from error
            if not starts:
                raise RefusedError(ENDED) from error
        else:
            if response.status != OTHER_API and response.getheader("verifyd-work-tree") != reach.sign:
                raise RefusedError(OTHER_TREE)
            return response
        self.start(reach)
        return self.post(exchange, body, headers, starts=False)

    def found(self) -> Reach:
        """Where the daemon is to be looked for."""
        if self.reach is None:
            self.reach = self.find()
        return self.reach

    def start(self, reach: Reach) -> None:
        """Have a daemon started; of several requests that need one, the first does it and the others wait."""
        if reach.start is None:
            none = "no daemon runs for this work tree; start one with: verifyd watch --detach"
            raise RefusedError("\n".join(filter(None, (none, reach.stranger()))))
        with self.starting:
            reach.start()

    def understood(self, response: http.client.HTTPResponse, message: Message) -> Iterator[Message]:
        """The messages of an answer, whatever shape it has."""
        kind = response.getheader("content-type", "").partition(";")[0]
        if response.status == ACCEPTED:
            return
        if kind == "text/event-stream":
            yield from self.noted(events(response), message)
            return
        body = response.read()
        said = json_object(body) if kind == "application/json" else None
        if said is None or "jsonrpc" not in said:
            raise RefusedError(why_refused(response.status, said, body))
        yield from self.noted(iter([said]), message)

    def noted(self, messages: Iterator[Message], request: Message) -> Iterator[Message]:
        """The messages up to the response; WentAwayError without one."""
        for said in messages:
            if "method" in said:
                yield said
                continue
            said["id"] = request["id"]  # what was refused before it was read as a request has none
            result = said.get("result")
            if request["method"] == "initialize" and isinstance(result, dict):
                self.version = str(result.get("protocolVersion", ""))
            yield said
            return
        raise WentAwayError

    def refuse(self, key: str | int | None, code: int, problem: str) -> None:
        """Answer with an error."""
        self.write({"jsonrpc": "2.0", "id": key, "error": {"code": code, "message": clean_text(problem, 2_000)}})

    def write(self, message: Message) -> None:
        """One message out; where nobody reads any more, nobody misses it."""
        with suppress(OSError):
            self.lines.write(json.dumps(message).encode("ascii"))


OTHER_TREE = "the daemon that answers is another work tree's; it is not believed"
ENDED = "the daemon ended while it answered: ask again"
SILENT = f"the daemon has said nothing for {SILENCE_S:g} s; end it with: verifyd stop"


def headers_for(message: Message, version: str) -> dict[str, str]:
    """What the protocol repeats of a message in headers (Streamable HTTP, 2025-06-18 and 2026-07-28), and our own API's number."""
    headers = {
        "Verifyd-Api": "1",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    }
    params = message.get("params")
    meta = params.get("_meta") if isinstance(params, dict) else None
    of_its_own = meta.get(VERSION_KEY) if isinstance(meta, dict) else None
    if isinstance(of_its_own, str):
        headers["Mcp-Protocol-Version"] = header_value(of_its_own)
        headers["Mcp-Method"] = header_value(message["method"])
        named = params.get(NAMED_BY.get(message["method"], "")) if isinstance(params, dict) else None
        if isinstance(named, str):
            headers["Mcp-Name"] = header_value(named)
    elif version and message["method"] != "initialize":
        headers["Mcp-Protocol-Version"] = header_value(version)
    return headers


def header_value(text: str) -> str:
    """The text, or its base64 form where it would not survive a header (2026-07-28, Custom Headers)."""
    if HEADER_SAFE.fullmatch(text) and len(text) <= 200:
        return text
    return f"=?base64?{base64.b64encode(text[:4_000].encode('utf-8', 'replace')).decode('ascii')}?="


def events(response: http.client.HTTPResponse) -> Iterator[Message]:
    """The messages of server-sent events; comments, which only say that somebody is there, and empty events left out."""
    data: list[bytes] = []
    while line := response.readline():
        text = line.rstrip(b"\r\n")
        if text.startswith(b"data:"):
            data.append(text[5:].removeprefix(b" "))
        elif not text and data:
            said = json_object(b"\n".join(data))
            data = []
            if said is not None:
                yield said


def json_object(text: bytes) -> Message | None:
    """The JSON object; None when it is none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def why_refused(status: int, said: Message | None, body: bytes) -> str:
    """What the daemon says is wrong, and what to do."""
    if said is not None and "error" in said:
        return "\n".join(str(part) for part in (said["error"], said.get("remedy")) if part)
    text = body.decode("utf-8", "replace").strip()
    return text if status == OTHER_API and text else f"the daemon refused with {status}: {text[:500]}"
