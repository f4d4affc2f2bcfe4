"""``verifyd ci`` on real histories: merge requests, forks, pushes, queues and shallow clones, as hosts check them out."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.ci import NONE, PULL, Forge, Job, a_pull, pull_payload, push_payload
from tests.support.daemons import wait_for
from tests.support.project import page

PAGE = page(lint="paths=*.py | test ! -e bad.py", tests="test -e calc.py")
FILES = {"VERIFY.md": PAGE, "calc.py": "x = 1\n", "README": "Shop.\n"}


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """A repository with two gates on main."""
    return Forge.make(tmp_path, FILES)


def base_of(job: Job) -> str:
    """What the report says the change is counted from."""
    return str(job.readiness()["base"])


# --- which base ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth, fork", [(0, False), (0, True), (2, False)])
def test_a_pull_request_is_counted_from_the_target_that_was_merged(forge: Forge, depth: int, fork: bool) -> None:
    """Not from the payload's older base: what others did since is not the change. Two commits of history are enough."""
    job = a_pull(forge, {"README": "A better shop.\n"}, depth=depth, fork=fork)
    answer = job.ci(expect=0)
    report = job.readiness()
    assert base_of(job) == forge.origin.git("rev-parse", "main")
    assert report["change"]["files"] == 1
    assert job.statuses() == {"tests": ("passed", None), "lint": ("skipped", "not_affected")}
    title = "pull request 12 into main" + (" from a fork" if fork else "")
    assert answer.err.startswith(f"verifyd ci: GitHub, {title}, counted from {base_of(job)[:12]}\n")


def test_the_report_is_the_one_that_is_made_locally(forge: Forge) -> None:
    """Same tree, same gates, same change, same statuses, from the same base."""
    job = a_pull(forge, {"bad.py": "x\n"})
    job.ci(expect=1)
    local = forge.checkout(job.project.git("rev-parse", "HEAD")).project
    local.approve()
    local.verifyd("run", "--base", "origin/main", expect=1)
    in_ci, here = job.readiness(), local.report()
    same = ("tree", "base", "pipeline", "readiness", "reason", "change", "source")
    assert {name: in_ci[name] for name in same} == {name: here[name] for name in same}
    assert job.statuses() == local.statuses()
    assert (in_ci["task"]["id"], in_ci["approved"]["by"]) == (here["task"]["id"], "ci")


def test_a_branch_that_was_checked_out_itself_is_counted_from_where_it_left_the_target(forge: Forge) -> None:
    """``ref: ${{ github.event.pull_request.head.sha }}``: HEAD is no merge."""
    base = forge.origin.git("rev-parse", "main")
    head = forge.commit("fix", {"README": "Better.\n"}, since="main")
    forge.commit("main", {"OTHER": "x\n"})
    job = forge.checkout(head).github("pull_request", PULL, pull_payload(base=base, head=head), GITHUB_BASE_REF="main")
    job.ci(expect=0)
    assert base_of(job) == base


def test_a_branch_is_counted_from_where_it_left_the_default_branch(forge: Forge) -> None:
    """A first push and a forced one alike: what was there before is not asked."""
    base = forge.origin.git("rev-parse", "main")
    head = forge.commit("fix", {"README": "Better.\n"}, since="main")
    for before in (NONE, "d4" * 20):
        payload = push_payload("refs/heads/fix", before=before, forced=before != NONE)
        job = forge.checkout(head).github("push", "refs/heads/fix", payload)
        job.ci(expect=0)
        assert base_of(job) == base


@pytest.mark.parametrize("depth", [0, 1])
def test_a_push_to_the_default_branch_runs_every_gate(forge: Forge, depth: int) -> None:
    """A red push is not green after a change of the README; and what was let in is within all limits: they count nothing."""
    head = "---\nlimits: {changed_files: 0}\nscope: {protected: [README]}\n---\n"
    forge.commit("main", {"VERIFY.md": head + PAGE, "bad.py": "x\n"})
    before = forge.origin.git("rev-parse", "main")
    commit = forge.commit("main", {"README": "Better.\n"})
    payload = push_payload("refs/heads/main", before=before)
    job = forge.checkout(commit, depth=depth).github("push", "refs/heads/main", payload)
    job.ci(expect=1)
    assert job.statuses() == {"diff": ("passed", None), "lint": ("failed", "exit_status"), "tests": ("passed", None)}
    missing = [f"commit {before[:12]}, which was here before, is not in this clone: VERIFY.md is held against no other"]
    assert job.readiness()["notes"] == (missing if depth else [])


