"""What a CI job is about, by the variables and payloads that each host really sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifyd.doors.ci_context import ORIGIN, ORIGIN_HEAD, CiContext, Host, Kind, read_context

A, B, C, D = ("a1" * 20, "b2" * 20, "c3" * 20, "d4" * 20)
NONE = "0" * 40
REPOSITORY = {"id": 1, "full_name": "acme/shop", "default_branch": "main", "fork": False}
SENDER = {"login": "somebody", "id": 7, "type": "User"}


def github(event: str, reference: str, **more: str) -> dict[str, str]:
    """What a step of GitHub Actions finds, as far as it bears on the commit; variables without a value are set to nothing."""
    return {
        "CI": "true",
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTOR": "somebody",
        "GITHUB_BASE_REF": "",
        "GITHUB_EVENT_NAME": event,
        "GITHUB_EVENT_PATH": "/home/runner/work/_temp/_github_workflow/event.json",
        "GITHUB_HEAD_REF": "",
        "GITHUB_JOB": "verify",
        "GITHUB_REF": reference,
        "GITHUB_REF_NAME": reference.removeprefix("refs/heads/").removeprefix("refs/"),
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_SHA": A,
        "GITHUB_WORKSPACE": "/home/runner/work/shop/shop",
        "RUNNER_OS": "Linux",
        **more,
    }


def pull_event(
    *, head_repository: Mapping[str, Any] | None = REPOSITORY, action: str = "synchronize"
) -> dict[str, Any]:
    """The payload of a pull request."""
    return {
        "action": action,
        "number": 12,
        "pull_request": {
            "number": 12,
            "state": "open",
            "base": {"label": "acme:main", "ref": "main", "sha": B, "repo": REPOSITORY},
            "head": {"label": "acme:fix", "ref": "fix", "sha": C, "repo": head_repository},
            "merge_commit_sha": A,
            "draft": False,
        },
        "repository": REPOSITORY,
        "sender": SENDER,
    }


def push_event(reference: str, *, before: str = B, **fields: Any) -> dict[str, Any]:
    """The payload of a push."""
    return {
        "ref": reference,
        "before": before,
        "after": A,
        "base_ref": None,
        "created": before == NONE,
        "deleted": False,
        "forced": False,
        "commits": [],
        "head_commit": {"id": A, "tree_id": D},
        "repository": REPOSITORY,
        "sender": SENDER,
        **fields,
    }


def gitlab(**more: str) -> dict[str, str]:
    """What every job of GitLab CI finds, as far as it bears on the commit."""
    return {
        "CI": "true",
        "GITLAB_CI": "true",
        "CI_SERVER": "yes",
        "CI_COMMIT_SHA": A,
        "CI_COMMIT_BEFORE_SHA": NONE,
        "CI_DEFAULT_BRANCH": "main",
        "CI_PROJECT_ID": "1",
        "CI_PROJECT_PATH": "acme/shop",
        **more,
    }


def gitlab_request(event_type: str, **more: str) -> dict[str, str]:
    """A merge request's pipeline."""
    known = {
        "CI_PIPELINE_SOURCE": "merge_request_event",
        "CI_COMMIT_REF_NAME": "fix",
        "CI_MERGE_REQUEST_ID": "901",
        "CI_MERGE_REQUEST_IID": "12",
        "CI_MERGE_REQUEST_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "1",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME": "fix",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": B,
        "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": "",
        "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": "",
        "CI_MERGE_REQUEST_EVENT_TYPE": event_type,
    }
    return gitlab(**{**known, **more})


def a_request(host: Host, title: str, *bases: str, kind: Kind = Kind.MERGE_REQUEST, **fields: Any) -> CiContext:
    """A merge request, which needs its base."""
    return CiContext(**{"host": host, "kind": kind, "title": title, "bases": bases, "needs_base": True, **fields})


def a_branch(host: Host, title: str, *bases: str, **fields: Any) -> CiContext:
    """A branch that is not the default one."""
    return CiContext(**{"host": host, "kind": Kind.BRANCH, "title": title, "bases": bases, **fields})


def unvouched(host: Host, kind: Kind, title: str, *bases: str, **fields: Any) -> CiContext:
    """A job of whose base nobody knows that it is good."""
    return CiContext(
        **{"host": host, "kind": kind, "title": title, "bases": bases, "has_trusted_base": False, **fields}
    )


