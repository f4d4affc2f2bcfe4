"""The daemon's API on a real socket, with an engine that says what the test sets."""

from __future__ import annotations

import functools
import json
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from tests.support.builders import TREE
from tests.support.fake_engine import NOT_READY, READY, VERIFYING, FakeEngine, a_daemon
from tests.support.fake_world import FakeWorld
from verifyd.app.ports import Repository
from verifyd.app.web_page import WebPage
from verifyd.doors.api import make_application
from verifyd.doors.openapi import openapi_document
from verifyd.edge.daemon_client import DaemonAnswer, ask, stream
from verifyd.edge.daemon_place import sign_of
from verifyd.edge.daemon_socket import bind_socket
from verifyd.edge.http_server import serve
from verifyd.errors import GitError
from verifyd.render.standing import render_standing, standing_document
from verifyd.standing import EventKind

pytestmark = pytest.mark.anyio
TEXT = {"Accept": "text/plain"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="vd-", dir="/tmp") as name:
        yield Path(name)


class Asked:
    """A daemon to ask."""

    def __init__(self, engine: FakeEngine, page: WebPage, path: str) -> None:
        self.engine = engine
        self.page = page
        self.path = path

    async def ask(self, target: str, headers: Mapping[str, str] | None = None, *, method: str = "GET") -> DaemonAnswer:
        """The answer."""
        question = functools.partial(ask, self.path, target, method=method, headers=headers, timeout_s=10)
        answer = await anyio.to_thread.run_sync(question)
        assert isinstance(answer, DaemonAnswer), answer
        return answer


@asynccontextmanager
async def served(folder: Path, **fields: Any) -> AsyncIterator[Asked]:
    """A daemon whose engine is set so."""
    git_dir = folder / "repository" / ".git"
    repository = Repository(root=git_dir.parent, git_dir=git_dir, common_dir=git_dir)
    engine = FakeEngine(FakeWorld().world, repository, **fields)
    bound = bind_socket(folder / "home" / "daemon.sock")
    daemon = a_daemon(engine, bound.path)
    async with serve(make_application(daemon), bound.listening):
        yield Asked(engine, daemon.page, str(bound.path))


async def test_status_is_the_document_of_the_tree_as_it_is_now(folder: Path) -> None:
    """JSON unless text is asked for, with the exit code that the command ends with."""
    async with served(folder, known=NOT_READY) as daemon:
        answer = await daemon.ask("/v1/status")
        assert (answer.status, answer.headers["verifyd-exit"]) == (200, "1")
        document = json.loads(answer.body)
        assert (document["schema"], document["tree"], document["readiness"]) == ("verifyd.status/1", TREE, "not_ready")
        assert document["report"]["schema"] == "verifyd.report/1"
        assert document["task"]["gate"] == "tests"
        assert daemon.engine.asked == ["now"]


@pytest.mark.parametrize("standing, code", [(READY, "0"), (NOT_READY, "1"), (VERIFYING, "3")])
async def test_status_as_text_is_what_the_command_prints(folder: Path, standing: Any, code: str) -> None:
    """With the exit code beside it."""
    async with served(folder, known=standing) as daemon:
        answer = await daemon.ask("/v1/status", TEXT)
        assert answer.body.decode() == render_standing(standing_document(standing))
        assert answer.headers["verifyd-exit"] == code


async def test_a_question_that_waits_is_answered_as_soon_as_the_verdict_is_there(folder: Path) -> None:
    """And with the standing as it is when the time is over."""
    async with served(folder, known=VERIFYING, waited=READY) as daemon:
        late = await daemon.ask("/v1/status?wait=0.05")
        assert json.loads(late.body)["reason"] == "verifying"
        daemon.engine.arrives.set()
        assert json.loads((await daemon.ask("/v1/status?wait=600")).body)["readiness"] == "ready"


async def test_a_client_that_goes_away_waits_no_longer(folder: Path) -> None:
    """What it asked is given up: nothing is kept going for nobody."""
    async with served(folder, known=VERIFYING) as daemon:
        question = functools.partial(ask, daemon.path, "/v1/status?wait=600", timeout_s=0.2)
        await anyio.to_thread.run_sync(question)
        with anyio.fail_after(10):
            await daemon.engine.given_up.wait()


