"""Has the user's service manager keep this work tree's daemon, and takes that back: what changes is known before it is done."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.edge.environment import home_folder
from verifyd.edge.service_manager import ask_manager, remove_if_empty
from verifyd.errors import UsageError
from verifyd.render.service import (
    MARK,
    TEMPLATE,
    escaped_path,
    launchd_agent,
    launchd_label,
    systemd_drop_in,
    systemd_template,
)

LARGEST_BYTES = 256 * 1024


class FileChange(Struct, frozen=True, kw_only=True):
    """One file: what it holds, and what it would; None for no file."""

    path: Path
    before: str | None
    after: str | None


class ServiceChange(Struct, frozen=True, kw_only=True):
    """
    All that would be done, in this order.

    Attributes:
        first: Commands before the files are written: what ends a service that loses its file.
        then: Commands after it.
    """

    first: tuple[tuple[str, ...], ...] = ()
    files: tuple[FileChange, ...] = ()
    then: tuple[tuple[str, ...], ...] = ()

    @property
    def writes(self) -> tuple[FileChange, ...]:
        """The files that would not stay as they are."""
        return tuple(change for change in self.files if change.before != change.after)


def installed(world: World, repository: Repository) -> ServiceChange:
    """What installing would do; UsageError when a file of somebody else stands in the way."""
    return launchd_change(world, repository) if sys.platform == "darwin" else systemd_change(world, repository)


def uninstalled(world: World, repository: Repository) -> ServiceChange:
    """What taking it back would do; the template stays for as long as another work tree uses it."""
    if sys.platform == "darwin":
        there = launchd_change(world, repository)
        stop = (("launchctl", "bootout", f"gui/{os.getuid()}/{launchd_label(os.fsencode(repository.root))}"),)
        return ServiceChange(first=stop if there.files[0].before is not None else (), files=removed(there.files))
    there = systemd_change(world, repository)
    template, drop_in = there.files
    if drop_in.before is None:
        return ServiceChange()
    others = [path for path in world.files.glob(units(world), "verifyd@*.service.d/*") if path != drop_in.path]
    stop = (("systemctl", "--user", "disable", "--now", unit_name(repository)),)
    files = removed((drop_in,) if others else (template, drop_in))
    return ServiceChange(first=stop, files=files, then=(("systemctl", "--user", "daemon-reload"),))


def removed(files: Sequence[FileChange]) -> tuple[FileChange, ...]:
    """The same files, gone."""
    return tuple(FileChange(path=change.path, before=change.before, after=None) for change in files)


def our_command() -> tuple[str, ...]:
    """What runs verifyd wherever it is started: nothing of the working folder is imported."""
    return (sys.executable, "-P", "-m", "verifyd")


def units(world: World) -> Path:
    """Where systemd looks for the user's own units."""
    configured = world.machine.environment.get("XDG_CONFIG_HOME")
    folder = Path(configured) if configured else home_folder() / ".config"
    return folder.resolve() / "systemd" / "user"


def unit_name(repository: Repository) -> str:
    """This work tree's unit."""
    return f"verifyd@{escaped_path(os.fsencode(repository.root))}.service"


def systemd_change(world: World, repository: Repository) -> ServiceChange:
    """The template, this work tree's drop-in, and the commands that start it."""
    folder, unit = units(world), unit_name(repository)
    files = (
        change_of(world, folder / TEMPLATE, systemd_template(our_command())),
        change_of(world, folder / f"{unit}.d" / "environment.conf", systemd_drop_in(world.machine.environment)),
    )
    reload, enable = ("systemctl", "--user", "daemon-reload"), ("systemctl", "--user", "enable", "--now", unit)
    return ServiceChange(files=files, then=(reload, enable))


def launchd_change(world: World, repository: Repository) -> ServiceChange:
    """The agent, and the command that starts it."""
    label = launchd_label(os.fsencode(repository.root))
    path = home_folder().resolve() / "Library" / "LaunchAgents" / f"{label}.plist"
    log = str(repository.home / "daemon.log")
    text = launchd_agent(label, our_command(), str(repository.root), log, world.machine.environment)
    start = ("launchctl", "bootstrap", f"gui/{os.getuid()}", str(path))
    return ServiceChange(files=(change_of(world, path, text),), then=(start,))


def change_of(world: World, path: Path, after: str) -> FileChange:
    """One file as it is and as it would be; UsageError for one that is not ours."""
    content = world.files.read(path, limit_bytes=LARGEST_BYTES)
    before = content.decode("utf-8", "replace") if content is not None else None
    if before is not None and MARK not in before:
        remedy = "Move it away, or write the service by hand."
        raise UsageError("was not written by verifyd, and stays as it is", where=str(path), remedy=remedy)
    return FileChange(path=path, before=before, after=after)


def carry_out(world: World, change: ServiceChange) -> list[str]:
    """Do it; what the service manager refused, a line each with the command to give by hand."""
    refused = [refusal for command in change.first if (refusal := manage(command))]
    for file in change.writes:
        if file.after is None:
            world.files.remove(file.path)
            remove_if_empty(file.path.parent)
        else:
            world.files.write_whole(file.path, file.after)
    return refused + [refusal for command in change.then if (refusal := manage(command))]


def manage(command: tuple[str, ...]) -> str:
    """Empty when it was done."""
    said = ask_manager(command)
    return f"{shlex.join(command)}: {said}" if said else ""
