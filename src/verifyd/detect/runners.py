"""The repository's own ways to run its checks (make, just, Taskfile, scripts, tox, nox) in, the gates that nothing finer covers out."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from verifyd.detect.model import Ecosystem, Kind, ProposedGate, Tool
from verifyd.detect.python_project import PythonProject
from verifyd.detect.task_files import just_tasks, make_tasks, script_tasks, taskfile_tasks
from verifyd.detect.tasks import Task, pick_fix, pick_tasks, task_gate
from verifyd.detect.tox import tox_or_nox
from verifyd.detect.tree import Folder

PARTS = (Kind.LINT, Kind.FORMAT, Kind.TYPES, Kind.TESTS)
MAKE = Tool(name="make", install="install make with the system's package manager")
JUST = Tool(name="just", install="see the installation page of just's documentation")
TASK = Tool(name="task", install="see the installation page of Taskfile's documentation")


class Runner(Struct, frozen=True, kw_only=True):
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
    found += tox_or_nox(PythonProject(folder=folder), found)
    for runner in runners(folder):
        found += last_resort(runner, found)
    return tuple(found[len(gates) :])


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
