"""Looks for commits in a clone, as a CI host left it: perhaps shallow, perhaps without the branch that is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from verifyd.app.ports import Repository
from verifyd.clone import Clone, Found
from verifyd.edge.git_process import GitProcess
from verifyd.edge.git_repository import is_shallow, text_of, user_place
from verifyd.edge.object_reader import ObjectReader


def read_clone(environment: Mapping[str, str], repository: Repository) -> Clone:
    """HEAD and its parents, nothing looked for yet; GitError when HEAD's object is not what its name says."""
    git = GitProcess(environment)
    head = commit_id(git, repository, "HEAD")
    if head is None:
        return Clone(is_shallow=is_shallow(repository))
    with git.object_reader(user_place(repository)) as objects:
        tree, parents = read_header(objects, head)
    return Clone(head=head, head_tree=tree, parents=parents, is_shallow=is_shallow(repository))


def read_header(objects: ObjectReader, commit: str) -> tuple[str | None, tuple[str, ...]]:
    """Tree and parents as the commit's own object names them: git hides those that a shallow clone does not hold."""
    found = objects.read(commit)
    header = found.content.partition(b"\n\n")[0].decode("ascii", "replace") if found is not None else ""
    tree = re.search(r"^tree (\w+)$", header, re.MULTILINE)
    return (tree[1] if tree is not None else None), tuple(re.findall(r"^parent (\w+)$", header, re.MULTILINE))


def find_commits(environment: Mapping[str, str], repository: Repository, names: Sequence[str]) -> Mapping[str, Found]:
    """Those of the names that mean a commit which is here, with the place where HEAD and it part."""
    git = GitProcess(environment)
    commits = {name: commit_id(git, repository, name) for name in names}
    with git.object_reader(user_place(repository)) as objects:
        return {
            name: Found(
                commit=commit,
                tree=read_header(objects, commit)[0],
                parted=commit_where_parted(git, repository, commit),
            )
            for name, commit in commits.items()
            if commit is not None
        }


def commit_id(git: GitProcess, repository: Repository, name: str) -> str | None:
    """The id of the commit that a name means; None when it means none that is here."""
    asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    ended = git.attempt(user_place(repository), *asked)
    return text_of(ended.output) if ended.status == 0 else None


def commit_where_parted(git: GitProcess, repository: Repository, commit: str) -> str | None:
    """The newest commit that HEAD and *commit* have in common; None when there is none here."""
    ended = git.attempt(user_place(repository), "merge-base", commit, "HEAD")
    return text_of(ended.output) if ended.status == 0 else None
