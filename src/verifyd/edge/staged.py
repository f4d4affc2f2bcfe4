"""The index as a tree: exactly what a commit would hold, without writing into the index or the user's objects."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from verifyd.app.ports import Repository
from verifyd.edge.git_objects import Head, keep_blobs, read_commit
from verifyd.edge.git_process import GitProcess
from verifyd.edge.git_repository import user_place, work_place
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.private_index import copied_index, read_staged_edits, read_tracked
from verifyd.edge.tree_edit import edit_tree
from verifyd.edge.tree_notes import named
from verifyd.errors import GitError


def index_file(repository: Repository, environment: Mapping[str, str]) -> Path:
    """
    The index that is meant: inside a hook the one that git made for this very commit (``-a``, ``-- path``).

    An inherited ``GIT_INDEX_FILE`` that belongs to another repository, as its ``GIT_DIR`` says, is not.
    """
    index, git_dir = environment.get("GIT_INDEX_FILE"), environment.get("GIT_DIR")
    if not index or (git_dir and (repository.root / git_dir).resolve() != repository.git_dir):
        return repository.git_dir / "index"
    return repository.root / index


def staged_id(git: GitProcess, repository: Repository, environment: Mapping[str, str]) -> str:
    """
    The tree that git would commit now, as git says it: for a commit's hook alone, before which git has asked the same.

    Anywhere else it would write: what it keeps of trees into the index, and times of objects.
    """
    place = user_place(repository).with_variables(GIT_INDEX_FILE=str(index_file(repository, environment)))
    return git.run(place, "write-tree").decode("ascii").strip()


def read_staged(
    git: GitProcess, store: ObjectStore, repository: Repository, environment: Mapping[str, str]
) -> tuple[str, Head | None]:
    """
    The tree in the index, and HEAD.

    ``git write-tree`` would give the same id, but writes into the index and marks the user's objects.

    Raises:
        GitError: The index holds conflicts, so no commit could be made of it.
    """
    place = work_place(repository, store)
    with copied_index(index_file(repository, environment), store.folder) as index, git.object_reader(place) as objects:
        with_index = place.with_variables(GIT_INDEX_FILE=str(index))
        unmerged = read_tracked(git, with_index).unmerged
        if unmerged:
            problem = f"the index holds conflicts, so there is no staged tree: {named(unmerged)}"
            raise GitError(problem, where=str(repository.root), remedy="Resolve them and stage the files with: git add")
        head = read_commit(objects, "HEAD")
        edits = read_staged_edits(git, with_index, head.tree if head else store.empty_tree, with_intended=False)
        lost = keep_blobs(git, store, edits)
        if lost:
            problem = f"staged content is missing from the repository: {named(lost)}"
            raise GitError(problem, where=str(repository.root), remedy="Look at it with: git fsck")
        return edit_tree(objects, store, head.tree if head else None, edits), head
