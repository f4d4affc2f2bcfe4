"""The repository's own ways to run its checks (make, just, Taskfile, scripts, tox, nox) in, the gates that nothing finer covers out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from verifyd.detect.configuration import read_ini, read_toml, table
from verifyd.detect.model import Ecosystem, Kind, ProposedGate, Tool
from verifyd.detect.python_project import PythonProject
from verifyd.detect.task_files import just_tasks, make_tasks, script_tasks, taskfile_tasks
from verifyd.detect.tasks import SAYS, Task, pick_fix, pick_tasks, task_gate
from verifyd.detect.tree import Folder

PARTS = (Kind.LINT, Kind.FORMAT, Kind.TYPES, Kind.TESTS)
MAKE = Tool(name="make", install="install make with the system's package manager")
JUST = Tool(name="just", install="see the installation page of just's documentation")
TASK = Tool(name="task", install="see the installation page of Taskfile's documentation")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """One way to run named tasks."""

    tasks: tuple[Task, ...]
    tools: tuple[Tool, ...]


def runners(folder: Folder) -> tuple[Runner, ...]:
    """All there are, in the order in which they are asked."""
    return (
        Runner(tasks=just_tasks(folder), tools=(JUST,)),
        Runner(tasks=taskfile_tasks(folder), tools=(TASK,)),
        Runner(tasks=make_tasks(folder), tools=(MAKE,)),
        Runner(tasks=script_tasks(folder), tools=()),
    )


def fill(folder: Folder, gates: Sequence[ProposedGate]) -> tuple[ProposedGate, ...]:
    """
    Gates of the kinds that *gates* have none of, from the root's own tasks; then from tox and nox.

    A task whose tool already is a gate is left out, and a command for everything is taken only where there is nothing else.
    """
    found = list(gates)
    for runner in runners(folder):
        found += missing_kinds(runner, found)
    if not has_tests(found):
        found += python_runner(PythonProject(folder=folder), found)
    for runner in runners(folder):
        found += last_resort(runner, found)
    return tuple(found[len(gates) :])


def has_tests(gates: Iterable[ProposedGate]) -> bool:
    """Whether any gate runs tests."""
    return any(gate.kind in (Kind.TESTS, Kind.CHECK) for gate in gates)


def missing_kinds(runner: Runner, gates: Sequence[ProposedGate]) -> list[ProposedGate]:
    """The runner's tasks of kinds that no gate has, of tools that no gate starts."""
    kinds = {gate.kind for gate in gates}
    if Kind.CHECK in kinds:
        return []
    taken = {program for gate in gates for program in gate.programs}
    wanted = [kind for kind in (*PARTS, Kind.BUILD) if kind not in kinds and (kind is not Kind.BUILD or not kinds)]
    picked = pick_tasks(runner.tasks, wanted)
    made = [runner_gate(runner, kind, task) for kind, task in picked.items()]
    parts = [gate for gate in made if not gate.programs & taken]
    return without_repeats(parts)


def without_repeats(gates: Sequence[ProposedGate]) -> list[ProposedGate]:
    """Without the gates whose tools the gate of the tests starts too (``test: lint``)."""
    tests: frozenset[str] = next((gate.programs for gate in gates if gate.kind is Kind.TESTS), frozenset())
    return [gate for gate in gates if gate.kind is Kind.TESTS or not gate.programs or not gate.programs <= tests]


def runner_gate(runner: Runner, kind: Kind, task: Task) -> ProposedGate:
    """The gate of one task."""
    fix = pick_fix(runner.tasks, kind)
    return task_gate(kind, task, ecosystem=Ecosystem.REPOSITORY, tools=runner.tools, fix=fix.command if fix else None)


def last_resort(runner: Runner, gates: Sequence[ProposedGate]) -> list[ProposedGate]:
    """The runner's one task for everything, where there is no gate at all."""
    picked = {} if gates else pick_tasks(runner.tasks, (Kind.CHECK,))
    return [runner_gate(runner, kind, task) for kind, task in picked.items()]


# --- tox and nox -----------------------------------------------------------------------------------------------------


def python_runner(project: PythonProject, gates: Sequence[ProposedGate]) -> list[ProposedGate]:
    """tox, else nox: all of it where there is no other gate, else its tests alone; nothing where neither is used."""
    folder = project.folder
    home = next(
        (name for name in ("tox.ini", "tox.toml", "pyproject.toml", "setup.cfg") if configures_tox(folder, name)), None
    )
    if home is not None:
        return [whole_or_tests(project, "tox", home, "tox run", "tox run -e py" if gates else None)]
    sessions = nox_sessions(folder.text("noxfile.py"))
    if not sessions:
        return []
    tests = next((name for name in ("tests", "test", "unit", "unittests") if name in sessions), None)
    if gates and tests is None:
        return []
    return [whole_or_tests(project, "nox", "noxfile.py", "nox", f"nox -s {tests}" if gates else None)]


def whole_or_tests(project: PythonProject, program: str, home: str, whole: str, tests: str | None) -> ProposedGate:
    """The gate of tox or nox."""
    kind = Kind.TESTS if tests else Kind.CHECK
    words, tools = project.start(program)
    command = f"{words}{(tests or whole).removeprefix(program)}"
    return ProposedGate(
        kind=kind,
        ecosystem=Ecosystem.PYTHON,
        command=command,
        why=f"there is {home}" if home in ("tox.ini", "tox.toml", "noxfile.py") else f"{home} configures tox",
        says=SAYS[kind],
        programs=frozenset({program}),
        tools=tools,
    )


def configures_tox(folder: Folder, name: str) -> bool:
    """Whether a file tells tox what to run; tox.ini often only holds another tool's settings."""
    text = folder.text(name)
    if name == "pyproject.toml":
        settings = table(read_toml(text), "tool", "tox")
        legacy = settings.get("legacy_tox_ini")
        return bool(set(settings) - {"legacy_tox_ini"}) or (isinstance(legacy, str) and "[testenv" in legacy)
    if name == "tox.toml":
        return bool(text)
    return any(section.startswith(("testenv", "tox:tox", "tox")) for section in read_ini(text))


def nox_sessions(text: str) -> tuple[str, ...]:
    """Names of the sessions of a noxfile; none when it cannot be parsed."""
    try:
        module = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    functions = (node for node in module.body if isinstance(node, ast.FunctionDef))
    return tuple(
        session_name(function) for function in functions if any(is_session(one) for one in function.decorator_list)
    )


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
