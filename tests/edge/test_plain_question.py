"""A hook believes only a whole answer, of its own work tree's daemon, that comes in time."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from verifyd.edge import plain_question
from verifyd.edge.daemon_place import by_short_name, sign_of, socket_of
from verifyd.edge.plain_question import Refusal, Silence, ask_plainly


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's state folder is the test's."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@contextmanager
def daemon(git_dir: Path, *pieces: bytes, pause_s: float = 0.0) -> Iterator[None]:
    """Whoever listens where this git folder's daemon would, and what it says."""
    path = Path(socket_of(str(git_dir)))
    path.parent.mkdir(parents=True)
    listening = socket.socket(socket.AF_UNIX)
    by_short_name(str(path), listening.bind)
    listening.listen()
    done = threading.Event()

    def serve() -> None:
        connection, _address = listening.accept()
        with connection:
            connection.recv(4096)
            for piece in pieces:
                try:
                    connection.sendall(piece)
                except OSError:
                    return
                done.wait(pause_s)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        listening.close()


def test_a_pipe_where_the_address_should_be_keeps_nobody_waiting(tmp_path: Path) -> None:
    """Whoever may write in git's folder could otherwise hang every hook."""
    (tmp_path / "verifyd").mkdir()
    os.mkfifo(tmp_path / "verifyd" / "daemon.sock")
    assert asked(tmp_path) is Silence.GONE


def answer(git_dir: Path, body: bytes, status: str = "200 OK", **headers: str) -> bytes:
    """An answer of our daemon, with these headers changed."""
    usual = {
        "verifyd-api": "1",
        "verifyd-work-tree": sign_of(str(git_dir.parent), str(git_dir)),
        "content-length": str(len(body)),
    }
    usual |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in usual.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body


def asked(git_dir: Path, timeout_s: float = 5.0) -> object:
    """What comes of a question."""
    found = ask_plainly(str(git_dir.parent), str(git_dir), "/v1/status", kind="application/json", timeout_s=timeout_s)
    return found.body if isinstance(found, Refusal) else found


def test_an_answer_is_its_body(tmp_path: Path) -> None:
    """However many pieces it comes in."""
    whole = answer(tmp_path, b'{"a": 1}')
    with daemon(tmp_path, whole[:40], whole[40:]):
        assert asked(tmp_path) == b'{"a": 1}'


def test_a_refusal_has_its_reason(tmp_path: Path) -> None:
    """Which the person is told."""
    with daemon(tmp_path, answer(tmp_path, b'{"error": "git refuses"}', "503 Service Unavailable")):
        found = ask_plainly(str(tmp_path.parent), str(tmp_path), "/v1/status", kind="application/json", timeout_s=5)
    assert isinstance(found, Refusal)
    assert found.body == b'{"error": "git refuses"}'


@pytest.mark.parametrize(
    "headers, body, why",
    [
        ({"verifyd_work_tree": "2f-2f"}, b"{}", Silence.OTHER_TREE),
        ({"content_length": "7"}, b"{}", Silence.DAMAGED),
        ({"verifyd_api": "2"}, b"{}", Silence.OTHER_API),
        ({"status": "426 Upgrade Required"}, b"{}", Silence.OTHER_API),
    ],
)
def test_another_daemons_answer_or_half_of_one_is_none(
    tmp_path: Path, headers: dict[str, str], body: bytes, why: Silence
) -> None:
    """Of another work tree, cut off, or in another language."""
    with daemon(tmp_path, answer(tmp_path, body, **headers)):
        assert asked(tmp_path) is why


def test_nobody_listens(tmp_path: Path) -> None:
    """No socket, that of a dead daemon, no git folder; whatever a dead daemon wrote below it."""
    assert asked(tmp_path) is Silence.GONE
    assert asked(tmp_path / "none") is Silence.GONE
    with daemon(tmp_path):
        assert asked(tmp_path) is Silence.DAMAGED
    assert asked(tmp_path) is Silence.GONE
    (tmp_path / "verifyd").mkdir()
    (tmp_path / "verifyd" / "daemon.sock").symlink_to(tmp_path / "none")
    assert asked(tmp_path) is Silence.GONE


def test_an_answer_that_trickles_is_given_up_in_time(tmp_path: Path) -> None:
    """The limit is for all of it, not for each piece."""
    whole = answer(tmp_path, b"x" * 100)
    pieces = (whole[number : number + 1] for number in range(len(whole)))
    with daemon(tmp_path, *pieces, pause_s=0.05):
        assert asked(tmp_path, timeout_s=0.3) is Silence.HANGS


def test_the_process_of_another_user_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fault 69: whoever it is that listens there, the kernel names its user."""
    monkeypatch.setattr(plain_question, "trusted_users", lambda: (os.geteuid() + 1, os.geteuid() + 2))
    with daemon(tmp_path, answer(tmp_path, b"{}")):
        assert asked(tmp_path) is Silence.FOREIGN
