"""Writes a result where people and agents look for it: .verifyd/, and the marked block of the progress file."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from verifyd.app.finish import Result
from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.pipeline import Pipeline
from verifyd.render.json import render_json
from verifyd.render.markdown import render_markdown
from verifyd.report import Report
from verifyd.snapshot import Source

if TYPE_CHECKING:
    from verifyd.task import Task

SIZE_LIMIT_BYTES = 1024 * 1024
IGNORE_ALL = b"*\n"
BEGIN, END = "<!-- verifyd:begin -->", "<!-- verifyd:end -->"
BLOCK = re.compile(re.escape(BEGIN) + r".*?" + re.escape(END), re.DOTALL)


def report_files(repository: Repository) -> tuple[Path, ...]:
    """The files that ``publish`` writes or removes, the progress file left out."""
    return tuple(repository.report_dir / name for name in (".gitignore", "readiness.json", "READINESS.md", "TASK.md"))


def publish(world: World, repository: Repository, result: Result, *, keeps_progress: bool = True) -> None:
    """
    Write READINESS.md, readiness.json and TASK.md, or remove TASK.md when there is no task.

    A commit's tree that was asked for by name is not what the folder's readers work on: nothing is written for it.
    """
    if result.report.snapshot.source is Source.COMMITTED:
        return
    folder = repository.report_dir
    if world.files.read(folder / ".gitignore", limit_bytes=len(IGNORE_ALL)) != IGNORE_ALL:  # each file costs two syncs
        world.files.write_whole(folder / ".gitignore", IGNORE_ALL)
    world.files.write_whole(folder / "readiness.json", render_json(result.report, result.task))
    world.files.write_whole(folder / "READINESS.md", render_markdown(result.report, result.task))
    if result.task is None:
        world.files.remove(folder / "TASK.md")
    else:
        from verifyd.render.task_markdown import render_task_markdown  # a ready tree has none

        world.files.write_whole(folder / "TASK.md", render_task_markdown(result.task))
    pipeline = result.declared.runs
    if keeps_progress and pipeline is not None and result.report.snapshot.source is Source.WORKING_TREE:
        keep_progress(world, repository, pipeline, result)


def keep_progress(world: World, repository: Repository, pipeline: Pipeline, result: Result) -> None:
    """Bring the progress file's marked block up to date, on transitions only."""
    if pipeline.progress is None:
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
    return f"{text.rstrip()}\n\n{block}\n" if text.strip() else f"# Progress\n\n{block}\n"
