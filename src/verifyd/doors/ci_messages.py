"""What a CI job tells people about its host and its base, above all the exact lines that bring a missing base."""

from __future__ import annotations

from verifyd.clone import Clone, Missing
from verifyd.doors.ci_context import ORIGIN, ORIGIN_HEAD, CiContext, Host, is_commit
from verifyd.errors import GitError
from verifyd.render.shown import shown_line

DEEPER = {
    Host.GITHUB: "- uses: actions/checkout@v7\n  with:\n    fetch-depth: 0",
    Host.GITLAB: "variables:\n  GIT_DEPTH: 0",
    Host.BITBUCKET: "clone:\n  depth: full",
    Host.AZURE: "- checkout: self\n  fetchDepth: 0",
}
"""The lines of each host's own configuration that fetch the whole history and all branches."""
ALL_BRANCHES = "+refs/heads/*:refs/remotes/origin/*"


def heading(context: CiContext, base: str | None) -> str:
    """``verifyd ci: GitHub, pull request 12 into main, counted from 1a2b3c4d5e6f``."""
    counted = f"counted from {base[:12]}" if base is not None else "counted from nothing"
    return shown_line(f"verifyd ci: {context.host}, {context.title}, {counted}")  # branch names are others' text


def missing_base(missing: Missing, context: CiContext, clone: Clone) -> GitError:
    """Why there is no base, with what to add to the job."""
    name = short(missing.name)
    if missing.unrelated and not clone.is_shallow:
        problem = f"HEAD has no commit in common with {name}, which its change should be counted from"
        return GitError(problem, where=context.title, remedy="Name another base: verifyd ci --base REF")
    if clone.is_shallow:
        problem = f"this is a shallow clone, and {'where HEAD left' if missing.unrelated else ''} {name} is not in it"
        return GitError(" ".join(problem.split()), where=context.title, remedy=deepen(context))
    problem = f"{name}, which the change should be counted from, is not in this clone"
    return GitError(problem, where=context.title, remedy=fetch(missing.name))


def unnamed_base(context: CiContext) -> GitError:
    """The host says that something is merged, and not into what."""
    problem = "the host does not say which commit the change is counted from"
    notes = "".join(f" ({note})" for note in context.notes)
    return GitError(problem + notes, where=context.title, remedy="Name it: verifyd ci --base REF")


def deepen(context: CiContext) -> str:
    """The lines that fetch the whole history."""
    lines = DEEPER.get(context.host)
    if lines is None:
        return f"Fetch the whole history before this step: git fetch --unshallow origin '{ALL_BRANCHES}'"
    return "Fetch the whole history; the job's configuration needs these lines:\n\n" + indented(lines)


def fetch(name: str) -> str:
    """The command that brings a branch of the remote."""
    if name.startswith(ORIGIN) and name != ORIGIN_HEAD:
        branch = name.removeprefix(ORIGIN)
        return f"Fetch it before this step: git fetch origin +refs/heads/{branch}:{name}"
    return "Fetch it before this step, or name another base: verifyd ci --base REF"


def indented(lines: str) -> str:
    """Lines that can be copied out of a log."""
    return "\n".join(f"    {line}" for line in lines.split("\n"))


def no_base_note(missing: Missing) -> str:
    """Why a job goes on without its base."""
    why = "has no commit in common with HEAD" if missing.unrelated else "is not in this clone"
    return (
        f"{short(missing.name)} {why}, so the change is counted from nothing: every gate runs, limits count nothing, and VERIFY.md is "
        "held against no other"
    )


def short(name: str) -> str:
    """A branch by its short name, a commit by the beginning of its id."""
    if is_commit(name):
        return f"commit {name[:12]}"
    return "the default branch" if name == ORIGIN_HEAD else name.removeprefix("refs/remotes/")
