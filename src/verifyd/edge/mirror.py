"""A folder that holds exactly the files of one tree, brought from one tree to the next by overwriting what differs."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from msgspec import Struct, field

from verifyd.edge.file_ids import FILTERING
from verifyd.edge.folders import remove_tree
from verifyd.edge.linux import give_back_memory
from verifyd.edge.merkle import Leaf, TreeNode, differences, find_node, leaves
from verifyd.edge.mirror_dates import MirrorDates
from verifyd.edge.mirror_files import everything, listed, overwrite, remove
from verifyd.edge.mirror_watch import MirrorWatch
from verifyd.edge.stored_forms import ATTRIBUTES_FILE
from verifyd.edge.sweep import ROOT, joined, stamp_of, with_parents
from verifyd.edge.tree_edit import LINK_MODE, SUBMODULE_MODE

REPAIRED_AT_MOST = 500
"""Of a mirror in which more than this was changed, nothing is kept."""


class MirrorSource(Struct, frozen=True, kw_only=True):
    """
    Where a mirror's content comes from.

    Attributes:
        content_of: The bytes of a blob that lies at a path, held against its id.
        attributes_of: Attributes that change what a checkout writes, by path, as the folder's own files say.
        check_out: Has git write paths of a folder, with filters and line endings.
        write_submodule: Writes the files of a submodule's commit at a path below a folder.
        read_tree: A tree by its id; None where it is no longer known.
        known_paths: Paths that are in memory anyway: 40,000 of them need not be there for each mirror.
        dates: Modification times.
        may_convert: Whether an attributes file that belongs to no tree has any rule.
    """

    content_of: Callable[[str, str], bytes]
    attributes_of: Callable[[Path, Iterable[str]], Mapping[str, Mapping[str, str]]]
    check_out: Callable[[Path, Mapping[str, Leaf]], None]
    write_submodule: Callable[[Path, str, str], None]
    read_tree: Callable[[str], TreeNode | None]
    known_paths: Callable[[], Iterable[str]]
    dates: MirrorDates
    may_convert: bool


class Mirror(Struct, kw_only=True):
    """
    One folder. Nobody may be inside while it is changed.

    Attributes:
        folder: Is made; the tree's files lie directly in it.
        umask: Of this process: a checkout gives files 0666 or 0777 without these bits.
        root: What it holds; None for nothing.
        looks: Hash of the stamp of everything in it, by path: there may be three mirrors of 40,000 files.
        epoch: As MirrorDates.epoch, when its files were written.
        journal: How many of the dates' changes were followed.
        attribute_files: What .gitattributes files it holds.
        is_converted: Whether a checkout writes a path otherwise than it is stored, as far as git was asked.
        submodules: Their folders in it.
        spoiled: Paths that somebody else changed.
        watch: Tells where to look for such.
        looking: Held by who looks: what the watch names, it names once.
    """

    folder: Path
    umask: int
    root: TreeNode | None = None
    looks: dict[str, int] = field(default_factory=dict)
    epoch: int = 0
    journal: int = 0
    attribute_files: dict[str, Leaf] = field(default_factory=dict)
    is_converted: dict[str, bool] = field(default_factory=dict)
    submodules: set[str] = field(default_factory=set)
    spoiled: set[str] = field(default_factory=set)
    watch: MirrorWatch = field(default_factory=MirrorWatch)
    looking: threading.Lock = field(default_factory=threading.Lock)

    def holds(self, tree: TreeNode, dates: MirrorDates) -> bool:
        """Whether it is this tree already, with the times that its files have now."""
        is_dated = (self.epoch, self.journal) == (dates.epoch, dates.changed)
        return self.root is not None and self.root.id == tree.id and is_dated

    def hold(self, tree: TreeNode, source: MirrorSource) -> None:
        """
        Make it hold this tree. When that fails, it holds nothing.

        Raises:
            GitError: An object is missing or not what its name says, or a filter fails.
            OSError: The folder cannot be written.
        """
        edits = {} if self.root is None else differences(self.root, tree)
        spoiled, before = frozenset(self.spoiled), self.root
        self.root = None
        if spoiled or self.submodules:  # which folders there are is not quite known
            self.watch.close()
        is_redated = self.epoch != source.dates.epoch
        if (
            before is None
            or is_redated
            or len(spoiled) > REPAIRED_AT_MOST
            or any(map(is_attributes_file, {*edits, *spoiled}))
        ):
            self.clear()
            self.epoch = source.dates.epoch
            known = {path: path for path in source.known_paths()}
            edits = {known.get(path, path): leaf for path, leaf in leaves(tree)}
        else:
            edits = {**self.repairs(tree, spoiled), **edits}
        self.write(tree, edits, source, spoiled)
        self.redate(tree, source.dates)
        self.root, self.spoiled = tree, set()
        if not (self.watch.is_open or self.submodules):
            self.watch.open(self.folder, with_parents(path for path, _ in leaves(tree)))
        if len(edits) > REPAIRED_AT_MOST:
            del edits
            give_back_memory()

    def clear(self) -> None:
        """Empty the folder."""
        self.watch.close()
        if self.folder.exists():
            remove_tree(self.folder)
        self.folder.mkdir(parents=True)
        self.looks, self.attribute_files, self.is_converted, self.submodules, self.journal = {}, {}, {}, set(), 0

    def repairs(self, tree: TreeNode, spoiled: Iterable[str]) -> dict[str, Leaf | None]:
        """Remove what somebody else left at these paths; what has to be written there again."""
        edits: dict[str, Leaf | None] = {}
        for path in sorted(spoiled):
            place, found = self.folder / path, find_node(tree, path)
            if isinstance(found, TreeNode) and place.is_dir() and not place.is_symlink():
                place.chmod(0o777 & ~self.umask)
                continue
            remove(place)
            self.looks.pop(path, None)
            edits.update(leaves(found, path) if isinstance(found, TreeNode) else [(path, found)])
        return edits

    def write(
        self, tree: TreeNode, edits: Mapping[str, Leaf | None], source: MirrorSource, spoiled: Collection[str]
    ) -> None:
        """Write what differs, what is gone first; folders among the *spoiled* are as they should be already."""
        self.forget_submodules(self.submodules.intersection(edits))
        root = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            folders = self.remove_all(tree, [path for path, leaf in edits.items() if leaf is None])
            written = {path: leaf for path, leaf in edits.items() if leaf is not None}
            folders |= self.make_folders(root, written)
            folders.update(path for path in spoiled if isinstance(find_node(tree, path), TreeNode))
            unfinished = {path for path, leaf in written.items() if not self.write_leaf(root, path, leaf, source)}
            for path in unfinished | self.convert(written, source):
                self.finish(root, path, written[path], source.dates)
            for folder in folders:
                self.look(root, folder)
        finally:
            os.close(root)

    def forget_submodules(self, paths: Iterable[str]) -> None:
        """Before others are written, or none."""
        for path in paths:
            self.submodules.discard(path)
            remove(self.folder / path)
            for inner in [one for one in self.looks if one == path or one.startswith(f"{path}/")]:
                del self.looks[inner]

    def remove_all(self, tree: TreeNode, paths: Iterable[str]) -> set[str]:
        """Remove files, and folders of which nothing is left; the folders around them that stay."""
        touched: set[str] = set()
        for path in paths:
            self.looks.pop(path, None)
            self.attribute_files.pop(path, None)
            if os.path.lexists(self.folder / path):
                remove(self.folder / path)
            touched.add(path.rpartition("/")[0])
        for folder in sorted({*with_parents(f"{one}/x" for one in touched)}, reverse=True):
            if folder != ROOT and not isinstance(find_node(tree, folder), TreeNode):
                self.looks.pop(folder, None)
                touched.discard(folder)
                touched.add(folder.rpartition("/")[0])
                if os.path.lexists(self.folder / folder):
                    remove(self.folder / folder)
        return touched

    def make_folders(self, root: int, paths: Iterable[str]) -> set[str]:
        """Make the folders that are missing; all around *paths*."""
        folders = with_parents(paths)
        for folder in folders:
            if folder != ROOT and folder not in self.looks:
                try:
                    os.mkdir(folder, dir_fd=root)
                except FileExistsError:
                    # A file of the old tree that is not said to be gone cannot be here: what is here is nobody's.
                    if not stat.S_ISDIR(os.lstat(folder, dir_fd=root).st_mode):
                        raise
                self.watch.add(self.folder, folder)
                self.looks[folder] = 0
        return set(folders)

    def write_leaf(self, root: int, path: str, leaf: Leaf, source: MirrorSource) -> bool:
        """Write one file, link or submodule; whether it has its time, and how it looks is known."""
        mode, _, identifier = leaf.partition(" ")
        if mode == SUBMODULE_MODE:
            self.submodules.add(path)
            source.write_submodule(self.folder, path, identifier)
            return False
        content = source.content_of(path, identifier)
        if mode == LINK_MODE:
            remove(self.folder / path)
            os.symlink(content, os.fsencode(path), dir_fd=root)
            return False
        wanted, second = (0o777 if mode == "100755" else 0o666) & ~self.umask, source.dates.second_of(path, identifier)
        try:
            self.looks[path] = overwrite(root, path, content, wanted, second)
        except OSError:  # a link or a folder is there, or it has another name
            remove(self.folder / path)
            self.looks[path] = overwrite(root, path, content, wanted, second)
        return True

    def convert(self, written: Mapping[str, Leaf], source: MirrorSource) -> set[str]:
        """Have git write again what a checkout writes otherwise than it is stored; which that was."""
        files = {path: leaf for path, leaf in written.items() if leaf.startswith("100")}
        self.attribute_files.update({path: leaf for path, leaf in files.items() if is_attributes_file(path)})
        if not files or not (self.attribute_files or source.may_convert):
            return set()
        asked = [path for path in files if path not in self.is_converted]
        for path, attributes in source.attributes_of(self.folder, asked).items() if asked else ():
            self.is_converted[path] = is_converted(attributes)
        converted = {path: leaf for path, leaf in files.items() if self.is_converted[path]}
        if converted:
            source.check_out(self.folder, converted)
        return set(converted)

    def finish(self, root: int, path: str, leaf: Leaf, dates: MirrorDates) -> None:
        """Date a file, and remember how it looks."""
        mode, _, identifier = leaf.partition(" ")
        second = dates.second_of(path, identifier)
        if mode == SUBMODULE_MODE:
            for inner in everything(self.folder / path):
                place = joined(path, inner) if inner else path
                if stat.S_ISREG(os.lstat(place, dir_fd=root).st_mode):
                    os.utime(place, (second, second), dir_fd=root, follow_symlinks=False)
                self.look(root, place)
            return
        if mode != LINK_MODE:
            os.utime(path, (second, second), dir_fd=root, follow_symlinks=False)
        self.look(root, path)

    def redate(self, tree: TreeNode, dates: MirrorDates) -> None:
        """Give later times to what came back to the content that this mirror held all the while."""
        root = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            for path in dates.changed_since(self.journal):
                leaf = find_node(tree, path)
                if isinstance(leaf, str):
                    self.finish(root, path, leaf, dates)
        finally:
            os.close(root)
        self.journal = dates.changed

    def look(self, root: int, path: str) -> None:
        """Remember how something looks."""
        self.looks[path] = hash(stamp_of(os.lstat(path or ".", dir_fd=root)))

    def find_changes(self) -> frozenset[str]:
        """
        All that somebody else changed, put there or took away since it holds its tree.

        Raises:
            OSError: It cannot be looked at; its folder is gone.
        """
        with self.looking:
            touched = self.watch.touched()
            root = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                for path in self.looks if touched is None else touched:
                    self.spoiled |= self.changed_at(root, path)
            finally:
                os.close(root)
            return frozenset(self.spoiled)

    def changed_at(self, root: int, path: str) -> set[str]:
        """The path, if it is not as it was left, and what is new in a folder."""
        look = self.looks.get(path)
        try:
            seen = os.lstat(path or ".", dir_fd=root)
        except OSError:
            return set() if look is None else {path}
        if hash(stamp_of(seen)) == look:
            return set()
        inside = listed(self.folder / path, path) if stat.S_ISDIR(seen.st_mode) else []
        return {path, *(one for one in inside if one not in self.looks)}


def is_attributes_file(path: str) -> bool:
    """Whether it is a .gitattributes."""
    return path.rpartition("/")[2] == ATTRIBUTES_FILE


def is_converted(attributes: Mapping[str, str]) -> bool:
    """Whether a checkout, with line feeds wherever nothing says otherwise, writes other bytes than are stored."""
    return any(name in attributes for name in FILTERING) or attributes.get("eol") == "crlf"
