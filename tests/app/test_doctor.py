"""What ``verifyd doctor`` finds, against a world in memory: one thing wrong at a time in a repository that is otherwise well."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from tests.support.builders import a_file_change
from tests.support.fake_world import (
    NOW,
    REPOSITORY,
    ROOT,
    FakeApprovals,
    FakeGit,
    FakeProcesses,
    FakeWorld,
)
from verifyd.app.doctor import examine
from verifyd.app.history_ports import GateRun
from verifyd.change import Change, ChangeKind
from verifyd.pipeline import Approval, ApprovedBy
from verifyd.render.doctor import Check, CheckStatus, worst
from verifyd.timing import Sample
from verifyd.verify_md.reader import parse_verify_md

PAGE = "# Verification\n\n## lint\n```sh\nruff check\n```\n\n## tests\n```sh\npytest -q\n```\n"
APPROVED_AT = "2026-11-20T08:00:00+00:00"
LOCK = ROOT / ".git/index.lock"
HISTORY = ROOT / ".git/verifyd/history.db"
RUNS = ROOT / ".git/verifyd/runs"


def a_run(gate: str, age: timedelta = timedelta(hours=1)) -> GateRun:
    """A pass of this age."""
    return GateRun(
        gate=gate, tree="1f" * 20, head=None, status="passed", reason=None, exit_code=0, started_at=NOW - age,
        duration_s=1.0, cpu_s=1.0, peak_rss_bytes=1,
    )  # fmt: skip


def approval_of(page: str) -> Approval:
    """That a person approved this page."""
    pipeline = parse_verify_md(page.encode())
    fields: dict[str, Any] = {
        "digest": pipeline.digest,
        "by": ApprovedBy.TERMINAL,
        "at": APPROVED_AT,
        "pipeline": pipeline,
    }
    return Approval(**fields)


def a_world(page: str = PAGE) -> FakeWorld:
    """A repository in which all is well: an approved page, its tools, a history."""
    fake = FakeWorld(
        git=FakeGit(files={"VERIFY.md": page, "shop.py": ""}),
        approvals=FakeApprovals(approval=approval_of(page)),
        tools=frozenset({"ruff", "pytest"}),
    )
    fake.files.content[HISTORY] = bytes(20_480)
    fake.store.runs = {"lint": (a_run("lint"),), "tests": (a_run("tests"),)}
    return fake


def found(fake: FakeWorld) -> tuple[Check, ...]:
    """All checks."""
    return examine(fake.world, REPOSITORY)


def not_ok(checks: Iterable[Check]) -> list[tuple[str, str, str, str]]:
    """(name, status, what, remedy) of what is not well."""
    return [(one.name, str(one.status), one.what, one.remedy) for one in checks if one.status is not CheckStatus.OK]


def test_all_is_well() -> None:
    """Every examination says so, in the order of what rests on what."""
    checks = found(a_world())
    assert not_ok(checks) == []
    assert [(check.name, check.what) for check in checks][1:] == [
        ("git", "git version 2.39.5"),
        ("tree", "1f1f1f1f1f1f, 2 files"),
        ("VERIFY.md", "declares 2 gates"),
        ("approval", f"given at a terminal, {APPROVED_AT}"),
        ("tools", "found for 2 gates"),
        ("history", "sound, 20.5 kB"),
        ("state", "/repository/.git/verifyd can be written"),
        ("runs", "logs and artifacts of 0 earlier runs, 0 bytes"),
        ("views", "a gate can be given a frozen view of the tree at the repository's own path"),
    ]
    assert checks[0].name == "verifyd"
    assert checks[0].what.endswith(", linux-x86_64, 2 slots")


def test_examining_leaves_nothing_behind() -> None:
    """The probe that was written into the state folder is gone."""
    fake = a_world()
    before = dict(fake.files.content)
    found(fake)
    assert fake.files.content == before


def test_git_refuses() -> None:
    """git and the tree are bad, each with git's own words; the machine is examined all the same."""
    fake = a_world()
    fake.git.trouble = "'git' was not found on this machine"
    checks = found(fake)
    assert not_ok(checks) == [
        ("git", "bad", "'git' was not found on this machine", "Mend it."),
        ("tree", "bad", "'git' was not found on this machine", "Mend it."),
    ]
    assert [check.name for check in checks] == ["verifyd", "git", "tree", "state", "runs", "views"]


def test_packages_that_no_gitignore_names() -> None:
    """They are read on every run: the line to add is said."""
    fake = a_world()
    fake.git.changed = Change(files=(a_file_change(".venv/pyvenv.cfg", kind=ChangeKind.ADDED),))
    assert not_ok(found(fake)) == [
        (
            "tree",
            "warn",
            ".venv/ (1 file) is in no .gitignore, so every run reads it and it counts as changed",
            "Add this line to .gitignore: .venv/",
        )
    ]


