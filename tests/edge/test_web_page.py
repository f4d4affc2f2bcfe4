"""The daemon's page on a real port: who is answered, with what headers, and that it shows what the engine says, as text."""

from __future__ import annotations

import errno
import hmac
import http.client
import re
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import anyio
import anyio.to_thread
import pytest
from hypothesis import given
from msgspec.structs import replace

from tests.support.builders import TREE, a_failure, a_finding, a_report, a_task
from tests.support.fake_engine import NOT_READY, READY, VERIFYING, a_standing
from tests.support.hostile import ACTS_ON_TERMINALS, PIECES, hostile
from tests.support.pages import Opened, Parts, a_paged_daemon, opened
from verifyd.app.web_page import PageAddress, WebPage, secret_of
from verifyd.doors.web_application import Web
from verifyd.doors.web_guard import Guard
from verifyd.doors.web_opening import open_page
from verifyd.errors import GitError, MachineError
from verifyd.render.page import page_view
from verifyd.render.shown import shown_line
from verifyd.render.standing import standing_document
from verifyd.standing import EventKind, GateStanding, Phase, Standing

pytestmark = pytest.mark.anyio
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
PROTECTION = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


async def nobody(scope: object, receive: object, send: object) -> None:
    """Answers nothing."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Of a repository that nobody reads."""
    with tempfile.TemporaryDirectory(prefix="vd-") as name:
        yield Path(name)


async def test_the_page_shows_what_is_known_without_any_script(folder: Path) -> None:
    """Verdict, tree, gates, why, and the next task; about the tree as it is at that moment."""
    async with opened(folder, known=NOT_READY) as page:
        answer = await page.get("")
        assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
        text = Parts(answer.body.decode()).text
        for part in ("NOT READY", TREE[:12], "tests_failed: 1 of 6 tests failed", "test_add fails: assert 3 == 4"):
            assert part in text
        assert "<title>NOT READY · repository</title>" in answer.body.decode()
        assert f"/{page.secret}/static/not_ready.svg" in answer.body.decode()
        assert page.engine.asked == ["now"]


@pytest.mark.parametrize(
    "path, method, host, status",
    [
        ("", "GET", "", 200),
        ("static/page.js", "GET", "", 200),
        ("nothing", "GET", "", 404),
        ("/wrong/", "GET", "", 404),
        ("", "POST", "", 405),
        ("", "GET", "attacker.example", 421),
    ],
)
async def test_every_answer_is_protected(folder: Path, path: str, method: str, host: str, status: int) -> None:
    """Refusals too: nothing is run but ours, nothing is framed, embedded, sniffed, kept or told to other sites, and no site may read it."""
    async with opened(folder) as page:
        answer = await page.get(path, method, {"Origin": "http://attacker.example"}, host=host)
        assert answer.status == status
        assert answer.headers | PROTECTION == answer.headers
        assert [name for name in answer.headers if name.startswith("access-control-")] == []


async def test_nobody_is_answered_who_does_not_know_the_secret(folder: Path) -> None:
    """A wrong one, part of it, more than it and none at all are the same to us, and the engine is not asked."""
    async with opened(folder) as page:
        wrong = ("/", "/x", "//", f"/{page.secret[:-1]}/", f"/{page.secret}x/", f"/x/{page.secret}/", "/%ff%00/")
        answers = [await page.get(path) for path in wrong]
        said = b"There is nothing here. Open the address that `verifyd watch --web` prints.\n"
        assert [(answer.status, answer.body) for answer in answers] == [(404, said)] * len(wrong)
        assert page.engine.asked == []
        assert len(page.secret) == 43


async def test_only_our_own_names_are_answered(folder: Path) -> None:
    """DNS rebinding: a name that leads here is another site's, however it is spelled; the secret changes nothing."""
    async with opened(folder) as page:
        strangers = (
            "attacker.example",
            f"attacker.example:{page.port}",
            "127.0.0.1",
            "127.0.0.1:1",
            f"127.0.0.1.x:{page.port}",
        )
        assert [(await page.get("", host=host)).status for host in strangers] == [421] * len(strangers)
        assert (await page.get("", host=f"LocalHost:{page.port}")).status == 200


def test_browsers_leave_out_the_usual_port() -> None:
    """Then, and only then, our names stand alone."""
    names = {"127.0.0.1", "localhost"}
    assert Guard(nobody, PageAddress(port=80, secret="s")).hosts & names == names
    assert Guard(nobody, PageAddress(port=8080, secret="s")).hosts & names == set()


async def test_a_request_without_a_host_is_refused(folder: Path) -> None:
    """By the server already."""
    async with opened(folder) as page:
        assert (await page.get("", host=None)).status == 400


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"])
async def test_the_page_is_only_for_reading(folder: Path, method: str) -> None:
    """Whatever else is asked for is refused, where the API has a stop too."""
    async with opened(folder) as page:
        for path in ("", "events", "v1/stop"):
            answer = await page.get(path, method)
            assert (answer.status, answer.headers["allow"]) == (405, "GET")
        assert not page.engine.stopping.is_set()


