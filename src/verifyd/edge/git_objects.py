"""Reads commits and trees, and keeps what a snapshot needs of the user's objects among our own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from msgspec import Struct

from verifyd.edge.git_process import GitProcess
from verifyd.edge.object_ids import LOOK
from verifyd.edge.object_reader import ObjectReader, StoredObject
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.tree_edit import FOLDER_MODE, LINK_MODE, SUBMODULE_MODE, Edits, Entry, entries_of, read_tree
from verifyd.errors import GitError

COPIED_BYTES = 64 * 1024 * 1024
"""A larger staged file stays in the user's object store alone: git holds each object in memory whole."""

LINK_STEPS = 5


class Head(Struct, frozen=True, kw_only=True):
    """
    A commit.

    Attributes:
        tree: Id of its tree.
        parents: Their ids, as its own object names them, whether or not a shallow clone holds them; none for a root commit.
    """

    commit: str
    tree: str
    parents: tuple[str, ...] = ()


def read_commit(objects: ObjectReader, revision: str) -> Head | None:
    """The commit that a revision names, or the tag that it names, or one that this one is of; None when there is none."""
    found = objects.read(revision)
    while found is not None and found.kind == "tag":
        found = objects.read(found.content.partition(b"\n")[0].decode("ascii", "replace").removeprefix("object "))
    return head_of(found)


def head_of(found: StoredObject | None) -> Head | None:
    """What a commit's object says; None for any other."""
    if found is None or found.kind != "commit":
        return None
    header = found.content.partition(b"\n\n")[0].decode("ascii", "replace")
    tree, parents = (
        re.search(r"^tree (\w+)$", header, re.MULTILINE),
        re.findall(r"^parent (\w+)$", header, re.MULTILINE),
    )
    if tree is None:
        raise GitError(f"commit {found.id} names no tree", remedy=LOOK)
    return Head(commit=found.id, tree=tree[1], parents=tuple(parents))


def tree_of(objects: ObjectReader, identifier: str) -> str | None:
    """
    Id of the tree of a commit, tag or tree; None when it is not known.

    Read step by step: asked for ``<commit>^{tree}``, git would believe what the commit's object says.
    """
    found = objects.read(identifier)
    if found is None or found.kind == "blob":
        return None
    if found.kind == "tree":
        return found.id
    head = read_commit(objects, identifier)
    return tree_of(objects, head.tree) if head is not None else None


def read_contents(objects: ObjectReader, tree: str) -> dict[str, Entry]:
    """
    Files, links and submodules of a tree by path, in git's order; every tree object on the way is held against its id.

    Raises:
        GitError: One is missing, or is not what its name says.
    """
    found: dict[bytes, Entry] = {}
    level = [(b"", tree)]
    while level:
        below: list[tuple[bytes, str]] = []
        for (folder, identifier), answer in zip(level, objects.read_all([one for _, one in level]), strict=True):
            for name, entry in entries_of(answer, identifier).items():
                if entry.mode == FOLDER_MODE:
                    below.append((folder + name + b"/", entry.id))
                else:
                    found[folder + name] = entry
        level = below
    return {path.decode("utf-8", "surrogateescape"): found[path] for path in sorted(found)}


def entries_between(
    objects: ObjectReader, old: str | None, new: str | None, folder: bytes = b""
) -> Iterator[tuple[str, Entry | None, Entry | None]]:
    """
    What differs between two trees: path, old and new entry; folders looked into, None for what is not there.

    What ``diff-tree -r`` tells, but every tree object on the way is held against its id.

    Raises:
        GitError: One is missing, or is not what its name says.
    """
    before = read_tree(objects, old) if old is not None else {}
    after = read_tree(objects, new) if new is not None else {}
    for name in sorted(before.keys() | after.keys()):
        left, right = before.get(name), after.get(name)
        if left == right:
            continue
        path = folder + name
        inner_old, inner_new = folder_id(left), folder_id(right)
        if inner_old is not None or inner_new is not None:
            yield from entries_between(objects, inner_old, inner_new, path + b"/")
        flat_old, flat_new = left if inner_old is None else None, right if inner_new is None else None
        if flat_old is not None or flat_new is not None:
            yield path.decode("utf-8", "surrogateescape"), flat_old, flat_new


def folder_id(entry: Entry | None) -> str | None:
    """The tree of an entry that is a folder; None for anything else."""
    return entry.id if entry is not None and entry.mode == FOLDER_MODE else None


def find_entry(objects: ObjectReader, tree: str, path: str) -> Entry | None:
    """What *path* holds in a tree; None when it is not there."""
    entry: Entry | None = Entry(mode=FOLDER_MODE, id=tree)
    for name in path.encode("utf-8", "surrogateescape").split(b"/"):
        if entry is None or entry.mode != FOLDER_MODE:
            return None
        entry = read_tree(objects, entry.id).get(name)
    return entry


def read_blob(objects: ObjectReader, identifier: str, path: str) -> bytes:
    """The content that lies at *path*; GitError when it is missing, or is not what its name says."""
    found = objects.read(identifier)
    if found is None:
        raise GitError(f"object {identifier} is missing from the repository", where=path, remedy=LOOK)
    return found.content


def read_file_at(objects: ObjectReader, tree: str, path: str) -> bytes | None:
    """Content of the file at *path*, links inside the tree followed; None when there is no file."""
    for _ in range(LINK_STEPS):
        entry = find_entry(objects, tree, path)
        if entry is None or entry.mode in (FOLDER_MODE, SUBMODULE_MODE):
            return None
        content = read_blob(objects, entry.id, path)
        if entry.mode != LINK_MODE:
            return content
        target = link_target(path, content.decode("utf-8", "surrogateescape"))
        if target is None:
            return None
        path = target
    return None


def link_target(path: str, target: str) -> str | None:
    """Where a link leads, relative to the root; None when it leads out of the tree."""
    if target.startswith("/"):
        return None
    steps = path.split("/")[:-1]
    for step in target.split("/"):
        if step == "..":
            if not steps:
                return None
            steps.pop()
        elif step not in ("", "."):
            steps.append(step)
    return "/".join(steps)


def keep_blobs(git: GitProcess, store: ObjectStore, edits: Edits) -> frozenset[str]:
    """
    Copy what *edits* name of the user's objects into *store*: staged content that is not committed, which a gc may take.

    Returns:
        Paths whose content is in no object store yet.
    """
    wanted = {
        entry.id
        for entry in edits.values()
        if entry is not None and entry.mode not in (FOLDER_MODE, SUBMODULE_MODE) and not store.holds(entry.id)
    }
    if not wanted:
        return frozenset()
    sizes = read_sizes(git, store, wanted)
    with git.object_reader(store.place) as objects:
        for identifier, size in sizes.items():
            found = objects.read(identifier) if size <= COPIED_BYTES else None
            if found is not None:
                store.write(found.kind, found.content)
    nowhere = wanted - sizes.keys()
    return frozenset(path for path, entry in edits.items() if entry is not None and entry.id in nowhere)


def read_sizes(git: GitProcess, store: ObjectStore, identifiers: Iterable[str]) -> dict[str, int]:
    """Sizes in bytes of those objects that are anywhere."""
    questions = "".join(f"{identifier}\n" for identifier in identifiers).encode()
    answers = git.run(store.place, "cat-file", "--batch-check=%(objectname) %(objectsize)", content=questions).decode()
    pairs = (line.split(" ") for line in answers.splitlines())
    return {identifier: int(size) for identifier, size in pairs if size != "missing"}
