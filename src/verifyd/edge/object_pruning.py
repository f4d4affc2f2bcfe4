"""Trees that are needed in, what of our own objects nobody needs any more removed: by age, and by the size of them all."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from msgspec import Struct

from verifyd.edge.git_process import GitProcess
from verifyd.edge.kept_objects import keep_objects
from verifyd.edge.linux import give_back_memory
from verifyd.edge.merkle import TreeNode, id_in
from verifyd.edge.object_store import KEPT_S, ObjectStore
from verifyd.edge.tree_edit import SUBMODULE_MODE

LIMIT_BYTES = 200 * 1024 * 1024
"""On disk, of all our objects; ten thousand edits come to 160 MB."""

SPARED_S = 3600.0
"""What was written or used so recently may be needed by a run beside us that we know nothing of."""

TOUCHED_AFTER_S = 24 * 3600.0
"""What is needed counts as used again after so long, so that a run that knows nothing of us does not take it for old."""

BLOCK_BYTES = 512
FAN_OUT_BYTES = 8 + 256 * 4


class Limits(Struct, frozen=True, kw_only=True):
    """
    How much is kept of what nobody needs.

    Attributes:
        kept_s: Nothing that was not used for longer.
        size_bytes: No more than this in all; what was not used for longest goes first.
        spared_s: But never what was used within so many seconds.
    """

    kept_s: float = KEPT_S
    size_bytes: int = LIMIT_BYTES
    spared_s: float = SPARED_S


class StoredFile(Struct, frozen=True, kw_only=True):
    """
    One file of the store with what belongs to it: a loose object, what an interrupted write left, or a pack.

    Attributes:
        path: Of the object, or of the pack without its suffix.
        used_s: When it was written or used, seconds since 1970.
        size_bytes: On disk.
        objects: Size by id of what is in it; empty for what is no object.
        is_pack: Whether it is one.
    """

    path: str
    used_s: float
    size_bytes: int
    objects: Mapping[str, int]
    is_pack: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Its files, in the order in which they are removed: git believes in a pack for as long as its index is there."""
        return (f"{self.path}.idx", f"{self.path}.pack") if self.is_pack else (self.path,)


def superfluous(files: Iterable[StoredFile], needed: frozenset[str], now_s: float, limits: Limits) -> list[StoredFile]:
    """
    Which files go, those that were not used for longest first.

    A pack of which at least half is needed stays as it is: writing the needed half anew would win little.
    """
    oldest_first = sorted(files, key=lambda one: one.used_s)
    total_bytes = sum(one.size_bytes for one in oldest_first)
    going: list[StoredFile] = []
    for one in oldest_first:
        age_s = now_s - one.used_s
        if age_s < limits.spared_s or is_needed(one, needed):
            continue
        if age_s > limits.kept_s or total_bytes > limits.size_bytes:
            going.append(one)
            total_bytes -= one.size_bytes
    return going


def is_needed(one: StoredFile, needed: frozenset[str]) -> bool:
    """Whether at least half of what is in a file is needed."""
    needed_bytes = sum(size for identifier, size in one.objects.items() if identifier in needed)
    return bool(one.objects.keys() & needed) and needed_bytes * 2 >= sum(one.objects.values())


def stored_files(store: ObjectStore) -> Iterator[StoredFile]:
    """All that is in the store."""
    for folder in os.scandir(store.objects):
        if len(folder.name) == 2 and folder.is_dir(follow_symlinks=False):
            yield from loose_files(folder.path, folder.name)
    for entry in os.scandir(store.objects / "pack"):
        if entry.name.endswith(".idx"):
            with suppress(FileNotFoundError):
                yield pack_file(entry.path.removesuffix(".idx"), len(store.empty_tree) // 2)
        elif entry.name.startswith("new-"):
            with suppress(FileNotFoundError):
                yield stored_file(entry.path, entry.stat(), {})


def loose_files(folder: str, prefix: str) -> Iterator[StoredFile]:
    """Objects of one folder, and what interrupted writes left in it."""
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):
            seen = entry.stat(follow_symlinks=False)
            is_object = not entry.name.startswith("new-")
            yield stored_file(entry.path, seen, {prefix + entry.name: seen.st_size} if is_object else {})


def stored_file(path: str, seen: os.stat_result, objects: Mapping[str, int]) -> StoredFile:
    """One file that is no pack."""
    return StoredFile(path=path, used_s=seen.st_mtime, size_bytes=seen.st_blocks * BLOCK_BYTES, objects=objects)