MAIN, HUB, LAB = ORIGIN + "main", Host.GITHUB, Host.GITLAB
PULL = {"GITHUB_BASE_REF": "main", "GITHUB_HEAD_REF": "fix"}
TARGET_WARNING = (
    "pull_request_target hands this repository's secrets to whatever runs, and checks out the target, not the change: let the "
    "workflow run on pull_request"
)

GITHUB_JOBS = {
    "a pull request": (
        github("pull_request", "refs/pull/12/merge", **PULL),
        pull_event(),
        a_request(HUB, "pull request 12 into main", MAIN, B, merged=C),
    ),
    "a pull request from a fork": (
        github("pull_request", "refs/pull/12/merge", **PULL),
        pull_event(head_repository={"id": 2, "full_name": "stranger/shop", "fork": True}),
        a_request(HUB, "pull request 12 into main from a fork", MAIN, B, merged=C),
    ),
    "a pull request from a fork that was deleted": (
        github("pull_request", "refs/pull/12/merge", **PULL),
        pull_event(head_repository=None),
        a_request(HUB, "pull request 12 into main from a fork", MAIN, B, merged=C),
    ),
    "a pull request whose payload cannot be read": (
        github("pull_request", "refs/pull/12/merge", **PULL),
        None,
        a_request(HUB, "pull request 12 into main", MAIN),
    ),
    "a review": (
        github("pull_request_review", "refs/pull/12/merge"),
        {**pull_event(action="submitted"), "number": None},
        a_request(HUB, "pull request 12 into main", MAIN, B, merged=C),
    ),
    "pull_request_target": (
        github("pull_request_target", "refs/heads/main", **PULL),
        pull_event(),
        a_request(HUB, "pull request 12 into main", MAIN, B, merged=C, notes=(TARGET_WARNING,)),
    ),
    "a merge queue": (
        github("merge_group", "refs/heads/gh-readonly-queue/main/pr-12-" + B),
        {
            "action": "checks_requested",
            "merge_group": {
                "head_sha": A,
                "head_ref": "refs/heads/gh-readonly-queue/main/pr-12-" + B,
                "base_sha": B,
                "base_ref": "refs/heads/main",
                "head_commit": {"id": A},
            },
            "repository": REPOSITORY,
        },
        a_request(HUB, "merge queue into main", B, MAIN, kind=Kind.MERGE_QUEUE),
    ),
    "a push to the default branch": (
        github("push", "refs/heads/main"),
        push_event("refs/heads/main"),
        unvouched(HUB, Kind.DEFAULT_BRANCH, "branch main", before=B),
    ),
    "a forced push to the default branch": (
        github("push", "refs/heads/main"),
        push_event("refs/heads/main", forced=True),
        unvouched(HUB, Kind.DEFAULT_BRANCH, "branch main", before=B),
    ),
    "the first push of all": (
        github("push", "refs/heads/main"),
        push_event("refs/heads/main", before=NONE),
        unvouched(HUB, Kind.DEFAULT_BRANCH, "branch main"),
    ),
    "the first push of a branch": (
        github("push", "refs/heads/feature/x"),
        push_event("refs/heads/feature/x", before=NONE),
        a_branch(HUB, "branch feature/x", MAIN, ORIGIN_HEAD),
    ),
    "a later push of a branch": (
        github("push", "refs/heads/feature/x"),
        push_event("refs/heads/feature/x", forced=True),
        a_branch(HUB, "branch feature/x", MAIN, ORIGIN_HEAD),
    ),
    "a tag": (
        github("push", "refs/tags/v1.0"),
        push_event("refs/tags/v1.0", before=NONE),
        unvouched(HUB, Kind.TAG, "tag v1.0"),
    ),
    "a schedule": (
        github("schedule", "refs/heads/main"),
        {"schedule": "0 3 * * *", "repository": REPOSITORY, "workflow": ".github/workflows/ci.yml"},
        unvouched(HUB, Kind.DEFAULT_BRANCH, "branch main"),
    ),
    "a dispatch on a branch": (
        github("workflow_dispatch", "refs/heads/fix"),
        {"inputs": None, "ref": "refs/heads/fix", "repository": REPOSITORY, "workflow": "ci.yml"},
        a_branch(HUB, "branch fix", MAIN, ORIGIN_HEAD),
    ),
    "a push whose payload cannot be read": (
        github("push", "refs/heads/main"),
        None,
        unvouched(HUB, Kind.BRANCH, "branch main", ORIGIN_HEAD),
    ),
    "a payload of the wrong shapes": (
        github("push", "refs/heads/main"),
        {"before": 7, "repository": "acme/shop", "pull_request": [], "forced": "yes"},
        unvouched(HUB, Kind.BRANCH, "branch main", ORIGIN_HEAD),
    ),
}


