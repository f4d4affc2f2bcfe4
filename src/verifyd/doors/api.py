"""The daemon's API: questions over HTTP on its Unix socket in, the engine's answers as JSON or as text out."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from verifyd.app.daemon import API, Daemon
from verifyd.app.history import newest_log, read_past
from verifyd.app.log import growing_log, last_lines, whole_log
from verifyd.doors.mcp_server import McpDoor
from verifyd.errors import ExitCode, VerifydError
from verifyd.evidence.clean import clean_text
from verifyd.json_shape import to_json
from verifyd.render.history import history_json, render_history
from verifyd.render.json import to_text
from verifyd.render.standing import exit_code_of_standing, render_standing, render_standing_json, standing_document
from verifyd.render.task_markdown import render_task_document
from verifyd.snapshot import can_name_tree
from verifyd.standing import Event, EventKind, Standing
from verifyd.verdict import Reason

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LONGEST_WAIT_S = 86_400.0
WIDEST = 1_000
LAST_PORT = 65_535
SEND_LIMIT_S = 30.0
"""How long a reader of events may take for one before it is cut off."""
MCP = "/mcp"
"""The only place where a request has a body."""
OK, BAD_REQUEST, NOT_FOUND, TOO_LARGE, OTHER_API = 200, 400, 404, 413, 426


def make_application(daemon: Daemon) -> ASGIApp:
    """The application that is served on the daemon's socket; docs/reference/api.md describes it, made of ``doors.openapi``."""
    api = Api(daemon)
    routes = [
        Route("/v1/version", api.version),
        Route("/v1/status", api.status),
        Route("/v1/task", api.task),
        Route("/v1/log/{gate}", api.log),
        Route("/v1/history", api.history),
        Route("/v1/events", api.events),
        Route("/v1/page", api.page, methods=["POST"]),
        Route("/v1/stop", api.stop, methods=["POST"]),
        Route("/openapi.json", api.openapi),
        Route(MCP, McpDoor(daemon.engine), methods=["POST"]),
    ]
    handlers: dict[Any, Any] = {HTTPException: refuse, VerifydError: explain}
    return Handshake(Starlette(routes=routes, exception_handlers=handlers), daemon)


