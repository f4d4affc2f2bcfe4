"""The recipes of docs/how-to/run-it-in-ci.md: workflows that pass the linter, scripts that run on real checkouts."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.pages import ROOT, Fence, fences, table
from tests.support.ci import Forge, Job
from tests.support.project import page
from verifyd.doors.ci_messages import DEEPER
from verifyd.floor import FIELDS
from verifyd.pipeline_difference import WEAKENED

PAGE = "docs/how-to/run-it-in-ci.md"
SHOWN = list(fences(PAGE))
GITHUB, GITLAB, PRE_COMMIT, ANY = SHOWN
ZIZMOR = Path(sys.executable).with_name("zizmor")


def loaded(fence: Fence) -> dict[str, Any]:
    """A YAML block as parsed."""
    found: dict[str, Any] = yaml.safe_load(fence.content)
    return found


def a_merge_request(tmp_path: Path) -> Job:
    """A branch with one change, checked out with all branches."""
    forge = Forge.make(tmp_path, {"VERIFY.md": page(tests="test -e calc.py"), "calc.py": "x\n"})
    base = forge.origin.git("rev-parse", "main")
    job = forge.checkout(forge.commit("fix", {"README": "x\n"}, since="main"))
    request = {"CI_MERGE_REQUEST_IID": "1", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    return job.gitlab(**request, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)


def run_script(job: Job, script: str) -> subprocess.CompletedProcess[str]:
    """Run shell lines as a host does, with a verifyd on PATH."""
    program = job.files / "bin" / "verifyd"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m verifyd "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}:{job.project.environment['PATH']}"
    environment = {**job.project.environment, **job.environment, "PATH": path}
    return subprocess.run(
        ["sh", "-e", "-c", script], cwd=job.project.root, env=environment, capture_output=True, text=True
    )


def test_the_page_shows_one_recipe_a_host() -> None:
    """Three in YAML, one in plain shell."""
    assert [fence.language for fence in SHOWN] == ["yaml", "yaml", "yaml", "sh"]


@pytest.mark.skipif(not ZIZMOR.exists(), reason="zizmor is installed with the other checks only")
def test_the_linter_finds_nothing_in_the_workflow(tmp_path: Path) -> None:
    """Not even by its strictest rules, once the commit of verifyd is filled in."""
    workflow = tmp_path / ".github" / "workflows" / "verify.yml"
    workflow.parent.mkdir(parents=True)
    workflow.write_text(GITHUB.content.replace("OWNER/verifyd@COMMIT", f"somebody/verifyd@{'a1' * 20} # v1.0.0"))
    command = [str(ZIZMOR), "--offline", "--no-progress", "--quiet", "--persona=pedantic", str(workflow)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_gives_the_action_only_inputs_that_it_takes() -> None:
    """And the outputs that the page names are its outputs."""
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    steps = loaded(GITHUB)["jobs"]["verify"]["steps"]
    assert set(steps[-1]["with"]) <= set(action["inputs"])
    said = next(line for line in (ROOT / PAGE).read_text("utf-8").splitlines() if line.startswith("- **Outputs**"))
    assert [name for name in action["outputs"] if f"`{name}`" not in said] == []


def test_the_workflow_and_the_job_fetch_what_the_command_asks_for() -> None:
    """The very lines that a shallow clone is answered with."""
    checkout = loaded(GITHUB)["jobs"]["verify"]["steps"][0]
    wanted = {str(host): yaml.safe_load(lines) for host, lines in DEEPER.items()}
    assert checkout["with"]["fetch-depth"] == wanted["GitHub"][0]["with"]["fetch-depth"] == 0
    assert loaded(GITLAB)["verify"]["variables"] == wanted["GitLab"]["variables"]


def test_the_job_of_gitlab_runs_and_leaves_what_it_hands_over(tmp_path: Path) -> None:
    """Its script, but for what installs, on a merge request."""
    job, recipe = a_merge_request(tmp_path), loaded(GITLAB)["verify"]
    done = run_script(job, "\n".join(line for line in recipe["script"] if "pip install" not in line))
    assert done.returncode == 0, done.stderr
    named = [*recipe["artifacts"]["paths"], *recipe["artifacts"]["reports"].values()]
    assert [path for path in named if not (job.project.root / path).exists()] == []


def test_the_lines_for_any_host_run(tmp_path: Path) -> None:
    """In a clone that lacks the target."""
    job = a_merge_request(tmp_path)
    shutil.rmtree(job.project.root / ".git" / "refs" / "remotes", ignore_errors=True)
    job.project.git("update-ref", "-d", "refs/remotes/origin/main")
    job.environment = {"JENKINS_URL": "https://ci.example/", "CHANGE_ID": "1", "CHANGE_TARGET": "main"}
    done = run_script(job, ANY.content)
    assert done.returncode == 0, done.stderr
    assert job.readiness()["change"]["files"] == 1


def test_pre_commit_ci_skips_hooks_that_there_are() -> None:
    """Both that would run a gate there."""
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    assert set(loaded(PRE_COMMIT)["ci"]["skip"]) <= hooks


def test_the_table_of_bases_knows_every_kind_of_job() -> None:
    """Four rows, of which one is verified whole."""
    rows = table(PAGE, "the job is about", "counted from")
    assert [row[2] for row in rows] == ["left out", "left out", "left out", "run"]


def test_the_floor_knows_every_field_that_can_be_weakened() -> None:
    """A field that VERIFY.md writes by another name is put back too."""
    assert set(FIELDS.values()) <= set(WEAKENED)
