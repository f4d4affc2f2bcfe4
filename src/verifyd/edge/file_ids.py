"""Files of a work tree in, what git would store for them out."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from verifyd.edge.git_process import GitProcess, Place, as_input, last_line, lines_of
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.private_index import Tracked, empty_index, git_mode, read_tracked
from verifyd.edge.tree_edit import LINK_MODE, Entry
from verifyd.errors import GitError

READ_BYTES = 16 * 1024 * 1024
"""A larger file goes through git, which does not hold it in memory whole."""

FILTERING = ("filter", "ident", "working-tree-encoding")
LINE_ENDINGS = ("text", "eol", "crlf")
UNSET = frozenset({"unspecified", "unset"})


class FileIds(Struct, frozen=True, kw_only=True):
    """
    What git would store.

    Attributes:
        entries: By path; a path whose file has vanished is missing.
        by_git: Paths that went through git: with a filter, line endings to convert, or very large.
        filters: The ``filter`` attribute by path, where one is set.
    """

    entries: Mapping[str, Entry]
    by_git: frozenset[str]
    filters: Mapping[str, str]


class FileHasher(Struct, frozen=True, kw_only=True):
    """
    Hashes files of one work tree.

    Most files are stored as they are: those we read once, hash and keep ourselves, so the id and what is kept are of the same
    bytes, and no process is started. Files with a filter, or with line endings to convert, go through git.

    Attributes:
        place: The work tree with our copy of its index.
        tracked: What that index holds.
        may_convert: Whether there is any attributes file at all, or core.autocrlf.
        autocrlf: Whether core.autocrlf converts what no attribute mentions.
    """

    git: GitProcess
    store: ObjectStore
    root: Path
    place: Place
    tracked: Tracked
    may_convert: bool
    autocrlf: bool

    def hash(self, paths: Collection[str]) -> FileIds:
        """
        Hash files; content that is new and stored as it is, is kept.

        Raises:
            GitError: A file cannot be read or stored, naming it.
        """
        ordered = sorted(paths)
        attributes = self.read_attributes(ordered) if self.may_convert and ordered else {}
        plain = {path: self.hash_plain(path, attributes.get(path, {})) for path in ordered}
        entries = {path: entry for path, entry in plain.items() if entry is not None}
        by_git = [path for path, entry in plain.items() if entry is None]
        if by_git:
            entries.update(self.hash_by_git(by_git, keep=False))
        filters = {path: some["filter"] for path, some in attributes.items() if "filter" in some}
        return FileIds(entries=entries, by_git=frozenset(by_git), filters=filters)

    def read_attributes(self, paths: Sequence[str]) -> dict[str, dict[str, str]]:
        """The attributes that change what is stored, by path; unset ones are left out."""
        output = self.git.run(
            self.place, "check-attr", "-z", "--stdin", *FILTERING, *LINE_ENDINGS, content=as_input(paths)
        )
        fields = lines_of(output)
        found: dict[str, dict[str, str]] = {}
        for path, name, value in zip(fields[::3], fields[1::3], fields[2::3], strict=True):
            if value not in UNSET:
                found.setdefault(path, {})[name] = value
        return found

    def hash_plain(self, path: str, attributes: Mapping[str, str]) -> Entry | None:
        """The entry of a file that is stored as it is; None when git has to look at it, or to say what is wrong with it."""
        if any(name in attributes for name in FILTERING):
            return None
        try:
            mode, content = self.read_plain(self.root / path)
        except OSError:
            return None
        if content is None or (b"\r" in content and (self.autocrlf or attributes) and mode != LINK_MODE):
            return None
        entry = Entry(mode=mode, id=self.store.id_of("blob", content))
        known = self.tracked.entry(path)
        if known is None or known.id != entry.id:
            self.store.write("blob", content)
        return entry

    def read_plain(self, path: Path) -> tuple[str, bytes | None]:
        """git's mode of a file and its bytes; no bytes for what is too large, or neither a file nor a link."""
        seen = path.lstat()
        if stat.S_ISLNK(seen.st_mode):
            return LINK_MODE, os.readlink(os.fsencode(path))
        readable = stat.S_ISREG(seen.st_mode) and seen.st_size <= READ_BYTES
        return git_mode(seen.st_mode), path.read_bytes() if readable else None

    def hash_by_git(self, paths: Sequence[str], *, keep: bool) -> dict[str, Entry]:
        """
        The entries that git makes, with its filters and line endings.

        A small index of its own takes them, with what the user's index holds for these paths: git keeps the line endings
        of a file that was stored with them. Nothing of the size of the whole tree is written.

        Args:
            keep: Whether git writes the objects too. Only for content that is nowhere yet: an object that is there already
                is marked by changing the time of its file, which is the user's.
        """
        with empty_index(self.store.folder) as index:
            place = self.place.with_variables(GIT_INDEX_FILE=str(index))
            known = [f"{entry.mode} {entry.id} 0\t{path}" for path in paths if (entry := self.tracked.entry(path))]
            if known:
                self.git.run(place, "update-index", "-z", "--index-info", content=as_input(known))
            only_ids = () if keep else ("--info-only",)
            arguments = ("update-index", "--add", "--remove", "--replace", *only_ids, "-z", "--stdin")
            ended = self.git.attempt(place, *arguments, content=as_input(paths))
            if ended.status != 0:
                raise not_storable(ended.complaint, paths)
            found = read_tracked(self.git, place)
            return {path: entry for path in found.lines if (entry := found.entry(path))}


def not_storable(complaint: str, paths: Sequence[str]) -> GitError:
    """What git said about the one of *paths* that stopped it."""
    marker = "Unable to process path "
    before, found, path = complaint.rpartition(marker)
    if not found:
        before, line = complaint, last_line(complaint)
        path = next((path for path in paths if line.startswith(f"{path}: ") or f"'{path}'" in line), "")
    said = [last_line(line) for line in before.splitlines()]
    because = "; ".join(line for line in said if line) or "git does not say why"
    remedy = "Make the file readable, mend the filter that .gitattributes names for it, or list it in .gitignore."
    return GitError(f"cannot be snapshotted: {because}", where=path, remedy=remedy)
