"""Two trees in, what differs between them out: kinds, renames, line counts, and which files are generated."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from msgspec import Struct

from verifyd.app.ports import Repository
from verifyd.change import Change, ChangeKind, FileChange
from verifyd.edge.git_objects import entries_between
from verifyd.edge.git_process import GitProcess, Place, as_input, lines_of
from verifyd.edge.git_repository import work_place
from verifyd.edge.ignore_rules import portions
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.private_index import empty_index
from verifyd.edge.stored_forms import ATTRIBUTES_FILE
from verifyd.edge.submodules import paths_inside
from verifyd.edge.sweep import joined, with_parents
from verifyd.edge.tree_edit import SUBMODULE_MODE
from verifyd.generated import has_generated_name

RENAME_LIMIT = 1000
"""git's own default, fixed here because counts must not depend on the user's settings."""

KINDS = {
    "A": ChangeKind.ADDED,
    "M": ChangeKind.MODIFIED,
    "D": ChangeKind.DELETED,
    "R": ChangeKind.RENAMED,
    "T": ChangeKind.TYPE_CHANGED,
}


def read_change(git: GitProcess, store: ObjectStore, repository: Repository, base_tree: str, tree: str) -> Change:
    """What differs, ordered by path; renames found, generated files marked, submodules looked into."""
    if base_tree == tree:
        return Change()
    check_between(git, store, base_tree, tree)
    raw, counts = split_raw(lines_of(read_differences(git, store, repository, base_tree, tree)))
    generated = generated_paths(git, store, base_tree, tree, [record.path for record in raw])
    files = [
        FileChange(
            path=record.path,
            kind=KINDS[record.state[0]],
            old_path=record.old_path,
            added=added,
            deleted=deleted,
            binary=binary,
            generated=record.path in generated,
            inside=paths_inside(git, store, repository, record.path, record.old_commit, record.commit),
        )
        for record, (added, deleted, binary) in zip(raw, counts_of(counts), strict=True)
    ]
    return Change(files=tuple(sorted(files, key=lambda file: file.path)))


def check_between(git: GitProcess, store: ObjectStore, base_tree: str, tree: str) -> None:
    """
    GitError where an object that the counts are made of is not what its name says: a forged base would hide a change.

    What the clone left on the server is not looked at: git hashes what it fetches.
    """
    with git.object_reader(store.place) as objects:
        sides = [one for _, *both in entries_between(objects, base_tree, tree) for one in both]
        objects.check_all([one.id for one in sides if one is not None and one.mode != SUBMODULE_MODE])


def read_differences(git: GitProcess, store: ObjectStore, repository: Repository, base_tree: str, tree: str) -> bytes:
    """
    Raw records and line counts.

    They are made in our own store, where no setting, attribute or filter of the user's bears on them. Only where the clone
    left objects on the server does the user's repository have to fetch them, into our store.
    """
    arguments = ("diff-tree", "-r", "-z", "--raw", "--numstat", "--no-abbrev", "-M", f"-l{RENAME_LIMIT}")
    fixed = (
        "--no-ext-diff",
        "--no-textconv",
        "--diff-algorithm=myers",
        "--ignore-submodules=none",
        "--no-relative",
        "-O/dev/null",
    )
    ended = git.attempt(store.place, *arguments, *fixed, base_tree, tree)
    if ended.status == 0:
        return ended.output
    return git.run(work_place(repository, store), *arguments, *fixed, base_tree, tree)


class RawRecord(Struct, frozen=True, kw_only=True):
    """One record of ``--raw``: git's modes, ids and state letter; *old_path* for a rename."""

    old_mode: str
    mode: str
    old_id: str
    id: str
    state: str
    old_path: str | None
    path: str

    @property
    def old_commit(self) -> str | None:
        """Where a submodule stood; None when none did."""
        return self.old_id if self.old_mode == SUBMODULE_MODE else None

    @property
    def commit(self) -> str | None:
        """Where a submodule stands; None when none does."""
        return self.id if self.mode == SUBMODULE_MODE else None


def split_raw(fields: Sequence[str]) -> tuple[list[RawRecord], Sequence[str]]:
    """The raw records, and the fields after them."""
    records: list[RawRecord] = []
    at = 0
    while at < len(fields) and fields[at].startswith(":"):
        old_mode, mode, old_id, identifier, state = fields[at][1:].split(" ")
        paths = fields[at + 1 : at + 3] if state[0] == "R" else [None, fields[at + 1]]
        old_path, path = paths
        records.append(
            RawRecord(
                old_mode=old_mode,
                mode=mode,
                old_id=old_id,
                id=identifier,
                state=state,
                old_path=old_path,
                path=path or "",
            )
        )
        at += 3 if state[0] == "R" else 2
    return records, fields[at:]


def counts_of(fields: Sequence[str]) -> Iterator[tuple[int, int, bool]]:
    """(lines added, lines deleted, whether it is binary) for each file; a rename's two paths are fields of their own."""
    at = 0
    while at < len(fields):
        added, deleted, path = fields[at].split("\t", 2)
        yield (0, 0, True) if added == "-" else (int(added), int(deleted), False)
        at += 1 if path else 3


def generated_paths(
    git: GitProcess, store: ObjectStore, base_tree: str, tree: str, paths: Sequence[str]
) -> frozenset[str]:
    """
    Paths that count in no limit: by .gitattributes (``linguist-generated``, ``-diff``), else by their well-known names.

    Where .gitattributes is itself part of the change, the base must mark a path too: else one new line there would lift
    every limit.
    """
    marks = read_marks(git, store, tree, paths)
    if any(path.rpartition("/")[2] == ATTRIBUTES_FILE for path in paths):
        before = read_marks(git, store, base_tree, paths)
        marks = {path: is_generated for path, is_generated in marks.items() if not is_generated or before.get(path)}
    return frozenset(path for path in paths if marks.get(path, has_generated_name(path)))


def read_marks(git: GitProcess, store: ObjectStore, tree: str, paths: Collection[str]) -> Mapping[str, bool]:
    """What the .gitattributes files of a tree say about each path; paths they say nothing about are missing."""
    with empty_index(store.folder) as index:
        place = store.place.with_variables(GIT_INDEX_FILE=str(index))
        listed = attribute_files(git, place, tree, paths)
        if not listed:
            return {}
        with git.object_reader(store.place) as objects:
            objects.check_all([line.partition("\t")[0].split(" ")[2] for line in listed])
        git.run(place, "update-index", "-z", "--index-info", content=as_input(listed))
        command = ("check-attr", "--cached", "-z", "--stdin", "linguist-generated", "diff")
        fields = lines_of(git.run(place, *command, content=as_input(sorted(paths))))
    marks: dict[str, bool] = {}
    for path, name, value in zip(fields[::3], fields[1::3], fields[2::3], strict=True):
        if name == "diff":
            if value == "unset":
                marks.setdefault(path, True)
        elif value != "unspecified":
            marks[path] = value in ("set", "true")
    return marks


def attribute_files(git: GitProcess, place: Place, tree: str, paths: Collection[str]) -> list[str]:
    """The .gitattributes files that bear on *paths*, as ``update-index --index-info`` takes them."""
    found: list[str] = []
    for some in portions([joined(folder, ATTRIBUTES_FILE) for folder in with_parents(paths)]):
        # "<mode> <kind> <id>\t<path>", which --index-info takes as it is
        found.extend(lines_of(git.run(place, "ls-tree", "-z", tree, "--", *some)))
    return found