def test_a_branch_that_changes_nothing_runs_every_gate(forge: Forge) -> None:
    """It is where the default branch is: that its change touches nothing says nothing of a commit that nobody has verified yet."""
    commit = forge.commit("main", {"bad.py": "x\n"})
    forge.origin.git("branch", "same")
    job = forge.checkout(commit).github("push", "refs/heads/same", push_payload("refs/heads/same", before=NONE))
    job.ci(expect=1)
    assert job.statuses()["lint"] == ("failed", "exit_status")


def test_gates_that_were_weakened_on_the_default_branch_are_told(forge: Forge) -> None:
    """A person let that in: it is no floor any more, and it is not silent either."""
    before = forge.origin.git("rev-parse", "main")
    commit = forge.commit("main", {"VERIFY.md": page(tests="test -e calc.py")})
    payload = push_payload("refs/heads/main", before=before)
    job = forge.checkout(commit).github("push", "refs/heads/main", payload)
    answer = job.ci(expect=0)
    assert job.readiness()["notes"] == ["VERIFY.md: lint: removed (weaker)"]
    assert (
        "::warning file=VERIFY.md,line=1,title=verifyd%3A pipeline changed::VERIFY.md: lint: removed (weaker)"
        in answer.out
    )


def test_a_forced_push_to_the_default_branch_says_what_it_is_not_held_against(forge: Forge) -> None:
    """The commit that was there before is in no clone any more."""
    commit = forge.commit("main", {"README": "Rewritten.\n"})
    payload = push_payload("refs/heads/main", before="d4" * 20, forced=True)
    job = forge.checkout(commit).github("push", "refs/heads/main", payload)
    job.ci(expect=0)
    assert job.readiness()["notes"] == [
        "commit d4d4d4d4d4d4, which was here before, is not in this clone: VERIFY.md is held against no other"
    ]
    assert set(job.statuses().values()) == {("passed", None)}


def test_a_branch_without_a_common_history_is_counted_from_nothing(forge: Forge) -> None:
    """An orphan branch: it is said, and every gate runs."""
    forge.origin.git("checkout", "-q", "--orphan", "pages")
    commit = forge.origin.commit("Begin again")
    payload = push_payload("refs/heads/pages", before=NONE)
    job = forge.checkout(commit).github("push", "refs/heads/pages", payload)
    job.ci(expect=0)
    says = (
        "origin/main has no commit in common with HEAD, so the change is counted from nothing: every gate runs, limits count "
        "nothing, and VERIFY.md is held against no other"
    )
    assert job.readiness()["notes"] == [says]
    assert set(job.statuses().values()) == {("passed", None)}


def test_an_entry_of_the_merge_queue_is_counted_from_the_entry_before_it(forge: Forge) -> None:
    """The payload names it."""
    before = forge.commit("queue", {"A": "1\n"}, since="main")
    head = forge.commit("queue", {"B": "1\n"})
    group = {"head_sha": head, "base_sha": before, "base_ref": "refs/heads/main"}
    payload = {"merge_group": group, "repository": {"default_branch": "main"}}
    job = forge.checkout(head).github("merge_group", "refs/heads/gh-readonly-queue/main/pr-12-x", payload)
    job.ci(expect=0)
    assert (base_of(job), job.readiness()["change"]["files"]) == (before, 1)


@pytest.mark.parametrize("event, reference", [("schedule", "refs/heads/main"), ("push", "refs/tags/v1")])
def test_where_nothing_is_merged_every_gate_runs(forge: Forge, event: str, reference: str) -> None:
    """A schedule and a tag need no history: a clone of depth 1 will do, whatever base the page names for people."""
    payload = push_payload(reference, before=NONE)
    forge.commit("main", {"VERIFY.md": "---\nbase: some-branch\n---\n" + PAGE})
    job = forge.checkout(forge.origin.git("rev-parse", "main"), depth=1).github(event, reference, payload)
    job.ci(expect=0)
    assert set(job.statuses().values()) == {("passed", None)}


def test_a_merge_request_of_gitlab_is_counted_from_its_diff_base(forge: Forge) -> None:
    """A plain pipeline runs on the branch; the clone has no branches but its own. What a gate printed is folded away."""
    base = forge.commit("main", {"VERIFY.md": page(lint="test ! -e bad.py || { echo there it is; exit 1; }")})
    head = forge.commit("fix", {"bad.py": "x\n"}, since="main")
    request = {
        "CI_MERGE_REQUEST_IID": "12",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
        "CI_MERGE_REQUEST_EVENT_TYPE": "detached",
        "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": "",
    }
    job = forge.checkout(head, branches=False).gitlab(**request)
    answer = job.ci(expect=1)
    assert base_of(job) == base
    sections = (
        r"\x1b\[0Ksection_(start|end):\d{10,}:verifyd_lint(?:\[collapsed=true\])?\r\x1b\[0K([^\n]*)\n(?:there it is\n)?"
    )
    told = re.match(f"(?:{sections}){{2}}", answer.out)
    assert told is not None
    assert "there it is" in told[0]
    assert "::" not in answer.out