async def test_a_tree_is_asked_for_by_the_beginning_of_its_id(folder: Path) -> None:
    """One that nobody knows is not answered with another's verdict."""
    async with served(folder, trees={TREE: READY}) as daemon:
        assert json.loads((await daemon.ask(f"/v1/status?tree={TREE[:6].upper()}")).body)["tree"] == TREE
        unknown = await daemon.ask("/v1/status?tree=abcdef")
        assert (unknown.status, unknown.headers["verifyd-exit"]) == (404, "3")
        assert json.loads(unknown.body) == {
            "error": "nothing is known about tree abcdef", "remedy": "See the newest one: verifyd status",
        }  # fmt: skip


@pytest.mark.parametrize("query", ["wait=x", "wait=-1", "wait=nan", "wait=inf", "tree=zz12", "tree=12"])
async def test_a_wrong_parameter_is_named(folder: Path, query: str) -> None:
    """With what was expected."""
    async with served(folder) as daemon:
        answer = await daemon.ask(f"/v1/status?{query}")
        assert answer.status == 400
        assert json.loads(answer.body)["error"].startswith(f"{query.partition('=')[0]}: expected ")


@pytest.mark.parametrize("query", ["", "?wait=5"])
async def test_what_keeps_the_engine_from_answering_is_the_answer(folder: Path, query: str) -> None:
    """With what to do, and the exit code of a command that it ends."""
    async with served(folder, problem=GitError("git refuses", remedy="Mend it.")) as daemon:
        answer = await daemon.ask(f"/v1/status{query}")
        assert (answer.status, answer.headers["verifyd-exit"]) == (503, "3")
        assert json.loads(answer.body) == {"error": "git refuses", "remedy": "Mend it."}