def test_no_page() -> None:
    """Bad, with the command that writes one; history is examined all the same."""
    fake = a_world()
    fake.git.files = {"shop.py": ""}
    [check] = not_ok(found(fake))
    assert (check[0], check[1], check[3]) == ("VERIFY.md", "bad", "Write one with: verifyd init")
    assert "history" in [check.name for check in found(fake)]


def test_a_page_that_cannot_be_read() -> None:
    """Bad, with the place in the page."""
    fake = a_world()
    fake.git.files = {"VERIFY.md": "# V\n\n## tests\n```sh timout=5m\npytest\n```\n"}
    [(name, status, what, remedy)] = not_ok(found(fake))
    assert (name, status) == ("VERIFY.md", "bad")
    assert what.startswith("VERIFY.md:4")
    assert "timeout" in remedy


def test_a_page_without_gates() -> None:
    """Bad: every tree would be ready."""
    checks = not_ok(found(a_world("# Verification\n\nTo be written.\n")))
    assert [(name, status) for name, status, _, _ in checks] == [("VERIFY.md", "bad")]


def test_what_is_never_run_is_named() -> None:
    """Gates that run only when they are named, or never, are well, and said."""
    page = PAGE + "\n## soak (manual)\n```sh\npytest soak\n```\n\n## push\n```sh\ngit push\n```\n"
    checks = found(a_world(page))
    assert not_ok(checks) == []
    assert "declares 2 gates; never run by themselves: soak, push" in [check.what for check in checks]


def test_never_approved() -> None:
    """Bad: nothing runs."""
    fake = a_world()
    fake.approvals.approval = None
    assert not_ok(found(fake)) == [
        ("approval", "bad", "never approved, so nothing runs", "Look at it with: verifyd plan, then: verifyd approve")
    ]


def test_changed_since_it_was_approved() -> None:
    """Bad, with the gates that differ; those that were approved are the ones that run."""
    fake = a_world()
    fake.approvals.approval = approval_of(PAGE.replace("pytest -q", "pytest -q --strict-markers"))
    assert not_ok(found(fake)) == [
        (
            "approval", "bad", f"VERIFY.md has changed since it was approved at {APPROVED_AT} (tests)",
            "Look at it with: verifyd plan, then: verifyd approve",
        )
    ]  # fmt: skip


@pytest.mark.parametrize("page, status", [(PAGE, "bad"), (PAGE.replace("## tests", "## tests (optional)"), "warn")])
def test_a_tool_that_is_missing(page: str, status: str) -> None:
    """Bad for a required gate, worth knowing for an optional one."""
    fake = a_world(page)
    fake.tools = frozenset({"ruff"})
    assert not_ok(found(fake)) == [
        ("tools", status, "pytest is not on this machine, needed by tests", "Install it, or put its folder on PATH.")
    ]


def test_a_tool_behind_a_projects_own_script() -> None:
    """``npm test`` needs npm, which is there, and what its script starts, which is not."""
    fake = a_world("# V\n\n## unit\n```sh\nnpm test\n```\n")
    package = '{"scripts": {"test": "vitest run"}, "devDependencies": {"vitest": "1"}}'
    fake.git.files = {**fake.git.files, "package.json": package}
    fake.tools = frozenset({"npm"})
    fake.store.runs = {"unit": (a_run("unit"),)}
    assert not_ok(found(fake)) == [
        ("tools", "warn", "vitest is not there, and the script of unit starts it", "npm install")
    ]


def test_a_tool_that_several_gates_miss_is_said_once() -> None:
    """With all their names; it is bad as soon as one of them is required."""
    page = "# V\n\n## lint (optional)\n```sh\nruff check\n```\n\n## format\n```sh\nruff format --check\n```\n"
    fake = a_world(page)
    fake.tools = frozenset()
    tools = [check for check in not_ok(found(fake)) if check[0] == "tools"]
    assert [(status, what) for _, status, what, _ in tools] == [
        ("bad", "ruff is not on this machine, needed by lint, format")
    ]


def test_a_tool_in_an_environment_that_is_not_active() -> None:
    """It is there, only not on PATH: the remedy is to activate it."""
    fake = a_world()
    fake.tools = frozenset({"ruff"})
    fake.files.content[ROOT / "venv/bin/pytest"] = b""
    assert [remedy for *_, remedy in not_ok(found(fake))] == [
        "Activate the environment it lies in: . venv/bin/activate"
    ]


def test_a_servers_tool_counts_too() -> None:
    """What the server's command starts is looked for as well."""
    server = '```sh server="serve-shop --port {port}" ready=127.0.0.1:{port}\npytest'
    fake = a_world(PAGE.replace("```sh\npytest", server))
    assert [what for _, _, what, _ in not_ok(found(fake))] == ["serve-shop is not on this machine, needed by tests"]