def test_a_merge_train_is_counted_from_the_train_before_it(forge: Forge) -> None:
    """GitLab's own merge names it, at depth 20 as it clones."""
    head = forge.commit("fix", {"README": "Better.\n"}, since="main")
    forge.commit("other", {"OTHER": "x\n"}, since="main")
    train = forge.merged("main", "other", "refs/merge-requests/11/train")
    commit = forge.merged(train, "fix", "refs/merge-requests/12/train")
    request = {
        "CI_MERGE_REQUEST_IID": "12",
        "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": forge.origin.git("rev-parse", "main"),
        "CI_MERGE_REQUEST_EVENT_TYPE": "merge_train",
        "CI_MERGE_REQUEST_TARGET_BRANCH_SHA": forge.origin.git("rev-parse", "main"),
        "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": head,
    }
    job = forge.checkout(commit, depth=20).gitlab(**request)
    job.ci(expect=0)
    assert (base_of(job), job.readiness()["change"]["files"]) == (train, 1)


def test_git_alone_asks_what_the_clone_remembers_of_the_default_branch(forge: Forge) -> None:
    """A plain ``git clone`` on a host that nobody knows."""
    base = forge.origin.git("rev-parse", "main")
    head = forge.commit("fix", {"README": "Better.\n"}, since="main")
    job = forge.checkout(head)
    job.project.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main")
    job.environment = {"CI": "1"}
    job.ci(expect=0)
    assert base_of(job) == base
    job.ci("--base", head, expect=0)
    assert base_of(job) == head


# --- what is missing ----------------------------------------------------------------------------------------------------


def test_a_shallow_clone_of_github_is_explained(forge: Forge) -> None:
    """Exit 3 with the exact lines; nothing is guessed, and nothing runs. The annotation, the summary and the outputs say it too."""
    job = a_pull(forge, {"VERIFY.md": page(tests="touch ran")}, depth=1)
    base = forge.origin.git("rev-parse", "main")
    answer = job.ci(expect=3)
    lines = "- uses: actions/checkout@v7\n      with:\n        fetch-depth: 0"
    assert answer.err.startswith(
        f"pull request 12 into main: this is a shallow clone, and commit {base[:12]} is not in it\n"
        f"  Fetch the whole history; the job's configuration needs these lines:\n\n    {lines}\n"
    )
    assert "\n::error title=verifyd::pull request 12 into main: this is a shallow clone" in answer.err
    assert "fetch-depth: 0" in (job.files / "summary.md").read_text()
    assert job.outputs() == {"readiness": "unproven", "reason": "no_report"}
    assert not (job.project.root / "ran").exists()


def test_a_shallow_clone_of_gitlab_is_explained(forge: Forge) -> None:
    """With the line that GitLab wants."""
    forge.commit("fix", {"A": "1\n"}, since="main")
    head = forge.commit("fix", {"A": "2\n"})
    job = forge.checkout(head, depth=1).gitlab(CI_COMMIT_BRANCH="fix")
    answer = job.ci(expect=3)
    assert answer.err == (
        "branch fix: this is a shallow clone, and origin/main is not in it\n"
        "  Fetch the whole history; the job's configuration needs these lines:\n\n    variables:\n      GIT_DEPTH: 0\n"
    )


def test_a_shallow_clone_that_holds_the_target_but_not_where_they_part_is_explained(forge: Forge) -> None:
    """Both tips are here, each with a history of one commit."""
    head = forge.commit("fix", {"A": "1\n"}, since="main")
    forge.commit("main", {"OTHER": "x\n"})
    job = forge.checkout(head, depth=1).gitlab(CI_COMMIT_BRANCH="fix")
    job.project.git("fetch", "-q", "--depth=1", "origin", "main:refs/remotes/origin/main")
    answer = job.ci(expect=3)
    assert answer.err.startswith("branch fix: this is a shallow clone, and where HEAD left origin/main is not in it\n")


