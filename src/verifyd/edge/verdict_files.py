"""Verdicts to small files and back: one a judged tree, sealed so that git and sh alone can tell ours from anybody else's."""

from __future__ import annotations

import hmac
import json
import os
import stat
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct, field

from verifyd.app.file_ports import TreeVerdict
from verifyd.app.ports import Repository
from verifyd.edge.approvals import SIZE_LIMIT_BYTES, StateFolderApprovals
from verifyd.edge.file_writing import counter, refusing
from verifyd.edge.folders import open_folder
from verifyd.edge.history_key import read_verdict_key, verdict_key_path
from verifyd.edge.object_ids import FORMATS, object_id
from verifyd.edge.tools import TELLING

SCHEMA = "verifyd.verdict/2"
"""Raised whenever the meaning of a line changes: the hook believes no other. It stands in ``git-hook.sh`` too."""
LARGEST_BYTES = 256 * 1024
KEPT = 500
"""The newest so many."""
OLDER_S = 1
"""A shell may compare whole seconds: the file's date lies so much before the run, and what it rests on is never younger."""
FIELDS = (
    "schema",
    "tree",
    "readiness",
    "base",
    "base-name",
    "pipeline",
    "approved",
    "approval",
    "repository",
    "measured",
    "dated",
)
VARIABLE, RESTS_ON, SEAL = "variable", "rests-on", "seal"


