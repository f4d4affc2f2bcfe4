"""Files that git stores in another form than they have on disk, hashed and kept by git one batch at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from verifyd.app.ports import Repository
from verifyd.edge.file_ids import FILTERING, FileHasher
from verifyd.edge.git_objects import keep_blobs
from verifyd.edge.git_process import GitProcess, Place, lines_of
from verifyd.edge.git_repository import work_place
from verifyd.edge.ignore_rules import portions
from verifyd.edge.kept_tree import KeptTree
from verifyd.edge.object_store import ObjectStore
from verifyd.edge.path_reading import MovingError, ReadPath
from verifyd.edge.private_index import Tracked, copied_index
from verifyd.edge.stored_forms import converted_paths, missing_filters
from verifyd.edge.tree_edit import LINK_MODE, Entry
from verifyd.edge.tree_notes import Oddity


def paths_for_git(
    git: GitProcess, store: ObjectStore, repository: Repository, kept: KeptTree, found: Mapping[str, ReadPath]
) -> frozenset[str]:
    """Those of the files just read that git has to hash: with a filter, line endings to convert, or too large for us."""
    if kept.may_convert:
        learn_attributes(hasher_of(git, store, repository, kept, work_place(repository, store), {}), kept, found)
    return frozenset(path for path, one in found.items() if is_converted(kept, kept.attributes.get(path, {}), one))


def is_converted(kept: KeptTree, attributes: Mapping[str, str], one: ReadPath) -> bool:
    """The rule of FileHasher.hash_plain."""
    if one.content is None or any(name in attributes for name in FILTERING):
        return True
    return one.mode != LINK_MODE and bool(kept.autocrlf or attributes) and b"\r" in one.content


def learn_attributes(hasher: FileHasher, kept: KeptTree, paths: Iterable[str]) -> None:
    """Ask for the attributes of paths that were not asked for yet."""
    asked = sorted(path for path in paths if path not in kept.attributes)
    if asked:
        answers = hasher.read_attributes(asked)
        kept.attributes.update({path: answers.get(path, {}) for path in asked})


def hash_converted(
    git: GitProcess,
    store: ObjectStore,
    repository: Repository,
    kept: KeptTree,
    paths: Sequence[str],
) -> dict[str, Entry]:
    """
    Let git hash files and keep their content; what a stranger should know about them is noted.

    Raises:
        MovingError: One of them changed meanwhile.
        GitError: One cannot be stored, naming it.
    """
    with copied_index(repository.git_dir / "index", store.folder) as index:
        place = work_place(repository, store).with_variables(GIT_INDEX_FILE=str(index))
        hasher = hasher_of(git, store, repository, kept, place, tracked_lines(git, place, paths))
        entries = hasher.hash_by_git(paths, keep=False)
        missing = sorted(keep_blobs(git, store, entries))
        written = hasher.hash_by_git(missing, keep=True) if missing else {}
    for path in paths:
        if path not in entries or written.get(path, entries[path]) != entries[path]:
            raise MovingError(path)
    kept.oddities.add(Oddity.CONVERTED, converted_paths(store, repository.root, entries, paths))
    filters = {path: kept.attributes[path]["filter"] for path in paths if "filter" in kept.attributes.get(path, {})}
    for name, some in missing_filters(kept.settings, filters).items():
        kept.oddities.add(Oddity.NO_LFS if name == "lfs" else Oddity.NO_FILTER, some)
    return entries


def tracked_lines(git: GitProcess, place: Place, paths: Sequence[str]) -> dict[str, str]:
    """What the index at *place* holds for paths, in the form of Tracked.lines."""
    found: dict[str, str] = {}
    literal = place.with_variables(GIT_LITERAL_PATHSPECS="1")
    for some in portions(paths):
        for line in lines_of(git.run(literal, "ls-files", "-z", "--stage", "-v", "--", *some)):
            about, _, path = line.partition("\t")
            found[path] = about
    return found


def hasher_of(
    git: GitProcess,
    store: ObjectStore,
    repository: Repository,
    kept: KeptTree,
    place: Place,
    lines: Mapping[str, str],
) -> FileHasher:
    """Hashes files of which the index holds *lines*."""
    nothing: frozenset[str] = frozenset()
    tracked = Tracked(lines=lines, records={}, submodules={}, unmerged=nothing, overlooked=nothing, left_out=nothing)
    return FileHasher(
        git=git,
        store=store,
        root=repository.root,
        place=place,
        tracked=tracked,
        may_convert=kept.may_convert,
        autocrlf=kept.autocrlf,
    )