def test_a_target_that_was_not_fetched_is_named_with_the_command(forge: Forge) -> None:
    """The history is whole, the branch is not there."""
    head = forge.commit("fix", {"A": "1\n"}, since="main")
    job = forge.checkout(head, branches=False)
    job.environment = {"JENKINS_URL": "https://ci.example/", "CHANGE_ID": "12", "CHANGE_TARGET": "main"}
    answer = job.ci(expect=3)
    assert answer.err == (
        "pull request 12 into main: origin/main, which the change should be counted from, is not in this clone\n"
        "  Fetch it before this step: git fetch origin +refs/heads/main:refs/remotes/origin/main\n"
    )


def test_a_payload_that_is_no_json_is_done_without(forge: Forge) -> None:
    """The variables say enough, and the report says that they had to."""
    job = a_pull(forge, {"README": "Better.\n"})
    (job.files / "event.json").write_text("{", "utf-8")
    job.ci(expect=0)
    assert base_of(job) == forge.origin.git("rev-parse", "main")
    assert job.readiness()["notes"] == ["GitHub's event payload is no JSON, so the job is known by its variables alone"]


def test_a_merge_into_nothing_that_is_named_is_not_guessed(forge: Forge) -> None:
    """Without its payload an entry of the queue has no base, and so no floor: exit 3, unless somebody names one."""
    head = forge.commit("queue", {"VERIFY.md": page(tests="true")}, since="main")
    job = forge.checkout(head).github("merge_group", "refs/heads/gh-readonly-queue/main/pr-12-x", [])
    answer = job.ci(expect=3)
    assert answer.err.startswith(
        "merge queue: the host does not say which commit the change is counted from (GitHub's event payload holds no object, so the "
        "job is known by its variables alone)\n  Name it: verifyd ci --base REF\n"
    )
    job.ci("--base", "origin/main", expect=3)
    assert job.readiness()["reason"] == "pipeline_changed"


# --- the floor ----------------------------------------------------------------------------------------------------------


def test_a_change_cannot_make_itself_green(forge: Forge) -> None:
    """Fault 66: a gate that the change empties runs as the base has it, and its failure is the job's."""
    job = a_pull(forge, {"VERIFY.md": page(lint="true", tests="test -e calc.py"), "bad.py": "x\n"})
    job.ci(expect=1)
    assert job.statuses()["lint"] == ("failed", "exit_status")
    assert job.readiness()["notes"] == [
        "VERIFY.md: lint: script is true, the base has test ! -e bad.py (weaker: the base's ran)",
        "VERIFY.md: lint: paths is none, the base has *.py",
    ]


@pytest.mark.parametrize(
    "written, said",
    [
        (page(tests="test -e calc.py"), "lint: removed (the base has it: it ran)"),
        (page(lint="paths=*.py optional | test ! -e bad.py", tests="test -e calc.py"), "lint: optional is yes, the base has no (weaker: the base's ran)"),
        (page(lint="paths=*.py timeout=1h | test ! -e bad.py", tests="test -e calc.py"), "lint: timeout is 1h, the base has 10m (weaker: the base's ran)"),
        (page(lint="paths=src/*.py | test ! -e bad.py", tests="test -e calc.py"), "lint: paths is src/*.py, the base has *.py (weaker: the base's ran)"),
        (page(lint="paths=*.py when=watch | test ! -e bad.py", tests="test -e calc.py"), "lint: when is watch, the base has ci,hook,watch (weaker: the base's ran)"),
        (page(lint="paths=*.py | test -e README", tests="python -c pass"), "tests: script is python -c pass, the base has test -e calc.py (weaker: the base's ran)"),
    ],
    ids=["removed", "optional", "timeout", "paths", "when", "another program"],
)  # fmt: skip
def test_a_weakened_gate_runs_as_in_the_base_and_waits_for_a_person(forge: Forge, written: str, said: str) -> None:
    """Every gate passes, and the tree is still unproven until somebody accepts that very pipeline."""
    job = a_pull(forge, {"VERIFY.md": written, "new.py": "x\n"})
    answer = job.ci(expect=3)
    report = job.readiness()
    assert f"VERIFY.md: {said}" in report["notes"]
    assert (report["reason"], {status for status, _ in job.statuses().values()}) == ("pipeline_changed", {"passed"})
    assert report["task"] is None
    digest = re.search(r"VERIFYD_ACCEPT=([0-9a-f]{32})(?![0-9a-f])", report["explanation"])
    assert digest is not None
    assert "::error file=VERIFY.md,line=1,title=verifyd%3A pipeline changed::the change weakens gates" in answer.out
    job.ci(expect=0, VERIFYD_ACCEPT=digest[1])
    report = job.readiness()
    assert report["readiness"] == "ready"
    assert f"VERIFY.md: {said.partition(' (')[0]} (weaker)" in report["notes"]


