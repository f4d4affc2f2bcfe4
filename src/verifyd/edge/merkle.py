"""A git tree held in memory: what is edited in it in, the new tree out, and only the folders on the way to an edit are hashed."""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from msgspec import Struct, field

from verifyd.edge.git_process import GitProcess, Place
from verifyd.edge.object_ids import object_id
from verifyd.edge.object_reader import ObjectReader
from verifyd.edge.sweep import joined
from verifyd.edge.tree_edit import FOLDER_MODE, entries_of
from verifyd.errors import GitError

Leaf = str
"""``<mode> <id>`` of a file, a link or a submodule's commit, as ``Git.content_ids`` gives it."""


def id_in(leaf: Leaf) -> str:
    """The blob or commit that a leaf names."""
    return leaf.partition(" ")[2]


class TreeNode(Struct, frozen=True, kw_only=True, eq=False):
    """
    One folder of a tree; never changed, so that trees of different moments share what is the same in them.

    The id says all that is below, so equal ids are equal folders: nothing else is compared.

    Attributes:
        id: Of the tree object.
        entries: By name: a leaf, or the folder of that name. None is empty but the root.
    """

    id: str
    entries: Mapping[str, Leaf | TreeNode]

    def __eq__(self, other: object) -> bool:
        """Whether it is a folder with the same in it."""
        return isinstance(other, TreeNode) and self.id == other.id

    def __hash__(self) -> int:
        """As its id."""
        return hash(self.id)


NONE_KNOWN: Mapping[str, TreeNode] = {}


class Edit(Struct, kw_only=True):
    """What is edited at one name: a new leaf, None for no file any more, and what is edited below it."""

    leaf: Leaf | None = None
    below: dict[str, Edit] = field(default_factory=dict)


class Edited(Struct, frozen=True, kw_only=True):
    """
    A new tree.

    Attributes:
        objects: Content of each tree object that was made, by id.
    """

    root: TreeNode
    objects: Mapping[str, bytes]


def edit_node(root: TreeNode, edits: Mapping[str, Leaf | None], object_format: str) -> Edited:
    """
    The tree with new leaves by path; None for a path that is gone.

    A folder may replace a file and a file a folder: what is new wins over what is gone at the same name.
    """
    objects: dict[str, bytes] = {}
    entries = edited_entries(root.entries, nested(edits), object_format, objects)
    if entries == root.entries:
        return Edited(root=root, objects={})
    return Edited(root=make_node(entries, object_format, objects), objects=objects)


def nested(edits: Mapping[str, Leaf | None]) -> dict[str, Edit]:
    """The edits as nested names."""
    top: dict[str, Edit] = {}
    for path, leaf in edits.items():
        *folders, name = path.split("/")
        level = top
        for folder in folders:
            level = level.setdefault(folder, Edit()).below
        level.setdefault(name, Edit()).leaf = leaf
    return top


def edited_entries(
    old: Mapping[str, Leaf | TreeNode], edits: Mapping[str, Edit], object_format: str, objects: dict[str, bytes]
) -> dict[str, Leaf | TreeNode]:
    """The entries of one folder afterwards; the objects of new folders in it are added to *objects*."""
    entries = dict(old)
    for name, edit in edits.items():
        edited = edited_entry(old.get(name), edit, object_format, objects)
        if edited is None:
            entries.pop(name, None)
        else:
            entries[name] = edited
    return entries


def edited_entry(
    old: Leaf | TreeNode | None, edit: Edit, object_format: str, objects: dict[str, bytes]
) -> Leaf | TreeNode | None:
    """What one name holds afterwards; None for nothing."""
    if edit.leaf is not None:
        return edit.leaf
    if not edit.below:
        return old if isinstance(old, TreeNode) else None
    before = old.entries if isinstance(old, TreeNode) else {}
    entries = edited_entries(before, edit.below, object_format, objects)
    if not entries:
        return None
    return make_node(entries, object_format, objects)


def make_node(entries: Mapping[str, Leaf | TreeNode], object_format: str, objects: dict[str, bytes]) -> TreeNode:
    """A folder with its id; the content of its object is added to *objects*."""
    content = node_content(entries)
    identifier = object_id("tree", content, object_format)
    objects[identifier] = content
    return TreeNode(id=identifier, entries=entries)


def node_content(entries: Mapping[str, Leaf | TreeNode]) -> bytes:
    """A tree object's content; git sorts a folder as if its name ended in a slash."""
    lines: list[tuple[bytes, bytes]] = []
    for name, entry in entries.items():
        encoded = name.encode("utf-8", "surrogateescape")
        if isinstance(entry, TreeNode):
            lines.append((encoded + b"/", b"40000 %s\0%s" % (encoded, bytes.fromhex(entry.id))))
        else:
            mode, _, identifier = entry.partition(" ")
            lines.append((encoded, b"%s %s\0%s" % (mode.encode(), encoded, bytes.fromhex(identifier))))
    lines.sort()
    return b"".join([line for _, line in lines])


