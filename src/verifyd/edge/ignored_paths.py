"""What lies in a work tree without being part of the judged tree: what a frozen view lets through."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from msgspec import Struct

from verifyd.app.ports import Repository
from verifyd.edge.git_process import GitProcess, lines_of
from verifyd.edge.git_repository import find_repository, user_place
from verifyd.edge.guard import below
from verifyd.edge.sweep import GIT_ENTRY


class Layout(Struct, frozen=True, kw_only=True):
    """
    How the last snapshot found a work tree.

    Attributes:
        repositories: Folders of the repositories in it, ``""`` for its own.
        hidden: Paths that a private ignore file hides but that are part of the judged tree.
    """

    repositories: tuple[str, ...]
    hidden: frozenset[str]


def read_ignored_paths(git: GitProcess, repository: Repository, layout: Layout) -> tuple[str, ...]:
    """Ignored files and folders, sorted, a whole folder as one path; a nested repository's git folder too."""
    found: set[str] = set()
    for folder in layout.repositories:
        here = repository if not folder else find_repository(git, repository.root / folder)
        arguments = ("ls-files", "-z", "--others", "--ignored", "--directory", "--exclude-standard")
        listed = lines_of(git.run(user_place(here), *arguments))
        found.update(below(folder, path.removesuffix("/")) for path in listed)
        if folder:
            found.add(below(folder, GIT_ENTRY))
    return tuple(sorted(outermost(path for path in found if not holds_any(path, layout.hidden))))


def holds_any(folder: str, paths: Collection[str]) -> bool:
    """Whether a path is one of *paths* or a folder that holds one."""
    return any(path == folder or path.startswith(f"{folder}/") for path in paths)


def outermost(paths: Iterable[str]) -> list[str]:
    """Paths without those that lie below another one."""
    kept: list[str] = []
    for path in sorted(paths, key=lambda path: path.split("/")):
        if not kept or not path.startswith(f"{kept[-1]}/"):
            kept.append(path)
    return kept