async def test_a_request_with_a_body_is_refused(folder: Path) -> None:
    """Nobody can send a gigabyte of it."""
    async with opened(folder) as page:
        assert (await page.get("", headers={"Content-Length": "1000000000"})).status == 413
        assert (await page.get("", headers={"Transfer-Encoding": "chunked"})).status == 413


@pytest.mark.parametrize("name", ["../page.html", "..%2fpage.html", "%2e%2e/main.html", "page.html", ""])
async def test_nothing_is_served_but_what_belongs_to_the_page(folder: Path, name: str) -> None:
    """No path leads out of the folder, and no template is told."""
    async with opened(folder) as page:
        assert (await page.get(f"static/{name}")).status == 404


async def test_everything_a_page_names_is_served(folder: Path) -> None:
    """Style, script and the icon of each state, each as what it is."""
    async with opened(folder) as page:
        kinds = {"page.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8"}
        kinds |= {f"{state}.svg": "image/svg+xml" for state in ("ready", "not_ready", "unproven", "verifying", "gone")}
        for name, kind in kinds.items():
            answer = await page.get(f"static/{name}")
            assert (answer.status, answer.headers["content-type"]) == (200, kind)
        names = re.findall(r'(?:src|href)="([^"]*)"', (await page.get("")).body.decode())
        assert {name.startswith(f"/{page.secret}/") for name in names} == {True}


async def test_a_page_that_lost_its_daemon_is_proven_who_answers(folder: Path) -> None:
    """Without being told the secret we show that we know it; who asks for anything else than a challenge learns nothing."""
    async with opened(folder) as page:
        challenge = "0123456789abcdef" * 2
        answer = await page.get(f"/prove/{challenge}")
        expected = hmac.new(page.secret.encode(), challenge.encode(), "sha256").hexdigest()
        assert (answer.status, answer.body.decode()) == (200, expected)
        for other in ("", "x" * 32, challenge + "0", challenge.upper()):
            assert (await page.get(f"/prove/{other}")).status == 404
        assert (await page.get(f"/prove/{challenge}", host="attacker.example")).status == 421


def test_a_secret_is_of_one_work_tree_and_one_port() -> None:
    """The next daemon there has the same one; on another port it is another, which says nothing about the first."""
    first = secret_of(b"key", "a-b", 8000)
    assert first == secret_of(b"key", "a-b", 8000)
    others = {secret_of(b"key", "a-b", 8001), secret_of(b"key", "a-c", 8000), secret_of(b"kez", "a-b", 8000)}
    assert len(others | {first}) == 4


async def test_a_daemon_has_one_page(folder: Path) -> None:
    """Whoever asks again is told the same address; the next daemon on its port has it too."""
    async with opened(folder) as page:
        assert await open_page(page.daemon, 0) == page.url
        assert await open_page(page.daemon, page.port) == page.url
    async with opened(folder, port=page.port) as again:
        assert again.url == page.url


async def test_a_port_that_is_taken_is_named(folder: Path) -> None:
    """With what to do; a free one can be asked for afterwards."""
    engine, daemon = a_paged_daemon(folder)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        async with daemon.page:
            with pytest.raises(MachineError) as raised:
                await open_page(daemon, port)
            assert str(raised.value) == (
                f"port {port} of 127.0.0.1 is in use\n"
                "  Name another one, or none for a free one: verifyd watch --web [PORT]"
            )
            assert (await Opened(engine=engine, daemon=daemon, url=await open_page(daemon, 0)).get("")).status == 200


async def test_a_page_that_could_not_be_made_holds_no_port() -> None:
    """Whoever asks again gets it on the port that was asked for."""

    def broken(_address: PageAddress) -> NoReturn:
        raise RuntimeError("on purpose")

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    async with WebPage() as page:
        with pytest.raises(RuntimeError, match="on purpose"):
            await page.open(port, "sign", broken)
        assert (await page.open(port, "sign", lambda _address: nobody)).port == port


async def test_only_this_machine_can_reach_it(folder: Path) -> None:
    """It listens on loopback, and on no other address of the machine; after the daemon's end on none."""
    async with opened(folder) as page:
        with pytest.raises(OSError) as raised:
            socket.create_connection(("127.0.0.2", page.port), timeout=5)
        assert raised.value.errno == errno.ECONNREFUSED
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", page.port), timeout=5)


def events_of(answer: http.client.HTTPResponse) -> Iterator[tuple[str, str]]:
    """Kind and data of each event, until the stream ends."""
    kind, data = "", []
    for raw in answer:
        name, _, value = raw.decode().rstrip("\r\n").partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            data.append(value)
        elif not name and (kind or data):
            yield kind, "\n".join(data)
            kind, data = "", []


