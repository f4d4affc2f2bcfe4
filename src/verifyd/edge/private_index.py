"""The user's index in a copy of our own: what is tracked, what is staged, and which files it was read from."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from verifyd.edge.git_process import GitProcess, Place, as_input, lines_of
from verifyd.edge.sweep import Stamp
from verifyd.edge.tree_edit import LINK_MODE, SUBMODULE_MODE, Entry

PREFIX = "index-"
STALE_S = 3600.0

RECORD_END = "\tflags: "
"""Begins the last field of what ``git ls-files --debug`` prints of a file."""

SECOND_NS = 1_000_000_000
WORD = 0xFFFF_FFFF
"""The index keeps the lower 32 bits of sizes and inodes."""

TICK_NS = 20_000_000
"""Two of the coarsest ticks of a file system's clock."""


class Tracked(Struct, frozen=True, kw_only=True):
    """
    What an index lists.

    Attributes:
        lines: ``<tag> <mode> <id> <stage>`` by path, as git prints it; for an unmerged path one of its sides.
        records: What git remembers of the file it read each of them from, by path, as git prints it.
        submodules: Commit by path.
        unmerged: Paths with a conflict.
        overlooked: Paths with the assume-unchanged bit: git would not look at them.
        left_out: Paths with the skip-worktree bit, as in a sparse checkout.
    """

    lines: Mapping[str, str]
    records: Mapping[str, str]
    submodules: Mapping[str, str]
    unmerged: frozenset[str]
    overlooked: frozenset[str]
    left_out: frozenset[str]

    def entry(self, path: str) -> Entry | None:
        """What the index holds at a path; None for nothing."""
        line = self.lines.get(path)
        if line is None:
            return None
        _, mode, identifier, _ = line.split(" ")
        return Entry(mode=mode, id=identifier)


@contextmanager
def copied_index(source: Path, folder: Path) -> Iterator[Path]:
    """
    A copy of an index under a name of its own, gone afterwards; no file when there is no index yet.

    The copy has the time of what was copied, to the nanosecond: git trusts a file's recorded times only when they are
    older than the index, so a copy with a newer time hides edits made in the second before (20 of 20). Content and time
    are read from one open file, because git replaces the index by renaming a new one over it.
    """
    remove_stale(folder)
    copy = folder / f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
    try:
        with suppress(FileNotFoundError), source.open("rb") as file:
            seen = os.fstat(file.fileno())
            copy.write_bytes(file.read())
            os.utime(copy, ns=(seen.st_atime_ns, seen.st_mtime_ns))
        yield copy
    finally:
        remove_index(copy)


@contextmanager
def empty_index(folder: Path) -> Iterator[Path]:
    """A name for an index that does not exist yet; what git made of it is gone afterwards."""
    with copied_index(folder / "no such index", folder) as index:
        yield index


def remove_index(index: Path) -> None:
    """An index of ours and the lock that an interrupted git left beside it."""
    for path in (index, index.with_name(f"{index.name}.lock")):
        path.unlink(missing_ok=True)


def remove_stale(folder: Path) -> None:
    """Indexes of runs that were killed: judged by ctime, because a copy's mtime is its original's."""
    probe = folder / f"{PREFIX}probe-{os.getpid()}-{secrets.token_hex(4)}"
    probe.write_bytes(b"")
    now_s = probe.stat().st_ctime
    probe.unlink()
    for path in folder.glob(f"{PREFIX}*"):
        with suppress(FileNotFoundError):
            if now_s - path.stat().st_ctime > STALE_S:
                path.unlink()


