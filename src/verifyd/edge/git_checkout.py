"""Writes a tree's files into a folder as a checkout would, submodules included, and proves that they are the tree's."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from pathlib import Path

from verifyd.app.ports import Repository
from verifyd.edge.git_objects import read_blob, read_contents
from verifyd.edge.git_process import GitProcess, Place, as_input, last_line
from verifyd.edge.git_repository import work_place
from verifyd.edge.object_ids import file_id
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.private_index import empty_index
from verifyd.edge.submodules import submodule_tree
from verifyd.edge.tree_edit import SUBMODULE_MODE, Entry
from verifyd.errors import GitError

SAME_EVERYWHERE = ("-c", "core.autocrlf=false", "-c", "core.eol=lf", "-c", "checkout.workers=0")
"""Line endings as the tree's own .gitattributes say and not as this machine likes them; as many workers as there are cores."""

REGULAR_MODES = ("100644", "100755")

SecondOf = Callable[[str, str], int]
"""The modification time of a path with a blob, in seconds since 1970."""


def write_tree(
    git: GitProcess, store: ObjectStore, repository: Repository, tree: str, folder: Path, second_of: SecondOf
) -> None:
    """
    Write the files of *tree* below *folder*, which is made.

    Smudge filters run as in a checkout. A submodule whose commit is not on this machine stays an empty folder.

    git hashes nothing that it reads, so what it wrote is held against the tree's ids: trees when they are listed, files by
    their bytes on disk. What is not stored as it is on disk is written once more, out of objects that we hashed.

    Args:
        second_of: The times that the files get; those of a submodule all get that of its commit.

    Raises:
        GitError: An object is missing or not what its name says, a filter fails, or the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    store.add_alternate(repository.common_dir / "objects")
    outside = work_place(repository, store)
    with git.object_reader(outside) as objects:
        entries = read_contents(objects, tree)
    with empty_index(store.folder) as index:
        place = Place(
            folder=folder,
            variables={**outside.variables, "GIT_WORK_TREE": str(folder), "GIT_INDEX_FILE": str(index)},
        )
        listed = [f"{entry.mode} {entry.id}\t{path}" for path, entry in entries.items()]
        git.run(place, "update-index", "-z", "--index-info", content=as_input(listed))
        check_out(git, place, entries)
        other = unlike(store, entries, folder)
        if other:
            write_again(git, store, place, entries, other)
    for path, entry in entries.items():
        if entry.mode in REGULAR_MODES:
            second = second_of(path, entry.id)
            os.utime(f"{folder}/{path}", (second, second), follow_symlinks=False)
    for path, entry in entries.items():
        found = submodule_tree(git, store, repository, path, entry.id) if entry.mode == SUBMODULE_MODE else None
        if found is not None:
            second = second_of(path, entry.id)
            write_tree(git, store, *found, folder / path, partial(one_second, second))


def one_second(second: int, _path: str, _blob: str) -> int:
    """The same time for all files."""
    return second


def check_out(git: GitProcess, place: Place, paths: Collection[str]) -> None:
    """Have git write these paths of the index at *place*, with its filters and line endings."""
    arguments = ("checkout-index", "--force", "--quiet", "-z", "--stdin")
    ended = git.attempt(place, *SAME_EVERYWHERE, *arguments, content=as_input(list(paths)))
    if ended.status != 0:
        raise GitError(f"the tree cannot be written there: {last_line(ended.complaint)}", where=str(place.folder))


def unlike(store: ObjectStore, entries: Mapping[str, Entry], folder: Path) -> Sequence[str]:
    """Paths whose bytes on disk are not what the tree names: converted on the way, or not what git took them for."""
    paths = [path for path, entry in entries.items() if entry.mode != SUBMODULE_MODE]
    return [path for path in paths if file_id(f"{folder}/{path}", store.object_format) != entries[path].id]


def write_again(
    git: GitProcess, store: ObjectStore, place: Place, entries: Mapping[str, Entry], paths: Sequence[str]
) -> None:
    """
    Write *paths* from a store in which there is nothing but what we hashed ourselves.

    To clean the written file and hash that would prove less: a filter may make one content of many.

    Raises:
        GitError: The object of one is missing, or not what its name says.
    """
    with tempfile.TemporaryDirectory(prefix="verifyd-") as name:
        sure = ObjectStore(Path(name), store.object_format)
        sure.prepare()
        with git.object_reader(place) as objects:
            for path in paths:
                sure.write("blob", read_blob(objects, entries[path].id, path))
        check_out(git, place.with_variables(**sure.variables), paths)
