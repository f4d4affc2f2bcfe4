"""What a person accepts in a CI job's configuration: a change of protected paths, that very one and no other."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.ci import Forge, Job, a_pull
from tests.support.project import page

HEAD = "---\nscope: {protected: [VERIFY.md, .github/**]}\n---\n"
PAGE = HEAD + page(tests="test -e calc.py")
FILES = {"VERIFY.md": PAGE, "calc.py": "x = 1\n", ".github/job.yml": "steps: []\n", ".github/old.yml": "old\n"}
EDIT = {".github/job.yml": "steps: [verify]\n", "calc.py": "x = 2\n"}
TO_ACCEPT = re.compile(r"add ([0-9a-f]{32}) to the job's VERIFYD_ACCEPT")


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """A repository whose main protects its jobs."""
    return Forge.make(tmp_path, FILES)


def notes(job: Job) -> str:
    """All notes of the report."""
    return "\n".join(job.readiness()["notes"])


def asked_for(job: Job) -> str:
    """The digest that the report names."""
    found = TO_ACCEPT.search(notes(job))
    assert found is not None, notes(job)
    return found[1]


def test_a_change_of_a_protected_path_is_accepted_by_the_digest_that_the_report_names(forge: Forge) -> None:
    """It fails until a person gives the digest to the job, where no commit can put it; then the report says who accepted what."""
    job = a_pull(forge, EDIT)
    answer = job.ci(expect=1)
    digest = asked_for(job)
    assert job.statuses()["diff"] == ("failed", "limits_exceeded")
    says = f"the change touches protected paths (.github/job.yml); once a person has accepted that, add {digest} to the job's VERIFYD_ACCEPT"
    assert f"note: {says}" in answer.out
    job.ci(expect=0, VERIFYD_ACCEPT=digest)
    assert job.statuses()["diff"] == ("passed", None)
    assert job.readiness()["notes"] == [
        f"the change touches protected paths (.github/job.yml); accepted in the job's configuration: VERIFYD_ACCEPT has {digest}"
    ]


@pytest.mark.parametrize(
    "more, remove",
    [({".github/job.yml": "steps: [deploy]\n"}, ""), ({".github/new.yml": "x\n"}, ""), ({}, ".github/old.yml")],
    ids=["other content", "one path more", "one path gone"],
)
def test_another_change_of_protected_paths_is_not_accepted(forge: Forge, more: dict[str, str], remove: str) -> None:
    """The digest is of the paths and of what they held and hold, so what is pushed afterwards waits for a person again."""
    job = a_pull(forge, EDIT)
    job.ci(expect=1)
    later = forge.checkout(forge.commit("fix", more, remove=remove))
    later.environment = job.environment
    later.ci("--base", "origin/main", expect=1, VERIFYD_ACCEPT=asked_for(job))
    assert asked_for(later) != asked_for(job)


def test_what_is_pushed_to_other_paths_leaves_it_accepted(forge: Forge) -> None:
    """Neither that nor what others did on the target has anything to do with it."""
    job = a_pull(forge, EDIT)
    job.ci(expect=1)
    later = forge.checkout(forge.commit("fix", {"calc.py": "x = 3\n"}))
    later.environment = job.environment
    later.ci("--base", "origin/main", expect=0, VERIFYD_ACCEPT=asked_for(job))


def test_a_pipeline_and_protected_paths_are_accepted_side_by_side(forge: Forge) -> None:
    """The variable takes several digests, whatever separates them; each accepts its own."""
    job = a_pull(forge, {**EDIT, "VERIFY.md": HEAD + page(tests="true")})
    job.ci(expect=1)
    paths = asked_for(job)
    job.ci(expect=3, VERIFYD_ACCEPT=paths)
    pipeline = re.search(r"VERIFYD_ACCEPT=([0-9a-f]{32})", job.readiness()["explanation"])
    assert pipeline is not None
    job.ci(expect=1, VERIFYD_ACCEPT=pipeline[1])
    for between in (" ", ",", ",\n"):
        job.ci(expect=0, VERIFYD_ACCEPT=f"{pipeline[1]}{between}{paths}")


@pytest.mark.parametrize("accepted", ["", "0" * 32, "VERIFYD_ACCEPT", ".github/**", "*"])
def test_nothing_but_the_digest_accepts_it(forge: Forge, accepted: str) -> None:
    """No name of a path and no pattern: those would accept the next change too."""
    a_pull(forge, EDIT).ci("--accept", accepted, expect=1)


def test_what_the_change_itself_protects_is_accepted_like_what_the_base_does(forge: Forge) -> None:
    """A path that the same change puts under protection is not yet anybody's to accept in passing."""
    more = "---\nscope: {protected: [VERIFY.md, .github/**, calc.py]}\n---\n" + page(tests="test -e calc.py")
    job = a_pull(forge, {"VERIFY.md": more, "calc.py": "x = 2\n"})
    job.ci(expect=1)
    assert "(calc.py)" in notes(job)


def test_without_a_ci_host_it_accepts_nothing(forge: Forge) -> None:
    """An agent's own shell is no job's configuration."""
    job = a_pull(forge, EDIT)
    job.ci(expect=1)
    digest = asked_for(job)
    job.environment = {"CI": ""}
    job.project.approve()
    job.ci("--base", "origin/main", "--accept", digest, expect=1)
    assert "VERIFYD_ACCEPT" not in notes(job)


def test_a_renamed_and_a_deleted_path_are_named(forge: Forge) -> None:
    """Both ends of a rename are touched."""
    forge.commit("fix", {".github/new.yml": "old\n"}, since="main", remove=".github/old.yml")
    job = forge.checkout(forge.commit("fix", {}, remove=".github/job.yml"))
    job.environment = {"CI": "true"}
    job.ci("--base", "origin/main", expect=1)
    assert "protected paths (.github/job.yml, .github/new.yml, .github/old.yml)" in notes(job)
    job.ci("--base", "origin/main", expect=0, VERIFYD_ACCEPT=asked_for(job))
