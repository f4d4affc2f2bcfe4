"""Our own git objects, in a folder of our own: the user's object store is read, never written, and not even its times change."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from verifyd.edge.git_process import Place
from verifyd.edge.object_ids import object_header, object_id

KEPT_S = 30 * 24 * 3600
"""Objects that no snapshot used for this long are removed."""

PRUNED_EVERY_S = 24 * 3600

BLOCK_BYTES = 4096


class ObjectStore:
    """
    A small bare repository without refs, of which git sees the user's objects as alternates.

    git itself would write objects only where they are missing, but it marks one that is there already by changing the time
    of its file, and that file (often the one big pack) is the user's. So objects are written here by us, as loose ones,
    and whatever a snapshot needs beyond the user's commits is here: ``git gc --prune=now`` cannot take it away.

    Args:
        folder: Is made when it is missing.
        object_format: ``sha1`` or ``sha256``.

    Attributes:
        written_bytes: What this process has written, as disks count: a small object takes a block.
        no_index: A path where no index is: to git, nothing is tracked then.
        probe: A file that is touched to see the file system's own clock.
        removing: Held while one that was not used for long is removed, so that nobody in this process finds it just before.
    """

    def __init__(self, folder: Path, object_format: str) -> None:
        self.folder = folder
        self.object_format = object_format
        self.objects = folder / "objects"
        self.no_index = folder / "no-index"
        self.probe = folder / "clock"
        self.written_bytes = 0
        self.removing = threading.Lock()
        self._alternates: dict[Path, None] = {}
        self._learned: set[str] = set()
        self.empty_tree = self.id_of("tree", b"")

    def prepare(self) -> None:
        """Make what git wants to see in a repository; OSError when that cannot be written."""
        (self.objects / "pack").mkdir(parents=True, exist_ok=True)
        (self.folder / "refs").mkdir(exist_ok=True)
        version = 0 if self.object_format == "sha1" else 1
        extension = "" if version == 0 else f"[extensions]\n\tobjectFormat = {self.object_format}\n"
        config = f"[core]\n\trepositoryFormatVersion = {version}\n\tbare = true\n\tattributesFile = {os.devnull}\n{extension}"
        (self.folder / "alternates").mkdir(exist_ok=True)
        self.learn_alternates()
        for name, text in (("HEAD", "ref: refs/heads/none\n"), ("config", config)):
            if not (self.folder / name).exists():
                write_whole(self.folder / name, text.encode())

    def add_alternate(self, objects: Path) -> None:
        """
        Let git find the objects of this folder as well, now and in later runs: a tree with a nested repository's content
        names objects that are in that repository. Each is a file of its own, so runs beside each other lose none.
        """
        if objects not in self._alternates:
            self._alternates[objects] = None
            encoded = os.fsencode(objects)
            write_whole(self.folder / "alternates" / hashlib.sha256(encoded).hexdigest()[:16], encoded)

    def learn_alternates(self) -> None:
        """Take in what others have added since: another process, or another reader of this one."""
        with suppress(FileNotFoundError):  # the folder, or a file that was just being written
            for name in set(os.listdir(self.folder / "alternates")) - self._learned:
                if not name.strip("0123456789abcdef"):
                    self._alternates[Path(os.fsdecode((self.folder / "alternates" / name).read_bytes()))] = None
                    self._learned.add(name)

    @property
    def variables(self) -> dict[str, str]:
        """What makes git read from the alternates and write here."""
        self.learn_alternates()
        listed = os.pathsep.join(quoted(str(folder)) for folder in tuple(self._alternates) if folder.is_dir())
        return {"GIT_OBJECT_DIRECTORY": str(self.objects), "GIT_ALTERNATE_OBJECT_DIRECTORIES": listed}

    @property
    def place(self) -> Place:
        """Where git knows the objects but none of the user's settings, attributes or ignore rules."""
        return Place(
            folder=self.folder, variables={"GIT_DIR": str(self.folder), "GIT_ATTR_NOSYSTEM": "1", **self.variables}
        )

    def now_ns(self) -> int:
        """What the file system's clock says: nanoseconds since 1970."""
        self.probe.touch()
        return self.probe.stat().st_ctime_ns

    def id_of(self, kind: str, content: bytes) -> str:
        """The id that git gives to an object."""
        return object_id(kind, content, self.object_format)

    def holds(self, identifier: str) -> bool:
        """Whether the object is in our own folder; it then counts as used now."""
        with self.removing:
            try:
                os.utime(self.path_of(identifier))
            except FileNotFoundError:
                return False
        return True

    def count(self, content_bytes: int) -> None:
        """So much was written in one file."""
        self.written_bytes += -(-content_bytes // BLOCK_BYTES) * BLOCK_BYTES

    def write(self, kind: str, content: bytes) -> str:
        """Keep an object as a loose one; its id."""
        identifier = self.id_of(kind, content)
        if not self.holds(identifier):
            compressed = zlib.compress(object_header(kind, len(content)) + content, 1)
            write_whole(self.path_of(identifier), compressed)
            self.count(len(compressed))
        return identifier

    def path_of(self, identifier: str) -> Path:
        """The file of a loose object."""
        return self.objects / identifier[:2] / identifier[2:]

    def prune(self) -> None:
        """
        Remove what was not used for KEPT_S; at most once in PRUNED_EVERY_S.

        Who still names such a tree gets "no longer known" for it, as for any tree that git forgot.
        """
        marker, now_s = self.folder / "pruned", self.now_ns() / 1e9
        if marker.exists() and now_s - marker.stat().st_mtime < PRUNED_EVERY_S:
            return
        marker.touch()
        for path in self.loose_objects():
            with suppress(FileNotFoundError):
                if now_s - path.stat().st_mtime > KEPT_S:
                    path.unlink()

    def loose_objects(self) -> Iterable[Path]:
        """Files of our loose objects, and what an interrupted write left beside them."""
        return self.objects.glob("[0-9a-f][0-9a-f]/*")


def write_whole(path: Path, content: bytes) -> None:
    """A file that is there whole or not at all, whoever else writes the same one."""
    path.parent.mkdir(exist_ok=True)
    handle, name = tempfile.mkstemp(prefix="new-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink()
        raise


def quoted(path: str) -> str:
    """A path as it may stand in GIT_ALTERNATE_OBJECT_DIRECTORIES, whatever its characters."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
