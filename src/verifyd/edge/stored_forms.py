"""Where a file on disk and what git stores of it differ: conversions, filters that are not set up, conflict markers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from verifyd.app.ports import Repository
from verifyd.edge.git_process import GitProcess
from verifyd.edge.git_repository import Settings, has_private_attributes, operation_under_way
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.sweep import Sweep
from verifyd.edge.tree_edit import Entry

READ_BYTES = 1024 * 1024
"""Larger files are not looked into: neither notes nor conflict markers are worth the time."""

ATTRIBUTES_FILE = ".gitattributes"
CONFLICT_MARKERS = re.compile(rb"^<{7}( .*)?\r?$.*^>{7}( .*)?\r?$", re.MULTILINE | re.DOTALL)


def read_small(path: Path) -> bytes | None:
    """Content of a file of at most READ_BYTES; None for anything else, links included."""
    with suppress(OSError):
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= READ_BYTES:
            return path.read_bytes()
    return None


def marked_paths(repository: Repository, paths: Sequence[str]) -> frozenset[str]:
    """Those of *paths* with conflict markers in them; none outside of a merge, rebase, pick or revert."""
    if not operation_under_way(repository):
        return frozenset()
    contents = {path: read_small(repository.root / path) for path in paths}
    return frozenset(path for path, content in contents.items() if content and CONFLICT_MARKERS.search(content))


def may_convert(git: GitProcess, repository: Repository, settings: Settings, swept: Sweep) -> bool:
    """Whether anything here could make git store a file otherwise than it is on disk."""
    return (
        autocrlf(settings)
        or has_private_attributes(git, repository, settings)
        or any(ATTRIBUTES_FILE in entries for entries in swept.values())
    )


def autocrlf(settings: Settings) -> bool:
    """Whether line endings are converted in files that no attribute mentions."""
    return settings.get("core.autocrlf", "false").lower() != "false"


def converted_paths(
    store: ObjectStore, root: Path, hashed: Mapping[str, Entry], by_git: Iterable[str]
) -> frozenset[str]:
    """Files that went through git and whose bytes on disk are not what it stores."""
    contents = {path: read_small(root / path) for path in by_git if path in hashed}
    return frozenset(
        path
        for path, content in contents.items()
        if content is not None and store.id_of("blob", content) != hashed[path].id
    )


def missing_filters(settings: Settings, filters: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    """
    Paths by the filter that .gitattributes names for them and no setting defines.

    Args:
        filters: The ``filter`` attribute by path.
    """
    absent = {
        name
        for name in filters.values()
        if f"filter.{name}.clean" not in settings and f"filter.{name}.process" not in settings
    }
    return {name: frozenset(path for path, named in filters.items() if named == name) for name in absent}
