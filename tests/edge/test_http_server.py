"""The daemon's server on a real Unix socket: one client's misbehaviour is its own, and other users are refused."""

from __future__ import annotations

import os
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from tests.support.faults import names_in
from tests.support.ordinary_user import NOBODY
from verifyd.edge.daemon_client import DaemonAnswer, Unanswered, ask
from verifyd.edge.daemon_place import LONGEST_NAME
from verifyd.edge.daemon_socket import bind_socket
from verifyd.edge.http_server import ClientLimits, serve
from verifyd.errors import MachineError

pytestmark = pytest.mark.anyio

BODY = b"hello\n"


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder with a path short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="vd-", dir="/tmp") as name:
        yield Path(name) / "home"


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Says hello; at ``/large`` so much that nobody's buffer holds it, at ``/never`` nothing and at ``/half`` not all of it."""
    if scope["path"] == "/never":
        await anyio.sleep_forever()
    body = b"x" * 50_000_000 if scope["path"] == "/large" else BODY
    await send({"type": "http.response.start", "status": 200, "headers": [(b"connection", b"close")]})
    await send({"type": "http.response.body", "body": body, "more_body": scope["path"] == "/half"})
    if scope["path"] == "/half":
        await anyio.sleep_forever()


@asynccontextmanager
async def served(home: Path, **limits: Any) -> AsyncIterator[str]:
    """The socket's path."""
    bound = bind_socket(home / "daemon.sock")
    async with serve(application, bound.listening, ClientLimits(**limits)):
        yield str(bound.path)


