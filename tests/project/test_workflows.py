"""The workflows take actions by hash, ask for little, and end in one job that needs all others."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.support.repository import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"), key=lambda path: path.name)


def read_workflow(name: str) -> dict[str, Any]:
    """Return a workflow as parsed."""
    loaded: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / name).read_text("utf-8"))
    return loaded


def steps_of(name: str) -> list[dict[str, Any]]:
    """Return the steps of all jobs."""
    return [step for job in read_workflow(name)["jobs"].values() for step in job["steps"]]


@pytest.mark.parametrize("name", [path.name for path in WORKFLOWS])
def test_actions_are_pinned_by_hash(name: str) -> None:
    """Every `uses` names a full commit id; our own action is the checkout's."""
    used = [step["uses"] for step in steps_of(name) if step.get("uses", "./") != "./"]
    assert [action for action in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action)] == []


@pytest.mark.parametrize("name", [path.name for path in WORKFLOWS])
def test_a_checkout_keeps_no_credentials(name: str) -> None:
    """Every checkout sets persist-credentials to false."""
    checkouts = [step for step in steps_of(name) if step.get("uses", "").startswith("actions/checkout@")]
    assert [step for step in checkouts if step["with"]["persist-credentials"] is not False] == []


@pytest.mark.parametrize("name", [path.name for path in WORKFLOWS])
def test_permissions_are_none_or_to_read(name: str) -> None:
    """The workflow grants nothing; each job states what it may, which is at most to read the contents."""
    workflow = read_workflow(name)
    assert workflow["permissions"] == {}
    assert [
        job["permissions"] for job in workflow["jobs"].values() if job["permissions"] not in ({}, {"contents": "read"})
    ] == []


def test_the_last_job_needs_all_others() -> None:
    """One job can be required in place of all, and it runs even when another failed."""
    jobs = read_workflow("ci.yml")["jobs"]
    assert jobs["passed"]["needs"] == [name for name in jobs if name != "passed"]
    assert jobs["passed"]["if"] == "always()"


def test_every_declared_python_is_tested() -> None:
    """The matrix covers the Pythons that the package's classifiers name, on Linux and on macOS."""
    classifiers = re.findall(
        r'"Programming Language :: Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text("utf-8")
    )
    matrix = read_workflow("ci.yml")["jobs"]["test"]["strategy"]["matrix"]
    assert matrix["python"] == classifiers
    assert [system.split("-")[0] for system in matrix["system"]] == ["ubuntu", "macos"]