class Handshake:
    """Every answer says who gives it, nobody is answered in a language they do not speak, and no request but MCP's has a body."""

    def __init__(self, application: ASGIApp, daemon: Daemon) -> None:
        self.application = application
        self.version = daemon.address.version
        self.headers = {
            "Verifyd-Api": str(API),
            "Verifyd-Version": self.version,
            "Verifyd-Work-Tree": daemon.sign,
            "Verifyd-Pid": str(daemon.address.pid),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Connection": "close",  # one request a connection: nobody holds one for nothing
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers[name] = value
            await send(message)

        asked = Request(scope).headers
        spoken = asked.get("verifyd-api", str(API))
        if spoken != str(API):
            await self.other_api(spoken)(scope, receive, signed)
        elif scope["path"] != MCP and (asked.get("content-length", "0") != "0" or "transfer-encoding" in asked):
            await said(TOO_LARGE, "no request to this daemon has a body")(scope, receive, signed)
        else:
            await self.application(scope, receive, signed)

    def other_api(self, spoken: str) -> Response:
        """What a client of another release is told."""
        text = (
            f"the daemon speaks api {API} (verifyd {self.version}), you speak {clean_text(spoken)[:20]}: "
            "verifyd stop, then start it again"
        )
        return PlainTextResponse(text + "\n", OTHER_API, {"Upgrade": f"verifyd/{API}"})


def said(status: int, problem: str, remedy: str = "", *, exit_code: int = ExitCode.UNPROVEN) -> Response:
    """A refusal with the reason and what to do."""
    headers = {"Verifyd-Exit": str(int(exit_code))}
    return JSONResponse({"error": clean_text(problem), "remedy": clean_text(remedy)}, status, headers)


async def refuse(_request: Request, error: HTTPException) -> Response:
    """What the router refuses, and what is wrong with a question."""
    return said(error.status_code, str(error.detail), exit_code=ExitCode.USAGE)


async def explain(_request: Request, error: VerifydError) -> Response:
    """An error that ends a command ends a question with the same message."""
    status = NOT_FOUND if error.exit_code is ExitCode.USAGE else 503
    return said(status, error.problem, error.remedy, exit_code=error.exit_code)


class Api:
    """The questions."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.engine = daemon.engine

    async def version(self, _request: Request) -> Response:
        """Who answers; asks the engine nothing."""
        address = self.daemon.address
        root = self.engine.repository.root
        return JSONResponse(
            {
                "api": API,
                "version": address.version,
                "pid": address.pid,
                "started_at": address.started_at,
                "root": os.fsencode(root).decode("utf-8", "backslashreplace"),
                "discarded": self.engine.discarded,
            }
        )

    async def status(self, request: Request) -> Response:
        """What is known about the tree as it is now, or about one by its id."""
        found = await self.standing(request)
        if found is None:
            tree = clean_text(request.query_params["tree"])[:64]
            return said(NOT_FOUND, f"nothing is known about tree {tree}", "See the newest one: verifyd status")
        document = standing_document(found)
        headers = {"Verifyd-Exit": str(int(exit_code_of_standing(document)))}
        if wants_text(request):
            width = int(number(request, "width", 80, most=WIDEST))
            return PlainTextResponse(render_standing(document, width=width), headers=headers)
        return Response(render_standing_json(document), media_type="application/json", headers=headers)

    async def task(self, request: Request) -> Response:
        """The next task; an empty text, or null, where there is none."""
        found = await self.standing(request)
        if found is None:
            return said(NOT_FOUND, "nothing is known about that tree")
        document = standing_document(found)
        headers = {"Verifyd-Exit": str(int(exit_code_of_standing(document)))}
        if document.reason in (Reason.VERIFYING, Reason.CANNOT_VERIFY):
            headers["Verifyd-Say"] = header_text(f"{document.reason}: {document.explanation}")
        if wants_text(request):
            text = render_task_document(document.task) if document.task is not None else ""
            return PlainTextResponse(text, headers=headers)
        return Response(to_text(document.task), media_type="application/json", headers=headers)

    async def standing(self, request: Request) -> Standing | None:
        """What the engine says to ``?wait=`` and ``?tree=``; None for a tree that it does not know."""
        wait_s = number(request, "wait", 0.0, most=LONGEST_WAIT_S)
        tree = request.query_params.get("tree")
        if tree is not None:
            if not can_name_tree(tree):
                raise HTTPException(BAD_REQUEST, "tree: expected 4 to 64 hexadecimal digits")
            return await while_connected(request, lambda: self.engine.of_tree(tree.lower(), wait_s))
        if wait_s:
            return await while_connected(request, lambda: self.engine.wait_now(wait_s))
        return await self.engine.now()

    async def log(self, request: Request) -> Response:
        """The gate's newest log as text; with ``?follow=1`` until the run that writes it has ended."""
        engine = self.engine
        lines = int(number(request, "lines", 0, most=10_000_000))
        gate = request.path_params["gate"]
        path = await anyio.to_thread.run_sync(newest_log, engine.world, engine.repository, gate)
        if request.query_params.get("follow", "0") not in ("", "0"):
            return stream(cleaned(growing_log(engine.world, engine.repository, path)))
        if lines:
            found = await anyio.to_thread.run_sync(last_lines, engine.world, path, lines)
            return PlainTextResponse(clean_text(found.decode("utf-8", "replace")))
        return stream(clean_text(piece.decode("utf-8", "replace")) for piece in whole_log(engine.world, path))

    async def history(self, request: Request) -> Response:
        """The past of one gate or of all."""
        engine = self.engine
        past = await anyio.to_thread.run_sync(
            read_past, engine.world, engine.repository, request.query_params.get("gate")
        )
        runs, timings = {one.gate: one.runs for one in past}, {one.gate: one.timing for one in past}
        if wants_text(request):
            return PlainTextResponse(render_history(runs, timings))
        return Response(history_json(runs, timings), media_type="application/json")

    async def events(self, _request: Request) -> Response:
        """What happens from now on, as server-sent events, until the daemon stops."""
        from sse_starlette import EventSourceResponse

        async def told() -> AsyncIterator[dict[str, str]]:
            async with self.engine.events() as events:
                async for event in events:
                    yield event_fields(event)
                    if event.kind is EventKind.STOPPING:
                        return

        return EventSourceResponse(told(), send_timeout=SEND_LIMIT_S)

    async def page(self, request: Request) -> Response:
        """Where the page in a browser is, opened now unless it is open already."""
        from verifyd.doors.web_opening import open_page

        port = int(number(request, "port", 0, most=LAST_PORT))
        return JSONResponse({"url": await open_page(self.daemon, port)})

    async def stop(self, _request: Request) -> Response:
        """End the daemon once this is answered."""
        from starlette.background import BackgroundTask

        background = BackgroundTask(self.engine.stop, "stopped by verifyd stop")
        return JSONResponse({"stopping": self.daemon.address.pid}, 202, background=background)

    async def openapi(self, _request: Request) -> Response:
        """This description."""
        from verifyd.doors.openapi import openapi_document

        return JSONResponse(await anyio.to_thread.run_sync(openapi_document))


def event_fields(event: Event) -> dict[str, str]:
    """The fields of one server-sent event."""
    return {"id": str(event.number), "event": str(event.kind), "data": json.dumps(to_json(event))}


def wants_text(request: Request) -> bool:
    """Whether text for people is asked for; JSON is what others get."""
    return request.headers.get("accept", "").startswith("text/plain")


def number(request: Request, name: str, otherwise: float, *, most: float) -> float:
    """A number of the query, from 0 to *most*; HTTPException for anything else."""
    text = request.query_params.get(name)
    if text is None:
        return otherwise
    with suppress(ValueError):
        value = float(text)
        if 0 <= value <= most:
            return value
    raise HTTPException(BAD_REQUEST, f"{name}: expected a number from 0 to {most:g}")


def header_text(text: str) -> str:
    """What may stand in a header: one line of printable ASCII."""
    return " ".join(text.split()).encode("ascii", "backslashreplace").decode("ascii")[:500]


async def while_connected(request: Request, work: Callable[[], Awaitable[Standing | None]]) -> Standing | None:
    """The work's result; cancelled when the client has gone, which nobody then sees."""
    found: list[Standing | None] = []
    problems: list[VerifydError] = []

    async def until_gone() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(until_gone)
        try:
            found.append(await work())
        except VerifydError as error:  # out of the task group it would come as a group
            problems.append(error)
        tasks.cancel_scope.cancel()
    if problems:
        raise problems[0]
    return found[0] if found else None


def stream(pieces: Any) -> Response:
    """Text, piece by piece."""
    return StreamingResponse(pieces, media_type="text/plain; charset=utf-8")


async def cleaned(pieces: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """Text that a terminal does not obey."""
    async for piece in pieces:
        yield clean_text(piece.decode("utf-8", "replace"))
