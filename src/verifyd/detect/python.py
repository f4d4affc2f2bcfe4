"""A Python project in, its gates out: linters, formatters, type checkers, tests."""

from __future__ import annotations

import re

from verifyd.detect.checkers import BASEDPYRIGHT, BLACK, FLAKE8, ISORT, MYPY, PYRIGHT, RUFF, RUFF_FORMAT, TY, Checker
from verifyd.detect.configuration import unreadable
from verifyd.detect.hatch import hatch_gates
from verifyd.detect.hooks import Hooks
from verifyd.detect.model import Ecosystem, Found, ProposedGate
from verifyd.detect.python_project import PythonProject
from verifyd.detect.python_tests import test_gate
from verifyd.detect.tree import Folder


def detect_python(folder: Folder, hooks: Hooks) -> Found:
    """The gates of one folder seen as a Python project; *hooks* check for some tools already."""
    project = PythonProject(folder=folder)
    if not project.exists:
        return Found()
    scripts = hatch_gates(project)
    kinds = {gate.kind for gate in scripts}
    checkers = (
        checker_gate(project, checker, why) for checker, why in chosen(project, hooks) if checker.kind not in kinds
    )
    tests = None if any(gate.kind == "tests" for gate in scripts) else test_gate(project)
    note = unreadable("pyproject.toml", folder.text("pyproject.toml"))
    return Found(
        gates=(*scripts, *checkers, *((tests,) if tests is not None else ())),
        notes=(folder.full(note),) if note is not None else (),
    )


def chosen(project: PythonProject, hooks: Hooks) -> list[tuple[Checker, str]]:
    """The checkers that are used, each with the place that says so."""
    found: list[tuple[Checker, str]] = []
    for checker in (RUFF, FLAKE8, RUFF_FORMAT, BLACK, ISORT, MYPY, PYRIGHT, BASEDPYRIGHT, TY):
        why = wanted(project, hooks, checker)
        if why is not None and is_in_use(project, hooks, checker, [one for one, _ in found]):
            found.append((checker, why))
    return found


def wanted(project: PythonProject, hooks: Hooks, checker: Checker) -> str | None:
    """
    The place that asks for a checker; None when there is none, or when it is left to a hook.

    One that only a pre-commit hook brings is left to the hook: its version is pinned there, and nothing else installs it.
    """
    configured = project.why_configured(tables=checker.tables, files=checker.files, sections=checker.sections)
    if project.declares(checker.name):
        return configured or f"the requirements name {checker.name}"
    return None if checker.program in hooks.programs else configured


def is_in_use(project: PythonProject, hooks: Hooks, checker: Checker, before: list[Checker]) -> bool:
    """
    Whether a checker that is configured is run.

    Ruff's presence does not show that its formatter is used, and a tree that never was formatted would fail. What Ruff often
    replaces, and what editors read too (Pyright's settings), may have been left behind: a requirement or a call shows more.
    """
    if checker is RUFF_FORMAT:
        return uses_ruff_format(project, hooks)
    if checker is BLACK and RUFF_FORMAT in before:
        return False
    rival = (
        MYPY in before
        if checker in (PYRIGHT, BASEDPYRIGHT)
        else RUFF in before
        if checker in (BLACK, FLAKE8, ISORT)
        else False
    )
    return (
        not rival
        or project.declares(checker.name)
        or project.mentions(rf"(?m)(?:^|[\s\"'])({re.escape(checker.name)})\s")
    )


def uses_ruff_format(project: PythonProject, hooks: Hooks) -> bool:
    """Whether anything shows that the code is formatted by Ruff."""
    in_file = any("[format]" in text for text in project.folder.texts("ruff.toml", ".ruff.toml").values())
    has_table = "format" in project.tool("ruff") or in_file
    return has_table or "ruff format" in hooks.programs or project.mentions(r"ruff[\"',\s]+format\b")


def checker_gate(project: PythonProject, checker: Checker, why: str) -> ProposedGate:
    """The gate of one checker."""
    words, tools = project.start(checker.name)
    arguments = mypy_targets(project) if checker is MYPY else checker.arguments
    return ProposedGate(
        kind=checker.kind,
        ecosystem=Ecosystem.PYTHON,
        command=f"{words} {arguments}".strip(),
        why=why,
        says=checker.says,
        programs=frozenset({checker.program}),
        tools=tools,
        folder=project.folder.path,
        timeout=checker.timeout,
        fix=f"{words} {checker.fix}" if checker.fix else None,
    )


def mypy_targets(project: PythonProject) -> str:
    """Nothing where mypy's configuration names its targets; else the project's own code, without which mypy only prints its usage."""
    keys = {"files", "packages", "modules"}
    texts = project.folder.texts("mypy.ini", ".mypy.ini").values()
    if keys & {*project.tool("mypy"), *project.sections.get("mypy", {})} or any(
        re.search(r"(?m)^(?:files|packages|modules)\s*[=:]", text) for text in texts
    ):
        return ""
    return " ".join(project.code)
