"""``/mcp``: the daemon as a server of the Model Context Protocol, made of the SDK, which is imported when it is first asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from starlette.responses import JSONResponse

from verifyd.doors.mcp_extra import NOT_IMPLEMENTED, how_to_install
from verifyd.doors.mcp_tools import INSTRUCTIONS, SERVER, TOOLS, find_tool
from verifyd.errors import VerifydError
from verifyd.evidence.clean import clean_line, clean_text
from verifyd.standing import EventKind, Phase

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

    from verifyd.app.daemon_port import Engine
    from verifyd.doors.mcp_answers import Answers

LARGEST_BODY = 1024 * 1024
BODY_S = 10.0
"""For sending the whole question."""
TOO_LARGE, TOO_SLOW, ENDING = 413, 408, 503
ENDED = "the daemon ended while it answered: ask again"


class McpDoor:
    """
    The ASGI application at ``/mcp``.

    It keeps nothing between two requests, so a host notices nothing when the daemon was started anew between them.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one message; what is asked is given up when the client goes."""
        try:
            # Half a second of imports, in a thread: the other doors go on answering.
            protocol = await anyio.to_thread.run_sync(lambda: self.protocol)
        except ImportError as error:
            await missing(error)(scope, receive, send)
            return
        body = await read_body(receive)
        if isinstance(body, int):
            await JSONResponse({"error": "the message is too large, or came too slowly", "remedy": ""}, body)(
                scope, receive, send
            )
            return
        told = Told(send)
        try:
            await while_connected(lambda heard: protocol(scope, heard, told), body, receive)
        except anyio.get_cancelled_exc_class():
            if not told.anything:  # else uvicorn says 500, as if it were our bug
                with anyio.CancelScope(shield=True):
                    await JSONResponse({"error": ENDED, "remedy": ""}, ENDING)(scope, receive, send)
            raise

    @cached_property
    def protocol(self) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
        """What speaks the protocol; ImportError where the extra is not installed."""
        from mcp.server.lowlevel.server import Server
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        from verifyd.doors.mcp_answers import Answers

        answers = Answers(self.engine)
        server: Server[Any] = make_server(answers)

        async def speak(scope: Scope, receive: Receive, send: Send) -> None:
            manager = StreamableHTTPSessionManager(server, stateless=True, max_request_body_size=LARGEST_BODY)
            async with manager.run():
                await manager.handle_request(scope, receive, send)

        return speak


class Told:
    """
    A ``send`` that knows what was said.

    Attributes:
        anything: Whether an answer has begun.
    """

    def __init__(self, send: Send) -> None:
        self.send = send
        self.anything = False

    async def __call__(self, message: Message) -> None:
        """Send on."""
        self.anything = True
        await self.send(message)


def missing(error: ImportError) -> JSONResponse:
    """That the SDK is not there, or not one that fits, and which command installs it."""
    said = clean_line(str(error), 200)
    return JSONResponse(
        {"error": f"the extra verifyd[mcp] is not installed ({said})", "remedy": how_to_install()}, NOT_IMPLEMENTED
    )


async def read_body(receive: Receive) -> bytes | int:
    """The body; a status code where it is too large or does not come."""
    pieces = bytearray()
    with anyio.move_on_after(BODY_S):
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return TOO_SLOW
            pieces += message.get("body", b"")
            if len(pieces) > LARGEST_BODY:
                return TOO_LARGE
            if not message.get("more_body", False):
                return bytes(pieces)
    return TOO_SLOW


async def while_connected(work: Callable[[Receive], Awaitable[None]], body: bytes, receive: Receive) -> None:
    """Do the work with a ``receive`` that gives the body once; cancel it when the client has gone."""
    gone, unread = anyio.Event(), [body]

    async def heard() -> Message:
        if unread:
            return {"type": "http.request", "body": unread.pop(), "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def until_gone() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        gone.set()
        tasks.cancel_scope.cancel()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(until_gone)
        await work(heard)
        tasks.cancel_scope.cancel()


def make_server(answers: Answers) -> Any:
    """The server with its tools; each of them is said to be read-only, and is."""
    import mcp_types as types
    from mcp.server.lowlevel.server import Server
    from mcp.shared.exceptions import MCPError

    reads = types.ToolAnnotations(
        read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
    )
    listed = [
        types.Tool(
            name=tool.name, title=tool.title, description=tool.says, input_schema=tool.schema(), annotations=reads
        )
        for tool in TOOLS
    ]

    async def list_tools(_context: Any, _params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=listed)

    async def call_tool(context: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = find_tool(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"there is no tool {clean_line(params.name, 60)!r}")
        try:
            values = tool.checked(params.arguments or {})
            text = await telling_progress(answers.engine, context, answers.answer(tool.name, values))
        except VerifydError as error:
            return types.CallToolResult(content=[types.TextContent(text=clean_text(str(error)))], is_error=True)
        return types.CallToolResult(content=[types.TextContent(text=text)])

    return Server(
        SERVER,
        version=version("verifyd"),
        title="verifyd",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


async def telling_progress(engine: Engine, context: Any, work: Awaitable[str]) -> str:
    """The work's result; the host is told meanwhile how many gates are done, where it asked to be."""
    if not (context.meta or {}).get("progress_token") and not (context.meta or {}).get("progressToken"):
        return await work
    found: list[str] = []
    problems: list[VerifydError] = []

    async def tell() -> None:
        async with engine.events() as events:
            async for event in events:
                if event.kind is EventKind.ENDED:
                    gates = engine.standing().gates
                    done = sum(gate.phase is Phase.DONE for gate in gates)
                    said = f"{clean_line(event.gate or '', 60)}: {event.status}"
                    await context.session.report_progress(done, len(gates) or None, said)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(tell)
        try:
            found.append(await work)
        except VerifydError as error:  # out of the task group it would come as a group
            problems.append(error)
        tasks.cancel_scope.cancel()
    if problems:
        raise problems[0]
    return found[0]
