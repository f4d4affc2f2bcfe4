"""A Python project in, its gates out: linters, formatters, type checkers, tests."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from verifyd.detect.checkers import BASEDPYRIGHT, BLACK, FLAKE8, ISORT, MYPY, PYRIGHT, RUFF, RUFF_FORMAT, TY, Checker
from verifyd.detect.configuration import unreadable
from verifyd.detect.hatch import hatch_gates
from verifyd.detect.hooks import Hooks
from verifyd.detect.model import Ecosystem, Found, Kind, ProposedGate
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
    taken = {program for gate in scripts for program in gate.programs}
    checkers = [checker_gate(project, checker, why) for checker, why in chosen(project, hooks)]
    tests = test_gate(project)
    tools = [*checkers, *((tests,) if tests is not None else ())]
    note = unreadable("pyproject.toml", folder.text("pyproject.toml"))
    return Found(
        gates=(*scripts, *(gate for gate in tools if gate.kind not in kinds and not gate.programs & taken)),
        notes=(folder.full(note),) if note is not None else (),
    )


CHECKERS = (RUFF, FLAKE8, RUFF_FORMAT, BLACK, ISORT, MYPY, PYRIGHT, BASEDPYRIGHT, TY)
"""Of each kind the most telling first."""


def chosen(project: PythonProject, hooks: Hooks) -> list[tuple[Checker, str]]:
    """The checkers that are used, each with the place that says so; of the type checkers those with settings first."""
    found: list[tuple[Checker, str]] = []
    for checker in sorted(CHECKERS, key=lambda one: one.kind is Kind.TYPES and not has_settings(project, one)):
        why = wanted(project, hooks, checker)
        if why is not None and is_in_use(project, hooks, checker, [one for one, _ in found]):
            found.append((checker, why))
    return found


def wanted(project: PythonProject, hooks: Hooks, checker: Checker) -> str | None:
    """
    The place that asks for a checker; None when there is none, or when it is left to a hook.

    One that only a pre-commit hook brings is left to the hook: its version is pinned there, and nothing else installs it. One
    that the lock file does not know and nothing calls is not used any more, whatever its settings say.
    """
    configured = project.why_configured(tables=checker.tables, files=checker.files, sections=checker.sections)
    if project.declares(checker.name):
        return configured or f"the requirements name {checker.name}"
    left_behind = project.locked and checker.name not in project.locked and not project.calls(checker.name)
    return None if left_behind or checker.program in hooks.programs else configured


def is_in_use(project: PythonProject, hooks: Hooks, checker: Checker, before: list[Checker]) -> bool:
    """
    Whether a checker that is configured is run.

    Ruff's presence does not show that its formatter is used, and a tree that never was formatted would fail. The settings of
    what Ruff often replaces may have been left behind: a requirement or a call shows more. A second type checker needs both:
    editors read Pyright's settings too, and without settings it would check what nobody has checked with it.
    """
    if checker is RUFF_FORMAT:
        return uses_ruff_format(project, hooks)
    if checker is BLACK and RUFF_FORMAT in before:
        return False
    if checker.kind is Kind.TYPES and any(one.kind is Kind.TYPES for one in before):
        return has_settings(project, checker) and (project.declares(checker.name) or project.calls(checker.name))
    has_rival = checker in (BLACK, FLAKE8, ISORT) and RUFF in before
    return not has_rival or project.declares(checker.name) or project.calls(checker.name)


def has_settings(project: PythonProject, checker: Checker) -> bool:
    """Whether the project configures a checker, beyond asking for it."""
    return project.why_configured(tables=checker.tables, files=checker.files, sections=checker.sections) is not None


def uses_ruff_format(project: PythonProject, hooks: Hooks) -> bool:
    """Whether anything shows that the code is formatted by Ruff."""
    in_file = any("[format]" in text for text in project.folder.texts("ruff.toml", ".ruff.toml").values())
    has_table = "format" in project.tool("ruff") or in_file
    return has_table or "ruff format" in hooks.programs or project.mentions(r"ruff[\"',\s]+format\b")


def checker_gate(project: PythonProject, checker: Checker, why: str) -> ProposedGate:
    """The gate of one checker."""
    words, tools = project.start(checker.name)
    arguments = ARGUMENTS[checker.program](project) if checker.program in ARGUMENTS else checker.arguments
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
    """Nothing where mypy's configuration names its targets; else what the project calls it with, else the project's own code."""
    keys = {"files", "packages", "modules"}
    if keys & {*project.tool("mypy"), *project.sections.get("mypy", {})}:
        return ""
    texts = project.folder.texts("mypy.ini", ".mypy.ini").values()
    if any(re.search(r"(?m)^(?:files|packages|modules)\s*[=:]", text) for text in texts):
        return ""
    return project.called_with("mypy") or " ".join(project.code)


def flake8_targets(project: PythonProject) -> str:
    """Nothing where flake8's configuration leaves something out; else named, as it would also look into environments below the root."""
    section = project.sections.get("flake8", {})
    if {"exclude", "extend-exclude", "filename"} & set(section) or project.folder.has(".flake8"):
        return ""
    tests = [name for name in ("tests", "test") if any(path.startswith(f"{name}/") for path in project.folder.inside)]
    return project.called_with("flake8") or " ".join((*project.code, *tests))


def ruff_arguments(project: PythonProject) -> str:
    """Without the fixing that some configurations switch on: a gate that edits the tree it judges can say nothing of it."""
    tops = (re.split(r"(?m)^\[", text)[0] for text in project.folder.texts("ruff.toml", ".ruff.toml").values())
    fixes = project.tool("ruff").get("fix") is True or any(re.search(r"(?m)^fix\s*=\s*true\b", top) for top in tops)
    return f"{RUFF.arguments} --no-fix" if fixes else RUFF.arguments


ARGUMENTS: Mapping[str, Callable[[PythonProject], str]] = {
    "mypy": mypy_targets,
    "flake8": flake8_targets,
    RUFF.program: ruff_arguments,
}
"""Those that depend on the project, by the checker's program."""
