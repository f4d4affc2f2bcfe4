"""The example project as a user meets it: its demo, the report and the task of its story, and its browser gate."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "verify"
VERIFYD = (sys.executable, "-m", "verifyd")
# What is set around this test run (CI, a hook, pytest itself) is not what a user has set.
FOREIGN = ("CI", "CHROMIUM", "GIT_", "MYPY", "PYTEST_", "RUFF_")
GIT = ("git", "-c", "user.name=Shopkeeper", "-c", "user.email=shop@example.invalid")
BUG = "tests/test_offers.py::test_three_teas_cost_as_much_as_two"
# The place of each failure of story/change.patch: gate -> path and line.
PLACES = {"lint": ("src/shop/offers.py", 5), "tests": ("tests/test_offers.py", 16)}

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

needs_chromium = pytest.mark.skipif(
    not any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")),
    reason="no Chromium on this machine",
)


def make_environment(folder: Path) -> dict[str, str]:
    """Make the environment of a user whose home, state and temporary files are below *folder*."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    for name in ("home", "state", "temporary"):
        (folder / name).mkdir()
    return kept | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "HOME": str(folder / "home"),
        "XDG_STATE_HOME": str(folder / "state"),
        "TMPDIR": str(folder / "temporary"),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """A copy of the example at *root*: committed, its pipeline approved."""

    root: Path
    environment: dict[str, str]

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command in the copy."""
        return subprocess.run(
            command,
            cwd=self.root,
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def git(self, *words: str) -> str:
        """Run git in the copy, which must end well; its output."""
        end = self.run(*GIT, *words)
        assert end.returncode == 0, end.stderr
        return end.stdout.strip()

    def verify(self, **environment: str) -> tuple[int, dict[str, Any]]:
        """Run ``verifyd run``: its exit status and the report's JSON."""
        end = self.run(*VERIFYD, "run", **environment)
        report = self.root / ".verifyd" / "readiness.json"
        assert report.exists(), end.stderr
        return end.returncode, json.loads(report.read_text(encoding="utf-8"))

    def replace(self, path: str, old: str, new: str) -> None:
        """Replace the one place where *old* stands in a file."""
        text = (self.root / path).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (self.root / path).write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Make the story's first scene: a committed shop whose gates are approved."""
    root = tmp_path / "shop"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("__pycache__", ".*_cache", ".verifyd", "test-results"))
    shop = Shop(root=root, environment=make_environment(tmp_path))
    shop.git("init", "--quiet", "--initial-branch=main")
    shop.git("add", ".")
    shop.git("commit", "--quiet", "--message=Open the shop")
    approval = shop.run(*VERIFYD, "approve", "--yes")
    assert approval.returncode == 0, approval.stderr
    return shop


def gate(report: dict[str, Any], name: str) -> dict[str, Any]:
    """Find one gate in a report's JSON."""
    found: dict[str, Any] = next(gate for gate in report["gates"] if gate["name"] == name)
    return found


def statuses(report: dict[str, Any]) -> dict[str, tuple[str, str | None]]:
    """List the gates of a report's JSON: name -> status and reason."""
    return {gate["name"]: (gate["status"], gate["reason"]) for gate in report["gates"]}