def connect(path: str) -> socket.socket:
    """A client by hand."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(20)
    made.connect(path)
    return made


async def is_answered(path: str) -> bool:
    """Whether an ordinary client is answered."""
    answer = await anyio.to_thread.run_sync(ask, path, "/")
    return isinstance(answer, DaemonAnswer) and answer.body == BODY


def until_closed(client: socket.socket) -> bytes:
    """All that comes until the server closes."""
    got = b""
    with suppress(ConnectionResetError):
        while piece := client.recv(65536):
            got += piece
    return got


async def test_a_client_is_answered(home: Path) -> None:
    """Status and body arrive."""
    async with served(home) as path:
        assert await is_answered(path)


async def test_the_socket_is_for_its_user_alone(home: Path) -> None:
    """0600 in a folder of 0700, whatever the umask is."""
    before = os.umask(0)
    try:
        async with served(home) as path:
            assert stat.S_IMODE(os.lstat(path).st_mode) == 0o600
            assert stat.S_IMODE(os.lstat(home).st_mode) == 0o700
        assert os.umask(0) == 0
    finally:
        os.umask(before)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
async def test_another_user_is_refused_even_where_the_mode_lets_them_in(home: Path) -> None:
    """Fault 69: the kernel says who connects; with the socket at 0666 and its folder at 0755, nobody gets an answer."""
    program = (
        "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
        "s.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n'); print(s.makefile('rb').read())"
    )
    async with served(home, users=frozenset({0})) as path:
        for opened, mode in ((home.parent, 0o755), (home, 0o755), (path, 0o666)):
            os.chmod(opened, mode)  # noqa: PTH101 - pathlib is not to be used in async functions
        command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "/usr/bin/env", "python3"]
        done = await anyio.run_process([*command, "-c", program, path])
        assert b"403 Forbidden" in done.stdout
        assert b"only the user who started the daemon may ask it" in done.stdout
        assert await is_answered(path)


async def test_half_a_request_is_cut_off(home: Path) -> None:
    """Fault 70: a client that stops in the middle of its request is disconnected after the limit, and nobody waits for it."""
    async with served(home, head_s=0.2) as path:
        with connect(path) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHo")
            assert await is_answered(path)
            assert await anyio.to_thread.run_sync(until_closed, client) == b""


async def test_a_request_without_end_is_refused(home: Path) -> None:
    """Fault 70: a line of a gigabyte is refused after its first kilobytes, while others are answered."""
    piece = b"x" * 65536
    sent = 0

    def flood(client: socket.socket) -> None:
        nonlocal sent
        client.sendall(b"GET /")
        with suppress(BrokenPipeError, ConnectionResetError):
            while sent < 1_000_000_000:
                client.sendall(piece)
                sent += len(piece)

    async with served(home) as path:
        with connect(path) as client:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(anyio.to_thread.run_sync, flood, client)
                assert await is_answered(path)
        assert sent < 10_000_000
        assert await is_answered(path)


async def test_clients_that_ask_nothing_give_way(home: Path) -> None:
    """Fault 70: with every place taken by clients that only connect, the next one that asks is answered."""
    async with served(home, connections=8) as path:
        idle = [connect(path) for _ in range(40)]
        try:
            for _ in range(5):
                assert await is_answered(path)
        finally:
            for client in idle:
                client.close()


async def test_a_client_that_takes_nothing_is_cut_off(home: Path) -> None:
    """Fault 70: an answer larger than all buffers, of which nothing is read, does not stay for ever."""
    async with served(home, stalled_s=0.2) as path:
        with connect(path) as client:
            client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await is_answered(path)
            await anyio.sleep(0.5)
            got = await anyio.to_thread.run_sync(until_closed, client)
            assert len(got) < 50_000_000


async def test_clients_that_disconnect_at_any_moment_do_no_harm(home: Path) -> None:
    """Fault 70: hundreds that go away before, in and after their request; the next one is answered."""
    request = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    async with served(home) as path:
        for number in range(300):
            with connect(path) as client:
                client.sendall(request[: number % (len(request) + 1)])
            if number % 50 == 0:
                assert await is_answered(path)
        assert await is_answered(path)


async def test_the_end_comes_with_clients_connected(home: Path) -> None:
    """Neither one that asks nothing nor one that takes nothing keeps the server from ending."""
    async with served(home) as path:
        idle, greedy = connect(path), connect(path)
        greedy.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await is_answered(path)
    idle.close()
    greedy.close()
    assert ask(path, "/", timeout_s=1) is Unanswered.GONE


async def test_answers_that_are_under_way_at_the_end_are_cut_off_and_no_error(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever waits finds the connection closed; nothing is said of it, as nothing is wrong."""
    async with served(home) as path:
        silent, half = connect(path), connect(path)
        silent.sendall(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n")
        half.sendall(b"GET /half HTTP/1.1\r\nHost: x\r\n\r\n")
        assert await is_answered(path)
    assert caplog.messages == []
    assert all_of(silent) == b""
    assert b"Internal Server Error" not in all_of(half)


def all_of(client: socket.socket) -> bytes:
    """What a client was sent until the connection was cut."""
    found = b""
    with client, suppress(ConnectionResetError):
        while piece := client.recv(65_536):
            found += piece
    return found


def test_a_socket_that_a_dead_daemon_left_is_replaced(home: Path) -> None:
    """Its file stays when its process is killed; who ends removes its own, and never the next one's."""
    home.mkdir()
    there = home / "daemon.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(there))
    left.close()
    first = bind_socket(there)
    second = bind_socket(there)
    first.close()
    connect(str(there)).close()
    second.close()
    assert not there.exists()


async def test_a_socket_that_is_moved_is_found_at_its_new_place_alone(home: Path) -> None:
    """Where a dead one's stood; so a daemon that is only starting is not there to be asked."""
    place = home / "daemon.sock"
    bind_socket(place).listening.close()
    starting = bind_socket(home / "starting.sock")
    async with serve(application, starting.listening):
        assert not await is_answered(str(place))
        there = starting.moved_to(place)
        assert await is_answered(str(place))
    there.close()
    assert names_in(home) == []


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_is_never_removed(home: Path, kind: str) -> None:
    """Fault 68: a file, folder or link in its place stays, and the reason is said with what to do."""
    home.mkdir()
    there = home / "daemon.sock"
    if kind == "file":
        there.touch()
    elif kind == "folder":
        there.mkdir()
    else:
        there.symlink_to("elsewhere")
    with pytest.raises(MachineError) as caught:
        bind_socket(there)
    assert str(caught.value) == (
        f"the daemon: no socket can be made at {there}: something that is no socket stands at {there}\n"
        "  Make the folder writable for you, or set XDG_STATE_HOME to a folder of yours outside the repository."
    )
    assert os.path.lexists(there)


async def test_a_path_too_long_for_a_socket_is_bound_and_asked_by_a_short_name(home: Path) -> None:
    """Fault 68: the kernel takes about a hundred bytes; what is longer is named through its opened folder."""
    async with served(home / ("x" * LONGEST_NAME)) as path:
        assert len(path) > LONGEST_NAME
        assert await is_answered(path)
        assert stat.S_IMODE(os.lstat(path).st_mode) == 0o600


def test_a_folder_that_leads_elsewhere_takes_no_socket(home: Path) -> None:
    """A link in the place of the folder of sockets is refused, whoever planted it."""
    (home.parent / "elsewhere").mkdir()
    home.symlink_to(home.parent / "elsewhere")
    with pytest.raises(MachineError, match="is not this user's own folder"):
        bind_socket(home / "daemon.sock")
    assert not list((home.parent / "elsewhere").iterdir())
