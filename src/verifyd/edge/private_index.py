"""The user's index in a copy of our own: what is tracked, what is staged, and what differs on disk."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from verifyd.edge.git_process import GitProcess, Place, as_input, lines_of
from verifyd.edge.tree_edit import SUBMODULE_MODE, Entry

PREFIX = "index-"
STALE_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """
    What an index lists.

    Attributes:
        lines: ``<tag> <mode> <id> <stage>`` by path, as git prints it; for an unmerged path one of its sides.
        submodules: Commit by path.
        unmerged: Paths with a conflict.
        overlooked: Paths with the assume-unchanged bit: git would not look at them.
        left_out: Paths with the skip-worktree bit, as in a sparse checkout.
    """

    lines: Mapping[str, str]
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
    """What the index at *place* lists, with the bits that make git overlook a path."""
    records = (line.partition("\t") for line in lines_of(git.run(place, "ls-files", "-z", "--stage", "-v")))
    # Taken apart only where something is out of the ordinary: there may be 40,000 of them.
    lines = {path: about for about, _, path in records}
    odd = {path: about for path, about in lines.items() if about[0] != "H" or about[-1] != "0"}
    return Tracked(
        lines=lines,
        submodules={path: about.split(" ")[2] for path, about in lines.items() if about.startswith(SUBMODULE_MODE, 2)},
        unmerged=frozenset(path for path, about in odd.items() if about[-1] != "0"),
        overlooked=frozenset(path for path, about in odd.items() if about[0].islower()),
        left_out=frozenset(path for path, about in odd.items() if about[0] in "Ss"),
    )


def forget(git: GitProcess, place: Place, paths: Sequence[str]) -> None:
    """Take paths out of the index at *place*, which must be one of ours."""
    git.run(place, "update-index", "--force-remove", "-z", "--stdin", content=as_input(paths))


def read_differing(git: GitProcess, place: Place) -> tuple[frozenset[str], frozenset[str]]:
    """(paths whose file may differ from the index, paths whose file is gone); submodules are not looked at."""
    output = git.run(place, "diff-files", "-z", "--name-status", "--no-renames", "--ignore-submodules=all")
    fields = lines_of(output)
    states: dict[str, set[str]] = {}
    for state, path in zip(fields[::2], fields[1::2], strict=True):
        states.setdefault(path, set()).add(state)
    # An unmerged path is listed as U, and again with what its file is compared to one of its sides.
    gone = frozenset(path for path, seen in states.items() if "D" in seen)
    return frozenset(states) - gone, gone


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
