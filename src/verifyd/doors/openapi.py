"""The API of ``doors.api`` as an OpenAPI 3.1 document, the answers' shapes made of the very classes they are written from."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from verifyd.app.daemon import API
from verifyd.json_shape import schemas_of
from verifyd.render.document import TaskDocument
from verifyd.render.history_document import HistoryDocument
from verifyd.render.standing_document import StandingDocument
from verifyd.standing import Event

REFERENCE = "#/components/schemas/{name}"
ABOUT = """\
What `verifyd watch` answers on its Unix socket, which only its own user can open. It is `verifyd/daemons/DEVICE-INODE.sock` in your state
folder, the two numbers being those of the work tree's git folder; a JSON file of the same name beside it says which process it is. Whoever
answers there was let in by you. (`<git dir>/verifyd/daemon.sock` is a link to it, but anybody can put another one there who writes in the
repository: verifyd itself believes no answer because of it.) A connection carries one request, no request but that to `/mcp` has a body, and every answer has these headers:

- `Verifyd-Api`: the number of this API. A request may carry it too; one with another number is answered with 426.
- `Verifyd-Version`, `Verifyd-Pid`: which daemon answers. `Verifyd-Work-Tree`: for which work tree, its top folder and its git folder, both
  hexadecimal with a hyphen between.
- `Verifyd-Exit`, where an answer is a verdict: the exit code that the command of the same name ends with.

With `Accept: text/plain` the answer is the text that the command prints, else JSON."""


class Parameter(Struct, frozen=True, kw_only=True):
    """A parameter of a question; of its query unless *in_path*."""

    name: str
    kind: str
    says: str
    in_path: bool = False


class Operation(Struct, frozen=True, kw_only=True):
    """
    One question.

    Attributes:
        answers: Status code to what it means.
        shape: Class of the JSON answer; None when it is none or has no class of its own.
        media: Media types of the answer to 200 or 202.
    """

    method: str
    path: str
    name: str
    says: str
    parameters: tuple[Parameter, ...] = ()
    answers: tuple[tuple[int, str], ...] = ()
    shape: type[Struct] | None = None
    media: tuple[str, ...] = ("application/json", "text/plain")


WAIT = Parameter(
    name="wait",
    kind="number",
    says="Seconds to wait for the verdict; the answer says so when it is not there yet. That the tree as it is now is not ready is answered at the first failure.",
)
TREE = Parameter(
    name="tree",
    kind="string",
    says="A tree by its id, or by 4 or more digits of its beginning, instead of the tree as it is now.",
)
UNKNOWN_TREE = (404, "Nothing is known about that tree.")

OPERATIONS = (
    Operation(
        method="get",
        path="/v1/version",
        name="version",
        says="Who answers. Asks nothing of the engine, so it answers at once.",
        answers=(
            (
                200,
                "`api`, `version`, `pid`, `started_at`, `root`, and `discarded`: how often git's own answer about the tree differed.",
            ),
        ),
        media=("application/json",),
    ),
    Operation(
        method="get",
        path="/v1/status",
        name="status",
        says="What is known about the tree as it is now: every edit that was finished before the question is in it.",
        parameters=(WAIT, TREE, Parameter(name="width", kind="integer", says="Columns of the text; 80 by default.")),
        answers=((200, "The standing, ready or not."), UNKNOWN_TREE),
        shape=StandingDocument,
    ),
    Operation(
        method="get",
        path="/v1/task",
        name="task",
        says="The next task; `null`, or an empty text, where there is none. `Verifyd-Say` tells why nothing is known yet.",
        parameters=(WAIT, TREE),
        answers=((200, "The task."), UNKNOWN_TREE),
        shape=TaskDocument,
    ),
    Operation(
        method="get",
        path="/v1/log/{gate}",
        name="log",
        says="The log of the gate's newest run, with nothing in it that acts on a terminal.",
        parameters=(
            Parameter(name="gate", kind="string", says="Name of the gate.", in_path=True),
            Parameter(name="lines", kind="integer", says="Only so many lines of its end."),
            Parameter(
                name="follow",
                kind="integer",
                says="With 1, the answer goes on until the run that writes the log has ended.",
            ),
        ),
        answers=((200, "The log."), (404, "The gate has no log.")),
        media=("text/plain",),
    ),
    Operation(
        method="get",
        path="/v1/history",
        name="history",
        says="Durations, trend, failure and flake rate of the gates.",
        parameters=(Parameter(name="gate", kind="string", says="Only this gate."),),
        answers=((200, "The past."), (404, "The gate never ran.")),
        shape=HistoryDocument,
    ),
    Operation(
        method="get",
        path="/v1/events",
        name="events",
        says="What happens from now on, as server-sent events: `event` is the kind, `id` the number, `data` the object as JSON. Ends when the daemon stops.",
        answers=((200, "The stream."),),
        shape=Event,
        media=("text/event-stream",),
    ),
    Operation(
        method="post",
        path="/v1/page",
        name="page",
        says="Where the daemon's page in a browser is: opened on 127.0.0.1 at the first question, the same from then on. Whoever has the address can read the page.",
        parameters=(Parameter(name="port", kind="integer", says="The port to open it on; a free one by default."),),
        answers=((200, "It is open; `url` is its address."), (503, "The port cannot be had; `error` says why.")),
        media=("application/json",),
    ),
    Operation(
        method="post",
        path="/v1/stop",
        name="stop",
        says="Ends the daemon: its gates are ended, what is finished is kept.",
        answers=((202, "It is stopping; `stopping` is its process id."),),
        media=("application/json",),
    ),
    Operation(
        method="post",
        path="/mcp",
        name="mcp",
        says="One message of the Model Context Protocol (Streamable HTTP, without sessions), 1 MiB at most: what `verifyd mcp` hands on.",
        answers=(
            (200, "The response."),
            (202, "A notification was taken."),
            (501, "The extra `verifyd[mcp]` is not installed; `remedy` has the command."),
        ),
        media=("application/json", "text/event-stream"),
    ),
    Operation(
        method="get",
        path="/openapi.json",
        name="openapi",
        says="This description.",
        answers=((200, "An OpenAPI 3.1 document."),),
        media=("application/json",),
    ),
)
REFUSALS = (
    (400, "A parameter is wrong; `error` says which, `remedy` what to do."),
    (403, "Another user's process asks."),
    (426, "The client speaks another API."),
)


def openapi_document() -> dict[str, Any]:
    """The whole document."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = described(operation, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "verifyd", "version": str(API), "description": ABOUT},
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


def described(operation: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    """One operation; the schemas it needs are added to *schemas*."""
    shape = {"$ref": named_schema(operation.shape, schemas)} if operation.shape is not None else {}
    content = {media: {"schema": shape if media != "text/plain" else {"type": "string"}} for media in operation.media}
    answers: dict[str, Any] = {str(code): {"description": says} for code, says in (*operation.answers, *REFUSALS)}
    answers[str(operation.answers[0][0])]["content"] = content
    return {
        "operationId": operation.name,
        "description": operation.says,
        "parameters": [
            {
                "name": parameter.name,
                "in": "path" if parameter.in_path else "query",
                "required": parameter.in_path,
                "description": parameter.says,
                "schema": {"type": parameter.kind},
            }
            for parameter in operation.parameters
        ],
        "responses": dict(sorted(answers.items())),
    }


def named_schema(shape: type[Struct], schemas: dict[str, Any]) -> str:
    """Add the schema of a class, and of all it is made of; the reference to it."""
    schemas.update(schemas_of(shape, REFERENCE))
    return REFERENCE.format(name=shape.__name__)
