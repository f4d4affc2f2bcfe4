"""The daemon's page in a browser: what is known, as HTML, and again by server-sent events whenever it is something else."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sse_starlette import EventSourceResponse
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from verifyd.app.daemon import Daemon
from verifyd.app.history import newest_log
from verifyd.app.log import last_bytes
from verifyd.doors.web_guard import NOT_FOUND, Guard
from verifyd.errors import UsageError, VerifydError
from verifyd.evidence.clean import clean_text
from verifyd.render.page import page_view
from verifyd.render.shown import shown, shown_line, shown_path
from verifyd.render.standing import standing_document
from verifyd.standing import EventKind, Standing

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from verifyd.app.web_page import PageAddress

FOLDER = Path(__file__).with_name("web")
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
DRAW_EVERY_S = 0.5
"""While a gate runs; else events alone are a reason to look."""
ALIVE_EVERY_S = 10
"""How often a page hears of us at least; page.js waits for three of them in vain."""
LOG_BYTES = 64 * 1024
"""Of the end of a log that is shown."""
SEND_LIMIT_S = 30.0
"""How long a reader of events may take for one before it is cut off."""

Look = Callable[[Standing], Awaitable[dict[str, Any]]]
"""What the changing part of one page shows."""


def make_web_application(daemon: Daemon, address: PageAddress) -> ASGIApp:
    """The application that is served on the daemon's port: nothing in it changes anything."""
    web = Web(daemon, address)
    routes = [
        Route("/", web.overview),
        Route("/events", web.overview_events),
        Route("/log/{gate}", web.log),
        Route("/log/{gate}/events", web.log_events),
        Route("/static/{name}", web.static),
    ]
    handlers: dict[Any, Any] = {HTTPException: refuse, VerifydError: explain}
    return Guard(Starlette(routes=routes, exception_handlers=handlers), address)


async def refuse(_request: Request, error: HTTPException) -> Response:
    """What the router refuses."""
    return PlainTextResponse(f"{error.detail}\n", error.status_code)


async def explain(_request: Request, error: VerifydError) -> Response:
    """An error that ends a command ends a question with the same message."""
    return PlainTextResponse(f"{clean_text(str(error))}\n", NOT_FOUND if isinstance(error, UsageError) else 503)


def cleaned(value: object) -> object:
    """What a template writes: autoescape keeps text from being markup, this keeps it from holding what nobody sees."""
    return clean_text(value) if type(value) is str else value


class Web:
    """The pages."""

    def __init__(self, daemon: Daemon, address: PageAddress) -> None:
        self.engine = daemon.engine
        environment = Environment(
            loader=FileSystemLoader(FOLDER),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=cleaned,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals.update(
            root=address.root,
            project=shown_path(self.engine.repository.root.name),
            release=daemon.address.version,
        )
        self.page = environment.get_template("page.html")
        self.changing = environment.get_template("main.html")
        self.statics = {path.name: path.read_bytes() for path in (FOLDER / "static").iterdir()}

    async def overview(self, _request: Request) -> Response:
        """The tree, its verdict, its gates and the next task."""
        return self.whole(await overview_of(await self.engine.now()), events="events")

    async def overview_events(self, _request: Request) -> Response:
        """The same again, whenever it is something else."""
        return EventSourceResponse(self.told(overview_of), send_timeout=SEND_LIMIT_S)

    async def log(self, request: Request) -> Response:
        """The end of a gate's newest log."""
        gate = request.path_params["gate"]
        await anyio.to_thread.run_sync(self.read_log, gate)  # one that is not there is refused
        return self.whole(await self.log_of(gate, await self.engine.now()), events=f"log/{gate}/events")

    async def log_events(self, request: Request) -> Response:
        """The same again, whenever it is something else."""
        look = functools.partial(self.log_of, request.path_params["gate"])
        return EventSourceResponse(self.told(look), send_timeout=SEND_LIMIT_S)

    async def static(self, request: Request) -> Response:
        """The style, the script and the icons."""
        name = request.path_params["name"]
        if name not in self.statics:
            raise HTTPException(NOT_FOUND)
        return Response(self.statics[name], media_type=KINDS[Path(name).suffix])

    def whole(self, seen: dict[str, Any], *, events: str) -> Response:
        """A page: the part that changes, and where it is told what becomes of it."""
        return HTMLResponse(self.page.render(seen, events=events))

    async def told(self, look: Look) -> AsyncIterator[dict[str, str]]:
        """The part that changes, at first as it is now, until the daemon stops; where nothing is new, that we live."""
        before = ""
        async with self.engine.events() as events:
            while True:
                standing = self.engine.standing()
                now = self.changing.render(await look(standing))
                yield {"event": "content", "data": now} if now != before else {"event": "alive", "data": ""}
                before = now
                with anyio.move_on_after(DRAW_EVERY_S if standing.is_under_way else ALIVE_EVERY_S):
                    event = await anext(events, None)
                    if event is None or event.kind is EventKind.STOPPING:
                        return

    async def log_of(self, gate: str, standing: Standing) -> dict[str, Any]:
        """A gate with the end of its log."""
        try:
            text, left_out = await anyio.to_thread.run_sync(self.read_log, gate)
        except VerifydError as error:
            text, left_out = str(error), 0
        return {**await overview_of(standing), "log": {"gate": shown_line(gate), "text": text, "left_out": left_out}}

    def read_log(self, gate: str) -> tuple[str, int]:
        """The end of the gate's newest log, and how many bytes of it are left out; UsageError when there is none."""
        world = self.engine.world
        found, size = last_bytes(world, newest_log(world, self.engine.repository, gate), LOG_BYTES)
        return shown(found.decode("utf-8", "replace")), size - len(found)


async def overview_of(standing: Standing) -> dict[str, Any]:
    """What ``verifyd watch`` draws on a terminal."""
    return {"view": page_view(standing_document(standing)), "log": None}
