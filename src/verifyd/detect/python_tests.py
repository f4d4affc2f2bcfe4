"""A Python project in, the gate that runs its tests out: pytest, Django's runner or unittest."""

from __future__ import annotations

import re

from verifyd.detect.model import Ecosystem, Kind, ProposedGate, Tool
from verifyd.detect.python_project import PythonProject
from verifyd.detect.tasks import SAYS
from verifyd.detect.tox import tox_home

PYTEST_FILES = ("pytest.ini", ".pytest.ini", "pytest.toml")
IMPORTS_PYTEST = re.compile(r"^[ \t]*(?:import|from) pytest\b", re.MULTILINE)
TEST_FUNCTION = re.compile(r"^(?:async )?def test", re.MULTILINE)
PYTEST_CALL = r"(?<![\w.-])pytest(?![\w-])"


def test_gate(project: PythonProject) -> ProposedGate | None:
    """pytest where anything points to it, else Django's runner, else unittest; None without a file that looks like a test."""
    if not project.tests:
        return None
    why = why_pytest(project)
    if why is not None:
        words, tools = project.start("pytest") if project.is_packaged else as_module(project)
        return make_gate(project, words, "-q", "pytest", why, tools)
    home = project.folder.full
    if project.folder.has("manage.py"):
        words, tools = project.start("python3", of="django")
        return make_gate(project, words, "manage.py test", "django", f"there is {home('manage.py')}", tools)
    why = written_for_pytest(project)
    if why is not None:
        words, tools = as_module(project)
        return make_gate(project, words, "-q", "pytest", why, tools)
    suites = unittest_arguments(project)
    if suites is None or (uses_tox_or_nox(project) and not project.mentions(r"-m unittest|unittest discover")):
        return None
    words, tools = project.start("python3", of="")
    why = f"there is {home(project.tests[0])}, and nothing names another test runner"
    return make_gate(project, words, f"-m unittest{suites}", "unittest", why, tools)


def uses_tox_or_nox(project: PythonProject) -> bool:
    """Whether tox or nox runs the tests: with a runner that is neither pytest nor unittest, they alone know how."""
    return tox_home(project.folder) is not None or project.folder.has("noxfile.py")


def make_gate(
    project: PythonProject, words: str, arguments: str, program: str, why: str, tools: tuple[Tool, ...]
) -> ProposedGate:
    """The gate of one test runner."""
    return ProposedGate(
        kind=Kind.TESTS,
        ecosystem=Ecosystem.PYTHON,
        command=f"{words} {arguments}",
        why=why,
        says=SAYS[Kind.TESTS],
        programs=frozenset({program}),
        tools=tools,
        folder=project.folder.path,
    )


def as_module(project: PythonProject) -> tuple[str, tuple[Tool, ...]]:
    """``python3 -m pytest``: puts the folder itself on the path, where the code of a project that is never installed lies."""
    words, tools = project.start("python3", of="pytest")
    extra = project.start("pytest")[1] if words == "python3" else ()
    return f"{words} -m pytest", (*tools, *extra)


def why_pytest(project: PythonProject) -> str | None:
    """What points to pytest; None when nothing does."""
    configured = project.why_configured(tables=("pytest",), files=PYTEST_FILES, sections=("tool:pytest", "pytest"))
    if configured is not None:
        has_table = "ini_options" in project.tool("pytest")
        return configured.replace("[tool.pytest]", "[tool.pytest.ini_options]") if has_table else configured
    if project.declares("pytest"):
        return "the requirements name pytest"
    conftest = next((path for path in project.folder.inside if path.rsplit("/", 1)[-1] == "conftest.py"), None)
    if conftest is not None:
        return f"there is {project.folder.full(conftest)}"
    return "the project's own commands call pytest" if project.mentions(PYTEST_CALL) else None


def written_for_pytest(project: PythonProject) -> str | None:
    """What the first test files themselves say: unittest runs no function that stands by itself, so it would find no test."""
    for path in project.tests:
        text, name = project.folder.text(path), project.folder.full(path)
        if IMPORTS_PYTEST.search(text):
            return f"{name} imports pytest"
        if TEST_FUNCTION.search(text):
            return f"{name} holds test functions, which unittest does not run"
    return None


def unittest_arguments(project: PythonProject) -> str | None:
    """
    Arguments by which unittest's discovery finds the tests; None when it would find none.

    Discovery takes files called ``test*.py`` only, and from where it starts descends into packages only.
    """
    files = [path for path in project.tests if re.match(r"test[^/]*\.py$", path.rsplit("/", 1)[-1])]
    folders = sorted({path.rpartition("/")[0] for path in files}, key=lambda folder: (folder.count("/"), folder))
    if not folders:
        return None
    parts = folders[0].split("/") if folders[0] else []
    packages = ("/".join([*parts[: number + 1], "__init__.py"]) for number in range(len(parts)))
    if all(project.folder.has(package) for package in packages):
        return ""
    return f" discover -s {folders[0]}" if re.fullmatch(r"[\w./-]+", folders[0]) else None
