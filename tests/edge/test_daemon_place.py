"""Where a daemon listens follows from the git folder and the user's state folder; who listens elsewhere is named; the dead are removed."""

from __future__ import annotations

import os
import pwd
import socket
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from platformdirs import user_state_path

from verifyd.edge.daemon_lock import DaemonLock
from verifyd.edge.daemon_place import socket_of, state_folder
from verifyd.edge.daemon_socket import BoundSocket, bind_socket
from verifyd.edge.dead_daemons import LEFT_FOR, remove_dead
from verifyd.edge.somebody_else import listener_elsewhere, somebody_else


@pytest.fixture
def no_variables(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing in the environment says where the user's folders are."""
    for name in ("XDG_STATE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    "name, value", [("XDG_STATE_HOME", "/somewhere/"), ("XDG_STATE_HOME", ""), ("HOME", "/home/x")]
)
def test_the_state_folder_is_where_approvals_are_too(name: str, value: str, no_variables: pytest.MonkeyPatch) -> None:
    """As platformdirs finds it, which takes too long to import."""
    no_variables.setenv(name, value)
    assert Path(state_folder()) == user_state_path("verifyd", appauthor=False)


@pytest.mark.parametrize("name", ["XDG_STATE_HOME", "HOME"])
def test_a_folder_that_depends_on_where_one_stands_is_none(name: str, no_variables: pytest.MonkeyPatch) -> None:
    """It may lie in the repository: the user's entry in the list of users counts."""
    usual = state_folder()
    no_variables.setenv(name, "relative")
    assert state_folder() == usual
    assert usual.startswith(pwd.getpwuid(os.getuid()).pw_dir)


def test_a_git_folder_has_one_place_by_whatever_path(tmp_path: Path) -> None:
    """And no two folders have the same."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("one")
    one = socket_of(str(tmp_path / "one"))
    assert socket_of(str(tmp_path / "link")) == one
    assert socket_of(str(tmp_path / "two")) != one
    with pytest.raises(FileNotFoundError):
        socket_of(str(tmp_path / "three"))


def hint(git_dir: Path, leads_to: str) -> None:
    """Have a link below the git folder lead to where its daemon listens."""
    (git_dir / "verifyd").mkdir(exist_ok=True)
    (git_dir / "verifyd" / "daemon.sock").symlink_to(leads_to)


@pytest.mark.parametrize("depth", [0, 120])
def test_who_listens_where_the_hint_leads_is_named_and_asked_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    """By the number that the kernel gives; the connection is closed without a byte. However long the path is."""
    folder = tmp_path / ("x" * depth)
    folder.mkdir(exist_ok=True)
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind("s")
        stranger.listen()
        hint(tmp_path, str(folder / "s"))
        got: list[bytes] = []

        def take() -> None:
            connection, _address = stranger.accept()
            with connection:
                got.append(connection.recv(10))

        thread = threading.Thread(target=take)
        thread.start()
        assert somebody_else(str(tmp_path)) == (
            f"somebody else listens in the daemon's place (process {os.getpid()}); it is not believed "
            "(a daemon of yours with another XDG_STATE_HOME looks the same)"
        )
        thread.join(20)
        assert got == [b""]


@pytest.mark.parametrize("leads_to", ["nowhere", "file", ".", "daemon.sock", "ours"])
def test_a_hint_that_leads_to_nobody_or_to_our_daemon_is_nothing_to_be_said(tmp_path: Path, leads_to: str) -> None:
    """Whatever somebody put there, a link to itself too."""
    (tmp_path / "file").touch()
    named = {"nowhere": str(tmp_path / "nowhere"), "file": str(tmp_path / "file"), "ours": socket_of(str(tmp_path))}
    hint(tmp_path, named.get(leads_to, leads_to))
    assert listener_elsewhere(str(tmp_path)) is None


def test_one_that_takes_no_connection_keeps_nobody_waiting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its queue is full: it is given up, and cannot be named."""
    monkeypatch.chdir(tmp_path)
    waiting = []
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind("s")
        stranger.listen(0)
        hint(tmp_path, str(tmp_path / "s"))
        try:
            for _number in range(3):
                client = socket.socket(socket.AF_UNIX)
                waiting.append(client)
                client.setblocking(False)
                client.connect_ex("s")
            assert listener_elsewhere(str(tmp_path)) is None
        finally:
            for client in waiting:
                client.close()


def left(folder: Path, name: str, age: timedelta, git_dir: Path) -> tuple[Path, BoundSocket]:
    """A socket and an address of some age; who closes its file descriptor leaves them as a killed daemon does."""
    bound = bind_socket(folder / f"{name}.sock")
    address = (
        f'{{"pid": 1, "start": "1", "root": "/", "git_dir": "{git_dir}", "socket": "{bound.path}", '
        '"version": "1", "api": 1, "started_at": ""}'
    )
    bound.path.with_suffix(".json").write_text(address, "utf-8")
    at = (datetime.now(UTC) - age).timestamp()
    os.utime(bound.path, (at, at))
    return bound.path, bound


def test_what_a_killed_daemon_left_goes_after_a_week(tmp_path: Path) -> None:
    """Not sooner, not while anybody listens, and not while its git folder is locked: another machine may share the home."""
    daemons, old = tmp_path / "daemons", LEFT_FOR + timedelta(hours=1)
    for name in ("free", "held"):
        (tmp_path / name / "verifyd").mkdir(parents=True)
    lock = DaemonLock.take(tmp_path / "held" / "verifyd")
    assert lock is not None
    kept = []
    with lock:
        for name, age, git_dir, is_dead in (
            ("dead", old, "free", True),
            ("gone", old, "nowhere", True),
            ("young", LEFT_FOR - timedelta(hours=1), "free", True),
            ("alive", old, "free", False),
            ("locked", old, "held", True),
        ):
            _path, bound = left(daemons, name, age, tmp_path / git_dir)
            if is_dead:
                bound.listening.close()
            else:
                kept.append(bound)
        remove_dead(daemons, datetime.now(UTC))
        found = {path.name for path in daemons.iterdir()}
    for bound in kept:
        bound.close()
    assert found == {f"{name}.{kind}" for name in ("young", "alive", "locked") for kind in ("sock", "json")}
