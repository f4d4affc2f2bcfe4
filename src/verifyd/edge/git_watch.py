"""What of git's own files decides about a tree: when none of them was written, git's answers still hold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from verifyd.app.ports import Repository
from verifyd.edge.git_process import GitProcess, lines_of
from verifyd.edge.git_repository import UNDER_WAY, Settings, user_file, work_place
from verifyd.edge.ignore_rules import RULE_FILE
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.private_index import copied_index
from verifyd.edge.stored_forms import ATTRIBUTES_FILE
from verifyd.edge.sweep import Stamp, look_at
from verifyd.edge.tree_edit import SUBMODULE_MODE

RULE_FILES = frozenset({RULE_FILE, ATTRIBUTES_FILE, ".gitmodules"})

GitStamps = Mapping[str, Stamp | None]
"""By absolute path; None for nothing there."""


def is_rule_file(path: str) -> bool:
    """Whether a change of what is at a path may change what other paths are."""
    return path.rpartition("/")[2] in RULE_FILES


def deciding_files(git: GitProcess, repository: Repository, settings: Settings) -> tuple[str, ...]:
    """Everything but the index: settings, rules and attributes that belong to no tree, and what is under way."""
    home, common = Path(git.environment.get("HOME", "/")), repository.common_dir
    told = git.environment.get("GIT_CONFIG_GLOBAL")
    settings_files = [Path(told)] if told else [home / ".gitconfig", user_file(git, {}, "", "config")]
    files = [
        *(common / "config", repository.git_dir / "config.worktree", *settings_files),
        *(common / "info" / "exclude", common / "info" / "attributes"),
        *(repository.git_dir / "info" / "sparse-checkout",),
        user_file(git, settings, "core.excludesfile", "ignore"),
        user_file(git, settings, "core.attributesfile", "attributes"),
        *(repository.git_dir / name for name in UNDER_WAY),
    ]
    return tuple(str(file) for file in files)


def nested_files(repository: Repository) -> tuple[str, ...]:
    """Of a repository inside the tree: its index and all that says which commit it is at."""
    names = ("index", "HEAD", "config", "packed-refs", "info/exclude")
    files = [repository.git_dir / name for name in names]
    files.append(repository.common_dir / "packed-refs")
    head = repository.git_dir / "HEAD"
    if head.is_file() and (branch := head.read_text("utf-8", "replace")).startswith("ref: "):
        files.append(repository.common_dir / branch.removeprefix("ref: ").strip())
    return tuple(str(file) for file in files)


def look_at_all(files: tuple[str, ...]) -> GitStamps:
    """How they are now."""
    return {file: look_at(file) for file in files}


class IndexListing(Struct, frozen=True, kw_only=True):
    """
    What an index says about which paths belong to the tree.

    Attributes:
        stamp: Of the index that was read; None for none.
        paths: What is tracked.
        marked: Lines of submodules, conflicts, and paths with a bit that makes git overlook them, by path.
    """

    stamp: Stamp | None
    paths: frozenset[str]
    marked: Mapping[str, str]


def read_index(
    git: GitProcess, store: ObjectStore, repository: Repository, known: Mapping[str, object]
) -> IndexListing:
    """
    Read the user's index through a copy.

    Args:
        known: Paths that are in memory already: they are not kept twice.
    """
    source = repository.git_dir / "index"
    stamp = look_at(str(source))
    with copied_index(source, store.folder) as index:
        place = work_place(repository, store).with_variables(GIT_INDEX_FILE=str(index))
        output = git.run(place, "ls-files", "-z", "--stage", "-v")
    same = {path: path for path in known}
    parts = (line.partition("\t") for line in lines_of(output))
    return listing_of(stamp, {same.get(path, path): about for about, _, path in parts})


def listing_of(stamp: Stamp | None, lines: Mapping[str, str]) -> IndexListing:
    """
    An index's listing.

    Args:
        lines: As in Tracked.
    """
    return IndexListing(
        stamp=stamp,
        paths=frozenset(lines),
        marked={
            path: about
            for path, about in lines.items()
            if about[0] != "H" or about[-1] != "0" or about.startswith(SUBMODULE_MODE, 2)
        },
    )
