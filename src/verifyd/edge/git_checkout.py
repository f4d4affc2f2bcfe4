"""Writes a tree's files into a folder as a checkout would, submodules included."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from verifyd.app.ports import Repository
from verifyd.edge.git_process import GitProcess, Place, last_line
from verifyd.edge.git_repository import work_place
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.private_index import empty_index, read_tracked
from verifyd.edge.submodules import submodule_tree
from verifyd.errors import GitError

SAME_EVERYWHERE = ("-c", "core.autocrlf=false", "-c", "core.eol=lf", "-c", "checkout.workers=0")
"""Line endings as the tree's own .gitattributes say and not as this machine likes them; as many workers as there are cores."""

REGULAR_MODES = ("100644", "100755")
EARLIEST, RANGE_S = 1_000_000_000, 450_000_000
"""Seconds since 1970: September 2001, and fourteen years."""


def write_tree(git: GitProcess, store: ObjectStore, repository: Repository, tree: str, folder: Path) -> None:
    """
    Write the files of *tree* below *folder*, which is made.

    Smudge filters run as in a checkout. A submodule whose commit is not on this machine stays an empty folder.

    Raises:
        GitError: An object is missing, a filter fails, or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    store.add_alternate(repository.common_dir / "objects")
    variables = {**work_place(repository, store).variables, "GIT_WORK_TREE": str(folder)}
    with empty_index(store.folder) as index:
        place = Place(folder=folder, variables={**variables, "GIT_INDEX_FILE": str(index)})
        git.run(place, "read-tree", tree)
        submodules = read_tracked(git, place).submodules
        ended = git.attempt(place, *SAME_EVERYWHERE, "checkout-index", "--all", "--force", "--quiet")
        if ended.status != 0:
            raise GitError(f"the tree cannot be written there: {last_line(ended.complaint)}", where=str(folder))
        date_by_content(read_tracked(git, place).lines, folder)
    for path, commit in submodules.items():
        found = submodule_tree(git, store, repository, path, commit)
        if found is not None:
            write_tree(git, store, *found, folder / path)


def date_by_content(lines: Mapping[str, str], folder: Path) -> None:
    """
    Give every file a modification time that follows from its content: the same content the same, other content another.

    Compilers' and type checkers' caches compare whole seconds and sizes, so an edit of the same size within a second gave a
    false pass 8 times of 8. These times lie between 2001 and 2016, where no edit of today has its own.
    """
    for path, about in lines.items():
        _tag, mode, blob, _stage = about.split(" ")
        if mode in REGULAR_MODES:
            moment = EARLIEST + int(blob[:8], 16) % RANGE_S
            os.utime(folder / os.fsdecode(os.fsencode(path)), (moment, moment), follow_symlinks=False)