class DiskVerdictFiles(Struct, frozen=True, kw_only=True):
    """
    The files below ``<common git dir>/verifyd/verdicts``, which linked work trees share.

    Attributes:
        key_path: Of the key that they are sealed with.
    """

    approvals: StateFolderApprovals = field(default_factory=StateFolderApprovals)
    key_path: Path = field(default_factory=verdict_key_path)

    def write(self, repository: Repository, verdict: TreeVerdict, environment: Mapping[str, str]) -> None:
        """
        Keep it whole in place of an earlier one, 0600 in a folder of 0700; the oldest go where there are too many.

        Nothing is kept, and what was there goes, where nobody could check it: without a key, where the approval has changed
        meanwhile, and where a path holds a line break. Nothing is synced: a file that a power cut spoils fits no seal.

        Raises:
            StoreError: It cannot be written.
        """
        folder = folder_of(repository)
        names = tuple(name for name in sorted(environment) if TELLING.fullmatch(name))
        text = self.text_of(repository, verdict, names)
        key = read_verdict_key(self.key_path)
        content = sealed(text, key, names, environment) if text is not None and key is not None else None
        with refusing(folder / verdict.tree, "written"), open_folder(folder, make=True) as opened:
            os.fchmod(opened, 0o700)
            if content is None:
                remove(opened, verdict.tree)
                return
            write_dated(opened, verdict.tree, content, verdict.measured_at)
            drop_oldest(opened)

    def text_of(self, repository: Repository, verdict: TreeVerdict, names: Sequence[str]) -> bytes | None:
        """All lines but the seal, *names* of variables among them; None where no such file could be believed."""
        approval = self.approvals.path(repository)
        approved = self.approved(approval, verdict)
        if approved is None:
            return None
        values = (
            SCHEMA, verdict.tree, verdict.readiness, verdict.base, verdict.base_name, verdict.pipeline, approved, str(approval),
            str(repository.common_dir), verdict.measured_at.astimezone(UTC).isoformat(timespec="seconds"),
            date_of(verdict.measured_at),
        )  # fmt: skip
        named = [*zip(FIELDS, values, strict=True), *((VARIABLE, name) for name in names)]
        named += [(RESTS_ON, str(path)) for path in verdict.rests_on]
        lines = [os.fsencode(f"{name} {value}") for name, value in named]
        return (
            None if any(b"\n" in line or b"\r" in line for line in lines) else b"".join(line + b"\n" for line in lines)
        )

    def approved(self, approval: Path, verdict: TreeVerdict) -> str | None:
        """Blob id of the approval's file, if it still is an approval of the pipeline that ran."""
        try:
            content = approval.read_bytes()[: SIZE_LIMIT_BYTES + 1]
            digest = json.loads(content)["digest"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return object_id("blob", content, FORMATS[len(verdict.tree)]) if digest == verdict.pipeline else None

    def read(self, repository: Repository, tree: str, environment: Mapping[str, str]) -> TreeVerdict | None:
        """The verdict on a tree, if the seal is ours, for this repository, approval and environment, and nothing it rests on moved."""
        key = read_verdict_key(self.key_path)
        found = read_dated(folder_of(repository) / tree)
        if key is None or found is None:
            return None
        content, dated_ns = found
        text, _, _seal = content.rpartition(b"\n" + SEAL.encode() + b" ")
        text += b"\n"
        verdict, names = parse(text) or (None, ())
        if verdict is None or verdict.tree != tree or self.text_of(repository, verdict, names) != text:
            return None
        if not hmac.compare_digest(sealed(text, key, names, environment), content):
            return None
        if dated_ns // 10**9 > date_of(verdict.measured_at):  # it was given a date that nothing is younger than
            return None
        return verdict if all(is_older(path, dated_ns) for path in verdict.rests_on) else None


def folder_of(repository: Repository) -> Path:
    """Where the files are."""
    return repository.common_dir / "verifyd" / "verdicts"


def sealed(text: bytes, key: str, names: Sequence[str], environment: Mapping[str, str]) -> bytes:
    """
    The lines with their seal: git's own blob id over key, lines, environment and key, in the repository's object format.

    The blob's header holds the length, so nothing can be added behind; the key stands at both ends. The environment is sealed
    but not kept: its values may be secrets.
    """
    line = key.encode("ascii") + b"\n"
    object_format = FORMATS[len(text.split(b"\n")[1].partition(b" ")[2])]
    seal = object_id("blob", line + text + told(names, environment) + line, object_format)
    return text + f"{SEAL} {seal}\n".encode("ascii")


def told(names: Sequence[str], environment: Mapping[str, str]) -> bytes:
    """
    PATH, without what git itself puts before it in a hook, and the variables that the run had of those that tell tools to do otherwise.

    One that is set by now, and was not then, takes nothing from what was measured without it.
    """
    search, gits = environment.get("PATH", ""), environment.get("GIT_EXEC_PATH")
    lines = [f"PATH={search.removeprefix(f'{gits}:') if gits else search}"]
    lines += [f"{name}={environment.get(name, '')}" for name in names]
    return b"environment\n" + b"".join(os.fsencode(line) + b"\n" for line in lines)


def parse(text: bytes) -> tuple[TreeVerdict, tuple[str, ...]] | None:
    """The lines as a value, with the names of variables; None for anything that we do not write."""
    pairs = [tuple(os.fsdecode(part) for part in line.partition(b" ")[::2]) for line in text.splitlines()]
    heads, values = [name for name, _ in pairs], [value for _, value in pairs]
    if tuple(heads[: len(FIELDS)]) != FIELDS or set(heads[len(FIELDS) :]) - {RESTS_ON, VARIABLE} or values[0] != SCHEMA:
        return None
    known = dict(zip(FIELDS, values, strict=False))
    try:
        measured_at = datetime.fromisoformat(known["measured"])
    except ValueError:
        return None
    if len(known["tree"]) not in FORMATS:
        return None
    verdict = TreeVerdict(
        tree=known["tree"],
        readiness=known["readiness"],
        base=known["base"],
        base_name=known["base-name"],
        pipeline=known["pipeline"],
        measured_at=measured_at,
        rests_on=tuple(Path(value) for name, value in pairs if name == RESTS_ON),
    )
    return verdict, tuple(value for name, value in pairs if name == VARIABLE)


def read_dated(path: Path) -> tuple[bytes, int] | None:
    """Content and date of a regular file of ours, no link followed; None for anything else."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError):
        return None
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST_BYTES:
            return None
        return file.read(LARGEST_BYTES), found.st_mtime_ns


def is_older(path: Path, dated_ns: int) -> bool:
    """Whether a path is there and was not written since."""
    try:
        return path.stat().st_mtime_ns <= dated_ns
    except OSError:
        return False


def date_of(measured_at: datetime) -> int:
    """What a verdict's file is dated, in seconds since 1970. It is sealed: whoever writes in git's folder can date files too."""
    return int(measured_at.timestamp()) - OLDER_S


def write_dated(folder: int, name: str, content: bytes, measured_at: datetime) -> None:
    """Write and rename; the date is the run's beginning, for what changed during it counts as changed since."""
    temporary = f".{name}.{os.getpid()}-{next(counter)}.tmp"
    flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        date = date_of(measured_at)
        os.utime(temporary, (date, date), dir_fd=folder)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        remove(folder, temporary)
        raise


def drop_oldest(folder: int) -> None:
    """Remove all but the newest KEPT."""
    names = os.listdir(folder)
    if len(names) <= KEPT:
        return
    dated = []
    for name in names:
        try:
            dated.append((os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime_ns, name))
        except FileNotFoundError:  # another process drops too
            continue
    for _, name in sorted(dated, reverse=True)[KEPT:]:
        remove(folder, name)


def remove(folder: int, name: str) -> None:
    """Gone afterwards; a folder of that name is nobody's file, and stays."""
    try:
        os.unlink(name, dir_fd=folder)
    except (FileNotFoundError, IsADirectoryError, PermissionError):
        return
