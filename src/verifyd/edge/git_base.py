"""Names in, commits out: which commit a change is counted from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat

from verifyd.app.ports import Repository
from verifyd.edge.git_objects import Head, head_of, read_commit, tree_of
from verifyd.edge.git_process import GitProcess
from verifyd.edge.git_repository import is_shallow, text_of, user_place
from verifyd.edge.object_ids import LOOK
from verifyd.edge.object_reader import ObjectReader
from verifyd.errors import GitError, UsageError
from verifyd.nearest import nearest_of

AUTO = "auto"

STEPPED = re.compile(r"([^:^~]+)((?:[~^]\d{0,9})+)")
"""A name, and steps from it to parents (gitrevisions(7))."""
STEP = re.compile(r"([~^])(\d*)")
ID = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
COMMITS_FIRST = ("-c", "core.disambiguate=committish")
"""Of several objects whose ids begin as it is said, the commit or tag is meant."""

DEEPEN = "This is a shallow clone: get the rest with git fetch --unshallow, or a deeper part with git fetch --depth=N."


def find_commit(git: GitProcess, repository: Repository, objects: ObjectReader, name: str) -> Head:
    """
    The commit that a person's name for it means.

    Raises:
        UsageError: There is none, with the nearest name.
        GitError: There is none, and a shallow clone may be the reason; or its object is not what its name says.
    """
    found = named_commit(git, repository, objects, name)
    if found is not None:
        return found
    if "\n" not in name:
        objects.read(name)  # says so where git refuses the name because its object is forged
    if is_shallow(repository):
        raise GitError("no such commit in this clone", where=name, remedy=DEEPEN)
    raise UsageError("no such commit, branch or tag", where=name, remedy=nearest_name(git, repository, name))


def named_commit(git: GitProcess, repository: Repository, objects: ObjectReader, name: str) -> Head | None:
    """
    The commit that a name means; None where there is none.

    What the name begins with, git knows. The steps from there to a parent, and from a tag to its commit, are taken here, each
    object held against its id: git would believe what it finds on the way, and files beside the objects that tell of parents.
    """
    stepped = STEPPED.fullmatch(name)
    start, steps = (stepped[1], stepped[2]) if stepped is not None else (name, "")
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", start)
    ended = git.attempt(user_place(repository), *COMMITS_FIRST, *asked)
    named = text_of(ended.output)
    found = read_commit(objects, named) if ended.status == 0 and ID.fullmatch(named) else None
    for number in parents_to_take(steps):
        if found is None:
            return None
        found = find_nth_parent(objects, found, number)
    return found


def parents_to_take(steps: str) -> Iterator[int]:
    """Which parent to go to, one after the other: for ``~3`` the first one three times, for ``^2`` the second, for ``^0`` none."""
    for kind, digits in STEP.findall(steps):
        number = int(digits or 1)
        yield from repeat(1, number) if kind == "~" else (number,) if number else ()


def find_nth_parent(objects: ObjectReader, commit: Head, number: int) -> Head | None:
    """A parent, counted from 1; None where there is none here."""
    return read_commit(objects, commit.parents[number - 1]) if number <= len(commit.parents) else None


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
        check_parted(git, repository, objects, name, (named, head), found)
        return found
    if "\n" not in name:
        objects.read(name)  # says so where git refuses the name because its object is forged
    if is_shallow(repository):
        raise GitError("the commit where this branch began is not in this clone", where=name, remedy=DEEPEN)
    raise GitError("has no commit in common with HEAD", where=name, remedy="Name a base that HEAD descends from.")


def check_parted(
    git: GitProcess, repository: Repository, objects: ObjectReader, name: str, ends: tuple[Head, Head], found: Head
) -> None:
    """
    GitError where a commit that git passed on its way to where two histories part is not what its name says, or leads elsewhere.

    Those that git takes for older than *found* are not looked at, so a way there must be found without them.
    """
    if all(end.commit == found.commit for end in ends):
        return
    listed = git.run(user_place(repository), "rev-list", *(end.commit for end in ends), f"^{found.commit}")
    commits = map(head_of, objects.read_all(listed.decode("ascii").split()))
    parents = {commit.commit: commit.parents for commit in commits if commit is not None}
    if not all(leads_to(end.commit, found.commit, parents) for end in ends):
        problem = f"git says that HEAD and it part at commit {found.commit[:12]}, and their own commits say otherwise"
        raise GitError(problem, where=name, remedy=LOOK)


def leads_to(start: str, target: str, parents: Mapping[str, Sequence[str]]) -> bool:
    """Whether parents lead from one commit to another."""
    waiting, seen = [start], {start}
    while waiting:
        commit = waiting.pop()
        if commit == target:
            return True
        further = [parent for parent in parents.get(commit, ()) if parent not in seen]
        seen.update(further)
        waiting += further
    return False


def find_parent(repository: Repository, objects: ObjectReader, commit: Head) -> Head | None:
    """The first parent; None for a root commit; GitError where a shallow clone ends."""
    if not commit.parents:
        return None
    found = find_nth_parent(objects, commit, 1)
    if found is None and is_shallow(repository):
        raise GitError("its parent is not in this clone", where=commit.commit, remedy=DEEPEN)
    if found is None:
        raise GitError(
            f"its parent {commit.parents[0]} is missing", where=commit.commit, remedy="Look at it with: git fsck"
        )
    return found
