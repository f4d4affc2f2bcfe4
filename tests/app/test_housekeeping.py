"""When a daemon cleans up and what it removes; and a real one that goes on as before after it did."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from msgspec.structs import replace

from tests.support.builders import a_pass, a_report
from tests.support.daemons import wait_for
from tests.support.project import Project, page
from verifyd.app.declared import Declared
from verifyd.app.finish import Result
from verifyd.app.housekeeping import Rhythm
from verifyd.app.old_runs import remove_large_runs, too_many
from verifyd.app.open_watch import open_watch
from verifyd.app.verdicts_at_hand import REMEMBERED_FILES, remember
from verifyd.app.watch import Watch
from verifyd.app.wiring import make_world, open_here
from verifyd.edge.files import DiskFiles
from verifyd.edge.git import GitBinary
from verifyd.edge.live_tree import open_live_tree
from verifyd.edge.object_pruning import Limits
from verifyd.edge.watcher import open_watcher
from verifyd.pipeline import Pipeline
from verifyd.report import Readiness

HOUR_S = 3600.0
ALWAYS = Rhythm(look_every_s=0.05, every_s=0.0, quiet_s=0.0)
LONG_AGO_S = 7 * 24 * HOUR_S


@pytest.mark.parametrize(
    "since_s, quiet_s, written_bytes, due",
    [
        (HOUR_S - 1, 1000.0, 0, False),
        (HOUR_S, 29.0, 0, False),
        (HOUR_S, 30.0, 0, True),
        (3 * HOUR_S, 0.0, 0, True),
        (1.0, 0.0, 64 * 1024 * 1024, True),
    ],
)
def test_it_is_time_when_it_is_quiet_or_much_was_written(
    since_s: float, quiet_s: float, written_bytes: int, due: bool
) -> None:
    """An hour when it is quiet, three when it is not, at once after 64 MB."""
    assert Rhythm().is_due(since_s=since_s, quiet_s=quiet_s, written_bytes=written_bytes) is due


@pytest.mark.parametrize(
    "sizes, gone", [([], 0), ([5], 0), ([11], 0), ([5, 5], 0), ([5, 6], 1), ([1, 1, 11], 2), ([9, 1, 1, 8], 1)]
)
def test_the_oldest_runs_go_until_the_rest_keeps_the_limit(sizes: list[int], gone: int) -> None:
    """The newest stays however large it is."""
    assert too_many(sizes, 10) == gone


def test_large_runs_go_with_all_that_is_in_them(tmp_path: Path) -> None:
    """Logs and artifacts count together; the folder of a run under way is left alone."""
    files, runs = DiskFiles(), tmp_path / "runs"
    for name in ("first", "second"):
        with files.held(runs / name) as folder:
            (folder / "artifacts").mkdir()
            (folder / "artifacts/large").write_bytes(b"x" * 60)
            (folder / "gate.log").write_bytes(b"x" * 60)
    with files.held(runs / "under way") as folder:
        (folder / "gate.log").write_bytes(b"x" * 1000)
        remove_large_runs(files, runs, 200)
        assert sorted(path.name for path in runs.iterdir()) == ["second", "under way"]


def a_result(number: int, files: int) -> Result:
    """Of a tree with that many changed files."""
    report = a_report(a_pass("tests"), changed=[f"file{one}.py" for one in range(files)])
    snapshot = replace(report.snapshot, tree=f"{number:040x}")
    return Result(
        report=replace(report, snapshot=snapshot), task=None, declared=Declared(written=Pipeline(), approval=None)
    )


def numbers(known: dict[str, Result]) -> list[int]:
    """Which trees are at hand."""
    return [int(tree, 16) for tree in known]


@pytest.mark.parametrize(
    "files, kept",
    [
        (1, list(range(50, 150))),
        (REMEMBERED_FILES // 10, list(range(140, 150))),
        (REMEMBERED_FILES + 1, [149]),
    ],
)
def test_verdicts_at_hand_are_bounded_by_number_and_by_size(files: int, kept: list[int]) -> None:
    """A hundred at most, fewer of large changes, and always the newest."""
    known: dict[str, Result] = {}
    for number in range(150):
        remember(known, a_result(number, files))
    assert numbers(known) == kept


def test_a_tree_that_comes_back_counts_as_the_newest() -> None:
    """And once only."""
    known: dict[str, Result] = {}
    for number in (1, 2, 1):
        remember(known, a_result(number, REMEMBERED_FILES // 2))
    assert numbers(known) == [2, 1]


@asynccontextmanager
async def watching(project: Project, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watch]:
    """A daemon's engine that cleans up all the time and keeps nothing that nobody needs for longer than a minute."""
    for name, value in project.environment.items():
        monkeypatch.setenv(name, value)
    world = make_world()
    repository = open_here(world, str(project.root))
    git = GitBinary(world.machine.environment)
    async with (
        open_watch(
            world,
            repository,
            open_tree=lambda of: open_live_tree(git, of, Limits(kept_s=0.0, size_bytes=0, spared_s=60.0)),
            open_watcher=lambda of: open_watcher(of.root, of.git_dir, of.common_dir),
            rhythm=ALWAYS,
        ) as watch,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(watch.run)
        yield watch
        await watch.stop("tested")


def objects(project: Project) -> list[Path]:
    """Our stored objects."""
    return [path for path in (project.root / ".git/verifyd/git/objects").rglob("*") if path.is_file()]


async def verdict_on(watch: Watch, project: Project, text: str) -> tuple[str, Readiness | None]:
    """Edit, and wait for the report."""
    project.write({"src/deep/calc.py": text})
    standing = await watch.wait_now(30)
    return standing.tree, standing.report.readiness if standing.report is not None else None


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_daemon_goes_on_as_before_after_it_has_cleaned_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anyio_backend: str
) -> None:
    """
    Objects of forgotten trees go by themselves; those of the newest and the last ready tree stay.

    The next edits are judged, counted from the last ready tree, and history still knows the trees.
    """
    project = Project.make(
        tmp_path, {"src/deep/calc.py": "A = 0\n", "VERIFY.md": page(good="! grep -q BAD src/deep/calc.py")}
    )
    project.approve()
    async with watching(project, monkeypatch) as watch:
        ready, readiness = await verdict_on(watch, project, "A = 1\n")
        assert readiness is Readiness.READY
        judged = [await verdict_on(watch, project, f"BAD = {number}\n") for number in range(5)]
        assert {readiness for _, readiness in judged} == {Readiness.NOT_READY}
        watch.known.clear()
        before = len(objects(project))
        for path in objects(project):
            moment = datetime.now(UTC).timestamp() - LONG_AGO_S
            os.utime(path, (moment, moment))
        # Of two trees: a file and three folders each.
        await anyio.to_thread.run_sync(wait_for, lambda: len(objects(project)) <= 8, "only what is needed is left")
        assert before > 8
        assert len(objects(project)) == 8
        project.write({"other.py": "B = 1\n"})
        standing = await watch.wait_now(30)
        assert standing.report is not None
        assert (standing.report.readiness, standing.notes) == (Readiness.NOT_READY, ())
        assert standing.report.last_ready_tree == ready
        assert standing.report.changed_since_ready == frozenset({"src/deep/calc.py", "other.py"})
        assert standing.report.change.paths == frozenset({"src/deep/calc.py", "other.py"})
    for known in (judged[-1][0], standing.tree):
        assert project.verifyd("status", "--tree", known, expect=1).out.startswith(f"NOT READY  tree {known[:12]}")
