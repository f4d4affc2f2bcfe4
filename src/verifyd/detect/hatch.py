"""Scripts of hatch environments in, gates out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from verifyd.detect.configuration import read_toml, strings, table
from verifyd.detect.model import Ecosystem, Kind, ProposedGate, Tool
from verifyd.detect.python_project import PythonProject
from verifyd.detect.tasks import Task, pick_tasks, task_gate

LANGUAGE_KINDS = (Kind.LINT, Kind.FORMAT, Kind.TYPES, Kind.TESTS)


PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def hatch_gates(project: PythonProject) -> tuple[ProposedGate, ...]:
    """
    Gates from hatch's scripts.

    Hatch keeps its tools in environments of its own, where a bare ``pytest`` is not found; its scripts are the only sure way in.
    """
    hatch = tuple(hatch_tasks(project))
    tool = Tool(name="hatch", install="pipx install hatch")
    picked = pick_tasks(hatch, LANGUAGE_KINDS)
    return tuple(
        task_gate(kind, task, ecosystem=Ecosystem.PYTHON, folder=project.folder.path, tools=(tool,))
        for kind, task in picked.items()
    )


def hatch_tasks(project: PythonProject) -> Iterable[Task]:
    """Scripts of every hatch environment; one called ``all`` or ``check`` stands for its environment's name (``types:check``)."""
    settings = read_toml(project.folder.text("hatch.toml"))
    home = "hatch.toml" if settings else "pyproject.toml"
    environments = table(settings, "envs") or table(project.tool("hatch"), "envs")
    for environment, content in environments.items():
        for name, command in table(content, "scripts").items():
            if not (PLAIN.fullmatch(environment) and PLAIN.fullmatch(name)):
                continue
            prefix = "" if environment == "default" else f"{environment}:"
            meant = environment if prefix and name in ("all", "check", "run", environment) else name
            yield Task(
                name=meant,
                command=f"hatch run {prefix}{name}",
                text=script_text(command),
                why=f"{project.folder.full(home)} has the script {prefix}{name}",
            )


def script_text(command: object) -> str:
    """What a script runs, one command a line."""
    if isinstance(command, str):
        return command
    if isinstance(command, Mapping):
        return script_text(command.get("cmd") or command.get("shell") or "")
    return "\n".join(strings(command))
