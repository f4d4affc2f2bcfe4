"""A tree and what differs from it in, the id of the resulting tree out: only the folders on the way to a difference are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from verifyd.edge.object_ids import LOOK
from verifyd.edge.object_reader import ObjectReader, StoredObject
from verifyd.edge.object_store import ObjectStore
from verifyd.errors import GitError

FOLDER_MODE = "40000"
LINK_MODE = "120000"
SUBMODULE_MODE = "160000"


class Entry(Struct, frozen=True, kw_only=True):
    """What a path holds: git's octal mode without leading zeros, and the id of a blob, a tree or (a submodule's) commit."""

    mode: str
    id: str


Edits = Mapping[str, Entry | None]
"""New content by path; None for a path that is gone. A folder may replace a file and a file a folder."""


class Node(Struct):
    """One name of the edited part: an entry or None at its end, and what is edited below it."""

    is_end: bool = False
    entry: Entry | None = None
    below: dict[bytes, Node] = field(default_factory=dict)


def edit_tree(reader: ObjectReader, store: ObjectStore, tree: str | None, edits: Edits) -> str:
    """
    Write the tree that *edits* make of *tree*, and its changed folders, into *store*.

    Args:
        tree: None for the empty tree.

    Raises:
        GitError: A tree on the way is missing from the repository.
    """
    if not edits:
        return tree if tree is not None else store.empty_tree
    found = write_folder(reader, store, tree, nodes_of(edits))
    return found if found is not None else store.write("tree", b"")


def nodes_of(edits: Edits) -> dict[bytes, Node]:
    """The edits as nested names."""
    root: dict[bytes, Node] = {}
    for path, entry in edits.items():
        *folders, name = path.encode("utf-8", "surrogateescape").split(b"/")
        level = root
        for folder in folders:
            level = level.setdefault(folder, Node()).below
        node = level.setdefault(name, Node())
        node.is_end, node.entry = True, entry
    return root


def write_folder(reader: ObjectReader, store: ObjectStore, tree: str | None, nodes: Mapping[bytes, Node]) -> str | None:
    """The id of the edited folder; None when nothing is left in it, as git has no empty folders."""
    entries = read_tree(reader, tree) if tree is not None else {}
    for name, node in nodes.items():
        edited = edited_entry(reader, store, entries.get(name), node)
        if edited is None:
            entries.pop(name, None)
        else:
            entries[name] = edited
    return store.write("tree", tree_content(entries)) if entries else None


def edited_entry(reader: ObjectReader, store: ObjectStore, old: Entry | None, node: Node) -> Entry | None:
    """
    What one name holds afterwards.

    A new entry at the name itself wins over what is gone below it (a file replaced a folder); a path below wins over a name
    that is gone (a folder replaced a file).
    """
    if node.entry is not None:
        return node.entry
    if not node.below:
        return None
    tree = old.id if old is not None and old.mode == FOLDER_MODE and not node.is_end else None
    below = write_folder(reader, store, tree, node.below)
    return Entry(mode=FOLDER_MODE, id=below) if below is not None else None


def read_tree(reader: ObjectReader, tree: str) -> dict[bytes, Entry]:
    """The entries of one tree object by name."""
    return entries_of(reader.read(tree), tree)


def entries_of(found: StoredObject | None, tree: str) -> dict[bytes, Entry]:
    """The entries by name of what a reader found for a tree's id; GitError when it found no tree."""
    if found is None or found.kind != "tree":
        raise GitError(f"tree {tree} is missing from the repository", remedy=LOOK)
    return parse_tree(found.content, id_bytes=len(tree) // 2)


def parse_tree(content: bytes, *, id_bytes: int) -> dict[bytes, Entry]:
    """The entries of a tree object's content by name."""
    pattern = re.compile(rb"(\d+) ([^\0]+)\0(.{%d})" % id_bytes, re.DOTALL)
    return {
        match[2]: Entry(mode=match[1].lstrip(b"0").decode(), id=match[3].hex()) for match in pattern.finditer(content)
    }


def tree_content(entries: Mapping[bytes, Entry]) -> bytes:
    """A tree object's content; git sorts a folder as if its name ended in a slash."""
    ordered: Iterable[tuple[bytes, Entry]] = sorted(
        entries.items(), key=lambda item: item[0] + b"/" if item[1].mode == FOLDER_MODE else item[0]
    )
    return b"".join(b"%s %s\0%s" % (entry.mode.encode(), name, bytes.fromhex(entry.id)) for name, entry in ordered)