@pytest.mark.parametrize("accepted", ["0" * 32, "", "0", "a"])
def test_only_that_very_pipeline_is_accepted(forge: Forge, accepted: str) -> None:
    """Another digest accepts nothing."""
    job = a_pull(forge, {"VERIFY.md": page(tests="test -e calc.py")})
    job.ci("--accept", accepted, expect=3)


def test_the_beginning_of_a_digest_accepts_nothing(forge: Forge) -> None:
    """Two pipelines whose digests begin alike are soon made: 16 million tries for twelve characters."""
    job = a_pull(forge, {"VERIFY.md": page(tests="test -e calc.py")})
    job.ci(expect=3)
    digest = job.readiness()["explanation"].partition("VERIFYD_ACCEPT=")[2]
    job.ci("--accept", digest[:-1], expect=3)
    job.ci("--accept", digest.upper(), expect=0)


def test_limits_of_the_base_hold(forge: Forge) -> None:
    """A change that raises its own limit is held to the base's."""
    head = "---\nlimits: {{changed_lines: {lines}}}\n---\n"
    forge.commit("main", {"VERIFY.md": head.format(lines=5) + PAGE})
    job = a_pull(forge, {"VERIFY.md": head.format(lines=500) + PAGE, "long": "x\n" * 20})
    job.ci(expect=1)
    assert job.statuses()["diff"] == ("failed", "limits_exceeded")
    assert "VERIFY.md: diff: changed_lines is 500, the base has 5 (weaker: the base's ran)" in job.readiness()["notes"]


def test_a_base_that_the_page_names_is_not_asked(forge: Forge) -> None:
    """``base: HEAD`` would make every change empty, and hold its pipeline against itself."""
    job = a_pull(forge, {"VERIFY.md": "---\nbase: HEAD\n---\n" + page(tests="test -e calc.py")})
    job.ci(expect=3)
    assert base_of(job) == forge.origin.git("rev-parse", "main")
    assert "VERIFY.md: lint: removed (the base has it: it ran)" in job.readiness()["notes"]


def test_a_protected_page_waits_for_a_person_whatever_changes_in_it(forge: Forge) -> None:
    """Where the base protects VERIFY.md, a new gate is looked at too; words are not."""
    head = "---\nscope: {protected: [VERIFY.md]}\n---\n"
    forge.commit("main", {"VERIFY.md": head + PAGE})
    job = a_pull(forge, {"VERIFY.md": head + PAGE + page(extra="true").partition("\n\n")[2]})
    job.ci(expect=3)
    assert job.readiness()["reason"] == "pipeline_changed"
    assert job.readiness()["notes"] == ["VERIFY.md: extra: added"]


def test_a_stronger_or_reworded_page_is_ready(forge: Forge) -> None:
    """A gate more is told, other words are not."""
    job = a_pull(forge, {"VERIFY.md": PAGE + "More words.\n\n" + page(extra="true").partition("\n\n")[2]})
    job.ci(expect=0)
    assert job.readiness()["notes"] == ["VERIFY.md: extra: added"]
    assert job.statuses()["extra"] == ("passed", None)


def test_a_base_without_a_page_is_said(forge: Forge) -> None:
    """The request that brings VERIFY.md has nothing to be held against."""
    forge.commit("main", {}, remove="VERIFY.md")
    job = a_pull(forge, {"VERIFY.md": PAGE})
    job.ci(expect=0)
    assert job.readiness()["notes"] == [f"the base {base_of(job)[:12]} has no VERIFY.md to hold this one against"]


def test_a_removed_page_is_an_error(forge: Forge) -> None:
    """Fault 64: exit 2 with what to do; no gate is no pass."""
    job = a_pull(forge, {}, remove="VERIFY.md")
    answer = job.ci(expect=2)
    assert "VERIFY.md: deleted: the base has one\n" in answer.err


def test_without_a_ci_host_the_users_approval_is_asked_for(forge: Forge) -> None:
    """Nothing runs that nobody approved; ``CI`` alone, set for another command, approves nothing either."""
    job = forge.checkout(forge.commit("fix", {"VERIFY.md": page(trace="touch ran")}, since="main"))
    job.environment = {"CI": ""}
    job.ci(expect=3)
    assert job.readiness()["reason"] == "unapproved"
    job.project.verifyd("run", expect=3, extra={"CI": "true"})
    assert not (job.project.root / "ran").exists()


def test_a_job_leaves_no_approval_behind(forge: Forge) -> None:
    """On a machine that runs more than this job, ``verifyd run`` asks as before."""
    job = a_pull(forge, {"README": "Better.\n"})
    job.ci(expect=0)
    assert not list(job.files.glob("state/**/*.json"))


