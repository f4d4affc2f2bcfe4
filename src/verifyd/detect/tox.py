"""A tox or nox configuration in, the gate that starts it out."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from verifyd.detect.configuration import read_ini, read_toml, table
from verifyd.detect.model import Ecosystem, Kind, ProposedGate
from verifyd.detect.python_project import PythonProject
from verifyd.detect.tasks import SAYS
from verifyd.detect.tree import Folder

TOX_FILES = ("tox.ini", "tox.toml", "pyproject.toml", "setup.cfg")
TEST_SESSIONS = ("tests", "test", "unit", "unittests")


def tox_or_nox(project: PythonProject, gates: Sequence[ProposedGate]) -> list[ProposedGate]:
    """
    tox, else nox, where the project's Python tests have no gate yet; nothing where neither is used.

    All of it where there is no other gate, else its tests alone: ``py`` is tox's name for its plain test environment.
    """
    own = (Ecosystem.PYTHON, Ecosystem.REPOSITORY)
    if any(gate.kind in (Kind.TESTS, Kind.CHECK) and gate.ecosystem in own for gate in gates):
        return []
    home = tox_home(project.folder)
    if home is not None:
        why = f"there is {home}" if home.startswith("tox") else f"{home} configures tox"
        return [make_gate(project, "tox", " run -e py" if gates else " run", why, is_whole=not gates)]
    sessions = nox_sessions(project.folder.text("noxfile.py"))
    tests = next((name for name in TEST_SESSIONS if name in sessions), None)
    if not sessions or (gates and tests is None):
        return []
    return [make_gate(project, "nox", f" -s {tests}" if gates else "", "there is noxfile.py", is_whole=not gates)]


def make_gate(project: PythonProject, program: str, arguments: str, why: str, *, is_whole: bool) -> ProposedGate:
    """The gate of tox or nox."""
    kind = Kind.CHECK if is_whole else Kind.TESTS
    words, tools = project.start(program)
    return ProposedGate(
        kind=kind,
        ecosystem=Ecosystem.PYTHON,
        command=f"{words}{arguments}",
        why=why,
        says=SAYS[kind],
        programs=frozenset({program}),
        tools=tools,
    )


def tox_home(folder: Folder) -> str | None:
    """The file that tells tox what to run; None when there is none."""
    return next((name for name in TOX_FILES if configures_tox(name, folder.text(name))), None)


def configures_tox(name: str, text: str) -> bool:
    """Whether a file tells tox what to run; tox.ini often only holds another tool's settings."""
    if name == "pyproject.toml":
        settings = table(read_toml(text), "tool", "tox")
        legacy = settings.get("legacy_tox_ini")
        return bool(set(settings) - {"legacy_tox_ini"}) or (isinstance(legacy, str) and "[testenv" in legacy)
    if name == "tox.toml":
        return bool(text)
    return any(section.startswith(("testenv", "tox:tox")) for section in read_ini(text))


def nox_sessions(text: str) -> tuple[str, ...]:
    """Names of the sessions of a noxfile; none when it cannot be parsed."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    functions = (node for node in module.body if isinstance(node, ast.FunctionDef))
    return tuple(session_name(one) for one in functions if any(is_session(mark) for mark in one.decorator_list))


def is_session(decorator: ast.expr) -> bool:
    """Whether a decorator is ``nox.session`` or ``session``, called or not."""
    return re.match(r"(?:\w+\.)?session\b", ast.unparse(decorator)) is not None


def session_name(function: ast.FunctionDef) -> str:
    """A session's name: as its decorator says, else the function's."""
    for decorator in function.decorator_list:
        for keyword in decorator.keywords if isinstance(decorator, ast.Call) else ():
            if (
                keyword.arg == "name"
                and isinstance(keyword.value, ast.Constant)
                and isinstance(keyword.value.value, str)
            ):
                return keyword.value.value
    return function.name
