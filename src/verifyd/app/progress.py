"""The marked block that we keep in the file that VERIFY.md names as ``progress``, and the change without it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.change import Change, ChangeKind
from verifyd.pipeline import Pipeline
from verifyd.report import Readiness

if TYPE_CHECKING:
    from verifyd.app.finish import Result
    from verifyd.app.judged import Judged
    from verifyd.report import Report
    from verifyd.task import Task

SIZE_LIMIT_BYTES = 1024 * 1024
BEGIN, END = "<!-- verifyd:begin -->", "<!-- verifyd:end -->"
BLOCK = re.compile(re.escape(BEGIN) + r".*?" + re.escape(END), re.DOTALL)
OURS = re.compile(
    rb"\s*" + re.escape(BEGIN).encode() + rb"\nReadiness: [^\n]+\nSince: [^\n]+ UTC\n" + re.escape(END).encode()
)
"""A block that holds what we write, and no more."""
WRITTEN_BY_US = (ChangeKind.ADDED, ChangeKind.MODIFIED)
HEADING = "# Progress"
"""What a file begins with that we make."""


def keep_progress(world: World, repository: Repository, pipeline: Pipeline, result: Result) -> None:
    """
    Bring the progress file's marked block up to date, on transitions only.

    A run of some gates alone knows of none, unless one has failed: it is silent about all the others.
    """
    if pipeline.progress is None or (result.report.selected and result.report.readiness is Readiness.UNPROVEN):
        return
    path = repository.root / pipeline.progress
    content = world.files.read(path, limit_bytes=SIZE_LIMIT_BYTES) or b""
    if len(content) > SIZE_LIMIT_BYTES:
        return
    updated = with_progress(content.decode("utf-8", "surrogateescape"), result.report, result.task, world.clock.now())
    if updated is not None:
        world.files.write_whole(path, updated.encode("utf-8", "surrogateescape"))


def with_progress(text: str, report: Report, task: Task | None, now: datetime) -> str | None:
    """
    The text with its block up to date; None when the block already says the same.

    Only a transition is written, and no tree id: the file is part of the tree, so a block that named its tree, or a time on
    each run, would make a new tree to be judged each time.
    """
    says = f"Readiness: {str(report.readiness).replace('_', ' ')}" + (f"; next: {task.title}" if task else "")
    says = says.replace("<!--", "< !--").replace("-->", "-- >")
    found = BLOCK.search(text)
    if found is not None and f"\n{says}\n" in found.group(0):
        return None
    block = f"{BEGIN}\n{says}\nSince: {now:%Y-%m-%d %H:%M} UTC\n{END}"
    if found is not None:
        return text[: found.start()] + block + text[found.end() :]
    return f"{text.rstrip()}\n\n{block}\n" if text.strip() else f"{HEADING}\n\n{block}\n"


def without_block(world: World, judged: Judged, pipeline: Pipeline) -> Change:
    """What limits and scope count: the change without the progress file, where nothing but our block of it differs."""
    change, path = judged.change, pipeline.progress
    ours = [file for file in change.files if file.path == path and file.kind in WRITTEN_BY_US]
    if path is None or not ours:
        return change
    before = beside_block(world.git.read_file(judged.repository, judged.snapshot.base_tree, path) or HEADING.encode())
    after = beside_block(world.git.read_file(judged.repository, judged.snapshot.tree, path) or b"")
    return (
        replace(change, files=tuple(file for file in change.files if file not in ours)) if before == after else change
    )


def beside_block(content: bytes) -> bytes:
    """A progress file without our block and the blanks around it."""
    return OURS.sub(b"", content).strip()
