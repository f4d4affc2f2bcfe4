"""
Which folders a person has told Gemini CLI and Copilot CLI to trust: elsewhere they read no hooks of a project, and do not say so.

Source: Gemini's ``docs/cli/trusted-folders.md`` (off unless it is switched on), Copilot's ``help config`` (``trustedFolders``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any


def gemini_trusts(settings: Mapping[str, Any], folders: Mapping[str, Any], root: str) -> bool:
    """
    Whether Gemini reads a project's settings.

    Args:
        settings: The user's own.
        folders: ``trustedFolders.json``: folder to TRUST_FOLDER, TRUST_PARENT or DO_NOT_TRUST.
    """
    security = settings.get("security")
    trust = security.get("folderTrust") if isinstance(security, Mapping) else None
    if not isinstance(trust, Mapping) or trust.get("enabled") is not True:
        return True
    named = {folder: level for folder, level in folders.items() if isinstance(level, str)}
    if named.get(root) == "DO_NOT_TRUST":
        return False
    trusted = {
        str(PurePosixPath(folder).parent) if level == "TRUST_PARENT" else folder
        for folder, level in named.items()
        if level.startswith("TRUST_")
    }
    return is_within(root, trusted)


def copilot_trusts(settings: Sequence[Mapping[str, Any]], root: str) -> bool:
    """Whether Copilot reads a project's hooks: one of its two files of settings lists the folder or one above it."""
    lists = [found for one in settings if isinstance(found := one.get("trustedFolders"), list)]
    return is_within(root, {folder for listed in lists for folder in listed if isinstance(folder, str)})


def is_within(root: str, folders: set[str]) -> bool:
    """Whether it is one of these folders, or below one."""
    path = PurePosixPath(root)
    return any(path.is_relative_to(folder) for folder in folders if folder.startswith("/"))


def read_settings(content: bytes | None) -> Mapping[str, Any]:
    """A host's own file, whose whole-line comments are the host's; empty for none, and for what cannot be read."""
    lines = (content or b"").decode("utf-8", "replace").splitlines()
    try:
        found = json.loads("\n".join(line for line in lines if not line.lstrip().startswith("//")))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
