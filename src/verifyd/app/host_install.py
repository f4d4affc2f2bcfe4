"""Our hooks into a host's settings and out of them again: what changes is known before it is done, and undone exactly."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.edge.daemon_place import state_folder
from verifyd.edge.environment import home_folder
from verifyd.edge.host_files import missing_folders, mode_of, own_program, program_on_path, real_path
from verifyd.edge.service_manager import remove_if_empty
from verifyd.errors import UsageError
from verifyd.hosts.installed import HOSTS, HostFiles, Where, Wish, hook_lines, lines_to_add, plugin_text
from verifyd.hosts.opencode_plugin import MARK
from verifyd.hosts.settings import BROKEN, SettingsError, commands, merged, without
from verifyd.json_shape import ShapeError, from_json

LARGEST_BYTES = 4 * 1024 * 1024


class HostChange(Struct, frozen=True, kw_only=True):
    """
    One settings file: what it holds, and what it would; None for no file.

    Attributes:
        path: Of the file itself, links followed.
    """

    host: str
    path: Path
    before: bytes | None
    after: bytes | None

    @property
    def is_one(self) -> bool:
        """Whether anything would be different."""
        return self.before != self.after


class Record(Struct, frozen=True, kw_only=True):
    """
    What was there before we came.

    Attributes:
        path: Of the settings file.
        before: Base64; None for no file.
        written: sha256 of what we wrote: while the file is that, nobody has edited it since.
        folders: Made by us, innermost first.
    """

    path: str
    before: str | None
    written: str
    folders: tuple[str, ...] = ()


def settings_path(world: World, repository: Repository, host: str, where: Where) -> Path:
    """The host's settings file of this work tree, or the user's own; UsageError where there is no home."""
    files = HOSTS[host]
    if where is Where.PROJECT:
        return real_path(repository.root / files.project)
    named = world.machine.environment.get(files.variable) if files.variable else None
    if named:
        return real_path(Path(named) / files.user)
    try:
        home = home_folder()
    except RuntimeError as error:
        remedy = "Set HOME, or leave out --user."
        raise UsageError("nobody knows where the user's home is", where=f"install {host}", remedy=remedy) from error
    return real_path(home / files.folder / files.user)


def wish_for(world: World, where: Where, *, wait_s: int, attempts: int) -> Wish:
    """A project's settings are read by others too, who have their own verifyd; a user's own name this one."""
    program = program_on_path(world.machine.environment) if where is Where.PROJECT else own_program()
    return Wish(program=program, wait_s=wait_s, attempts=attempts)


def host_installed(world: World, repository: Repository, host: str, where: Where, wish: Wish) -> HostChange:
    """
    What installing would do.

    Raises:
        UsageError: The file cannot be written anew without a loss; the message holds what is to be added by hand.
    """
    path = settings_path(world, repository, host, where)
    before = world.files.read(path, limit_bytes=LARGEST_BYTES)
    return HostChange(host=host, path=path, before=before, after=content_with(host, path, before, wish))


def content_with(host: str, path: Path, before: bytes | None, wish: Wish) -> bytes:
    """The file with our hooks in it."""
    files = HOSTS[host]
    if files.shape is None:
        refuse_foreign(path, before)
        return plugin_text(wish).encode()
    lines = hook_lines(host, wish)
    current = commands(before, host=host) if before is not None else ()
    try:
        after = merged(before, lines, host=host, shape=files.shape, version=files.version)
    except SettingsError as error:
        added = lines_to_add(lines, files.shape)
        remedy = f"Add these hooks by hand:\n{added}" if str(error) == BROKEN else "Put it right, then install again."
        raise UsageError(str(error), where=str(path), remedy=remedy) from error
    if before is not None and current == commands(after, host=host) and json.loads(before) == json.loads(after):
        return before  # only its white space would be different
    return after


def refuse_foreign(path: Path, before: bytes | None) -> None:
    """UsageError for a file of that name that somebody else wrote."""
    if before is not None and MARK.encode() not in before:
        remedy = "Move it away, then install again."
        raise UsageError("was not written by verifyd, and stays as it is", where=str(path), remedy=remedy)


def host_uninstalled(world: World, repository: Repository, host: str, where: Where) -> HostChange:
    """
    What taking it back would do: byte for byte what was there where nobody has edited it since, else without our hooks.

    Raises:
        UsageError: It holds hooks of ours and cannot be written anew without a loss.
    """
    path = settings_path(world, repository, host, where)
    before = world.files.read(path, limit_bytes=LARGEST_BYTES)
    if before is None:
        return HostChange(host=host, path=path, before=None, after=None)
    record = read_record(world, path)
    if record is not None and record.written == digest(before):
        kept = base64.b64decode(record.before) if record.before is not None else None
        return HostChange(host=host, path=path, before=before, after=kept)
    return HostChange(host=host, path=path, before=before, after=content_without(host, path, before))


def content_without(host: str, path: Path, before: bytes) -> bytes | None:
    """The file without our hooks."""
    files: HostFiles = HOSTS[host]
    if files.shape is None:
        return None if MARK.encode() in before else before
    try:
        if not commands(before, host=host) and f"hook {host} " not in before.decode("utf-8", "replace"):
            return before
        return without(before, host=host, shape=files.shape)
    except SettingsError as error:
        remedy = f"Take out by hand what runs: verifyd hook {host}"
        raise UsageError(str(error), where=str(path), remedy=remedy) from error


def carry_out(world: World, change: HostChange) -> None:
    """Write it, and remember what was there; StoreError when that cannot be."""
    old = read_record(world, change.path)
    if change.after is None:
        world.files.remove(change.path)
        for folder in old.folders if old is not None else ():
            remove_if_empty(Path(folder))
    else:
        record = record_of(change, old)
        write_record(world, change.path, record)
        world.files.write_whole(change.path, change.after, mode=mode_of(change.path))
    if change.after is None or not holds_ours(change):
        world.files.remove(record_path(change.path))


def holds_ours(change: HostChange) -> bool:
    """Whether the file as it will be runs us."""
    after = change.after or b""
    return bool(commands(after, host=change.host)) or MARK.encode() in after


def record_of(change: HostChange, old: Record | None) -> Record:
    """What is to come back; that of the first time where nobody has edited the file since."""
    written = digest(change.after or b"")
    if old is not None and change.before is not None and old.written == digest(change.before):
        return replace(old, written=written)
    before = base64.b64encode(change.before).decode() if change.before is not None else None
    folders = tuple(str(folder) for folder in missing_folders(change.path))
    return Record(path=str(change.path), before=before, written=written, folders=folders)


def digest(content: bytes) -> str:
    """sha256, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def record_path(path: Path) -> Path:
    """In the user's state folder, named by the settings file."""
    return Path(state_folder(), "installed") / f"{hashlib.sha256(os.fsencode(path)).hexdigest()[:32]}.json"


def read_record(world: World, path: Path) -> Record | None:
    """None when we did not write this file, or the record cannot be read."""
    content = world.files.read(real_path(record_path(path)), limit_bytes=2 * LARGEST_BYTES)
    try:
        found: object = json.loads(content) if content is not None else None
        return from_json(Record, found) if isinstance(found, Mapping) else None
    except (ValueError, ShapeError, RecursionError):
        return None


def write_record(world: World, path: Path, record: Record) -> None:
    """Before the file itself: what was there is never lost."""
    text = json.dumps(
        {"path": record.path, "before": record.before, "written": record.written, "folders": list(record.folders)}
    )
    world.files.write_whole(real_path(record_path(path)), text + "\n", mode=0o600)
