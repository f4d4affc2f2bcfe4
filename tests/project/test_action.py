"""``action.yml``: what it takes is pinned, what it promises is there, and its step does what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.ci import Forge, Job, pull_payload
from tests.support.project import page
from tests.support.repository import ROOT, read_text

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
EXPRESSION = re.compile(r"\$\{\{ *([\w.-]+) *\}\}")


def step(name: str) -> dict[str, Any]:
    """One step by its name."""
    return next(one for one in STEPS if one["name"] == name)


def a_job(tmp_path: Path) -> Job:
    """A pull request whose gate passes."""
    forge = Forge.make(tmp_path, {"VERIFY.md": page(tests="test -e calc.py"), "calc.py": "x\n"})
    base = forge.origin.git("rev-parse", "main")
    head = forge.commit("fix", {"README": "x\n"}, since="main")
    commit = forge.merged("main", "fix", "refs/pull/1/merge")
    payload = pull_payload(base=base, head=head)
    return forge.checkout(commit).github("pull_request", "refs/pull/1/merge", payload, GITHUB_BASE_REF="main")


def run_step(job: Job, name: str, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a step's script as the runner does, with verifyd where the step before it installs it."""
    program = job.files / "temp" / "verifyd" / "bin" / "verifyd"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m verifyd "$@"\n')
    program.chmod(0o755)
    known = {**{f"inputs.{name}": entry["default"] for name, entry in ACTION["inputs"].items()}, **given}
    variables = {name: EXPRESSION.sub(lambda found: known[found[1]], text) for name, text in step(name)["env"].items()}
    environment = {**job.project.environment, **job.environment, **variables, "RUNNER_TEMP": str(job.files / "temp")}
    script = job.files / "step.sh"
    script.write_text(step(name)["run"])
    shell = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]
    return subprocess.run(shell, cwd=job.project.root, env=environment, capture_output=True, text=True)


def test_every_action_that_it_uses_is_pinned_by_hash() -> None:
    """A full commit id, with the version beside it."""
    used = re.findall(r"uses: (\S+) # v\d+\.\d+\.\d+$", read_text("action.yml"), re.MULTILINE)
    assert used == [one["uses"] for one in STEPS if "uses" in one]
    assert [one for one in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", one)] == []


def test_no_input_is_pasted_into_a_script() -> None:
    """Inputs come as variables: nothing in them is read by the shell."""
    assert [one["name"] for one in STEPS if "${{" in one.get("run", "")] == []


def test_the_jobs_own_python_stays_the_one_that_gates_find() -> None:
    """Ours goes on nobody's PATH."""
    assert step("Set up Python for verifyd")["with"]["update-environment"] is False
    assert "GITHUB_PATH" not in read_text("action.yml")


def test_what_it_installs_from_is_there() -> None:
    """Every file of the checkout that the install step names."""
    named = re.findall(r'"\$SOURCE/([^"]+)"', step("Install verifyd")["run"])
    named += re.findall(r"\$SOURCE/(requirements/\S+?)\"", step("Install verifyd")["run"])
    assert len(named) >= 6
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_its_step_sets_every_output_that_it_promises(tmp_path: Path) -> None:
    """With no input given, and with a folder, a base and an output folder that hold spaces."""
    job = a_job(tmp_path)
    done = run_step(job, "Verify", {})
    assert done.returncode == 0, done.stderr
    assert set(ACTION["outputs"]) == set(job.outputs())
    promised = {entry["value"] for entry in ACTION["outputs"].values()}
    assert promised == {f"${{{{ steps.verify.outputs.{name} }}}}" for name in ACTION["outputs"]}


def test_its_inputs_reach_the_command(tmp_path: Path) -> None:
    """Base, folders with spaces and what would be commands to a shell."""
    job = a_job(tmp_path)
    (job.project.root / "a folder").mkdir()
    head = job.project.git("rev-parse", "HEAD")
    given = {"inputs.base": head, "inputs.working-directory": "a folder", "inputs.output-dir": "my $(touch ran) report"}
    done = run_step(job, "Verify", given)
    assert done.returncode == 0, done.stderr
    assert (job.outputs()["base"], job.outputs()["report"]) == (head, str(job.project.root / "my $(touch ran) report"))
    assert not (job.project.root / "ran").exists()


@pytest.mark.parametrize(
    "name", ["base", "accept", "artifact-name", "output-dir", "python-version", "working-directory"]
)
def test_every_input_says_what_it_is(name: str) -> None:
    """And has a default, so that none is needed."""
    assert ACTION["inputs"][name]["description"]
    assert "default" in ACTION["inputs"][name]