def tell(folder: Path, verifyd: str) -> subprocess.CompletedProcess[str]:
    """Run the demo as a user whose folders are below *folder*."""
    return subprocess.run(
        (sys.executable, str(EXAMPLE / "demo"), verifyd),
        cwd=folder,
        env=make_environment(folder),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def test_the_demo_tells_its_story_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """The demo shows both failures with their places on one screen or two, and touches no folder of the user."""
    end = tell(tmp_path, shlex.join(VERIFYD))
    assert (end.returncode, end.stderr) == (0, "")
    assert all(f"{path}:{line}" in end.stdout for path, line in PLACES.values())
    assert "test_three_teas_cost_as_much_as_two" in end.stdout
    assert len(end.stdout.splitlines()) <= 100
    assert [list((tmp_path / name).iterdir()) for name in ("home", "state", "temporary")] == [[], [], []]


def test_the_demo_fails_when_verifyd_does_not_do_as_told(tmp_path: Path) -> None:
    """A verifyd that ends otherwise than told makes the demo say so and end with 1."""
    end = tell(tmp_path, "false")
    assert (end.returncode, end.stderr) == (
        1,
        "\ndemo: not as told: verifyd approve --yes: expected exit status 0, found 1\n",
    )
    assert list((tmp_path / "temporary").iterdir()) == []


def test_the_agents_change_is_not_ready_and_each_failure_has_its_place(shop: Shop) -> None:
    """The change of the story is within its limits, fails lint and tests at the lines it wrote, and nothing else."""
    shop.git("apply", "story/change.patch")
    status, report = shop.verify()
    assert (status, report["readiness"]) == (1, "not_ready")
    assert {name: found for name, (found, _) in statuses(report).items()} == {
        "diff": "passed",
        "lint": "failed",
        "types": "passed",
        "tests": "failed",
        "browser": "skipped",
    }
    assert gate(report, "browser")["reason"] == "not_affected"
    assert [(each["path"], each["line"], each["code"]) for each in gate(report, "lint")["findings"]] == [
        (*PLACES["lint"], "F401")
    ]
    assert [(each["path"], each["line"], each["subject"]) for each in gate(report, "tests")["findings"]] == [
        (*PLACES["tests"], BUG)
    ]
    assert gate(report, "tests")["tests"] == {"total": 19, "failed": 1, "skipped": 0}
    assert report["change"] == {"files": 3, "added": 46, "deleted": 3, "deleted_files": 0, "since": "base"}


def test_the_task_points_at_a_place_of_the_agents_change(shop: Shop) -> None:
    """The task is one of the two failures, its first place is the line to look at, and TASK.md says the same."""
    shop.git("apply", "story/change.patch")
    _, report = shop.verify()
    task = json.loads(shop.run(*VERIFYD, "task", "--json").stdout)
    assert task == report["task"]
    path, line = PLACES[task["gate"]]
    assert (task["where"][0]["path"], task["where"][0]["line"]) == (path, line)
    assert f"{path}:{line}" in (shop.root / ".verifyd" / "TASK.md").read_text(encoding="utf-8")


def test_the_task_for_a_failing_test_reproduces_that_test_alone(shop: Shop) -> None:
    """With the import mended the task is the failing test: its place, its message, and a command that fails with it."""
    shop.git("apply", "story/change.patch")
    shop.replace("src/shop/offers.py", "from decimal import Decimal\n\n", "")
    assert shop.verify()[0] == 1
    task = json.loads(shop.run(*VERIFYD, "task", "--json").stdout)
    assert (task["gate"], task["where"][0]["path"], task["where"][0]["line"]) == ("tests", *PLACES["tests"])
    assert "720 == 480" in task["title"]
    assert BUG in task["reproduce"]
    again = shop.run("bash", "-c", task["reproduce"])
    assert (again.returncode, "1 failed in" in again.stdout) == (1, True)


def test_after_the_fix_exactly_this_tree_is_ready(shop: Shop) -> None:
    """The fixed change is ready, named by the id that git itself gives to the tree, and there is no task any more."""
    shop.git("apply", "story/change.patch")
    shop.verify()
    shop.git("apply", "story/fix.patch")
    status, report = shop.verify()
    assert (status, report["readiness"], report["task"]) == (0, "ready", None)
    assert {found for found, _ in statuses(report).values()} == {"passed", "skipped"}
    assert not (shop.root / ".verifyd" / "TASK.md").exists()
    shop.git("add", ".")
    assert report["tree"] == shop.git("write-tree")


@pytest.mark.browser
@needs_chromium
def test_a_page_that_works_passes_in_a_real_chromium(shop: Shop) -> None:
    """A change below web/ makes the browser gate run: its server is started, and all three tests of the page pass."""
    shop.replace("web/page.css", "max-width: 28rem", "max-width: 30rem")
    status, report = shop.verify()
    browser = gate(report, "browser")
    assert (status, browser["status"], browser["reason"]) == (0, "passed", None)
    assert browser["tests"] == {"total": 3, "failed": 0, "skipped": 0}


@pytest.mark.browser
@needs_chromium
def test_a_page_that_adds_up_wrongly_fails_with_a_screenshot(shop: Shop) -> None:
    """A broken script fails the browser gate at the test's line and keeps a picture; being optional it blocks nothing."""
    shop.replace("web/page.js", "sum + price_p *", "sum + 1 *")
    status, report = shop.verify()
    browser = gate(report, "browser")
    assert (status, browser["status"], browser["required"]) == (0, "failed", False)
    assert [(each["path"], each["line"]) for each in browser["findings"]] == [("web/tests/test_page.py", 20)]
    assert [Path(each).name for each in browser["artifacts"]] == ["test_picking_adds_up_the_goods.png"]
    assert (shop.root / browser["artifacts"][0]).read_bytes().startswith(b"\x89PNG\r\n")


def test_without_a_chromium_the_browser_gate_is_unproven_and_says_what_to_install(shop: Shop) -> None:
    """CHROMIUM that points nowhere gives `unproven: tool_missing`, with the command that installs a browser."""
    shop.replace("web/page.css", "max-width: 28rem", "max-width: 30rem")
    _, report = shop.verify(CHROMIUM=str(shop.root / "nowhere"))
    assert statuses(report)["browser"] == ("unproven", "tool_missing")
    command = "brew install --cask chromium" if sys.platform == "darwin" else "apt-get install chromium"
    readiness = (shop.root / ".verifyd" / "READINESS.md").read_text(encoding="utf-8")
    assert f"no Chromium found; install it with: {command}" in readiness
