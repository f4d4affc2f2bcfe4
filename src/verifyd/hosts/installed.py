"""What is written for each host: which file, which hooks, which time limits; and the program that they call."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import PurePosixPath

from msgspec import Struct, field

from verifyd.hosts import claude, codex, copilot, cursor, gemini
from verifyd.hosts.model import Moment
from verifyd.hosts.opencode_plugin import opencode_plugin
from verifyd.hosts.settings import HookLine, Shape

MARGIN_S = 15
"""What a host's own limit is longer than what we wait: the daemon's answer, and Python's start on a machine under load."""
QUICK_S = 10
"""The limit of hooks that wait for nothing."""
END_S = 3
"""Codex gives the end of a session no more."""
EDIT_TOOLS = {
    "claude": "Write|Edit|MultiEdit|NotebookEdit|Bash",
    "codex": "^(apply_patch|Bash|exec_command|shell)$",
    "gemini": "write_file|replace|run_shell_command",
}


class Where(Enum):
    """Whose settings."""

    PROJECT = "project"
    USER = "user"


class Wish(Struct, frozen=True, kw_only=True):
    """
    How the hooks are to be.

    Attributes:
        program: What starts verifyd.
        wait_s: Seconds that the end of a turn may wait for the verdict.
        attempts: Times that a session is given the same task.
    """

    program: tuple[str, ...]
    wait_s: int = 60
    attempts: int = 3


class HostFiles(Struct, frozen=True, kw_only=True):
    """
    Where a host's settings lie.

    Attributes:
        name: As people write it.
        project: Below the work tree.
        user: Below the folder of *variable*, or below *folder* of the home.
        variable: Names the host's folder in place of *folder*; empty for none.
        shape: None where the whole file is ours.
        version: What a new file says first.
    """

    name: str
    project: PurePosixPath
    user: PurePosixPath
    folder: PurePosixPath
    variable: str = ""
    shape: Shape | None = Shape.GROUPS
    version: int | None = field(default=None)


def below(path: str) -> PurePosixPath:
    """A relative path."""
    return PurePosixPath(path)


HOSTS: Mapping[str, HostFiles] = {
    "claude": HostFiles(
        name="Claude Code",
        project=below(".claude/settings.json"),
        user=below("settings.json"),
        folder=below(".claude"),
        variable="CLAUDE_CONFIG_DIR",
    ),
    "codex": HostFiles(
        name="Codex CLI",
        project=below(".codex/hooks.json"),
        user=below("hooks.json"),
        folder=below(".codex"),
        variable="CODEX_HOME",
    ),
    "cursor": HostFiles(
        name="Cursor",
        project=below(".cursor/hooks.json"),
        user=below("hooks.json"),
        folder=below(".cursor"),
        shape=Shape.LIST,
        version=1,
    ),
    "gemini": HostFiles(
        name="Gemini CLI",
        project=below(".gemini/settings.json"),
        user=below("settings.json"),
        folder=below(".gemini"),
    ),
    "copilot": HostFiles(
        name="GitHub Copilot CLI",
        project=below(".github/hooks/verifyd.json"),
        user=below("hooks/verifyd.json"),
        folder=below(".copilot"),
        variable="COPILOT_HOME",
        shape=Shape.LIST,
        version=1,
    ),
    "opencode": HostFiles(
        name="opencode",
        project=below(".opencode/plugin/verifyd.js"),
        user=below("plugin/verifyd.js"),
        folder=below(".config/opencode"),
        variable="OPENCODE_CONFIG_DIR",
        shape=None,
    ),
}


def command(host: str, moment: Moment, wish: Wish) -> tuple[str, ...]:
    """The words of one hook."""
    words = (*wish.program, "hook", host, moment.value)
    if moment is Moment.START:
        return (*words, "--wait", "5", "--attempts", str(wish.attempts))
    if moment is Moment.STOP:
        return (*words, "--wait", str(wish.wait_s), "--attempts", str(wish.attempts))
    return words


def limit_s(moment: Moment, wish: Wish) -> int:
    """Seconds that the host is to give the hook."""
    if moment is Moment.END:
        return END_S
    waits = {Moment.STOP: wish.wait_s, Moment.START: 5}
    return waits[moment] + MARGIN_S if moment in waits else QUICK_S


def hook_lines(host: str, wish: Wish) -> tuple[HookLine, ...]:
    """The hooks of a host whose settings are JSON."""
    events = {"claude": claude, "codex": codex, "cursor": cursor, "gemini": gemini, "copilot": copilot}[host].EVENTS
    return tuple(
        HookLine(
            event=event,
            matcher=EDIT_TOOLS[host] if moment is Moment.EDIT else "",
            fields=hook_fields(host, shlex.join(command(host, moment, wish)), limit_s(moment, wish)),
        )
        for moment, event in events.items()
    )


def hook_fields(host: str, text: str, seconds: int) -> dict[str, object]:
    """One hook in the words of its host."""
    if host == "cursor":
        return {"command": text, "timeout": seconds}
    if host == "copilot":
        return {"type": "command", "bash": text, "timeoutSec": seconds}
    if host == "gemini":
        return {"name": "verifyd", "type": "command", "command": text, "timeout": seconds * 1000}
    return {"type": "command", "command": text, "timeout": seconds}


def plugin_text(wish: Wish) -> str:
    """The file of the one host that takes a program."""
    return opencode_plugin(
        {moment.value: command("opencode", moment, wish) for moment in Moment},
        {moment.value: limit_s(moment, wish) for moment in Moment},
    )


def lines_to_add(lines: Sequence[HookLine], shape: Shape) -> str:
    """What a person adds by hand, as JSON."""
    hooks: dict[str, list[object]] = {}
    for line in lines:
        group = {**({"matcher": line.matcher} if line.matcher else {}), "hooks": [dict(line.fields)]}
        hooks.setdefault(line.event, []).append(group if shape is Shape.GROUPS else dict(line.fields))
    return json.dumps({"hooks": hooks}, indent=2)
