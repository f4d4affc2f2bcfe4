"""The newest commits in, a sentence for each that no ready verdict stands behind: made past the hook, or with a reason given."""

from __future__ import annotations

from verifyd.app.history_ports import Store
from verifyd.app.judged import Judged
from verifyd.app.world import World
from verifyd.errors import GitError

MOST_RUNS = 200
SHOWN = 3


def commit_remarks(world: World, judged: Judged, store: Store) -> tuple[str, ...]:
    """
    What a reader should know of commits that were made without a verdict; nothing where no hook of ours was ever installed.

    In CI, where nobody's history is, commits say themselves that they were skipped (the trailer ``Verifyd-Skip``).
    """
    if "CI" in world.machine.environment:
        return skipped_remarks(world, judged)
    hooks, repository = world.git_hooks, judged.repository
    made_here = hooks.commit_made_here(repository) if hooks is not None and hooks.are_installed(repository) else None
    newest = world.git.newest_commits(repository, limit=1) if made_here is not None else ()
    if not newest or newest[0].commit != made_here:  # pulled, rebased, picked: no hook is run for those
        return ()
    commit, tree = newest[0].commit[:12], newest[0].tree
    if tree in {run.tree for run in store.ready_runs(limit=MOST_RUNS)} or has_ready_file(world, judged, tree):
        return ()
    reason = store.skip_reason(tree)
    if reason is not None:
        return (f"commit {commit} was made without a verdict, by VERIFYD_SKIP: {reason}",)
    says = f"unverified commit {commit}: no ready verdict on its tree {tree[:12]} is known here"
    return (f"{says}; verify it with: verifyd run --tree {commit}",)


def has_ready_file(world: World, judged: Judged, tree: str) -> bool:
    """Whether another work tree of the repository has found the tree ready."""
    files = world.verdict_files
    found = files.read(judged.repository, tree, world.machine.environment) if files is not None else None
    return found is not None and found.readiness == "ready"


def skipped_remarks(world: World, judged: Judged) -> tuple[str, ...]:
    """A sentence for each of the newest commits since the base that says it was skipped."""
    try:
        skipped = world.git.skipped_commits(judged.repository, since=judged.snapshot.base)
    except GitError:
        return ()
    said = [f"commit {commit[:12]} was made without a verdict, by VERIFYD_SKIP: {reason}" for commit, reason in skipped]
    more = len(said) - SHOWN
    return (*said[:SHOWN], *((f"and {more} more such commits",) if more > 0 else ()))
