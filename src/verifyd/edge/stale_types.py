"""What mypy keeps of a source that has changed since without its seeing it: by an edit of the same size in the same second."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote

from msgspec import Struct

from verifyd.edge.sweep import joined, with_parents

CACHE_FOLDER = ".mypy_cache"
ENDINGS = (".meta.ff", ".meta.json")
LONGEST_RUN_S = 3600.0
"""A source that changed so long before what is kept of it was written, was read as it is."""
JOURNALS = ("-journal", "-wal")
NAMES = "SELECT path, mtime FROM files2 WHERE path LIKE '%.meta.%'"
DATA = "SELECT data FROM files2 WHERE path = ?"


class Kept(Struct, frozen=True, kw_only=True):
    """
    What mypy kept of one module.

    Attributes:
        module: Its name as a path without an ending: ``pack/answer``.
        written_s: When that was written, as a POSIX time.
        content: Reads it.
    """

    module: str
    written_s: float
    content: Callable[[], bytes]


class UnreadableError(Exception):
    """The argument names a database that is none, or half of one."""


def stale_types(root: Path, files: Collection[str]) -> tuple[str, ...]:
    """
    Sources that mypy would take for unchanged although they are not, and databases of which nobody can say.

    mypy (2.4, and every one before) takes a source for unchanged when the whole second of its modification time and its size
    are those of before. What it keeps names these in a form of its own, but the SHA-1 of the source as it is: so a source is
    named here that has another SHA-1, and does not show it by a later second than the one in which that was written.

    Args:
        files: Of the tree, relative to *root*. A cache is looked for in each folder with Python's sources in or below it.
    """
    sources = [path for path in files if path.endswith((".py", ".pyi"))]
    found: set[str] = set()
    for folder in with_parents(sources):
        cache = root / folder / CACHE_FOLDER
        if cache.is_dir():
            try:
                found.update(stale_in(cache, root, folder, sources))
            except UnreadableError as error:
                found.add(str(Path(str(error)).relative_to(root)))
    return tuple(sorted(found))


def stale_in(cache: Path, root: Path, folder: str, sources: Collection[str]) -> Iterator[str]:
    """Those of one cache, which a run in *folder* made."""
    start = f"{folder}/" if folder else ""
    by_module = modules_of([path.removeprefix(start) for path in sources if path.startswith(start)])
    for kept in kept_in(cache):
        for path in by_module.get(kept.module, ()):
            if is_stale(kept, root / joined(folder, path), path):
                yield joined(folder, path)


def modules_of(paths: Collection[str]) -> Mapping[str, list[str]]:
    """Sources by every name that mypy may give to their module: it depends on which folder the package begins in."""
    found: dict[str, list[str]] = {}
    for path in paths:
        module = path.rpartition(".")[0]
        while module:
            found.setdefault(module, []).append(path)
            module = module.partition("/")[2]
    return found


def is_stale(kept: Kept, source: Path, path: str) -> bool:
    """Whether *kept* is of other content than a source has, and may be believed all the same."""
    try:
        seen = source.stat()
        if seen.st_ctime < kept.written_s - LONGEST_RUN_S:
            return False
        was_set_by_hand = seen.st_mtime_ns > seen.st_ctime_ns
        if int(seen.st_mtime) > int(kept.written_s) and not was_set_by_hand:
            return False
        digest = hashlib.sha1(source.read_bytes(), usedforsecurity=False)
    except OSError:
        return False
    content = kept.content()
    is_of_another = path.isascii() and path.encode() not in content
    return not is_of_another and digest.hexdigest().encode() not in content and digest.digest() not in content


def kept_in(cache: Path) -> Iterator[Kept]:
    """All that a cache holds, in whatever way: databases for each version of Python, or a file each."""
    for folder, _, names in os.walk(cache):
        for name in names:
            path = Path(folder, name)
            if name.endswith(".db"):
                yield from kept_in_database(path)
            elif name.endswith(ENDINGS):
                inside = path.relative_to(cache).as_posix().partition("/")[2]
                yield Kept(module=module_of(inside), written_s=path.stat().st_mtime, content=path.read_bytes)


def kept_in_database(path: Path) -> Iterator[Kept]:
    """What a database holds; UnreadableError when it is none, or half of one."""
    try:
        with opened(path) as database:
            for name, written_s in database.execute(NAMES).fetchall():
                if name.endswith(ENDINGS):
                    yield Kept(module=module_of(name), written_s=written_s, content=partial(read_data, database, name))
    except (sqlite3.Error, OSError) as error:
        raise UnreadableError(path) from error


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """
    A database, read without a lock or a trace.

    A run that was killed leaves a journal beside it, by which SQLite undoes what was half done: in a copy.
    """
    beside = [one for ending in JOURNALS if (one := path.with_name(f"{path.name}{ending}")).exists()]
    if not beside:
        with closing(sqlite3.connect(f"file:{quote(os.fsencode(path))}?immutable=1", uri=True)) as database:
            yield database
        return
    with tempfile.TemporaryDirectory(prefix="verifyd-") as folder:
        for one in (path, *beside):
            shutil.copyfile(one, Path(folder, one.name))
        with closing(sqlite3.connect(Path(folder, path.name))) as database:
            yield database


def read_data(database: sqlite3.Connection, name: str) -> bytes:
    """What a database holds at a name."""
    ((data,),) = database.execute(DATA, (name,))
    return bytes(data)


def module_of(name: str) -> str:
    """A module's name as a path, of the name of what is kept of it."""
    return name.rpartition(".meta.")[0]
