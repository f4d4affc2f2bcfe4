"""The variables of hosts that are told apart by a table in, what the job is about out; git alone where no host is known."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from verifyd.doors.ci_context import (
    ORIGIN,
    CiContext,
    Host,
    Kind,
    branch_context,
    commit_or_none,
    tag_context,
)


class Variables(Struct, frozen=True, kw_only=True):
    """Names of one host's variables; empty where the host has none of the kind."""

    host: Host
    marker: str
    number: str = ""
    target: str = ""
    merged: str = ""
    branch: str = ""
    tag: str = ""
    default: str = ""


HOSTS = (
    Variables(
        host=Host.JENKINS,
        marker="JENKINS_URL",
        number="CHANGE_ID",
        target="CHANGE_TARGET",
        branch="BRANCH_NAME",
        tag="TAG_NAME",
    ),
    Variables(
        host=Host.BUILDKITE,
        marker="BUILDKITE",
        number="BUILDKITE_PULL_REQUEST",
        target="BUILDKITE_PULL_REQUEST_BASE_BRANCH",
        branch="BUILDKITE_BRANCH",
        tag="BUILDKITE_TAG",
        default="BUILDKITE_PIPELINE_DEFAULT_BRANCH",
    ),
    Variables(host=Host.CIRCLECI, marker="CIRCLECI", branch="CIRCLE_BRANCH", tag="CIRCLE_TAG"),
    Variables(
        host=Host.AZURE,
        marker="TF_BUILD",
        number="SYSTEM_PULLREQUEST_PULLREQUESTID",
        target="SYSTEM_PULLREQUEST_TARGETBRANCH",
        merged="SYSTEM_PULLREQUEST_SOURCECOMMITID",
        branch="BUILD_SOURCEBRANCH",
    ),
    Variables(
        host=Host.BITBUCKET,
        marker="BITBUCKET_BUILD_NUMBER",
        number="BITBUCKET_PR_ID",
        target="BITBUCKET_PR_DESTINATION_BRANCH",
        branch="BITBUCKET_BRANCH",
        tag="BITBUCKET_TAG",
    ),
)
NO = frozenset({"", "0", "false", "no", "off"})


def read_other(environment: Mapping[str, str]) -> CiContext:
    """What a job is about on a host of the table; elsewhere what ``CI`` says, and git alone knows the rest."""
    for names in HOSTS:
        if environment.get(names.marker, "").lower() not in NO:
            return of_host(names, environment)
    host = Host.OTHER if environment.get("CI", "").lower() not in NO else Host.NONE
    return branch_context(host, branch=None, default=None)


def of_host(names: Variables, environment: Mapping[str, str]) -> CiContext:
    """The context by one host's variables."""
    target, branch = plain(environment.get(names.target)), plain(environment.get(names.branch))
    number = environment.get(names.number, "")
    if target is not None and number.lower() not in NO:
        return CiContext(
            host=names.host,
            kind=Kind.MERGE_REQUEST,
            title=f"pull request {number} into {target}",
            bases=(ORIGIN + target,),
            merged=commit_or_none(environment.get(names.merged)),
            needs_base=True,
        )
    tag = environment.get(names.tag) or (branch or "").partition("refs/tags/")[2]
    if tag:
        return tag_context(names.host, tag)
    return branch_context(names.host, branch=branch, default=environment.get(names.default))


def plain(branch: str | None) -> str | None:
    """A branch by its short name: Azure says ``refs/heads/main``."""
    return branch.removeprefix("refs/heads/") if branch else None
