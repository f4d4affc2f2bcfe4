"""A host's list of MCP servers with ours put in or taken out; everything else in the file stays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from msgspec import Struct

from verifyd.hosts.settings import SettingsError, parse, written

NAME = "verifyd"
OPENCODE_START_MS = 30_000
"""Its own limit for a server's start is 5 s, which a machine under load takes to start a daemon."""


class Form(Enum):
    """How a host writes a server down."""

    SERVERS = "mcpServers"
    OPENCODE = "mcp"


class ServerFile(Struct, frozen=True, kw_only=True):
    """
    One file of a project that lists servers.

    Attributes:
        hosts: Who reads it, as people write them.
        path: Below the work tree.
        sign: It is only written where this is there, file or folder; empty for always.
        arguments: Before ``mcp``.
    """

    hosts: str
    path: str
    sign: str = ""
    form: Form = Form.SERVERS
    arguments: tuple[str, ...] = ()


FILES = (
    ServerFile(hosts="Claude Code, GitHub Copilot CLI", path=".mcp.json"),
    ServerFile(hosts="Cursor", path=".cursor/mcp.json", sign=".cursor", arguments=("-C", "${workspaceFolder}")),
    ServerFile(hosts="Gemini CLI", path=".gemini/settings.json", sign=".gemini"),
    ServerFile(hosts="opencode", path="opencode.json", sign="opencode.json", form=Form.OPENCODE),
)
BY_HAND = "Codex CLI keeps its servers in TOML, which is not written anew here; add it with: codex mcp add verifyd -- {command}"


def entry(file: ServerFile, program: Sequence[str]) -> dict[str, object]:
    """What stands under our name."""
    words = [*program, *file.arguments, "mcp"]
    if file.form is Form.OPENCODE:
        return {"type": "local", "command": words, "enabled": True, "timeout": OPENCODE_START_MS}
    return {"type": "stdio", "command": words[0], "args": words[1:]}


def with_entry(content: bytes | None, file: ServerFile, program: Sequence[str]) -> bytes:
    """
    The file with our server in it; one of our name that starts ``mcp`` is left as a person may have changed it.

    Raises:
        SettingsError: It cannot be written anew without a loss.
    """
    settings = parse(content) if content is not None and content.strip() else {}
    servers = servers_of(settings, file)
    if content is not None and NAME in servers and words_of(servers[NAME])[-1:] == ["mcp"]:
        return content
    settings[file.form.value] = {**servers, NAME: entry(file, program)}
    return written(settings, content)


def without_entry(content: bytes, file: ServerFile) -> bytes | None:
    """The file without our server; None when nothing is left in it that a person wrote. SettingsError as above."""
    settings = parse(content)
    servers = dict(servers_of(settings, file))
    if servers.pop(NAME, None) is None:
        return content
    if servers:
        settings[file.form.value] = servers
    else:
        settings.pop(file.form.value)
    return written(settings, content) if settings else None


def started_by(content: bytes, file: ServerFile) -> list[str]:
    """The words that start our server; none where it is not in the file, or the file cannot be read."""
    try:
        return words_of(servers_of(parse(content), file).get(NAME))
    except SettingsError:
        return []


def servers_of(settings: Mapping[str, Any], file: ServerFile) -> Mapping[str, Any]:
    """The servers by their names."""
    servers = settings.get(file.form.value, {})
    if not isinstance(servers, dict):
        raise SettingsError(f"holds {file.form.value} in a shape of its own")
    return servers


def words_of(server: object) -> list[str]:
    """The whole command line of a server."""
    if not isinstance(server, dict):
        return []
    command, arguments = server.get("command"), server.get("args", [])
    words = command if isinstance(command, list) else [command, *(arguments if isinstance(arguments, list) else [])]
    return [word for word in words if isinstance(word, str)]


def lines_to_add(file: ServerFile, program: Sequence[str]) -> str:
    """For a person who adds them by hand."""
    return json.dumps({file.form.value: {NAME: entry(file, program)}}, indent=2)