def read_tracked(git: GitProcess, place: Place) -> Tracked:
    """What the index at *place* lists, with the bits that make git overlook a path, and what git remembers of its files."""
    listing = ("ls-files", "-z", "--stage", "-v")
    try:
        lines, records = parse_listing(git.run(place, *listing, "--debug").decode("utf-8", "surrogateescape"))
    except ValueError:  # another form than any git of today prints: every file is then read
        plain = (line.partition("\t") for line in lines_of(git.run(place, *listing)))
        lines, records = {path: about for about, _, path in plain}, {}
    # Taken apart only where something is out of the ordinary: there may be 40,000 of them.
    odd = {path: about for path, about in lines.items() if about[0] != "H" or about[-1] != "0"}
    return Tracked(
        lines=lines,
        records=records,
        submodules={path: about.split(" ")[2] for path, about in lines.items() if about.startswith(SUBMODULE_MODE, 2)},
        unmerged=frozenset(path for path, about in odd.items() if about[-1] != "0"),
        overlooked=frozenset(path for path, about in odd.items() if about[0].islower()),
        left_out=frozenset(path for path, about in odd.items() if about[0] in "Ss"),
    )


def parse_listing(output: str) -> tuple[dict[str, str], dict[str, str]]:
    """
    Lines and records of ``ls-files -z --stage -v --debug`` by path.

    The form is ``<line>\\0<record><line>\\0<record>…``: a record is a few lines of text, and the next line follows at once.

    Raises:
        ValueError: It is another form.
    """
    lines: dict[str, str] = {}
    records: dict[str, str] = {}
    first, *parts = output.split("\0")
    about, _, path = first.partition("\t")
    for part in parts:
        end = part.index("\n", part.index(RECORD_END)) + 1
        lines[path], records[path] = about, part[:end]
        about, _, path = part[end:].partition("\t")
    return lines, records


def forget(git: GitProcess, place: Place, paths: Sequence[str]) -> None:
    """Take paths out of the index at *place*, which must be one of ours."""
    git.run(place, "update-index", "--force-remove", "-z", "--stdin", content=as_input(paths))


def is_as_recorded(line: str, record: str, stamp: Stamp, index_ns: int) -> bool:
    """
    Whether a file is, to the nanosecond, the one that git read when it was added, so its content is what the index names.

    git itself compares whole seconds (as Debian builds it), and trusts a file whose mtime is older than the index. So a file
    with an mtime set back, added, and written again with the same size and mtime within that second, is clean for git for
    ever (10 of 10); its ctime tells.

    Args:
        line, record: As in Tracked.
        stamp: What is on disk.
        index_ns: When the index was written: a file changed in the tick before may have been changed twice.
    """
    mtime_ns, ctime_ns, size, inode, mode = stamp
    ctime = f"{ctime_ns // SECOND_NS}:{ctime_ns % SECOND_NS}"
    mtime = ctime if mtime_ns == ctime_ns else f"{mtime_ns // SECOND_NS}:{mtime_ns % SECOND_NS}"
    return (
        record.startswith(f"  ctime: {ctime}\n  mtime: {mtime}\n")
        and f"\tino: {inode & WORD}\n" in record
        and f"\n  size: {size & WORD}\t" in record
        and line[2:8] == git_mode(mode)
        and line[-1] == "0"
        and ctime_ns + TICK_NS < index_ns
    )


def git_mode(mode: int) -> str:
    """git's mode for a file's own; empty for what git does not store."""
    if stat.S_ISLNK(mode):
        return LINK_MODE
    if not stat.S_ISREG(mode):
        return ""
    return "100755" if mode & stat.S_IXUSR else "100644"


def read_staged_edits(git: GitProcess, place: Place, tree: str, *, with_intended: bool) -> dict[str, Entry | None]:
    """
    What the index at *place* holds otherwise than *tree*; unmerged paths are left out.

    Args:
        with_intended: Whether files of ``git add --intent-to-add`` count, as empty ones; a commit leaves them out.
    """
    intended = "--ita-visible-in-index" if with_intended else "--ita-invisible-in-index"
    fields = lines_of(
        git.run(place, "diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", intended, tree)
    )
    edits: dict[str, Entry | None] = {}
    for about, path in zip(fields[::2], fields[1::2], strict=True):
        _, mode, _, identifier, state = about.split(" ")
        if state != "U":
            edits[path] = None if state == "D" else Entry(mode=mode, id=identifier)
    return edits
