"""A gate's log, read in pieces: the whole, its last lines, or what is still being written."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio

from verifyd.app.ports import Repository
from verifyd.app.world import World

PIECE_BYTES = 256 * 1024
ASK_EVERY_S = 0.1


def whole_log(world: World, path: Path) -> Iterator[bytes]:
    """The log in pieces that end at line ends, so that no character is cut."""
    with world.files.open_binary(path) as file:
        while lines := file.readlines(PIECE_BYTES):
            yield b"".join(lines)


def last_lines(world: World, path: Path, lines: int) -> bytes:
    """The last *lines* lines."""
    with world.files.open_binary(path) as file:
        size = file.seek(0, 2)
        tail, begin = b"", size
        while begin > 0 and tail.count(b"\n") <= lines:
            begin = max(0, begin - PIECE_BYTES)
            file.seek(begin)
            tail = file.read(size - begin)
    return b"".join(tail.splitlines(keepends=True)[-lines:])


def last_bytes(world: World, path: Path, limit: int) -> tuple[bytes, int]:
    """The end of the log from the beginning of a line on, at most *limit* bytes where a line ends in them, and the log's whole size."""
    with world.files.open_binary(path) as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - limit))
        found = file.read(limit)
    if size > limit:
        _cut, line_end, rest = found.partition(b"\n")
        found = rest if line_end else found
    return found, size


async def growing_log(world: World, repository: Repository, path: Path) -> AsyncIterator[bytes]:
    """The log as it grows, until no process holds the run that writes it."""
    with world.files.open_binary(path) as file:
        while True:
            ended = path.parent in world.files.run_folders(repository.state_dir / "runs")
            while piece := file.read(PIECE_BYTES):
                yield piece
            if ended:
                return
            await anyio.sleep(ASK_EVERY_S)
