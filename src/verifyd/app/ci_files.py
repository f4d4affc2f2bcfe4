"""A CI job's result in, its files out: a folder ready for upload, and what the host reads after the step."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from verifyd.app.ports import Repository
from verifyd.app.publish import report_files
from verifyd.app.world import World
from verifyd.errors import StoreError, UsageError
from verifyd.render.gitlab import render_gitlab
from verifyd.render.json import render_json
from verifyd.render.junit import render_junit
from verifyd.render.markdown import render_markdown
from verifyd.render.sarif import render_sarif
from verifyd.render.shown import shown

if TYPE_CHECKING:
    from verifyd.app.finish import Result

FOLDER = "verifyd-report"
"""Not hidden: the usual upload steps leave out hidden folders."""
MARKER = ".gitignore"
MARK = "*\n"
RENDERERS = {
    "readiness.json": render_json,
    "READINESS.md": render_markdown,
    "junit.xml": render_junit,
    "verifyd.sarif": render_sarif,
    "gl-code-quality-report.json": render_gitlab,
}
TASK = "TASK.md"
LOGS = "logs"
LOG_BYTES = 1024 * 1024
"""Of each gate's log, its end; the job's machine keeps no more than what is uploaded."""
HOST_FILE_BYTES = 8 * 1024 * 1024


class Uploaded(Struct, frozen=True, kw_only=True):
    """
    Where things are for whoever reads of a job: in the folder that it uploads, and in no work tree.

    Attributes:
        folder: As it was named.
    """

    folder: str

    @property
    def task_file(self) -> str:
        """The task."""
        return str(PurePath(self.folder, TASK))

    def log_of(self, gate: str) -> str:
        """The end of what a gate printed."""
        return str(PurePath(self.folder, LOGS, log_name(gate)))

    def naming_log(self, result: Result) -> Result:
        """The result whose task names the log there."""
        task = result.task
        if task is None or task.log is None:
            return result
        return replace(result, task=replace(task, log=self.log_of(task.gate)))


def check_folder(world: World, repository: Repository, folder: str) -> Path:
    """
    The folder as it will be used, relative to the root, links resolved.

    Inside the checkout it must be ours: new, empty, or with our own ``.gitignore`` in it, which keeps it out of the tree.

    Raises:
        UsageError: It is part of git's folder, of the tree, or of what verifyd itself reads.
    """
    named = Path(os.path.normpath(repository.root / folder))
    real = named.resolve()
    remedy = f"Name another folder: --output-dir {FOLDER}"
    where = "--output-dir"
    if any(real.is_relative_to(gits) for gits in (repository.git_dir, repository.common_dir)):
        raise UsageError(f"{folder!r} is part of git's folder", where=where, remedy=remedy)
    if repository.root.is_relative_to(real) or real == report_files(repository)[0].parent:
        raise UsageError(f"{folder!r} holds more than this report", where=where, remedy=remedy)
    if named.is_relative_to(repository.root) and named != real:  # the change itself may have planted it
        raise UsageError(f"{folder!r} is a link, or lies behind one", where=where, remedy=remedy)
    if real.is_file():
        raise UsageError(f"{folder!r} is a file", where=where, remedy=remedy)
    is_ours = world.files.read(real / MARKER, limit_bytes=len(MARK)) == MARK.encode()
    if real.is_relative_to(repository.root) and not is_ours and real.is_dir() and any(real.iterdir()):
        raise UsageError(f"{folder!r} holds files of the checkout", where=where, remedy=remedy)
    return real


def write_files(world: World, folder: Path, result: Result) -> None:
    """All forms of the report, the task, and the gates' logs with secrets masked; StoreError when one cannot be written."""
    world.files.make_folder(folder)
    world.files.write_whole(folder / MARKER, MARK)
    for name, render in RENDERERS.items():
        world.files.write_whole(folder / name, render(result.report, result.task))
    if result.task is None:
        world.files.remove(folder / TASK)
    else:
        from verifyd.render.task_markdown import render_task_markdown

        world.files.write_whole(folder / TASK, render_task_markdown(result.task))
    world.files.remove_tree(folder / LOGS)
    world.files.make_folder(folder / LOGS)
    for gate in result.report.gates:
        outcome = gate.verdict.outcome
        if outcome is not None and outcome.log is not None:
            text = end_of_log(world, outcome.log, LOG_BYTES)
            world.files.write_whole(folder / LOGS / log_name(gate.verdict.gate.name), f"{text}\n")


def log_name(gate: str) -> str:
    """A gate's file in LOGS."""
    return f"{gate}.txt"


def end_of_log(world: World, path: Path, limit_bytes: int, *, lines: int | None = None) -> str:
    """The end of a gate's log as it may be shown to anybody; empty when the log is gone."""
    try:
        with world.files.open_binary(path) as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - limit_bytes))
            tail = file.read(limit_bytes)
    except (FileNotFoundError, StoreError):
        return ""
    if size > limit_bytes:
        tail = b"[the beginning is left out]\n" + tail.partition(b"\n")[2]
    kept = tail.splitlines()[-lines:] if lines is not None else tail.splitlines()
    return shown(b"\n".join(kept).decode("utf-8", "replace"))


def write_outputs(world: World, path: Path, outputs: Mapping[str, str]) -> None:
    """
    Set a GitHub step's outputs, in the form that no value can end.

    Raises:
        StoreError: They cannot be written.
    """
    mark = f"verifyd_{world.machine.new_mark()}{world.machine.new_mark()}"
    append(world, path, "".join(f"{name}<<{mark}\n{value}\n{mark}\n" for name, value in outputs.items()))


def append(world: World, path: Path, text: str) -> None:
    """Add text to a file that the host reads after the step; StoreError when that fails or the file is far too large."""
    before = world.files.read(path, limit_bytes=HOST_FILE_BYTES) or b""
    if len(before) > HOST_FILE_BYTES:
        raise StoreError(f"holds more than {HOST_FILE_BYTES:,} bytes already", where=str(path))
    between = "\n" if before and not before.endswith(b"\n") else ""
    world.files.write_out(path, before.decode("utf-8", "surrogateescape") + between + text)


def bytes_in(world: World, path: Path) -> int:
    """Size of a file that the host reads; 0 when there is none."""
    return world.files.size(path) or 0
