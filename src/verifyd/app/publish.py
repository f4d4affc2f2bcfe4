"""Writes a result where people and agents look for it: .verifyd/, and the marked block of the progress file."""

from __future__ import annotations

from pathlib import Path

from verifyd.app.finish import Result
from verifyd.app.ports import Repository
from verifyd.app.progress import keep_progress
from verifyd.app.world import World
from verifyd.render.json import render_json
from verifyd.render.markdown import render_markdown
from verifyd.snapshot import Source

IGNORE_ALL = b"*\n"


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
        world.files.write_whole(
            folder / ".gitignore", IGNORE_ALL, aside=repository.state_dir
        )  # it hides no file before it is there
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