@pytest.mark.parametrize("environment, event, expected", GITHUB_JOBS.values(), ids=GITHUB_JOBS)
def test_github_says_what_a_job_is_about(
    environment: dict[str, str], event: dict[str, Any] | None, expected: CiContext
) -> None:
    """Every event is read by its variables and its payload."""
    assert read_context(environment, event) == expected


OTHER_JOBS = {
    "a merge request of GitLab": (
        gitlab_request("detached"),
        a_request(LAB, "merge request 12 into main", B, MAIN),
    ),
    "a merge request from a fork": (
        gitlab_request("detached", CI_MERGE_REQUEST_SOURCE_PROJECT_ID="2"),
        a_request(LAB, "merge request 12 into main from a fork", B, MAIN),
    ),
    "merged results": (
        gitlab_request("merged_result", CI_MERGE_REQUEST_TARGET_BRANCH_SHA=D, CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=C),
        a_request(LAB, "merge request 12 into main", D, B, MAIN, merged=C),
    ),
    "a merge train": (
        gitlab_request("merge_train", CI_MERGE_REQUEST_TARGET_BRANCH_SHA=D, CI_MERGE_REQUEST_SOURCE_BRANCH_SHA=C),
        a_request(LAB, "merge request 12 into main on the merge train", D, B, MAIN, kind=Kind.MERGE_QUEUE, merged=C),
    ),
    "a branch of GitLab": (
        gitlab(CI_COMMIT_BRANCH="fix", CI_COMMIT_REF_NAME="fix", CI_PIPELINE_SOURCE="push", CI_COMMIT_BEFORE_SHA=B),
        a_branch(LAB, "branch fix", MAIN, ORIGIN_HEAD),
    ),
    "GitLab's default branch": (
        gitlab(CI_COMMIT_BRANCH="main", CI_COMMIT_REF_NAME="main", CI_PIPELINE_SOURCE="push", CI_COMMIT_BEFORE_SHA=B),
        unvouched(LAB, Kind.DEFAULT_BRANCH, "branch main", before=B),
    ),
    "GitLab's schedule": (
        gitlab(CI_COMMIT_BRANCH="main", CI_COMMIT_REF_NAME="main", CI_PIPELINE_SOURCE="schedule"),
        unvouched(LAB, Kind.DEFAULT_BRANCH, "branch main"),
    ),
    "GitLab's tag": (
        gitlab(CI_COMMIT_TAG="v1.0", CI_COMMIT_REF_NAME="v1.0", CI_PIPELINE_SOURCE="push"),
        unvouched(LAB, Kind.TAG, "tag v1.0"),
    ),
    "Jenkins, a pull request": (
        {
            "JENKINS_URL": "https://ci.example/",
            "BRANCH_NAME": "PR-12",
            "CHANGE_ID": "12",
            "CHANGE_TARGET": "main",
            "CHANGE_BRANCH": "fix",
            "GIT_COMMIT": A,
        },
        a_request(Host.JENKINS, "pull request 12 into main", MAIN),
    ),
    "Jenkins, a branch": (
        {"JENKINS_URL": "https://ci.example/", "BRANCH_NAME": "fix", "GIT_COMMIT": A},
        unvouched(Host.JENKINS, Kind.BRANCH, "branch fix", ORIGIN_HEAD),
    ),
    "Jenkins, a tag": (
        {"JENKINS_URL": "https://ci.example/", "BRANCH_NAME": "v1", "TAG_NAME": "v1", "GIT_COMMIT": A},
        unvouched(Host.JENKINS, Kind.TAG, "tag v1"),
    ),
    "Buildkite, a pull request": (
        {
            "CI": "true",
            "BUILDKITE": "true",
            "BUILDKITE_BRANCH": "fix",
            "BUILDKITE_COMMIT": A,
            "BUILDKITE_PULL_REQUEST": "12",
            "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "main",
            "BUILDKITE_PIPELINE_DEFAULT_BRANCH": "main",
            "BUILDKITE_TAG": "",
        },
        a_request(Host.BUILDKITE, "pull request 12 into main", MAIN),
    ),
    "Buildkite, a branch": (
        {
            "CI": "true",
            "BUILDKITE": "true",
            "BUILDKITE_BRANCH": "fix",
            "BUILDKITE_COMMIT": A,
            "BUILDKITE_PULL_REQUEST": "false",
            "BUILDKITE_PULL_REQUEST_BASE_BRANCH": "",
            "BUILDKITE_PIPELINE_DEFAULT_BRANCH": "main",
        },
        a_branch(Host.BUILDKITE, "branch fix", MAIN, ORIGIN_HEAD),
    ),
    "CircleCI": (
        {"CI": "true", "CIRCLECI": "true", "CIRCLE_BRANCH": "fix", "CIRCLE_SHA1": A},
        unvouched(Host.CIRCLECI, Kind.BRANCH, "branch fix", ORIGIN_HEAD),
    ),
    "CircleCI, a tag": (
        {"CI": "true", "CIRCLECI": "true", "CIRCLE_TAG": "v1", "CIRCLE_SHA1": A},
        unvouched(Host.CIRCLECI, Kind.TAG, "tag v1"),
    ),
    "Azure, a pull request": (
        {
            "TF_BUILD": "True",
            "BUILD_REASON": "PullRequest",
            "BUILD_SOURCEBRANCH": "refs/pull/12/merge",
            "BUILD_SOURCEVERSION": A,
            "SYSTEM_PULLREQUEST_PULLREQUESTID": "12",
            "SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main",
            "SYSTEM_PULLREQUEST_SOURCECOMMITID": C,
        },
        a_request(Host.AZURE, "pull request 12 into main", MAIN, merged=C),
    ),
    "Azure, a branch": (
        {"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/heads/main", "BUILD_SOURCEVERSION": A},
        unvouched(Host.AZURE, Kind.BRANCH, "branch main", ORIGIN_HEAD),
    ),
    "Azure, a tag": (
        {"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/tags/v1", "BUILD_SOURCEVERSION": A},
        unvouched(Host.AZURE, Kind.TAG, "tag v1"),
    ),
    "Bitbucket, a pull request": (
        {
            "CI": "true",
            "BITBUCKET_BUILD_NUMBER": "3",
            "BITBUCKET_PR_ID": "12",
            "BITBUCKET_PR_DESTINATION_BRANCH": "main",
            "BITBUCKET_BRANCH": "fix",
            "BITBUCKET_COMMIT": A,
        },
        a_request(Host.BITBUCKET, "pull request 12 into main", MAIN),
    ),
    "git alone": (
        {"CI": "1"},
        unvouched(Host.OTHER, Kind.UNKNOWN, "this checkout", ORIGIN_HEAD),
    ),
    "a host that says no": (
        {"CI": "false", "GITHUB_ACTIONS": "false"},
        unvouched(Host.NONE, Kind.UNKNOWN, "this checkout", ORIGIN_HEAD),
    ),
    "no host": ({}, unvouched(Host.NONE, Kind.UNKNOWN, "this checkout", ORIGIN_HEAD)),
}


@pytest.mark.parametrize("environment, expected", OTHER_JOBS.values(), ids=OTHER_JOBS)
def test_other_hosts_say_what_a_job_is_about(environment: dict[str, str], expected: CiContext) -> None:
    """Each by its own variables; without any, git is left."""
    assert read_context(environment) == expected


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just(B),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["ref", "sha", "repo", "base"]), inner),
    max_leaves=8,
)


@given(
    event=st.dictionaries(
        st.sampled_from(["pull_request", "merge_group", "before", "repository", "forced", "number"]), VALUES
    ),
    name=st.sampled_from(["push", "pull_request", "merge_group", "schedule"]),
)
def test_no_payload_is_too_strange(event: dict[str, Any], name: str) -> None:
    """Whatever stands where something else should, bases are branches of the remote or whole commit ids."""
    context = read_context(github(name, "refs/heads/main"), event)
    assert all(base == B or base.startswith(ORIGIN) for base in context.bases)
