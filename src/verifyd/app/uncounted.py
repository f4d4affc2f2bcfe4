"""Commits and ready runs in, the commits out that limits and scope no longer count."""

from __future__ import annotations

from collections.abc import Sequence

from verifyd.app.history_ports import ReadyRun, Store
from verifyd.app.judged import Judged
from verifyd.app.ports import Commit
from verifyd.app.world import World
from verifyd.pipeline import Pipeline
from verifyd.snapshot import Source

MOST_COMMITS = 200
MOST_RUNS = 200


def uncounted_remarks(world: World, judged: Judged, pipeline: Pipeline, store: Store) -> tuple[str, ...]:
    """
    A sentence where limits or scope count from HEAD, and commits were made that no ready tree stands for.

    A commit begins a new count (verify_md.md, ``base: auto``); whoever commits in small parts passes any limit. That is a
    person's to know, and to name a base where it matters.
    """
    if not pipeline.has_diff_gate or judged.has_named_base or judged.snapshot.source is Source.COMMITTED:
        return ()
    commits = world.git.newest_commits(judged.repository, limit=MOST_COMMITS)
    number = count_uncounted(commits, store.ready_runs(limit=MOST_RUNS))
    if number == 0:
        return ()
    what, them = ("1 commit", "it") if number == 1 else (f"{number} commits", "them")
    base = commits[number].commit[:12]
    left_out = f"limits and scope count from HEAD, so they leave out {what} made since the last tree that was ready before its commit"
    return (f"{left_out}; to count {them} too: verifyd run --base {base}",)


def count_uncounted(commits: Sequence[Commit], ready: Sequence[ReadyRun]) -> int:
    """
    How many of the newest commits hold changes that were never counted in a ready tree.

    The last tree that was ready *with a change on its HEAD* is what was last counted: that HEAD, or the commit that was
    made of that very tree. A tree that equals its HEAD had nothing to count, so it stands for nothing here.

    Args:
        commits: Newest first, first parents only.
        ready: Newest first.

    Returns:
        0 where no such run is known, or its HEAD is not among *commits*.
    """
    place = {commit.commit: index for index, commit in enumerate(commits)}
    for run in ready:
        index = place.get(run.head or "")
        if index is None or commits[index].tree == run.tree:
            continue
        return next((newer for newer in range(index) if commits[newer].tree == run.tree), index)
    return 0
