"""Scripts of hatch environments in, gates out."""

from __future__ import annotations

import re

from msgspec.structs import replace

from verifyd.detect.configuration import Table, read_toml, strings, table
from verifyd.detect.model import Ecosystem, Kind, ProposedGate, Tool
from verifyd.detect.python_project import PythonProject
from verifyd.detect.tasks import Task, pick_tasks, task_gate

LANGUAGE_KINDS = (Kind.LINT, Kind.FORMAT, Kind.TYPES, Kind.TESTS)


PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


HATCH = Tool(name="hatch", install="pipx install hatch")
STATIC_ANALYSIS = frozenset({"ruff check", "ruff format"})


def hatch_gates(project: PythonProject) -> tuple[ProposedGate, ...]:
    """
    Gates from hatch's scripts and from its own commands where the project sets up their environments.

    Hatch keeps its tools in environments of its own, where a bare ``pytest`` is not found; its commands are the only sure way in.
    """
    home, environments = hatch_environments(project)
    tasks = hatch_tasks(home, environments)
    if "hatch-test" in environments:
        tasks += (Task(name="test", command="hatch test", text="pytest", why=f"{home} configures hatch test"),)
    gates = [
        task_gate(kind, task, ecosystem=Ecosystem.PYTHON, folder=project.folder.path, tools=(HATCH,))
        for kind, task in pick_tasks(tasks, LANGUAGE_KINDS).items()
    ]
    if "hatch-static-analysis" in environments and not any(gate.programs & STATIC_ANALYSIS for gate in gates):
        task = Task(name="lint", command="hatch fmt --check", text="", why=f"{home} configures hatch fmt")
        gate = task_gate(
            Kind.LINT, task, ecosystem=Ecosystem.PYTHON, folder=project.folder.path, tools=(HATCH,), fix="hatch fmt"
        )
        gates.append(replace(gate, programs=STATIC_ANALYSIS))
    return tuple(gates)


def hatch_environments(project: PythonProject) -> tuple[str, Table]:
    """The file that configures hatch, as seen from the root, and its environments; empty when there are none."""
    settings = read_toml(project.folder.text("hatch.toml"))
    if settings:
        return project.folder.full("hatch.toml"), table(settings, "envs")
    return project.folder.full("pyproject.toml"), table(project.tool("hatch"), "envs")


def hatch_tasks(home: str, environments: Table) -> tuple[Task, ...]:
    """Scripts of every hatch environment; one called ``all`` or ``check`` stands for its environment's name (``types:check``)."""
    found = []
    for environment, content in environments.items():
        for name, command in table(content, "scripts").items():
            if not (PLAIN.fullmatch(environment) and PLAIN.fullmatch(name)):
                continue
            prefix = "" if environment == "default" else f"{environment}:"
            meant = environment if prefix and name in ("all", "check", "run", environment) else name
            why = f"{home} has the script {prefix}{name}"
            found.append(Task(name=meant, command=f"hatch run {prefix}{name}", text=script_text(command), why=why))
    return tuple(found)


def script_text(command: object) -> str:
    """What a script runs, one command a line: it is declared as one string or as a list."""
    return command if isinstance(command, str) else "\n".join(strings(command))
