"""What mypy keeps of sources that have changed without its seeing it."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from verifyd.edge.stale_types import stale_types

GOOD, BAD, LONGER = "X: int = 12\n", "X: int = ''\n", "X: int = '' \n"
STORES = ("--sqlite-cache", "--no-sqlite-cache")
FORMATS = ("--fixed-format-cache", "--no-fixed-format-cache")
FILES = ("src/pack/__init__.py", "src/pack/answer.py", "tools/answer.py")


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> str:
    """How mypy keeps what it found."""
    return str(request.param)


@pytest.fixture(params=FORMATS)
def options(request: pytest.FixtureRequest, store: str) -> tuple[str, ...]:
    """In which form, besides."""
    return store, str(request.param)


def mypy(root: Path, *options: str, folder: str = "src") -> int:
    """Its exit status."""
    command = [sys.executable, "-m", "mypy", "--no-error-summary", *options, folder]
    environment = {name: value for name, value in os.environ.items() if name != "MYPY_CACHE_DIR"}
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, check=False).returncode


def project(root: Path, *options: str) -> Path:
    """A package that mypy has looked at and found good; the module that tests edit."""
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(GOOD)
    assert mypy(root, *options) == 0
    return root / "src/pack/answer.py"


def edit(path: Path, text: str, *, same_second: bool) -> None:
    """Write it, in the same second as before or in a later one."""
    second = int(path.stat().st_mtime)
    path.write_text(text)
    moment = second if same_second else second + 100
    os.utime(path, (moment, moment))


@pytest.mark.timeout(180)
def test_an_edit_of_the_same_size_in_the_same_second_is_found(tmp_path: Path, options: tuple[str, ...]) -> None:
    """mypy itself still says what it said, however it keeps that; before the edit, nothing is found."""
    module = project(tmp_path, *options)
    assert stale_types(tmp_path, FILES) == ()
    edit(module, BAD, same_second=True)
    assert mypy(tmp_path, *options) == 0
    assert stale_types(tmp_path, FILES) == ("src/pack/answer.py",)


@pytest.mark.timeout(180)
@pytest.mark.parametrize("text, same_second", [(LONGER, True), (BAD, False)])
def test_what_mypy_sees_itself_is_left_alone_once_it_saw_it(tmp_path: Path, text: str, same_second: bool) -> None:
    """Another size or second makes it read the source; what it then keeps is of that."""
    edit(project(tmp_path), text, same_second=same_second)
    assert mypy(tmp_path) == 1
    assert stale_types(tmp_path, FILES) == ()


@pytest.mark.timeout(180)
def test_an_edit_in_a_later_second_is_left_alone(tmp_path: Path) -> None:
    """As nearly all are: mypy reads the source again, and keeps its cache of the others."""
    module = project(tmp_path)
    hours = module.stat().st_mtime - 7200
    for name in FILES:
        os.utime(tmp_path / name, (hours, hours))
    assert mypy(tmp_path) == 0
    for database in tmp_path.glob(".mypy_cache/*/cache*.db"):
        age(database)
    module.write_text(BAD)
    assert stale_types(tmp_path, FILES) == ()
    assert mypy(tmp_path) == 1


def age(database: Path) -> None:
    """Let a cache be an hour and a half older."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE files2 SET mtime = mtime - 5400")


@pytest.mark.timeout(180)
def test_what_a_killed_run_left_half_done_is_undone_in_a_copy(tmp_path: Path) -> None:
    """As mypy's next run would; the journal stays for that."""
    project(tmp_path, "--sqlite-cache")
    database = next(path for path in tmp_path.glob(".mypy_cache/*/cache*.db") if holds_answer(path))
    killed = (
        "import os, sqlite3, sys\n"
        "database = sqlite3.connect(sys.argv[1])\n"
        "database.execute('PRAGMA cache_size=1')\n"
        "database.execute('UPDATE files2 SET data = zeroblob(100000)')\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", killed, database], check=True)
    left = {path: path.read_bytes() for path in database.parent.glob(f"{database.name}*")}
    assert len(left) > 1
    assert stale_types(tmp_path, FILES) == ()
    assert {path: path.read_bytes() for path in database.parent.glob(f"{database.name}*")} == left


def holds_answer(database: Path) -> bool:
    """Whether what is kept of the package's module lies in it."""
    with closing(sqlite3.connect(database)) as connection:
        return bool(connection.execute("SELECT path FROM files2 WHERE path LIKE 'pack/answer.meta.%'").fetchall())


@pytest.mark.timeout(180)
def test_what_cannot_be_read_is_not_believed(tmp_path: Path) -> None:
    """A database that is none."""
    project(tmp_path, "--sqlite-cache")
    database = next(tmp_path.glob(".mypy_cache/*/cache*.db"))
    database.write_bytes(b"x" * 4096)
    assert stale_types(tmp_path, FILES) == (str(database.relative_to(tmp_path)),)


def test_without_a_cache_nothing_is_stale(tmp_path: Path) -> None:
    """In most repositories."""
    assert stale_types(tmp_path, FILES) == ()