@pytest.mark.parametrize("query", ["", "?wait=5"])
async def test_a_bug_of_ours_ends_one_question_alone(
    folder: Path, query: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is answered with 500 and no exit code, its traceback goes to the daemon's log, and the next question is answered."""
    async with served(folder, problem=RuntimeError("broken")) as daemon:
        answer = await daemon.ask(f"/v1/status{query}")
        assert (answer.status, answer.headers.get("verifyd-exit")) == (500, None)
        assert "RuntimeError: broken" in caplog.text
        daemon.engine.problem = None
        assert (await daemon.ask(f"/v1/status{query}&wait=0" if query else "/v1/status")).status == 200


async def test_the_task_is_the_page_or_the_document(folder: Path) -> None:
    """TASK.md as text."""
    async with served(folder, known=NOT_READY) as daemon:
        text = await daemon.ask("/v1/task", TEXT)
        assert text.body.startswith(b"# tests: test_add fails: assert 3 == 4\n")
        assert text.headers["verifyd-exit"] == "1"
        assert json.loads((await daemon.ask("/v1/task")).body)["schema"] == "verifyd.task/1"


async def test_a_tree_without_a_task_has_an_empty_one(folder: Path) -> None:
    """Ready: no text and null. Being verified: the same, and a header that says why."""
    async with served(folder, known=READY) as daemon:
        assert (await daemon.ask("/v1/task", TEXT)).body == b""
        assert (await daemon.ask("/v1/task")).body == b"null\n"
        daemon.engine.known = VERIFYING
        answer = await daemon.ask("/v1/task", TEXT)
        assert (answer.body, answer.headers["verifyd-exit"]) == (b"", "3")
        assert answer.headers["verifyd-say"] == "verifying: 0 of 1 gate done"


async def test_events_are_told_until_the_daemon_stops(folder: Path) -> None:
    """Each with its number, kind and content; the stream ends by itself."""
    async with served(folder) as daemon:
        got: list[bytes] = []
        async with anyio.create_task_group() as tasks:
            read = functools.partial(stream, daemon.path, "/v1/events", timeout_s=20)
            tasks.start_soon(anyio.to_thread.run_sync, lambda: got.extend(read()))
            with anyio.fail_after(10):
                await daemon.engine.listened.wait()
            daemon.engine.tell(EventKind.TREE, "a new tree")
            daemon.engine.tell(EventKind.STOPPING, "bye")
        lines = b"".join(got).decode().splitlines()
        assert [line for line in lines if line.startswith("event:")] == ["event: tree", "event: stopping"]
        data = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data:")]
        assert [one["text"] for one in data] == ["a new tree", "bye"]


async def test_an_open_stream_does_not_keep_the_daemon_from_ending(folder: Path) -> None:
    """The server's end cuts it off."""
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks, served(folder) as daemon:
            read = functools.partial(stream, daemon.path, "/v1/events", timeout_s=20)
            tasks.start_soon(anyio.to_thread.run_sync, lambda: list(read()))
            await daemon.engine.listened.wait()


async def test_stop_answers_first_and_then_stops(folder: Path) -> None:
    """The client learns which process ends."""
    async with served(folder) as daemon:
        answer = await daemon.ask("/v1/stop", method="POST")
        assert (answer.status, json.loads(answer.body)) == (202, {"stopping": 4711})
        assert await daemon.engine.run() == "stopped by verifyd stop"


async def test_the_page_is_opened_at_the_first_question(folder: Path) -> None:
    """And is the same one from then on; a port that cannot be had is refused with what to do, and a GET opens nothing."""
    async with served(folder) as daemon, daemon.page:
        assert (await daemon.ask("/v1/page")).status == 405
        with socket.create_server(("127.0.0.1", 0)) as other:
            refused = await daemon.ask(f"/v1/page?port={other.getsockname()[1]}", method="POST")
            assert (refused.status, json.loads(refused.body)["error"].endswith(" is in use")) == (503, True)
        assert (await daemon.ask("/v1/page?port=65536", method="POST")).status == 400
        assert [daemon.page.address] == [None]
        answer = await daemon.ask("/v1/page", method="POST")
        assert daemon.page.address is not None
        assert (answer.status, json.loads(answer.body)) == (200, {"url": daemon.page.address.url})
        again = await daemon.ask("/v1/page?port=1", method="POST")
        assert (again.status, again.body) == (200, answer.body)


@pytest.mark.parametrize("target", ["/v1/stop", "/v1/page", "/", "/v2/status", "/v1/log/../../etc/passwd"])
async def test_what_is_not_offered_is_refused(folder: Path, target: str) -> None:
    """A GET stops nothing, and nothing below another path is answered."""
    async with served(folder) as daemon:
        assert (await daemon.ask(target)).status in (404, 405)
        assert not daemon.engine.stopping.is_set()


async def test_a_client_of_another_api_is_told_so(folder: Path) -> None:
    """Instead of an answer that it would misread."""
    async with served(folder) as daemon:
        answer = await daemon.ask("/v1/status", {"Verifyd-Api": "2"})
        assert answer.status == 426
        assert answer.body.decode() == (
            "the daemon speaks api 1 (verifyd 0.0.test), you speak 2: verifyd stop, then start it again\n"
        )
        assert (await daemon.ask("/v1/status", {"Verifyd-Api": "1"})).status == 200
        assert daemon.engine.asked == ["now"]


async def test_every_answer_says_who_gives_it(folder: Path) -> None:
    """Refusals too: api, version, process and work tree; and no answer is kept by anybody."""
    async with served(folder) as daemon:
        for target in ("/v1/version", "/nothing", "/v1/status?wait=x"):
            headers = (await daemon.ask(target)).headers
            assert headers["verifyd-api"] == "1"
            assert headers["verifyd-version"] == "0.0.test"
            assert headers["verifyd-pid"] == "4711"
            assert headers["verifyd-work-tree"] == sign_of(
                str(folder / "repository"), str(folder / "repository" / ".git")
            )
            assert headers["connection"] == "close"


async def test_a_request_with_a_body_is_refused(folder: Path) -> None:
    """None of the questions needs one, so nobody can send a gigabyte of it."""
    async with served(folder) as daemon:
        assert (await daemon.ask("/v1/stop", {"Content-Length": "1000000000"}, method="POST")).status == 413
        assert (await daemon.ask("/v1/stop", {"Transfer-Encoding": "chunked"}, method="POST")).status == 413
        assert not daemon.engine.stopping.is_set()


async def test_the_description_names_exactly_the_routes(folder: Path) -> None:
    """Every path of the OpenAPI document is answered, and every route stands in it."""
    async with served(folder) as daemon:
        answer = await daemon.ask("/openapi.json")
        assert json.loads(answer.body) == json.loads(json.dumps(openapi_document()))
    application: Any = make_application(a_daemon(FakeEngine(FakeWorld().world, daemon.engine.repository), folder))
    routes = {(route.path, method.lower()) for route in application.application.routes for method in route.methods}
    described = {(path, method) for path, methods in openapi_document()["paths"].items() for method in methods}
    assert described == {(path, method) for path, method in routes if method != "head"}


async def test_every_reference_of_the_description_leads_somewhere(folder: Path) -> None:
    """No schema is named that is not there."""
    text = json.dumps(openapi_document())
    names = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= openapi_document()["components"]["schemas"].keys()
    assert {"StandingDocument", "TaskDocument", "ReportDocument", "Event"} <= names
