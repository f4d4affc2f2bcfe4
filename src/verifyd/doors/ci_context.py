"""A CI job's environment and event in, what the job is about out: the host, the commits its change may be counted from, and why."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

ORIGIN = "refs/remotes/origin/"
ORIGIN_HEAD = "refs/remotes/origin/HEAD"
"""What a clone remembers of the remote's default branch; hosts that fetch into an empty repository leave none."""


class Host(StrEnum):
    """Who runs the job, as people call it."""

    GITHUB = "GitHub"
    GITLAB = "GitLab"
    JENKINS = "Jenkins"
    BUILDKITE = "Buildkite"
    CIRCLECI = "CircleCI"
    AZURE = "Azure Pipelines"
    BITBUCKET = "Bitbucket"
    OTHER = "another CI host"
    NONE = "no CI host"


class Kind(StrEnum):
    """What the job verifies."""

    MERGE_REQUEST = "merge request"
    MERGE_QUEUE = "merge queue"
    BRANCH = "branch"
    DEFAULT_BRANCH = "default branch"
    TAG = "tag"
    UNKNOWN = "checkout"


class CiContext(Struct, frozen=True, kw_only=True):
    """
    What the host says a job is about.

    Attributes:
        title: For people: ``pull request 12 into main``.
        bases: Names of commits that the change may be counted from, the best first. Empty: there is nothing to count from.
        merged: Commit that the host merged into the target to make HEAD; where HEAD's second parent is that commit, its first
            parent is the base, better than any of *bases*. None where the host makes no merge.
        has_trusted_base: Whether the base is a branch that is verified by itself: only then may a gate that the change does not
            touch be left out.
        needs_base: Whether the job has no meaning without its base.
        before: Commit that the default branch was at before this push; None where there was none, or nothing was pushed. What a
            person let in is not held against it any more: that it changed the gates is reported.
        notes: What a reader should know, a sentence each.
    """

    host: Host
    kind: Kind
    title: str
    bases: tuple[str, ...] = ()
    merged: str | None = None
    has_trusted_base: bool = True
    needs_base: bool = False
    before: str | None = None
    notes: tuple[str, ...] = ()


def read_context(environment: Mapping[str, str], event: Mapping[str, Any] | None = None) -> CiContext:
    """
    What this job is about, by the host's own variables.

    Args:
        event: GitHub's payload (the file that ``GITHUB_EVENT_PATH`` names), parsed; None where there is none to be read.
    """
    from verifyd.doors.ci_github import read_github
    from verifyd.doors.ci_gitlab import read_gitlab
    from verifyd.doors.ci_other_hosts import read_other

    present = {name: value for name, value in environment.items() if value}  # hosts set what does not apply to nothing
    if present.get("GITHUB_ACTIONS") == "true":
        return read_github(present, event)
    if present.get("GITLAB_CI") == "true":
        return read_gitlab(present)
    return read_other(present)


def is_commit(text: object) -> bool:
    """Whether it is a commit's whole id, and not the zeros that stand for none."""
    return (
        isinstance(text, str)
        and len(text) in (40, 64)
        and not set(text) - set("0123456789abcdef")
        and bool(text.strip("0"))
    )


def commits(*texts: object) -> tuple[str, ...]:
    """Those that are a commit's id."""
    return tuple(str(text) for text in texts if is_commit(text))


def commit_or_none(text: object) -> str | None:
    """A commit's id; None for anything else."""
    return next(iter(commits(text)), None)


def branch_context(host: Host, *, branch: str | None, default: str | None, before: object = None) -> CiContext:
    """
    A branch that is verified outside of any merge request.

    A branch of its own is counted from where it left the default branch. What is on the default branch has been let in: every gate
    runs, and limits count nothing. Counted from what was there before the push, a red push would be green after the next one.
    """
    if branch is not None and default is not None and branch != default:
        bases = (ORIGIN + default, ORIGIN_HEAD)
        return CiContext(host=host, kind=Kind.BRANCH, title=f"branch {branch}", bases=bases)
    if default is None:
        title = f"branch {branch}" if branch is not None else "this checkout"
        kind = Kind.BRANCH if branch is not None else Kind.UNKNOWN
        return CiContext(host=host, kind=kind, title=title, bases=(ORIGIN_HEAD,), has_trusted_base=False)
    return CiContext(
        host=host,
        kind=Kind.DEFAULT_BRANCH,
        title=f"branch {branch or default}",
        has_trusted_base=False,
        before=commit_or_none(before),
    )


def tag_context(host: Host, tag: str) -> CiContext:
    """A tag: nothing is merged, so there is nothing to count from."""
    return CiContext(host=host, kind=Kind.TAG, title=f"tag {tag}", has_trusted_base=False)
