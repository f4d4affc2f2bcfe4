"""``verifyd run`` as a user meets it: real repositories, real gates, exit codes and files."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.project import Project, page

CALC = {
    "calc.py": "def add(a, b):\n    return a + b\n",
    "test_calc.py": "from calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n\n\ndef test_zero():\n    assert add(0, 0) == 0\n",
    ".gitignore": "__pycache__/\n.pytest_cache/\n",
}


Make = Callable[..., Project]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Make an approved project from a VERIFY.md and files."""

    def make_project(verify_md: str, files: dict[str, str] | None = None, *, approved: bool = True) -> Project:
        project = Project.make(tmp_path, {**(files or {}), "VERIFY.md": verify_md})
        if approved:
            project.approve()
        return project

    return make_project


def test_a_tree_whose_gates_pass_is_ready(make: Make) -> None:
    """Exit 0, the report names git's own tree id, and there is no task."""
    project = make(page(tests="pytest -q", lint="true"), CALC)
    project.verifyd("run", expect=0)
    report = project.report()
    assert (report["schema"], report["readiness"], report["tree"]) == ("verifyd.report/1", "ready", project.tree())
    assert project.gate("tests")["tests"] == {"total": 2, "failed": 0, "skipped": 0}
    assert not (project.root / ".verifyd" / "TASK.md").exists()
    assert project.git("status", "--porcelain") == ""


def test_a_failing_test_becomes_the_task(make: Make) -> None:
    """Exit 1; the task names the test, the changed source, and a command narrowed to that test."""
    project = make(page(tests="pytest -q"), CALC)
    project.verifyd("run", expect=0)
    project.write({"calc.py": "def add(a, b):\n    return a - b\n"})
    project.verifyd("run", expect=1)
    task = project.report()["task"]
    assert (task["gate"], task["attempt"], task["escalate"]) == ("tests", 1, False)
    assert task["reproduce"] == "pytest -q test_calc.py::test_add"
    assert task["where"][0]["path"] == "calc.py"
    assert task["changed_since_ready"] == ["calc.py"]
    assert "test_add" in task["title"]
    text = (project.root / ".verifyd" / "TASK.md").read_text("utf-8")
    assert len(text) <= 4000
    assert "test_calc.py::test_add" in text


def test_attempts_are_counted_over_trees_and_end_in_an_escalation(make: Make) -> None:
    """The same failure on new trees keeps its id and counts up; on the same tree it does not; past three it escalates."""
    project = make(page(tests="pytest -q"), CALC)
    project.write({"calc.py": "def add(a, b):\n    return a - b\n"})
    seen = []
    for edit in ("", "", "# one\n", "# two\n", "# three\n"):
        project.write({"calc.py": f"{edit}def add(a, b):\n    return a - b\n"})
        project.verifyd("run", expect=1)
        task = project.report()["task"]
        seen.append((task["id"], task["attempt"], task["escalate"]))
    first = seen[0][0]
    assert seen == [(first, 1, False), (first, 1, False), (first, 2, False), (first, 3, False), (first, 4, True)]


def test_nothing_runs_unapproved(make: Make) -> None:
    """Without an approval no command is started, every gate is unproven, the exit code is 3 and nobody is sent to work."""
    project = make(page(trace="touch ran"), approved=False)
    answer = project.verifyd("run", expect=3, extra={"CI": "true"})
    assert not (project.root / "ran").exists()
    assert project.statuses() == {"trace": ("unproven", "unapproved")}
    assert project.report()["task"] is None
    assert "verifyd approve" in answer.out


def test_without_an_approval_a_task_is_not_looked_for_in_vain(make: Make) -> None:
    """Running once more would tell no more: the next step is a person's, and ``verifyd task`` names it."""
    project = make(page(gate="true"), approved=False)
    for _ in range(2):
        assert project.verifyd("task", expect=3).err == (
            f"nothing is known about the tree as it is now ({project.tree()[:12]}): the pipeline was never approved\n"
            "  Look at it with: verifyd plan, then: verifyd approve\n"
        )
        project.verifyd("run", expect=3)


