"""Names in, commits out: which commit a change is counted from."""

from __future__ import annotations

import re

from verifyd.app.ports import Repository
from verifyd.edge.git_objects import Head, read_commit, tree_of
from verifyd.edge.git_process import GitProcess, ObjectReader
from verifyd.edge.git_repository import is_shallow, text_of, user_place
from verifyd.errors import GitError, UsageError
from verifyd.nearest import nearest_of

AUTO = "auto"

DEEPEN = "This is a shallow clone: get the rest with git fetch --unshallow, or a deeper part with git fetch --depth=N."


def find_commit(git: GitProcess, repository: Repository, objects: ObjectReader, name: str) -> Head:
    """
    The commit that a person's name for it means.

    Raises:
        UsageError: There is none, with the nearest name.
        GitError: There is none, and a shallow clone may be the reason; or its object is not what its name says.
    """
    ended = git.attempt(
        user_place(repository), "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}"
    )
    found = read_commit(objects, text_of(ended.output)) if ended.status == 0 else None
    if found is not None:
        return found
    if "\n" not in name:
        objects.read(name)  # says so where git refuses the name because its object is forged
    if is_shallow(repository):
        raise GitError("no such commit in this clone", where=name, remedy=DEEPEN)
    raise UsageError("no such commit, branch or tag", where=name, remedy=nearest_name(git, repository, name))


def read_head(git: GitProcess, repository: Repository, objects: ObjectReader) -> Head | None:
    """HEAD's commit; None when unborn."""
    ended = git.attempt(user_place(repository), "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    return read_commit(objects, text_of(ended.output)) if ended.status == 0 else None


def find_committed(
    git: GitProcess, repository: Repository, objects: ObjectReader, name: str
) -> tuple[str, Head | None]:
    """The tree that a commit's name or a tree's id means, and the commit if it is one; errors as in find_commit."""
    tree = tree_of(objects, name) if re.fullmatch("[0-9a-f]{40,64}", name) else None
    if tree == name:
        return tree, None
    commit = find_commit(git, repository, objects, name)
    return commit.tree, commit


def nearest_name(git: GitProcess, repository: Repository, name: str) -> str:
    """What the name may have meant, or how to list what there is."""
    listed = git.run(user_place(repository), "for-each-ref", "--format=%(refname:short)")
    names = listed.decode("utf-8", "replace").splitlines()
    return nearest_of(name, names) or "List the names with: git branch --all"


def find_base(
    git: GitProcess, repository: Repository, objects: ObjectReader, name: str, head: Head | None
) -> Head | None:
    """
    The commit that a working tree or an index on top of *head* is compared with; None when there is no commit yet.

    ``auto`` is *head* itself. A name is where *head* and that commit part: what others did there since is not ours.
    """
    if name == AUTO:
        return head
    named = find_commit(git, repository, objects, name)
    return named if head is None else merge_base(git, repository, objects, name, named, head)


def merge_base(
    git: GitProcess, repository: Repository, objects: ObjectReader, name: str, named: Head, head: Head
) -> Head:
    """The commit where two histories part; GitError when they have none in common here."""
    ended = git.attempt(user_place(repository), "merge-base", named.commit, head.commit)
    found = read_commit(objects, text_of(ended.output)) if ended.status == 0 else None
    if found is not None:
        return found
    if "\n" not in name:
        objects.read(name)  # says so where git refuses the name because its object is forged
    if is_shallow(repository):
        raise GitError("the commit where this branch began is not in this clone", where=name, remedy=DEEPEN)
    raise GitError("has no commit in common with HEAD", where=name, remedy="Name a base that HEAD descends from.")


def find_parent(repository: Repository, objects: ObjectReader, commit: Head) -> Head | None:
    """The first parent; None for a root commit; GitError where a shallow clone ends."""
    if commit.parent is None:
        return None
    found = read_commit(objects, commit.parent)
    if found is None and is_shallow(repository):
        raise GitError("its parent is not in this clone", where=commit.commit, remedy=DEEPEN)
    if found is None:
        raise GitError(
            f"its parent {commit.parent} is missing", where=commit.commit, remedy="Look at it with: git fsck"
        )
    return found
