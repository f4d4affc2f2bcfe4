"""Finds the work tree that a folder lies in, its settings, and what git writes into it while something is under way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from verifyd.app.ports import Repository
from verifyd.edge.git_process import GitProcess, Place, last_line, lines_of
from verifyd.edge.object_store import ObjectStore
from verifyd.errors import GitError

Settings = Mapping[str, str]
"""The user's git settings by lower-case name, the last one of each; ours on the command line left out."""

UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
"""What lies in a git folder while a merge, a pick, a revert or a rebase is not finished."""


def find_repository(git: GitProcess, start: Path) -> Repository:
    """
    The work tree that *start* lies in.

    Raises:
        GitError: There is none, it is bare, git refuses to use it, or it is set up to look at files elsewhere.
    """
    arguments = ("--is-bare-repository", "--is-inside-git-dir", "--git-dir", "--git-common-dir", "--show-toplevel")
    ended = git.attempt(Place(folder=start), "rev-parse", *arguments, plain_messages=True)
    bare, inside, *folders = [*text_of(ended.output).split("\n"), ""]
    # git answers these before it refuses to name a top folder.
    if bare == "true":
        remedy = "Run in a clone of it, or make a work tree: git worktree add"
        raise GitError("a bare repository has no files to verify", where=str(start), remedy=remedy)
    if inside == "true":
        remedy = "Run in the folder that holds your files."
        raise GitError("this is the inside of a git folder, not a work tree", where=str(start), remedy=remedy)
    if ended.status != 0:
        git.check_version()
        raise refusal(start, ended.complaint)
    if len(folders) != 4:
        raise GitError(
            "the name of the repository's folder holds a line break", where=str(start), remedy="Rename the folder."
        )
    git_dir, common_dir, root = ((start / folder).resolve() for folder in folders[:3])
    if not start.resolve().is_relative_to(root):
        problem = f"its git settings say that its files are in {root}, so what is here cannot be verified"
        raise GitError(problem, where=str(start), remedy="Remove that setting: git config --unset core.worktree")
    return Repository(root=root, git_dir=git_dir, common_dir=common_dir)


def text_of(output: bytes) -> str:
    """One answer without its line end."""
    return output.decode("utf-8", "surrogateescape").removesuffix("\n")


def refusal(start: Path, complaint: str) -> GitError:
    """Why git finds no usable repository, with what to do about it."""
    owner = re.search(r"detected dubious ownership in repository at '(.*)'", complaint)
    if owner is not None:
        remedy = f"If you trust it, allow it with: git config --global --add safe.directory '{owner[1]}'"
        return GitError(
            "the repository belongs to another user, so git refuses to use it", where=owner[1], remedy=remedy
        )
    dangling = re.search(r"not a git repository: (.*)", complaint)
    if dangling is not None:
        remedy = "Repair the link with: git worktree repair, or git submodule update --init"
        return GitError(f"its git folder {dangling[1]} is not there", where=str(start), remedy=remedy)
    if "not a git repository" in complaint:
        remedy = "Every verdict is about a git tree; begin with: git init"
        return GitError("not in a git repository", where=str(start), remedy=remedy)
    return GitError(f"git cannot use this repository: {last_line(complaint)}", where=str(start))


def read_settings(git: GitProcess, place: Place) -> Settings:
    """The settings that git takes from files for the repository at *place*."""
    fields = lines_of(git.run(place, "config", "--list", "-z", "--show-scope"))
    settings: dict[str, str] = {}
    for scope, setting in zip(fields[::2], fields[1::2], strict=True):
        name, _, value = setting.partition("\n")
        if scope != "command":
            settings[name] = value
    return settings


def is_on(settings: Settings, name: str) -> bool:
    """Whether a yes-or-no setting is set to yes."""
    return settings.get(name, "false").lower() in ("true", "yes", "on", "1", "")


def object_format(settings: Settings) -> str:
    """``sha1`` or ``sha256``."""
    return settings.get("extensions.objectformat", "sha1")


def work_place(repository: Repository, store: ObjectStore) -> Place:
    """In the work tree, with new objects going to *store*; the user's index is not named here."""
    variables = {"GIT_DIR": str(repository.git_dir), "GIT_WORK_TREE": str(repository.root), **store.variables}
    return Place(folder=repository.root, variables=variables)


def user_place(repository: Repository) -> Place:
    """In the work tree, with the repository as it is: for questions that write nothing."""
    return Place(
        folder=repository.root, variables={"GIT_DIR": str(repository.git_dir), "GIT_WORK_TREE": str(repository.root)}
    )


def operation_under_way(repository: Repository) -> bool:
    """Whether a merge, rebase, pick or revert waits to be finished."""
    return any((repository.git_dir / name).exists() for name in UNDER_WAY)


def is_shallow(repository: Repository) -> bool:
    """Whether history was cut off when it was cloned."""
    return (repository.common_dir / "shallow").exists()


def user_file(git: GitProcess, settings: Settings, setting: str, name: str) -> Path:
    """The file that a setting names, or the one git reads without it: ``~/.config/git/<name>``."""
    home = Path(git.environment.get("HOME", "/"))
    named = settings.get(setting)
    if named is None:
        folder = git.environment.get("XDG_CONFIG_HOME") or home / ".config"
        return Path(folder) / "git" / name
    return home / named[2:] if named.startswith("~/") else Path(named)


def has_private_ignores(git: GitProcess, repository: Repository, settings: Settings) -> bool:
    """Whether an ignore file that belongs to no tree has any rule."""
    files = (repository.common_dir / "info" / "exclude", user_file(git, settings, "core.excludesfile", "ignore"))
    return any(map(has_rules, files))


def has_private_attributes(git: GitProcess, repository: Repository, settings: Settings) -> bool:
    """Whether an attributes file that belongs to no tree has any rule."""
    files = (
        repository.common_dir / "info" / "attributes",
        user_file(git, settings, "core.attributesfile", "attributes"),
    )
    return any(map(has_rules, files))


def has_rules(file: Path) -> bool:
    """Whether an ignore or attributes file says anything; one that cannot be read says nothing to git either."""
    try:
        lines = file.read_bytes().splitlines()
    except OSError:
        return False
    return any(line.strip() and not line.startswith(b"#") for line in lines)