def test_a_cancelled_job_ends_its_gates(forge: Forge) -> None:
    """SIGTERM, as hosts send it: exit 130, and nothing that a gate started is left."""
    job = a_pull(
        forge, {"VERIFY.md": PAGE + page(slow="touch started; sh -c 'sleep 600.625; true'").partition("\n\n")[2]}
    )
    environment, quiet = {**job.project.environment, **job.environment}, subprocess.DEVNULL
    command, folder = job.project.command("ci"), job.project.root
    with subprocess.Popen(command, cwd=folder, env=environment, stdout=quiet, stderr=quiet) as process:
        try:
            wait_for((folder / "started").exists, "the gate runs")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 130
        finally:
            process.kill()
    assert subprocess.run(["pgrep", "-f", "sleep 600.625"], capture_output=True).returncode == 1


# --- the tree -----------------------------------------------------------------------------------------------------------


def test_a_checkout_that_earlier_steps_changed_is_said(forge: Forge) -> None:
    """The verdict names the tree as it is; what the commit does not hold is listed."""
    job = a_pull(forge, {"README": "Better.\n"})
    job.project.write({"calc.py": "x = 2\n", "build/out": "1\n"})
    job.ci(expect=0)
    report = job.readiness()
    head = job.project.git("rev-parse", "HEAD")
    assert report["tree"] == job.project.tree() != job.project.git("rev-parse", "HEAD^{tree}")
    says = (
        f"this checkout is not what commit {head[:12]} holds: 2 files (build/out, calc.py); the verdict is about the files as they "
        "are: let earlier steps write what .gitignore names, or outside the checkout"
    )
    assert report["notes"] == [says]


def test_a_commit_that_was_let_through_by_hand_is_told(forge: Forge) -> None:
    """Fault 41: the hook was told to skip, or never asked; CI verifies the tree all the same, and repeats the reason it finds."""
    base = forge.origin.git("rev-parse", "main")
    forge.commit("fix", {"bad.py": "x\n"}, since="main")
    forge.origin.git(
        "commit", "-q", "--amend", "--no-verify", "-m", "Change\n\nVerifyd-Skip: the deadline ::add-mask::x"
    )
    head = forge.origin.git("rev-parse", "fix")
    job = forge.checkout(head).github("pull_request", PULL, pull_payload(base=base, head=head), GITHUB_BASE_REF="main")
    answer = job.ci(expect=1)
    assert job.statuses()["lint"] == ("failed", "exit_status")
    assert job.readiness()["notes"] == [
        f"commit {head[:12]} was made without a verdict, by VERIFYD_SKIP: the deadline ::add-mask::x"
    ]
    assert set(commands_of(answer.both)) <= {"group", "endgroup", "error", "warning", "notice"}


def test_the_report_is_no_part_of_the_tree(forge: Forge) -> None:
    """A second run finds the same tree."""
    job = a_pull(forge, {"README": "Better.\n"})
    job.ci(expect=0)
    first = job.readiness()["tree"]
    job.ci(expect=0)
    assert (job.readiness()["tree"], job.project.git("status", "--porcelain")) == (first, "")


# --- what the host reads ------------------------------------------------------------------------------------------------


HOSTILE = r"""printf '%s\n' '::set-output name=readiness::ready' '   ::add-mask::the' 'x ##[add-mask]gate' '::stop-commands::no' \
'##vso[task.setvariable variable=PATH]/tmp' '##teamcity[blockOpened]' '::error file=a::lies' '--- heading' '::endgroup::'
printf '\033[0Ksection_end:1:verifyd_tests\r\033[0K\n'
printf 'a.py:1:1: F401 ::add-mask::finding\n'
printf '%s\n' "${GITHUB_ENV:-none} ${GITHUB_OUTPUT:-none} ${GITHUB_STEP_SUMMARY:-none}"
exit 1"""
COMMAND = re.compile(r"^\s*::(?P<name>[\w-]+)(?: [^\n]*?)?::(?P<data>.*)$")


def commands_of(text: str) -> list[str]:
    """The commands that GitHub's runner obeys in a log: ``::name …::`` at a line's start, ``##[name …]`` anywhere."""
    obeyed: list[str] = []
    stopped = ""
    for line in text.splitlines():
        match = COMMAND.match(line)
        if stopped:
            stopped = "" if match is not None and match["name"] == stopped else stopped
            continue
        if match is not None and match["name"] == "stop-commands":
            stopped = match["data"]
        elif match is not None:
            obeyed.append(match["name"])
        obeyed += re.findall(r"##\[([\w-]+)", line) if match is None else []
    return obeyed