def read_node(objects: ObjectReader, tree: str, known: Mapping[str, TreeNode] = NONE_KNOWN) -> TreeNode:
    """
    A stored tree, level by level; each object is held against its id.

    Args:
        known: Folders by id that are in memory: they are taken as they are, and nothing below them is read.

    Raises:
        GitError: One is missing, or is not what its name says.
    """
    levels: list[list[dict[str, str]]] = []
    wanted = [tree] if tree not in known else []
    while wanted:
        level: list[dict[str, str]] = []
        below: list[str] = []
        for identifier, answer in zip(wanted, objects.read_all(wanted), strict=True):
            entries: dict[str, str] = {}
            for encoded, entry in entries_of(answer, identifier).items():
                name = encoded.decode("utf-8", "surrogateescape")
                entries[name] = entry.id if entry.mode == FOLDER_MODE else f"{entry.mode} {entry.id}"
                if entry.mode == FOLDER_MODE and entry.id not in known:
                    below.append(entry.id)
            level.append(entries)
        levels.append(level)
        wanted = list(dict.fromkeys(below))
    return assembled(tree, levels, known)


def read_stored(git: GitProcess, place: Place, tree: str, like: TreeNode) -> TreeNode | None:
    """A stored tree, read as far as its folders are not those of *like*; None for one that git does not know any more."""
    with suppress(GitError), git.object_reader(place) as objects:
        return read_node(objects, tree, folders_by_id(like))
    return None


def folders_by_id(root: TreeNode) -> dict[str, TreeNode]:
    """Every folder of a tree, itself included."""
    found, waiting = {root.id: root}, [root]
    while waiting:
        for entry in waiting.pop().entries.values():
            if isinstance(entry, TreeNode) and entry.id not in found:
                found[entry.id] = entry
                waiting.append(entry)
    return found


def assembled(tree: str, levels: list[list[dict[str, str]]], known: Mapping[str, TreeNode]) -> TreeNode:
    """The levels of a tree put together from below; equal folders are one node."""
    made = dict(known)
    for depth in range(len(levels) - 1, -1, -1):
        above = levels[depth - 1] if depth else []
        named = dict.fromkeys(
            entry for entries in above for entry in entries.values() if " " not in entry and entry not in known
        )
        identifiers = list(named) if depth else [tree]
        # A folder may stand on several levels, so what was made below is kept.
        for identifier, entries in zip(identifiers, levels[depth], strict=True):
            made[identifier] = TreeNode(
                id=identifier,
                entries={name: entry if " " in entry else made[entry] for name, entry in entries.items()},
            )
    return made[tree]


def find_node(root: TreeNode, path: str) -> Leaf | TreeNode | None:
    """What is at a path, ``""`` for the root itself; None for nothing."""
    found: Leaf | TreeNode | None = root
    for name in path.split("/") if path else ():
        if not isinstance(found, TreeNode):
            return None
        found = found.entries.get(name)
    return found


def leaves(node: TreeNode, folder: str = "") -> Iterator[tuple[str, Leaf]]:
    """Every leaf by path, a folder's own together."""
    for name, entry in node.entries.items():
        path = joined(folder, name)
        if isinstance(entry, TreeNode):
            yield from leaves(entry, path)
        else:
            yield path, entry


def differences(old: TreeNode | None, new: TreeNode | None, folder: str = "") -> dict[str, Leaf | None]:
    """What edits make *new* of *old*: only folders that differ are looked into."""
    found: dict[str, Leaf | None] = {}
    before = old.entries if old is not None else {}
    after = new.entries if new is not None else {}
    for name in before.keys() | after.keys():
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        path = joined(folder, name)
        inner_old, inner_new = (one if isinstance(one, TreeNode) else None for one in (was, now))
        if inner_old is not None or inner_new is not None:
            found.update(differences(inner_old, inner_new, path))
        if isinstance(was, str) or isinstance(now, str):
            found[path] = now if isinstance(now, str) else None
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TreeContents(Mapping[str, Leaf]):
    """
    Mode and id by path, as ``Git.content_ids`` gives them, without a copy of the tree.

    Attributes:
        inside: The files of submodules, by path from the root: the tree names their commit alone.
    """

    root: TreeNode
    inside: Mapping[str, Leaf]

    def __getitem__(self, path: str) -> Leaf:
        """Of one path; KeyError for a folder too."""
        found = find_node(self.root, path)
        if isinstance(found, str) and path:
            return found
        return self.inside[path]

    def __iter__(self) -> Iterator[str]:
        """Every path, submodules themselves included."""
        for path, _ in leaves(self.root):
            yield path
        yield from self.inside

    def __len__(self) -> int:
        """How many paths."""
        return count_leaves(self.root) + len(self.inside)

    def items(self) -> ItemsView[str, Leaf]:
        """All at once: a look-up by path for each would take several times as long."""
        return TreeItems(self)


class TreeItems(ItemsView[str, Leaf]):
    """Paths with what they hold."""

    _mapping: TreeContents

    def __iter__(self) -> Iterator[tuple[str, Leaf]]:
        """Every path, submodules themselves included."""
        yield from leaves(self._mapping.root)
        yield from self._mapping.inside.items()


def count_leaves(node: TreeNode) -> int:
    """How many leaves there are below."""
    return sum(count_leaves(entry) if isinstance(entry, TreeNode) else 1 for entry in node.entries.values())