def test_a_changed_pipeline_runs_as_approved_and_is_never_ready(make: Make) -> None:
    """Fault 66: the approved gates go on running, the new ones do not, and the tree is unproven until a person approves."""
    project = make(page(tests="pytest -q"), CALC)
    project.write({"VERIFY.md": page(tests="touch cheated")})
    answer = project.verifyd("run", expect=3)
    assert not (project.root / "cheated").exists()
    assert project.report()["reason"] == "pipeline_changed"
    assert project.statuses()["tests"] == ("passed", None)
    differs = "VERIFY.md: tests: script is touch cheated, approved was pytest -q"
    assert differs in answer.out
    assert f"note: {differs}" in project.verifyd("status", expect=3).out
    asked = project.verifyd("task", expect=3)
    assert (asked.out, "is unproven: pipeline_changed: VERIFY.md differs" in asked.err) == ("", True)
    project.write({"VERIFY.md": "Some prose.\n\n" + page(tests="pytest -q")})
    project.verifyd("run", expect=0)


@pytest.mark.parametrize(
    "script, code, status, reason",
    [
        ("exit 1", 1, "failed", "exit_status"),
        ("no-such-command-here", 3, "unproven", "tool_missing"),
        ("timeout=1s | sleep 60", 1, "failed", "timed_out"),
        ("python -c 'import os; os.abort()'", 1, "failed", "exit_status"),
        ("expect=exit:3 | exit 3", 0, "passed", None),
        ("min_tests=1 | echo nothing counted", 3, "unproven", "evidence_missing"),
        ("cat", 0, "passed", None),
        ("python -c \"open('/dev/tty')\"", 1, "failed", "exit_status"),
    ],
)
def test_how_a_gate_ends_decides_its_status(
    make: Make, script: str, code: int, status: str, reason: str | None
) -> None:
    """Could-not-run is never a failure, and a failure never a pass."""
    project = make(page(gate=script))
    project.verifyd("run", expect=code)
    assert project.statuses()["gate"] == (status, reason)


def test_a_gate_that_moves_the_tree_proves_nothing(make: Make) -> None:
    """A file written there and back during the gate voids the verdict: unproven, exit 3, and no task."""
    there_and_back = 'old=$(cat calc.py)\necho x >> calc.py\necho "$old" > calc.py\n'
    project = make(page(gate="sh move.sh"), {**CALC, "move.sh": there_and_back})
    project.verifyd("run", expect=3)
    assert project.statuses()["gate"] == ("unproven", "tree_moved")
    assert project.report()["task"] is None


def test_a_gate_asked_for_by_name_runs_alone(make: Make) -> None:
    """Exit 0 when it passes, although the tree as a whole is not called ready."""
    project = make(page(lint="true", tests="needs=lint | true", other="false"))
    project.verifyd("run", "tests", expect=0)
    assert project.report()["readiness"] == "unproven"
    assert project.statuses() == {
        "lint": ("passed", None),
        "tests": ("passed", None),
        "other": ("skipped", "not_selected"),
    }
    project.verifyd("run", "other", expect=1)


def test_a_misspelt_gate_gets_the_nearest_name(make: Make) -> None:
    """Usage errors are exit 2 and say what was probably meant."""
    project = make(page(tests="true"))
    answer = project.verifyd("run", "test", expect=2)
    assert answer.err.endswith("Did you mean 'tests'?\n")


def test_an_earlier_pass_answers_for_the_same_content(make: Make) -> None:
    """A gate whose inputs did not change is not run again; one whose inputs changed is; --no-reuse runs all."""
    counting = 'echo x >> "$XDG_STATE_HOME/count"'
    project = make(page(mine=f"paths=calc.py | {counting}"), CALC)
    count = Path(project.environment["XDG_STATE_HOME"]) / "count"
    project.write({"calc.py": "A = 1\n"})
    project.verifyd("run", expect=0)
    project.write({"other.txt": "not an input\n"})
    project.verifyd("run", expect=0)
    assert (count.read_text(), project.gate("mine")["reused"]) == ("x\n", True)
    project.write({"calc.py": "A = 2\n"})
    project.verifyd("run", expect=0)
    assert count.read_text() == "x\nx\n"
    project.verifyd("run", "--no-reuse", expect=0)
    assert count.read_text() == "x\nx\nx\n"


def test_staged_content_is_judged_without_what_is_not_staged(make: Make) -> None:
    """--staged runs on the index's tree: neither unstaged nor untracked content is seen, nothing on disk changes."""
    project = make(page(gate="grep -q staged calc.py && ! test -e untracked.txt"), CALC)
    project.write({"calc.py": "staged\n"})
    project.git("add", "calc.py")
    project.write({"calc.py": "unstaged\n", "untracked.txt": "x"})
    project.verifyd("run", "--staged", expect=0)
    assert project.report()["tree"] == project.git("write-tree")
    assert (project.root / "calc.py").read_text() == "unstaged\n"
    project.verifyd("run", expect=1)


