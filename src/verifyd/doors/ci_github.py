"""GitHub's variables and event payloads in, what the job is about out (docs: "Events that trigger workflows", "Webhook events")."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from verifyd.doors.ci_context import (
    ORIGIN,
    CiContext,
    Host,
    Kind,
    branch_context,
    commit_or_none,
    commits,
    tag_context,
)

TARGET_EVENT = "pull_request_target"


def read_github(environment: Mapping[str, str], event: Mapping[str, Any] | None) -> CiContext:
    """What a job of GitHub Actions (or of a host that speaks like it) is about; a payload that cannot be read is done without."""
    name, payload = environment.get("GITHUB_EVENT_NAME", ""), event or {}
    if part(payload, "pull_request") or "GITHUB_BASE_REF" in environment:
        return pull_request(environment, part(payload, "pull_request"), name)
    if name == "merge_group":
        return merge_group(part(payload, "merge_group"))
    reference = environment.get("GITHUB_REF", "")
    if reference.startswith("refs/tags/"):
        return tag_context(Host.GITHUB, reference.removeprefix("refs/tags/"))
    branch = reference.removeprefix("refs/heads/") if reference.startswith("refs/heads/") else None
    default = text(part(payload, "repository"), "default_branch")
    before = payload.get("before") if name == "push" else None
    return branch_context(Host.GITHUB, branch=branch, default=default, before=before)


def pull_request(environment: Mapping[str, str], pull: Mapping[str, Any], name: str) -> CiContext:
    """
    A pull request.

    ``base.sha`` is the target as it was when the request last changed; the host's merge commit may be newer, so its own first
    parent comes before it, and so does the target branch where it was fetched.
    """
    base, head = part(pull, "base"), part(pull, "head")
    target = text(base, "ref") or environment.get("GITHUB_BASE_REF")
    number = pull.get("number") if isinstance(pull.get("number"), int) else number_of(environment.get("GITHUB_REF", ""))
    title = f"pull request{f' {number}' if number is not None else ''} into {target}"
    return CiContext(
        host=Host.GITHUB,
        kind=Kind.MERGE_REQUEST,
        title=title + (" from a fork" if is_fork(base, head) else ""),
        bases=(*([ORIGIN + target] if target else []), *commits(base.get("sha"))),
        merged=commit_or_none(head.get("sha")),
        needs_base=True,
        notes=(target_warning(),) if name == TARGET_EVENT else (),
    )


def target_warning() -> str:
    """Why this event is no place to run a change's own commands."""
    return (
        f"{TARGET_EVENT} hands this repository's secrets to whatever runs, and checks out the target, not the change: "
        "let the workflow run on pull_request"
    )


def number_of(reference: str) -> int | None:
    """The number in ``refs/pull/12/merge``; None where there is none."""
    words = reference.split("/")
    return int(words[2]) if words[:2] == ["refs", "pull"] and len(words) > 2 and words[2].isdecimal() else None


def is_fork(base: Mapping[str, Any], head: Mapping[str, Any]) -> bool:
    """Whether the change comes from another repository; one that was deleted since is null."""
    target = text(part(base, "repo"), "full_name")
    return target is not None and text(part(head, "repo"), "full_name") != target


def merge_group(group: Mapping[str, Any]) -> CiContext:
    """An entry of the merge queue: its parent is the target with the entries before it."""
    target = (text(group, "base_ref") or "").removeprefix("refs/heads/")
    return CiContext(
        host=Host.GITHUB,
        kind=Kind.MERGE_QUEUE,
        title=f"merge queue into {target}" if target else "merge queue",
        bases=(*commits(group.get("base_sha")), *([ORIGIN + target] if target else [])),
        needs_base=True,
    )


def part(payload: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object inside a payload; an empty one where there is something else."""
    found = payload.get(name)
    return found if isinstance(found, Mapping) else {}


def text(payload: Mapping[str, Any], name: str) -> str | None:
    """A text inside a payload that may name a branch; None where there is something else."""
    found = payload.get(name)
    return found if isinstance(found, str) and found and "\n" not in found else None
