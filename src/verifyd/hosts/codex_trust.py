"""
Codex's settings in, which of our hooks it runs out: it skips a hook that nobody has trusted, and says nothing.

Trust is kept in ``config.toml`` by the hook's place (file, event, group, index) with a digest of what it says; a linked work tree
is another file, and so another trust. Source: codex-rs ``hooks/src/engine/discovery.rs``; the digest was compared with what
``codex app-server`` answers to ``hooks/list`` (0.169.0).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from enum import Enum
from typing import Any

from msgspec import Struct

from verifyd.hosts.settings import OURS

DEFAULT_TIMEOUT_S = 600


class Trust(Enum):
    """What Codex does with a hook."""

    TRUSTED = "trusted"
    UNTRUSTED = "not trusted yet"
    CHANGED = "changed since it was trusted"
    OFF = "switched off"


class HookTrust(Struct, frozen=True, kw_only=True):
    """One of our hooks."""

    event: str
    key: str
    digest: str
    trust: Trust


def hook_trusts(hooks: Mapping[str, Any], path: str, config: Mapping[str, Any]) -> tuple[HookTrust, ...]:
    """
    Our hooks in a ``hooks.json``, each with what Codex makes of it.

    Args:
        hooks: What the file says under ``hooks``.
        path: Of the file, absolute, as Codex names it.
        config: ``config.toml``.
    """
    found = config.get("hooks")
    states = found.get("state") if isinstance(found, Mapping) else None
    return tuple(
        trust_of(
            event, f"{path}:{label(event)}:{outer}:{inner}", group, hook, states if isinstance(states, Mapping) else {}
        )
        for event, groups in hooks.items()
        if isinstance(groups, list)
        for outer, group in enumerate(groups)
        if isinstance(group, Mapping) and isinstance(group.get("hooks"), list)
        for inner, hook in enumerate(group["hooks"])
        if isinstance(hook, Mapping) and OURS.search(str(hook.get("command", "")))
    )


def trust_of(
    event: str, key: str, group: Mapping[str, Any], hook: Mapping[str, Any], states: Mapping[str, Any]
) -> HookTrust:
    """One hook."""
    digest = digest_of(event, group.get("matcher"), hook)
    state = states.get(key)
    trusted = state.get("trusted_hash") if isinstance(state, Mapping) else None
    trust = Trust.UNTRUSTED if trusted is None else Trust.TRUSTED if trusted == digest else Trust.CHANGED
    if isinstance(state, Mapping) and state.get("enabled") is False:
        trust = Trust.OFF
    return HookTrust(event=event, key=key, digest=digest, trust=trust)


def digest_of(event: str, matcher: object, hook: Mapping[str, Any]) -> str:
    """``sha256:…`` over the hook as Codex normalizes it: keys sorted, defaults written out."""
    command = {
        "type": "command",
        "command": hook.get("command"),
        "timeout": max(int(hook.get("timeout", DEFAULT_TIMEOUT_S)), 1),
        "async": hook.get("async", False),
    }
    if hook.get("statusMessage") is not None:
        command["statusMessage"] = hook["statusMessage"]
    identity: dict[str, object] = {"event_name": label(event), "hooks": [command]}
    if isinstance(matcher, str):
        identity["matcher"] = matcher
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def label(event: str) -> str:
    """``PostToolUse`` as ``post_tool_use``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", event).lower()


def is_project_trusted(config: Mapping[str, Any], root: str) -> bool:
    """Whether Codex reads the project's own settings at all."""
    projects = config.get("projects")
    entry = projects.get(root) if isinstance(projects, Mapping) else None
    return isinstance(entry, Mapping) and entry.get("trust_level") == "trusted"
