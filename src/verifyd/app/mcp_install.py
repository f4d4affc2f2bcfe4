"""Our server into the lists of a project's hosts and out of them again: what changes is known before it is done."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from msgspec import Struct

from verifyd.app.doctor import Checks, ok, warn
from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.edge.host_files import is_program, mode_of, program_on_path, real_path
from verifyd.errors import UsageError
from verifyd.hosts.mcp_entry import (
    BY_HAND,
    FILES,
    NAME,
    ServerFile,
    lines_to_add,
    started_by,
    with_entry,
    without_entry,
)
from verifyd.hosts.settings import BROKEN, SettingsError
from verifyd.render.shown import shown_line

LARGEST_BYTES = 4 * 1024 * 1024


class ServerChange(Struct, frozen=True, kw_only=True):
    """One file: what it holds, and what it would; None for no file."""

    file: ServerFile
    path: Path
    before: bytes | None
    after: bytes | None

    @property
    def is_one(self) -> bool:
        """Whether anything would be different."""
        return self.before != self.after


def servers_installed(world: World, repository: Repository) -> tuple[ServerChange, ...]:
    """What installing would do to each file of hosts that are used here; UsageError where one cannot be written anew."""
    program = program_on_path(world.machine.environment)
    return tuple(
        added(world, repository, file, program)
        for file in FILES
        if not file.sign or (repository.root / file.sign).exists()
    )


def added(world: World, repository: Repository, file: ServerFile, program: Sequence[str]) -> ServerChange:
    """One file with our server in it."""
    path, before = read(world, repository, file)
    try:
        after = with_entry(before, file, program)
    except SettingsError as error:
        by_hand = f"Add this by hand:\n{lines_to_add(file, program)}"
        raise refused(path, error, by_hand if str(error) == BROKEN else "Put it right, then install again.") from error
    return ServerChange(file=file, path=path, before=before, after=after)


def servers_uninstalled(world: World, repository: Repository) -> tuple[ServerChange, ...]:
    """What taking it back would do; UsageError where a file that names us cannot be written anew."""
    return tuple(removed(world, repository, file) for file in FILES)


def removed(world: World, repository: Repository, file: ServerFile) -> ServerChange:
    """One file without our server."""
    path, before = read(world, repository, file)
    if before is None or NAME.encode() not in before:
        return ServerChange(file=file, path=path, before=before, after=before)
    try:
        after = without_entry(before, file)
    except SettingsError as error:
        raise refused(path, error, f"Take out {NAME} by hand.") from error
    return ServerChange(file=file, path=path, before=before, after=after)


def read(world: World, repository: Repository, file: ServerFile) -> tuple[Path, bytes | None]:
    """The file itself, links followed, and what it holds."""
    path = real_path(repository.root / file.path)
    return path, world.files.read(path, limit_bytes=LARGEST_BYTES)


def refused(path: Path, error: SettingsError, remedy: str) -> UsageError:
    """That a file stays as it is."""
    return UsageError(str(error), where=str(path), remedy=remedy)


def carry_out(world: World, change: ServerChange) -> None:
    """Write it; StoreError when that cannot be."""
    if change.after is None:
        world.files.remove(change.path)
    else:
        world.files.write_whole(change.path, change.after, mode=mode_of(change.path))


def by_hand(world: World) -> str:
    """What is left for a person to do."""
    return BY_HAND.format(command=shlex.join([*program_on_path(world.machine.environment), "mcp"]))


def examine_mcp(world: World, repository: Repository, *, how_to_install: str) -> Checks:
    """Which lists name our server, whether what they start is there, and the extra that the daemon needs for it."""
    found = [(file, words) for file in FILES if (words := words_in(world, repository, file))]
    if not found:
        yield ok("mcp", "no agent host here asks over MCP; connect one with: verifyd install mcp")
        return
    for file, words in found:
        if is_program(words[0], world.machine.environment):
            yield ok("mcp", f"{file.path} starts it for {file.hosts}")
        else:
            what = f"{file.path} starts {shown_line(words[0])}, which is not there"
            yield warn("mcp", what, "Put the right program into it.")
    try:
        yield ok("mcp", f"mcp {version('mcp')} answers")
    except PackageNotFoundError:
        yield warn("mcp", "the extra verifyd[mcp] is not installed, so the daemon cannot answer", how_to_install)


def words_in(world: World, repository: Repository, file: ServerFile) -> list[str]:
    """What a file starts our server with; nothing where it is not named."""
    _path, content = read(world, repository, file)
    return started_by(content, file) if content is not None else []