@pytest.fixture
def hostile(forge: Forge) -> Job:
    """A pull request whose gate prints commands of every host."""
    return a_pull(forge, {"VERIFY.md": PAGE + page(worst=HOSTILE).partition("\n\n")[2], "a.py": "import os\n"})


def test_nothing_that_a_gate_prints_is_a_command_to_github(hostile: Job) -> None:
    """Fault 48: whether the runner is told to stop reading or not, it obeys none but our groups and annotations."""
    answer = hostile.ci(expect=1)
    assert set(commands_of(answer.out)) <= {"group", "endgroup", "error", "warning", "notice"}
    without_stops = re.sub(r"(?m)^::(?:stop-commands::)?[0-9a-f]{24}(?:::)?$", "", answer.out)
    assert set(commands_of(without_stops)) <= {"group", "endgroup", "error", "warning", "notice"}
    assert commands_of(answer.err) == []
    assert "none none none" in answer.out  # a gate is not told of the host's files
    assert hostile.outputs()["readiness"] == "not_ready"
    assert not (hostile.files / "env").exists()


@pytest.mark.parametrize("output_format", ["text", "log"])
def test_nothing_that_a_gate_prints_is_a_command_to_others(hostile: Job, output_format: str) -> None:
    """Azure, TeamCity, Buildkite, GitLab: a backslash stands where their command began."""
    hostile.environment = {"TF_BUILD": "True", "BUILD_SOURCEBRANCH": "refs/heads/x"}
    answer = hostile.ci("--format", output_format, "--base", "origin/main", expect=1)
    assert re.findall(r"##[\w.-]*\[\w+", answer.both.replace("##[group", "").replace("##[endgroup", "")) == []
    assert re.findall(r"(?m)^--- h", answer.both) == []
    assert "\x1b" not in answer.both


def test_an_error_cannot_be_a_command_either(forge: Forge) -> None:
    """VERIFY.md is the change's own text."""
    job = a_pull(forge, {"VERIFY.md": "# V\n## a\n```sh ##[add-mask]x=1\ntrue\n```\n"})
    answer = job.ci(expect=2)
    assert commands_of(answer.both) == ["error"]
    assert "::error file=VERIFY.md,line=3,title=verifyd::" in answer.err


def test_the_outputs_say_what_was_found(forge: Forge) -> None:
    """Readiness, tree, base, and where the files are; what earlier commands of the step wrote stays."""
    job = a_pull(forge, {"README": "Better.\n"})
    (job.files / "output").write_text("mine<<E\n1\nE", "utf-8")
    job.ci(expect=0)
    report = job.readiness()
    assert job.outputs() == {
        "mine": "1",
        "readiness": "ready",
        "reason": "",
        "tree": report["tree"],
        "base": report["base"],
        "report": str(job.report),
        "sarif": str(job.report / "verifyd.sarif"),
        "junit": str(job.report / "junit.xml"),
    }


def test_the_folder_holds_every_form_of_the_report(forge: Forge) -> None:
    """Ready for upload; the task goes when there is none, and so do the logs of gates that are gone."""
    job = a_pull(forge, {"bad.py": "x\n"})
    job.ci(expect=1)
    names = sorted(str(path.relative_to(job.report)) for path in job.report.rglob("*") if path.is_file())
    forms = ["READINESS.md", "gl-code-quality-report.json", "junit.xml", "readiness.json", "verifyd.sarif"]
    assert names == sorted([".gitignore", *forms, "TASK.md", "logs/lint.txt", "logs/tests.txt"])
    (job.project.root / "bad.py").unlink()
    job.ci(expect=0)
    assert not (job.report / "TASK.md").exists()
    assert json.loads((job.report / "verifyd.sarif").read_text())["version"] == "2.1.0"


def test_a_log_in_the_folder_shows_no_secret(forge: Forge) -> None:
    """Artifacts are not masked by the host."""
    token = "ghp_" + "a1B2" * 9
    job = a_pull(forge, {"VERIFY.md": PAGE + page(leak=f"echo token={token}; false").partition("\n\n")[2]})
    answer = job.ci(expect=1)
    assert "token=" in (job.report / "logs" / "leak.txt").read_text()
    outside = [path for path in job.report.rglob("*") if path.is_file() and path.name not in READ_FROM_THE_TREE]
    assert [path.name for path in outside if token in path.read_text()] == []
    assert token not in answer.out.replace(f"echo token={token}", "")