def test_a_commit_is_judged_by_its_own_content(make: Make) -> None:
    """--tree runs the gates on that commit's files and leaves the working tree's report alone."""
    project = make(page(gate="grep -q return calc.py"), CALC)
    project.write({"calc.py": "nothing here\n"})
    answer = project.verifyd("run", "--tree", "HEAD", "--format", "json", expect=0)
    assert json.loads(answer.out)["tree"] == project.git("rev-parse", "HEAD^{tree}")
    assert not (project.root / ".verifyd").exists()


def test_limits_and_scope_are_a_gate(make: Make) -> None:
    """The diff gate exists as soon as limits are declared, costs no process and becomes a task like any other."""
    limits = "---\nlimits:\n  changed_lines: 3\n  deleted_files: 0\nscope:\n  protected: [VERIFY.md]\n---\n"
    project = make(limits + page(gate="true"), CALC)
    project.verifyd("run", expect=0)
    project.write({"calc.py": "1\n2\n3\n4\n"})
    project.git("rm", "-q", "test_calc.py")
    project.verifyd("run", expect=1)
    assert project.gate("diff")["status"] == "failed"
    assert project.report()["task"]["gate"] == "diff"


def test_fail_fast_ends_the_run(make: Make) -> None:
    """The failing gate decides, the slow one is cancelled and leaves no process."""
    project = make(page(quick="exit 1", slow="sleep 300"))
    project.verifyd("run", "--fail-fast", expect=1)
    assert project.statuses()["slow"] == ("unproven", "cancelled")


def test_the_log_holds_all_the_gate_printed(make: Make) -> None:
    """``log`` prints it with control characters shown, not obeyed."""
    project = make(page(gate="printf 'one\\ntwo\\033]0;title\\007\\n'; exit 1"))
    project.verifyd("run", expect=1)
    assert project.verifyd("log", "gate", expect=0).out == "one\ntwo\n"
    assert project.verifyd("log", "gate", "--lines", "1", expect=0).out == "two\n"


def test_a_gate_has_no_log_before_it_has_run(make: Make) -> None:
    """And the message says so, because the page does name the gate."""
    project = make(page(gate="true"))
    assert project.verifyd("log", "gate", expect=2).err == (
        "gate: there is no log of gate 'gate'\n  A gate has one once it has run; see the gates with: verifyd plan\n"
    )


def test_progress_says_which_gate_was_not_run_again(make: Make) -> None:
    """Its time is that of the earlier run."""
    project = make(page(gate="true"))
    assert "reused" not in project.verifyd("run", expect=0).err
    assert re.fullmatch(r"✓ gate passed \d+\.\d\d s \(reused\)\n", project.verifyd("run", expect=0).err)


def test_task_answers_for_the_tree_as_it_is_now(make: Make) -> None:
    """After an edit nothing is known, and the answer says so instead of repeating the old one."""
    project = make(page(gate="exit 1"))
    project.verifyd("run", expect=1)
    assert json.loads(project.verifyd("task", "--json", expect=1).out)["gate"] == "gate"
    project.write({"new.txt": "x"})
    answer = project.verifyd("task", expect=3)
    assert (answer.out, "verifyd run" in answer.err) == ("", True)


def test_history_is_kept(make: Make) -> None:
    """Every measured run is in ``history --json``."""
    project = make(page(gate="true"))
    for _ in range(3):
        project.verifyd("run", "--no-reuse", expect=0)
    history = json.loads(project.verifyd("history", "--json", expect=0).out)
    assert history["schema"] == "verifyd.history/1"
    assert "gate" in project.verifyd("history", "gate", expect=0).out


def test_fix_runs_the_fixers_and_then_verifies(make: Make) -> None:
    """The working tree is changed by the fixer alone, and the verdict is about the tree after it."""
    project = make(page(gate='fix="sed -i s/bad/good/ calc.py" | ! grep -q bad calc.py'), {"calc.py": "bad\n"})
    project.verifyd("run", expect=1)
    project.verifyd("fix", expect=0)
    assert (project.root / "calc.py").read_text() == "good\n"
    assert project.report()["readiness"] == "ready"


@pytest.mark.parametrize("form", ["json", "markdown", "junit", "sarif", "github", "gitlab", "text"])
def test_every_format_can_be_written_to_a_file(make: Make, tmp_path: Path, form: str) -> None:
    """--output holds the answer, stdout stays empty."""
    project = make(page(gate="echo 'a.py:1:1: wrong'; exit 1"), {"a.py": "x\n"})
    target = tmp_path / "out"
    answer = project.verifyd("run", "--format", form, "--output", str(target), expect=1)
    assert answer.out == ""
    assert "gate" in target.read_text("utf-8")