def pack_file(path: str, id_bytes: int) -> StoredFile:
    """A pack by what its index says; FileNotFoundError when a part of it is gone."""
    both = [os.stat(f"{path}{suffix}") for suffix in (".idx", ".pack")]
    with open(f"{path}.idx", "rb") as file:
        objects = pack_sizes(file.read(), id_bytes, both[1].st_size - id_bytes)
    return StoredFile(
        path=path,
        used_s=max(one.st_mtime for one in both),
        size_bytes=sum(one.st_blocks for one in both) * BLOCK_BYTES,
        objects=objects,
        is_pack=True,
    )


def pack_sizes(index: bytes, id_bytes: int, end: int) -> dict[str, int]:
    """Bytes of each object in a pack by id, out of an index of version 2 that we wrote (gitformat-pack(5)); *end*: of the last one."""
    (count,) = struct.unpack_from(">I", index, FAN_OUT_BYTES - 4)
    ids = [
        index[start : start + id_bytes].hex()
        for start in range(FAN_OUT_BYTES, FAN_OUT_BYTES + count * id_bytes, id_bytes)
    ]
    places = struct.unpack_from(f">{count}I", index, FAN_OUT_BYTES + count * (id_bytes + 4))
    ends = dict(zip(ordered := sorted(places), [*ordered[1:], end], strict=True))
    return {identifier: ends[place] - place for identifier, place in zip(ids, places, strict=True)}


def objects_of(roots: Iterable[TreeNode]) -> Iterator[str]:
    """Ids of all folders and files of trees, one tree after the other; a folder that several have is looked into once."""
    seen = set[str]()
    for root in roots:
        waiting = [root]
        while waiting:
            node = waiting.pop()
            if node.id in seen:
                continue
            seen.add(node.id)
            yield node.id
            for entry in node.entries.values():
                if isinstance(entry, TreeNode):
                    waiting.append(entry)
                elif not entry.startswith(SUBMODULE_MODE):
                    yield id_in(entry)


def prune(
    git: GitProcess,
    store: ObjectStore,
    needed_ids: Iterable[str],
    now_s: float,
    limits: Limits,
) -> None:
    """
    Remove what nobody needs beyond the limits.

    A run beside us may use an object at any moment, which then has a new time: so each file is looked at again just before it
    is removed. What it loses in between it misses when it asks git, and says so; it never takes something else for it.

    Args:
        now_s: By the clock of the store's file system, seconds since 1970.

    Raises:
        GitError: A needed object that is only in a pack could not be read.
        OSError: The store cannot be read or written.
    """
    files = list(stored_files(store))
    ours = {identifier for one in files for identifier in one.objects}
    needed = frozenset(ours.intersection(needed_ids))
    going = superfluous(files, needed, now_s, limits)
    gone = {one.path for one in going}
    staying = [one for one in files if one.path not in gone]
    touch_needed(staying, needed, now_s)
    copy_out(git, store, going, staying, needed)
    for one in going:
        with store.removing:
            remove(one)
    give_back_memory()


def touch_needed(files: Iterable[StoredFile], needed: frozenset[str], now_s: float) -> None:
    """Let what is needed count as used now, where it has not for long."""
    for one in files:
        if now_s - one.used_s > TOUCHED_AFTER_S and not needed.isdisjoint(one.objects):
            for name in one.names:
                with suppress(FileNotFoundError):
                    os.utime(name)


def copy_out(
    git: GitProcess,
    store: ObjectStore,
    going: Iterable[StoredFile],
    staying: Iterable[StoredFile],
    needed: frozenset[str],
) -> None:
    """Keep what is needed of packs that go."""
    kept = {identifier for one in staying for identifier in one.objects}
    wanted = sorted({identifier for one in going for identifier in one.objects} & needed - kept)
    if wanted:
        with git.object_reader(store.place) as objects:
            found = [one for one in objects.read_all(wanted) if one is not None]
        keep_objects(store, [(one.id, one.kind, one.content) for one in found])


def remove(one: StoredFile) -> None:
    """Gone, unless it was used since it was looked at."""
    with suppress(FileNotFoundError):
        if max(os.stat(name).st_mtime for name in one.names) <= one.used_s:
            for name in one.names:
                os.unlink(name)


def missing_objects(git: GitProcess, store: ObjectStore, ids: Iterable[str]) -> list[str]:
    """Those of *ids* that neither we nor the user's repository hold."""
    asked = "".join(f"{identifier}\n" for identifier in ids)
    answer = git.run(store.place, "cat-file", "--batch-check=%(objectname)", content=asked.encode())
    return [line.partition(" ")[0] for line in answer.decode().splitlines() if line.endswith(" missing")]
