"""GitLab's variables in, what the job is about out (docs: "Predefined CI/CD variables reference")."""

from __future__ import annotations

from collections.abc import Mapping

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


def read_gitlab(environment: Mapping[str, str]) -> CiContext:
    """What a job of GitLab CI is about."""
    if "CI_MERGE_REQUEST_IID" in environment:
        return merge_request(environment)
    if "CI_COMMIT_TAG" in environment:
        return tag_context(Host.GITLAB, environment["CI_COMMIT_TAG"])
    return branch_context(
        Host.GITLAB,
        branch=environment.get("CI_COMMIT_BRANCH") or environment.get("CI_COMMIT_REF_NAME"),
        default=environment.get("CI_DEFAULT_BRANCH"),
        before=environment.get("CI_COMMIT_BEFORE_SHA"),
    )


def merge_request(environment: Mapping[str, str]) -> CiContext:
    """
    A merge request: a plain pipeline runs on its branch, one of merged results and a merge train on a merge that GitLab made.

    The ``…_BRANCH_SHA`` variables are empty in the plain one.
    """
    target = environment.get("CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
    is_train = environment.get("CI_MERGE_REQUEST_EVENT_TYPE") == "merge_train"
    projects = [environment.get(f"CI_MERGE_REQUEST_{name}PROJECT_ID") for name in ("", "SOURCE_")]
    fork = " from a fork" if None not in projects and len(set(projects)) > 1 else ""
    train = " on the merge train" if is_train else ""
    return CiContext(
        host=Host.GITLAB,
        kind=Kind.MERGE_QUEUE if is_train else Kind.MERGE_REQUEST,
        title=f"merge request {environment['CI_MERGE_REQUEST_IID']} into {target}{fork}{train}",
        bases=(
            *commits(
                environment.get("CI_MERGE_REQUEST_TARGET_BRANCH_SHA"), environment.get("CI_MERGE_REQUEST_DIFF_BASE_SHA")
            ),
            *([ORIGIN + target] if target else []),
        ),
        merged=commit_or_none(environment.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")),
        needs_base=True,
    )
