"""What a CI job is told about its base."""

from __future__ import annotations

import pytest

from verifyd.clone import Clone, Missing
from verifyd.doors.ci_context import ORIGIN, ORIGIN_HEAD, CiContext, Host, Kind
from verifyd.doors.ci_messages import heading, missing_base, no_base_note, unnamed_base

COMMIT = "b2" * 20
SHALLOW, WHOLE = Clone(is_shallow=True), Clone()
LINES = "Fetch the whole history; the job's configuration needs these lines:\n\n    "


def a_context(host: Host = Host.GITHUB) -> CiContext:
    """A merge request of that host."""
    return CiContext(host=host, kind=Kind.MERGE_REQUEST, title="pull request 12 into main")


@pytest.mark.parametrize(
    "host, remedy",
    [
        (Host.GITHUB, LINES + "- uses: actions/checkout@v7\n      with:\n        fetch-depth: 0"),
        (Host.GITLAB, LINES + "variables:\n      GIT_DEPTH: 0"),
        (Host.BITBUCKET, LINES + "clone:\n      depth: full"),
        (Host.AZURE, LINES + "- checkout: self\n      fetchDepth: 0"),
        *(
            (
                host,
                "Fetch the whole history before this step: git fetch --unshallow origin '+refs/heads/*:refs/remotes/origin/*'",
            )
            for host in (Host.JENKINS, Host.BUILDKITE, Host.CIRCLECI, Host.OTHER, Host.NONE)
        ),
    ],
)
def test_each_host_is_answered_with_its_own_lines(host: Host, remedy: str) -> None:
    """Or with the command, where lines would depend on more than the host."""
    error = missing_base(Missing(name=COMMIT), a_context(host), SHALLOW)
    assert (error.problem, error.remedy) == ("this is a shallow clone, and commit b2b2b2b2b2b2 is not in it", remedy)


@pytest.mark.parametrize(
    "missing, clone, problem, remedy",
    [
        (
            Missing(name=ORIGIN + "main"),
            WHOLE,
            "origin/main, which the change should be counted from, is not in this clone",
            "Fetch it before this step: git fetch origin +refs/heads/main:refs/remotes/origin/main",
        ),
        (
            Missing(name=COMMIT),
            WHOLE,
            "commit b2b2b2b2b2b2, which the change should be counted from, is not in this clone",
            "Fetch it before this step, or name another base: verifyd ci --base REF",
        ),
        (
            Missing(name=ORIGIN_HEAD, unrelated=True),
            WHOLE,
            "HEAD has no commit in common with the default branch, which its change should be counted from",
            "Name another base: verifyd ci --base REF",
        ),
    ],
)
def test_a_whole_clone_is_not_called_shallow(missing: Missing, clone: Clone, problem: str, remedy: str) -> None:
    """What is missing has another reason and another remedy."""
    error = missing_base(missing, a_context(), clone)
    assert (error.where, error.problem, error.remedy) == ("pull request 12 into main", problem, remedy)


def test_a_host_that_does_not_say_is_asked_about() -> None:
    """With what is known of why."""
    error = unnamed_base(CiContext(host=Host.GITHUB, kind=Kind.MERGE_QUEUE, title="merge queue", notes=("no payload",)))
    assert str(error) == (
        "merge queue: the host does not say which commit the change is counted from (no payload)\n  Name it: verifyd ci --base REF"
    )


def test_the_heading_is_one_line_that_acts_on_nothing() -> None:
    """A branch may be called almost anything."""
    context = CiContext(host=Host.OTHER, kind=Kind.BRANCH, title="branch a\x1b[2J\nb")
    assert heading(context, None) == "verifyd ci: another CI host, branch a b, counted from nothing"
    assert heading(a_context(), COMMIT) == "verifyd ci: GitHub, pull request 12 into main, counted from b2b2b2b2b2b2"


@pytest.mark.parametrize(
    "unrelated, why", [(True, "has no commit in common with HEAD"), (False, "is not in this clone")]
)
def test_a_job_that_goes_on_without_a_base_says_what_that_means(unrelated: bool, why: str) -> None:
    """For gates, limits and the pipeline."""
    assert no_base_note(Missing(name=ORIGIN_HEAD, unrelated=unrelated)) == (
        f"the default branch {why}, so the change is counted from nothing: every gate runs, limits count nothing, and VERIFY.md is "
        "held against no other"
    )