async def test_what_changes_is_told_at_once_until_the_daemon_stops(folder: Path) -> None:
    """First what is known, then what became of it; the stream ends by itself."""
    async with opened(folder, known=NOT_READY) as page:
        client = page.connect()
        client.request("GET", f"/{page.secret}/events")
        answer = await anyio.to_thread.run_sync(client.getresponse)
        told = events_of(answer)
        first = await anyio.to_thread.run_sync(next, told)
        page.engine.known = READY
        page.engine.tell(EventKind.JUDGED)
        second = await anyio.to_thread.run_sync(next, told)
        page.engine.tell(EventKind.STOPPING)
        assert [kind for kind, _ in await anyio.to_thread.run_sync(list, told)] == []
        client.close()
        assert page.engine.asked == []  # nobody asks: a daemon that ends without a question ends with a page open
        assert [(kind, Parts(html).tags[0][0]) for kind, html in (first, second)] == [("content", "main")] * 2
        assert [re.findall("<h1>.*</h1>", html) for _, html in (first, second)] == [
            ["<h1>NOT READY</h1>"],
            ["<h1>READY</h1>"],
        ]
        assert answer.headers["content-type"].startswith("text/event-stream")


@pytest.mark.parametrize(
    "standing, shown",
    [
        (VERIFYING, f"VERIFYING tree {TREE[:12]} about 2.00 s left 0 of 1 gate done"),
        (a_standing(trouble="VERIFY.md:3: wrong\n  Mend it."), "cannot_verify: VERIFY.md:3: wrong. Mend it."),
        (
            a_standing(tree="", gates=(), remaining_s=None),
            "VERIFYING no tree was read yet no gate has begun Gates None has",
        ),
    ],
)
async def test_a_page_shows_what_there_is(folder: Path, standing: Standing, shown: str) -> None:
    """Before the verdict, before the first tree, and where there can be no verdict."""
    async with opened(folder, known=standing) as page:
        assert shown in Parts((await page.get("")).body.decode()).text


async def test_where_nothing_is_new_a_page_hears_that_the_daemon_lives(folder: Path) -> None:
    """So that it notices one that hangs."""
    async with opened(folder, known=READY) as page:
        client = page.connect()
        client.request("GET", f"/{page.secret}/events")
        told = events_of(await anyio.to_thread.run_sync(client.getresponse))
        assert (await anyio.to_thread.run_sync(next, told))[0] == "content"
        page.engine.tell(EventKind.TREE)
        assert await anyio.to_thread.run_sync(next, told) == ("alive", "")
        client.close()


async def test_an_open_page_does_not_keep_the_daemon_from_ending(folder: Path) -> None:
    """The server's end cuts it off."""
    with anyio.fail_after(20):
        async with opened(folder, known=VERIFYING) as page:
            client = page.connect()
            client.request("GET", f"/{page.secret}/events")
            await page.engine.listened.wait()
        client.close()


async def test_what_keeps_the_engine_from_answering_is_the_answer(folder: Path) -> None:
    """With what to do."""
    async with opened(folder, problem=GitError("git refuses", remedy="Mend it.")) as page:
        answer = await page.get("")
        assert (answer.status, answer.body) == (503, b"git refuses\n  Mend it.\n")


async def test_the_secret_is_in_no_log(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Neither of what is asked, nor of a bug of ours, nor in the answer to who does not know it."""
    caplog.set_level("DEBUG", "uvicorn")
    caplog.set_level("DEBUG", "starlette")
    async with opened(folder, problem=RuntimeError("broken")) as page:
        answer = await page.get("")
        assert (answer.status, answer.body) == (500, b"Internal Server Error")
        assert answer.headers | PROTECTION == answer.headers
        refused = [await page.get("/wrong/"), await page.get("", "POST"), await page.get("", host="x")]
        assert "RuntimeError: broken" in caplog.text
        assert page.secret not in caplog.text + "".join(str(answer) for answer in refused)


ADDRESS = PageAddress(port=1, secret="s")
WEB = Web(a_paged_daemon(Path("/tmp/nowhere"))[1], ADDRESS)


def a_page_of(text: str) -> str:
    """Two pages on which a text stands wherever a tool, a file name or an agent may have put it."""
    failure = replace(a_failure(a_finding(message=text, path=text, subject=text)), explanation=text)
    report = a_report(failure)
    gate = GateStanding(name=text, required=True, phase=Phase.RUNNING, elapsed_s=1.0, expected_s=2.0)
    standing = a_standing(report, notes=(text,), watching=text, task=a_task(report))
    view = page_view(standing_document(replace(standing, gates=(*standing.gates, gate))))
    log = {"gate": shown_line(text), "text": text, "left_out": 1}
    return WEB.page.render(view=view, log=None, events="x") + WEB.page.render(view=view, log=log, events=text)


@pytest.mark.parametrize("text", PIECES)
def test_no_piece_of_text_becomes_markup(text: str) -> None:
    """The elements and attributes are the templates', whatever a gate printed and however a file or a gate is called."""
    assert Parts(a_page_of(f"a{text}b")).tags == Parts(a_page_of("word")).tags


@given(text=hostile)
def test_no_text_becomes_markup_or_acts_on_whoever_reads_it(text: str) -> None:
    """Whatever stands in it, in whatever order; nothing invisible and no half of a character is left."""
    page = a_page_of(f"a{text}b")
    assert Parts(page).tags == Parts(a_page_of("word")).tags
    assert ACTS_ON_TERMINALS.search(page) is None
    page.encode("utf-8")
