"""A work tree in, how our hooks in the agents' hosts are out: present, unchanged, trusted, and leading to a verifyd that exists."""

from __future__ import annotations

import json
import shlex
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from verifyd.app.doctor import Checks, ok, warn
from verifyd.app.host_install import digest, read_record, settings_path
from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.edge.host_files import is_program
from verifyd.errors import UsageError
from verifyd.hosts.codex_trust import HookTrust, Trust, hook_trusts, is_project_trusted
from verifyd.hosts.folder_trust import copilot_trusts, gemini_trusts, read_settings
from verifyd.hosts.installed import HOSTS, Where, Wish, hook_lines
from verifyd.hosts.opencode_plugin import MARK
from verifyd.hosts.settings import commands
from verifyd.render.shown import shown_line

LARGEST_BYTES = 4 * 1024 * 1024


def examine_hosts(world: World, repository: Repository) -> Checks:
    """A check for each host that runs our hooks, or did; one in all when none does."""
    found = [check for host in HOSTS for where in Where for check in examine_host(world, repository, host, where)]
    yield from found or [ok("agents", "no agent host runs verifyd's hooks; connect one with: verifyd install claude")]


def examine_host(world: World, repository: Repository, host: str, where: Where) -> Checks:
    """One settings file."""
    try:
        path = settings_path(world, repository, host, where)
    except UsageError:
        return
    again = f"Install them anew: verifyd install {host}{' --user' if where is Where.USER else ''}"
    content = world.files.read(path, limit_bytes=LARGEST_BYTES)
    record = read_record(world, path)
    ours = commands(content, host=host) if content is not None else ()
    if content is None or (not ours and MARK.encode() not in content):
        if record is not None:
            yield warn(host, f"verifyd's hooks were in {path} and are gone", again)
        return
    changed = record is not None and record.written != digest(content)
    missing = missing_hooks(host, ours)
    if missing:
        yield warn(host, f"{path} lacks verifyd's hook for {', '.join(missing)}", again)
    programs = {shlex.split(text)[0] for _event, text in ours} if ours else set()
    for program in sorted(one for one in programs if not is_program(one, world.machine.environment)):
        yield warn(host, f"{path} calls {shown_line(program)}, which cannot be started here", again)
    if host == "codex":
        yield from examine_codex(world, repository, path, content, where)
    elif where is Where.PROJECT:
        yield from examine_folder_trust(world, repository, host)
    note = ", edited since by somebody" if changed else ""
    yield ok(host, f"{len(ours) or 'the plugin with its'} hooks in {path}{note}")


def missing_hooks(host: str, ours: tuple[tuple[str, str], ...]) -> list[str]:
    """Events that we install for and the file does not name."""
    if HOSTS[host].shape is None:
        return []
    wanted = {text for line in hook_lines(host, Wish(program=("verifyd",))) for text in (event_of(line.fields),)}
    return sorted(wanted - {event for event, _text in ours})


def event_of(fields: Any) -> str:
    """Our own name of the event, out of the command."""
    words = shlex.split(str(fields.get("command") or fields.get("bash")))
    return words[words.index("hook") + 2]


def examine_codex(world: World, repository: Repository, path: Path, content: bytes, where: Where) -> Checks:
    """Codex skips what is not trusted without a word, for each work tree anew."""
    config_path = settings_path(world, repository, "codex", Where.USER).with_name("config.toml")
    config = read_toml(world, config_path)
    if config is None:
        yield warn("codex", f"{config_path} cannot be read, so nobody knows which hooks it trusts")
        return
    root = str(repository.root)
    skipped = [
        hook
        for hook in hook_trusts(json.loads(content).get("hooks", {}), str(path), config)
        if hook.trust is not Trust.TRUSTED
    ]
    if where is Where.PROJECT and not is_project_trusted(config, root):
        then = ", then the hooks (/hooks)" if skipped else ""
        yield warn(
            "codex",
            f"it does not trust {root}, so it runs no hooks here",
            f"Start codex here and trust the folder{then}.",
        )
    elif skipped:
        remedy = "Start codex here and allow them (/hooks); a linked work tree needs its own."
        yield warn("codex", f"it skips verifyd's hooks: {reasons(skipped)}", remedy)


def reasons(skipped: list[HookTrust]) -> str:
    """``Stop, SessionEnd not trusted yet; PostToolUse switched off``."""
    events = {trust: [hook.event for hook in skipped if hook.trust is trust] for trust in Trust}
    return "; ".join(f"{', '.join(names)} {trust.value}" for trust, names in events.items() if names)


def examine_folder_trust(world: World, repository: Repository, host: str) -> Checks:
    """Gemini and Copilot skip the hooks of a project that they were not told to trust."""
    root = str(repository.root)
    if host == "gemini":
        path = settings_path(world, repository, host, Where.USER)
        trusted = gemini_trusts(own(world, path), own(world, path.with_name("trustedFolders.json")), root)
    elif host == "copilot":
        folder = settings_path(world, repository, host, Where.USER).parent.parent
        trusted = copilot_trusts([own(world, folder / name) for name in ("settings.json", "config.json")], root)
    else:
        return
    if not trusted:
        yield warn(
            host,
            f"it was not told to trust {root}, so it skips the hooks here",
            f"Start {host} here and trust the folder.",
        )


def own(world: World, path: Path) -> Mapping[str, Any]:
    """One of a host's own files."""
    return read_settings(world.files.read(path, limit_bytes=LARGEST_BYTES))


def read_toml(world: World, path: Path) -> dict[str, Any] | None:
    """The settings; empty for no file, None for what is none."""
    content = world.files.read(path, limit_bytes=LARGEST_BYTES)
    try:
        return tomllib.loads(content.decode("utf-8")) if content is not None else {}
    except ValueError:
        return None