READ_FROM_THE_TREE = {"readiness.json", "READINESS.md", "TASK.md", "verifyd.sarif"}
"""They show the gate's command, which stands in the tree for everybody."""


@pytest.mark.parametrize(
    "folder, said",
    [
        (".git/report", "'.git/report' is part of git's folder"),
        (".", "'.' holds more than this report"),
        (".verifyd", "'.verifyd' holds more than this report"),
        ("src", "'src' holds files of the checkout"),
        ("README", "'README' is a file"),
    ],
)
def test_the_folder_is_never_one_of_the_checkout(forge: Forge, folder: str, said: str) -> None:
    """Exit 2 before anything runs; VERIFY.md has no part in it."""
    job = a_pull(forge, {"src/a.txt": "1\n"})
    answer = job.ci("--output-dir", folder, expect=2)
    assert said in answer.err
    assert "file=VERIFY.md" not in answer.err


def test_the_folder_is_never_one_that_the_change_leads_to(forge: Forge, tmp_path: Path) -> None:
    """A link that the change planted: nothing is written, and above all nothing removed, where it points."""
    (tmp_path / "home" / "logs").mkdir(parents=True)
    (tmp_path / "home" / "logs" / "mine").write_text("x")
    (forge.origin.root / "verifyd-report").symlink_to(tmp_path / "home")
    job = a_pull(forge, {"README": "Better.\n"})
    assert "'verifyd-report' is a link, or lies behind one" in job.ci(expect=2).err
    assert [path.name for path in (tmp_path / "home").rglob("*")] == ["logs", "mine"]


def test_a_folder_elsewhere_may_hold_other_things(forge: Forge, tmp_path: Path) -> None:
    """Outside the checkout nothing is asked."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "other").write_text("x")
    job = a_pull(forge, {"bad.py": "x\n"})
    answer = job.ci("--output-dir", str(tmp_path / "out"), expect=1)
    assert f"\n  in full:   {tmp_path}/out/TASK.md\n" in answer.out
    assert (tmp_path / "out" / "junit.xml").exists()
    assert (tmp_path / "out" / "other").exists()


def test_the_summary_tells_it_all_and_keeps_what_was_there(forge: Forge) -> None:
    """Verdict, what the job is about, gates, the task to copy."""
    job = a_pull(forge, {"bad.py": "x\n"})
    (job.files / "summary.md").write_text("Earlier.\n")
    job.ci(expect=1)
    text = (job.files / "summary.md").read_text()
    assert text.startswith(f"Earlier.\n## Not ready: tree `{job.readiness()['tree']}`\n")
    for piece in ("GitHub, pull request 12 into main", "### Gates", "<summary>Next task: lint", "verifyd run lint"):
        assert piece in text


def test_a_summary_that_cannot_be_written_changes_no_verdict(forge: Forge) -> None:
    """It is said, and the exit code is the tree's."""
    job = a_pull(forge, {"README": "Better.\n"})
    (job.files / "summary.md").mkdir()
    answer = job.ci(expect=0)
    assert "the step's summary or outputs were not written" in answer.err


@pytest.mark.parametrize("output_format, begins", [("json", "{"), ("junit", "<?xml"), ("sarif", "{"), ("gitlab", "[")])
def test_one_form_alone_can_be_asked_for(forge: Forge, output_format: str, begins: str) -> None:
    """Then nothing else goes to stdout."""
    job = a_pull(forge, {"README": "Better.\n"})
    assert job.ci("--format", output_format, expect=0).out.startswith(begins)


@pytest.mark.parametrize("output_format", ["log", "text"])
def test_the_answer_names_the_task_in_the_folder_that_is_uploaded(forge: Forge, output_format: str) -> None:
    """Not the work tree's own, which is gone with the job."""
    job = a_pull(forge, {"bad.py": "x\n"})
    answer = job.ci("--format", output_format, expect=1)
    assert "\n  in full:   verifyd-report/TASK.md\n" in answer.out
    assert not [gone for gone in (".verifyd/TASK.md", "verifyd log") if gone in answer.out]
    task = (job.report / "TASK.md").read_text("utf-8")
    assert "\nFull log: `verifyd-report/logs/lint.txt`" in task


def test_gates_that_are_not_for_ci_are_left_out(forge: Forge) -> None:
    """``when`` knows this door."""
    more: dict[str, Any] = {"slow": "when=ci | true", "fast": "when=watch,hook | false"}
    job = a_pull(forge, {"VERIFY.md": PAGE + page(**more).partition("\n\n")[2]})
    job.ci(expect=0)
    assert (job.statuses()["slow"], job.statuses()["fast"]) == (("passed", None), ("skipped", "when"))
