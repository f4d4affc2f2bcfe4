"""Where a mirror's files come from: the work tree while it still holds them, else git's objects; conversions are git's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from verifyd.app.ports import Repository
from verifyd.edge.file_ids import FILTERING, LINE_ENDINGS, READ_BYTES, UNSET
from verifyd.edge.git_checkout import write_again, write_tree
from verifyd.edge.git_objects import read_blob
from verifyd.edge.git_process import GitProcess, Place, as_input, lines_of
from verifyd.edge.git_repository import has_private_attributes, read_settings, work_place
from verifyd.edge.lasting_reader import LastingReader
from verifyd.edge.merkle import Leaf, TreeNode, id_in
from verifyd.edge.mirror import MirrorSource
from verifyd.edge.mirror_dates import MirrorDates
from verifyd.edge.object_ids import object_id
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.private_index import empty_index
from verifyd.edge.submodules import submodule_tree
from verifyd.edge.tree_edit import Entry

ASKED_AT_ONCE = 4000
"""Paths in one question: git's answer is twenty times as long, and is held as a whole."""

NO_ATTRIBUTES: Mapping[str, str] = {}


class MirrorContents:
    """
    Content by path and id, of one work tree.

    Args:
        root: Descriptor of the work tree's top folder.
        objects: Answers for our objects and the user's.

    Attributes:
        recent: Content by id that was just read, and is still in memory.
    """

    def __init__(
        self, *, git: GitProcess, store: ObjectStore, repository: Repository, root: int, objects: LastingReader
    ) -> None:
        self._git = git
        self._store = store
        self._repository = repository
        self._root = root
        self._objects = objects
        self.recent: Mapping[str, bytes] = {}

    def may_convert(self) -> bool:
        """Whether an attributes file that belongs to no tree has any rule."""
        settings = read_settings(self._git, work_place(self._repository, self._store))
        return has_private_attributes(self._git, self._repository, settings)

    def content_of(self, path: str, identifier: str) -> bytes:
        """
        The bytes of a blob, held against its id.

        Raises:
            GitError: It is nowhere any more.
        """
        known = self.recent.get(identifier)
        if known is not None:
            return known
        with suppress(OSError):
            content = read_now(self._root, path)
            if content is not None and object_id("blob", content, self._store.object_format) == identifier:
                return content
        return self._objects.ask(self._store.place, lambda objects: read_blob(objects, identifier, path))

    def attributes_of(self, folder: Path, paths: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
        """Attributes of paths as the .gitattributes files in *folder* have them; unset ones are left out."""
        place = self._place_of(folder, self._store.no_index)
        asked, found = list(paths), dict[str, Mapping[str, str]]()
        for start in range(0, len(asked), ASKED_AT_ONCE):
            some = asked[start : start + ASKED_AT_ONCE]
            found.update(dict.fromkeys(some, NO_ATTRIBUTES))
            output = self._git.run(
                place, "check-attr", "-z", "--stdin", *FILTERING, *LINE_ENDINGS, content=as_input(some)
            )
            fields = lines_of(output)
            for path, name, value in zip(fields[::3], fields[1::3], fields[2::3], strict=True):
                if value not in UNSET:
                    found[path] = {**found[path], name: value}
        return found

    def check_out(self, folder: Path, files: Mapping[str, Leaf]) -> None:
        """Have git write files of *folder*, with filters and line endings, out of objects that were hashed."""
        entries = {path: Entry(mode=leaf.partition(" ")[0], id=id_in(leaf)) for path, leaf in files.items()}
        with empty_index(self._store.folder) as index:
            place = self._place_of(folder, index)
            listed = [f"{entry.mode} {entry.id}\t{path}" for path, entry in entries.items()]
            self._git.run(place, "update-index", "-z", "--index-info", content=as_input(listed))
            write_again(self._git, self._store, place, entries, list(entries))

    def write_submodule(self, folder: Path, path: str, commit: str) -> None:
        """Write a submodule's files, without their times; an empty folder where its commit is not on this machine."""
        (folder / path).mkdir(parents=True, exist_ok=True)
        found = submodule_tree(self._git, self._store, self._repository, path, commit)
        if found is not None:
            write_tree(self._git, self._store, *found, folder / path, lambda _path, _blob: 0)

    def _place_of(self, folder: Path, index: Path) -> Place:
        variables = work_place(self._repository, self._store).variables
        return Place(folder=folder, variables={**variables, "GIT_WORK_TREE": str(folder), "GIT_INDEX_FILE": str(index)})


def mirror_source(
    contents: MirrorContents,
    *,
    read_tree: Callable[[str], TreeNode | None],
    known_paths: Callable[[], Iterable[str]],
    dates: MirrorDates,
) -> MirrorSource:
    """What mirrors of a work tree are made of; the rest as MirrorSource has it."""
    return MirrorSource(
        content_of=contents.content_of,
        attributes_of=contents.attributes_of,
        check_out=contents.check_out,
        write_submodule=contents.write_submodule,
        read_tree=read_tree,
        known_paths=known_paths,
        dates=dates,
        may_convert=contents.may_convert(),
    )


def read_now(root: int, path: str) -> bytes | None:
    """What is at a path; None for what is too large to be held. OSError for nothing, and for a folder."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=root)
    except OSError:
        return os.readlink(os.fsencode(path), dir_fd=root)
    try:
        size = os.fstat(descriptor).st_size
        return os.read(descriptor, size + 1) if size <= READ_BYTES else None
    finally:
        os.close(descriptor)