@pytest.mark.parametrize(
    "words", [("--format", "junit"), ("--output", "out"), ("--format", "sarif", "--output", "out")]
)
def test_nothing_is_unproven_without_its_reason_on_the_screen(make: Make, words: tuple[str, ...]) -> None:
    """Where the answer is for a program, or in a file; a verdict that is proved needs no further word."""
    project = make(page(gate="command -v no-such-tool >found || exec no-such-tool"), {".gitignore": "found\nout\n"})
    said = project.verifyd("run", *words, expect=3).err.splitlines()[-1]
    assert said.startswith(f"UNPROVEN  tree {project.tree()[:12]}  unproven: gate (")
    project.write({"VERIFY.md": page(gate="true")})
    project.approve()
    assert "READY" not in project.verifyd("run", *words, expect=0).err


def test_a_shell_that_is_not_there_is_a_missing_tool(make: Make) -> None:
    """Not the code's fault, nor one of the machine that another try would mend."""
    project = make("# V\n\n## gate\n```zsh\ntrue\n```\n")
    (project.root.parent / "bin").mkdir()
    for program in ("git", "sh"):
        (project.root.parent / "bin" / program).symlink_to(shutil.which(program) or "")
    project.verifyd("run", expect=3, extra={"PATH": str(project.root.parent / "bin")})
    ((said,),) = [[gate["reason"] for gate in project.report()["gates"]]]
    assert said == "tool_missing"


def test_a_protected_page_is_agreed_to_by_its_approval(make: Make) -> None:
    """An approved but uncommitted VERIFY.md does not fail the diff gate; any other protected path does."""
    project = make("---\nscope:\n  protected: [VERIFY.md, calc.py]\n---\n" + page(gate="true"), CALC)
    project.write({"VERIFY.md": "---\nscope:\n  protected: [VERIFY.md, calc.py]\n---\n" + page(gate="exit 0")})
    project.approve()
    project.verifyd("run", expect=0)
    project.write({"calc.py": "A = 1\n"})
    project.verifyd("run", expect=1)
    assert project.report()["task"]["where"][0]["path"] == "calc.py"


def test_a_dangerous_fixer_is_not_run(make: Make) -> None:
    """``fix`` obeys the list of what is never run by itself, and says so before anything else runs."""
    project = make(page(gate='fix="git reset --hard" | true'), CALC)
    project.write({"calc.py": "edited\n"})
    answer = project.verifyd("fix", expect=2)
    assert "never run by verifyd" in answer.err
    assert (project.root / "calc.py").read_text() == "edited\n"


def test_committing_a_failure_does_not_make_it_ready(make: Make) -> None:
    """A required gate that the change does not affect is left out only when it is known to have passed on its inputs."""
    project = make(page(lint="paths=*.py | ! grep -q bad calc.py"), CALC)
    project.verifyd("run", expect=0)
    project.write({"notes.txt": "x"})
    project.verifyd("run", expect=0)
    assert project.statuses()["lint"] == ("skipped", "not_affected")
    assert not planned_to_run(project, "lint")
    project.write({"calc.py": "bad\n"})
    project.verifyd("run", expect=1)
    project.commit()
    project.verifyd("run", expect=1)
    project.write({"notes.txt": "y"})
    project.verifyd("run", expect=1)
    assert project.report()["task"]["gate"] == "lint"


def test_on_a_fresh_clone_nothing_is_taken_for_verified(make: Make) -> None:
    """Without history no required gate is left out, and with a base that a person names the base is trusted."""
    project = make(page(lint="paths=*.py | false"), CALC)
    project.verifyd("run", expect=1)
    (project.root / ".git" / "verifyd" / "history.db").unlink()
    project.write({"notes.txt": "x"})
    project.verifyd("run", expect=1)


def planned_to_run(project: Project, gate: str) -> bool:
    """Whether ``verifyd plan`` says that the gate would run."""
    plan = json.loads(project.verifyd("plan", "--json", expect=0).out)
    return next(bool(one["runs"]) for one in plan["gates"] if one["name"] == gate)


def test_plan_runs_what_a_run_would(make: Make) -> None:
    """A gate that the change does not affect is not left out before it is known to have passed on its inputs."""
    project = make(page(lint="paths=web/** | test -e web/a.txt"), {"web/a.txt": ""})
    assert planned_to_run(project, "lint")
    assert "it is not known to have passed on them" in project.verifyd("plan", expect=0).out
    project.verifyd("run", expect=0)
    assert project.statuses()["lint"] == ("passed", None)
    assert not planned_to_run(project, "lint")
