"""Many new git objects into our own store at once: a few as loose ones, a burst as one pack."""

from __future__ import annotations

import hashlib
import itertools
import os
import struct
import zlib
from binascii import crc32
from collections.abc import Iterable
from contextlib import suppress

from verifyd.edge.object_ids import HASHES, object_header
from verifyd.edge.object_store import KEPT_S, ObjectStore, write_whole

LOOSE_AT_MOST = 24
"""More objects than this become one pack: a file each would cost ten times as much."""

PACK_KINDS = {"commit": 1, "tree": 2, "blob": 3}

counter = itertools.count()

NewObject = tuple[str, str, bytes]
"""Id, kind, content."""


def keep_objects(store: ObjectStore, objects: Iterable[NewObject]) -> None:
    """Write objects whose ids are known already; those that are there as loose ones only count as used now."""
    wanted = {identifier: (kind, content) for identifier, kind, content in objects}
    if len(wanted) > LOOSE_AT_MOST:
        write_pack(store, [(identifier, *wanted[identifier]) for identifier in sorted(wanted)])
        return
    for identifier, (kind, content) in wanted.items():
        if not store.holds(identifier):
            write_loose(store, identifier, zlib.compress(object_header(kind, len(content)) + content, 1))


def make_folders(store: ObjectStore) -> None:
    """All folders of loose objects: made one by one when they are needed, they cost more than the objects."""
    for number in range(256):
        with suppress(FileExistsError):
            os.mkdir(f"{store.objects}/{number:02x}")


def write_loose(store: ObjectStore, identifier: str, compressed: bytes) -> None:
    """One loose object, there whole or not at all."""
    folder = f"{store.objects}/{identifier[:2]}"
    name = f"{folder}/new-{os.getpid()}-{next(counter)}"
    try:
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        write_whole(store.path_of(identifier), compressed)
        return
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(compressed)
        os.replace(name, f"{folder}/{identifier[2:]}")
        store.count(len(compressed))
    except BaseException:
        with suppress(FileNotFoundError):
            os.unlink(name)
        raise


def write_pack(store: ObjectStore, objects: list[NewObject]) -> None:
    """
    One pack and its index, version 2 of both (gitformat-pack(5)).

    Nothing is compressed: that would take most of the time, and packs of ours go after a while.

    Args:
        objects: Ordered by id.
    """
    named = hashlib.sha256("".join(identifier for identifier, _, _ in objects).encode()).hexdigest()[:40]
    name = store.objects / "pack" / f"pack-{named}"
    with suppress(FileNotFoundError):  # the same objects were written before: they count as used now
        for part_name in (".pack", ".idx"):
            os.utime(name.with_suffix(part_name))
        return
    new_hash = HASHES[store.object_format]
    parts = [b"PACK" + struct.pack(">II", 2, len(objects))]
    position, places = 12, []
    for _, kind, content in objects:
        part = entry_header(PACK_KINDS[kind], len(content)) + zlib.compress(content, 0)
        places.append((position, crc32(part)))
        parts.append(part)
        position += len(part)
    pack = b"".join(parts)
    pack_id = new_hash(pack, usedforsecurity=False).digest()
    index = index_content([bytes.fromhex(one) for one, _, _ in objects], places, pack_id)
    index += new_hash(index, usedforsecurity=False).digest()
    # git believes in a pack once its index is there.
    write_whole(name.with_suffix(".pack"), pack + pack_id)
    write_whole(name.with_suffix(".idx"), index)
    store.count(len(pack) + len(index))


def entry_header(kind: int, size_bytes: int) -> bytes:
    """Kind and size before an object in a pack: four bits of the size, then seven a byte."""
    header, rest = bytearray([kind << 4 | size_bytes & 15]), size_bytes >> 4
    while rest:
        header[-1] |= 0x80
        header.append(rest & 0x7F)
        rest >>= 7
    return bytes(header)


def index_content(identifiers: list[bytes], places: list[tuple[int, int]], pack_id: bytes) -> bytes:
    """A pack's index without its own hash at the end; packs of ours stay far below the 2 GB where offsets get longer."""
    counts = [0] * 256
    for identifier in identifiers:
        counts[identifier[0]] += 1
    fan_out, total = [], 0
    for count in counts:
        total += count
        fan_out.append(total)
    return b"".join(
        (
            b"\xfftOc" + struct.pack(">I256I", 2, *fan_out),
            *identifiers,
            struct.pack(f">{len(places)}I", *(checksum for _, checksum in places)),
            struct.pack(f">{len(places)}I", *(offset for offset, _ in places)),
            pack_id,
        )
    )


def prune_packs(store: ObjectStore, now_s: float) -> None:
    """Remove packs that were written longer ago than loose objects are kept; what is still in use was copied out of them since."""
    for path in (store.objects / "pack").glob("pack-*.pack"):
        with suppress(FileNotFoundError):
            if now_s - path.stat().st_mtime > KEPT_S:
                path.with_suffix(".idx").unlink(missing_ok=True)
                path.unlink()
