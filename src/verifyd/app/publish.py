"""Writes a result where people and agents look for it: .verifyd/, and the marked block of the progress file."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from verifyd.app.finish import Result
from verifyd.app.ports import Repository
from verifyd.app.progress import keep_progress
from verifyd.app.world import World
from verifyd.errors import StoreError
from verifyd.render.json import render_json
from verifyd.render.markdown import render_markdown
from verifyd.snapshot import Source

IGNORE_ALL = b"*\n"


def report_files(repository: Repository) -> tuple[Path, ...]:
    """The files that ``publish`` writes or removes, the progress file left out."""
    return tuple(repository.report_dir / name for name in (".gitignore", "readiness.json", "READINESS.md", "TASK.md"))


def publish(world: World, repository: Repository, result: Result, *, keeps_progress: bool = True) -> None:
    """
    Write READINESS.md, readiness.json and TASK.md, or remove TASK.md when no task is known.

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
    task = task_page(world, repository, result)
    if task is None:
        world.files.remove(folder / "TASK.md")
    else:
        world.files.write_whole(folder / "TASK.md", task)
    pipeline = result.declared.runs
    if keeps_progress and pipeline is not None and result.report.snapshot.source is Source.WORKING_TREE:
        keep_progress(world, repository, pipeline, result)


def task_page(world: World, repository: Repository, result: Result) -> str | None:
    """
    TASK.md: the run's own task; where a run of some gates found none, what is known of the same tree from before.

    None where there is no task; one that another release wrote in another shape is none.
    """
    if result.task is None and not result.report.selected:
        return None
    from verifyd.render.task_markdown import render_task_entry, render_task_markdown  # a ready tree has none

    if result.task is not None:
        return render_task_markdown(result.task)
    from verifyd.app.history import known_task

    with suppress(StoreError, ValueError), world.open_store(repository) as store:
        entry = known_task(store, tree=result.report.snapshot.tree, pipeline=result.report.pipeline)
        return render_task_entry(entry) if entry is not None else None
    return None