def test_gates_that_never_ran_or_not_for_days() -> None:
    """Both are worth knowing; a gate that ran six days ago is not named."""
    fake = a_world()
    fake.store.runs = {"lint": (a_run("lint", timedelta(days=9)),)}
    assert not_ok(found(fake)) == [
        ("gates", "warn", "never run here: tests", "Run them with: verifyd run"),
        ("gates", "warn", "lint has not run for 9 days", "Run it with: verifyd run lint"),
    ]
    fake.store.runs = {name: (a_run(name, timedelta(days=6)),) for name in ("lint", "tests")}
    assert not_ok(found(fake)) == []


def test_a_gate_with_both_outcomes() -> None:
    """The same inputs passed and failed: flaky."""
    fake = a_world()
    seen = [("a", True), ("a", False), ("b", True), ("b", True)]
    fake.store.kept = {"tests": tuple(Sample(duration_s=1.0, passed=passed, key=key) for key, passed in seen)}
    assert not_ok(found(fake)) == [
        (
            "gates", "warn", "tests both passed and failed on 50% of the contents it ran on more than once",
            "See its runs with: verifyd history tests",
        )
    ]  # fmt: skip


def test_history_that_was_moved_aside() -> None:
    """The store's own note."""
    fake = a_world()
    fake.store.notes = ("the history was damaged and is now in history.db.corrupt-1",)
    assert not_ok(found(fake)) == [
        ("history", "warn", "the history was damaged and is now in history.db.corrupt-1", "")
    ]


def test_history_that_cannot_be_opened() -> None:
    """Bad: no verdict could be kept."""
    fake = a_world()
    fake.store_trouble = "a newer verifyd wrote it"
    assert not_ok(found(fake)) == [("history", "bad", "a newer verifyd wrote it", "Mend it.")]


def test_a_state_folder_that_cannot_be_written() -> None:
    """Bad, with the file that was tried."""
    fake = a_world()
    fake.files.refuses = "the file system is read-only"
    assert not_ok(found(fake)) == [
        ("state", "bad", "/repository/.git/verifyd/probe: the file system is read-only", "Make room.")
    ]


@pytest.mark.parametrize(
    "age, said", [(timedelta(minutes=50), []), (timedelta(hours=3), ["3 hours"]), (timedelta(days=2), ["2 days"])]
)
def test_an_index_lock_that_was_left_behind(age: timedelta, said: list[str]) -> None:
    """Older than an hour it is reported with the command that removes it, and left where it is."""
    fake = a_world()
    fake.files.modified[LOCK] = NOW - age
    assert not_ok(found(fake)) == [
        (
            "index", "warn", f"/repository/.git/index.lock is {old} old, so git add and git commit fail",
            "If no git command is running: rm /repository/.git/index.lock",
        )
        for old in said
    ]  # fmt: skip
    assert LOCK in fake.files.modified


def test_what_the_tree_id_does_not_tell() -> None:
    """The snapshot's notes, and unresolved conflicts."""
    fake = a_world()
    fake.git.snapshot = {
        "notes": ("marked assume-unchanged for git, but judged as it is on disk: shop.py",),
        "conflicted": True,
    }
    assert not_ok(found(fake)) == [
        ("tree", "bad", "a merge or rebase has unresolved conflicts", "Resolve them, then: git add the files"),
        ("tree", "warn", "marked assume-unchanged for git, but judged as it is on disk: shop.py", ""),
    ]


def test_large_runs() -> None:
    """Logs and artifacts of more than a gigabyte are worth knowing, with the way to be rid of them."""
    fake = a_world()
    for number in range(3):
        fake.files.content[RUNS / f"{number}/tests.log"] = b"x"
        fake.files.sizes[RUNS / f"{number}/tests.log"] = 500_000_000
    assert not_ok(found(fake)) == [
        (
            "runs", "warn", "logs and artifacts of 3 earlier runs, 1.5 GB",
            f"The oldest go by themselves; to be rid of all of them: rm -r {RUNS}",
        )
    ]  # fmt: skip


def test_a_machine_without_frozen_views() -> None:
    """Worth knowing, with what the machine said and what happens instead."""
    fake = a_world()
    fake.processes = FakeProcesses(trouble="unshare: Operation not permitted")
    [(name, status, what, remedy)] = not_ok(found(fake))
    assert (name, status, what) == (
        "views",
        "warn",
        "no frozen view can be made on this machine: unshare: Operation not permitted",
    )
    assert remedy.startswith("Gates that ask for one run on a copy at another path")


def test_a_damaged_approval() -> None:
    """It is the approval that is bad then, not VERIFY.md."""
    fake = a_world()

    fake.approvals.trouble = "cannot be read as an approval"
    assert not_ok(found(fake)) == [
        (
            "approval",
            "bad",
            "/state/approval.json: cannot be read as an approval",
            "Look at it with: verifyd plan, then: verifyd approve",
        )
    ]


def test_the_worst_of_everything_is_the_answer() -> None:
    """One bad thing makes the whole bad."""
    fake = a_world()
    assert worst(found(fake)) is CheckStatus.OK
    fake.approvals.approval = None
    assert worst(found(fake)) is CheckStatus.BAD
