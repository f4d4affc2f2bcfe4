"""A Node project in, its gates out: from its scripts, else from the configuration of its tools."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from verifyd.detect.commands import hazard, programs_in
from verifyd.detect.configuration import unreadable
from verifyd.detect.model import Ecosystem, Found, Kind, ProposedGate
from verifyd.detect.node_project import NodeProject, called, split_commands
from verifyd.detect.node_tools import tool_gates
from verifyd.detect.playwright import browser_gate
from verifyd.detect.tasks import NAMES, Task, pick_fix, pick_tasks, task_gate
from verifyd.detect.tree import Folder

STATIC = (Kind.LINT, Kind.FORMAT, Kind.TYPES)
KINDS = (*STATIC, Kind.BUILD, Kind.TESTS, Kind.CHECK)
OUTPUT = re.compile(r"^(?:dist|build|lib|out|public/build)/")
FIXABLE = re.compile(r"(?:npx\s+)?(eslint|stylelint|oxlint|xo|standard|next\s+lint|biome\s+(?:check|lint))\b[^&|;\n]*$")


def detect_node(folder: Folder) -> Found:
    """The gates of one folder seen as a Node project."""
    if not folder.has("package.json"):
        return Found()
    note = unreadable("package.json", folder.text("package.json"))
    if note is not None:
        return Found(notes=(folder.full(note),))
    project = NodeProject(folder=folder)
    picked = pick_scripts(project)
    scripts = [script_gate(project, kind, task) for kind, task in picked.items()]
    # The tools of a workspace are its root's to start: it checks its members' files too.
    gates = scripts if project.is_member else [*scripts, *tool_gates(project, scripts)]
    browser = browser_gate(project)
    if browser is not None:
        gates.append(browser)
    return Found(gates=tuple(gates), notes=notes_on_scripts(project, gates))


def pick_scripts(project: NodeProject) -> Mapping[Kind, Task]:
    """The script to take for each kind, none of them part of another."""
    tasks = [task for task in project.tasks() if not is_browser(task) and not has_all_parts_named(project, task.name)]
    picked = pick_tasks(tasks, KINDS)
    if set(picked) - {Kind.BUILD, Kind.CHECK}:
        picked.pop(Kind.CHECK, None)  # a command for everything, beside gates for its parts
    if Kind.BUILD in picked and any(OUTPUT.match(path) for path in project.folder.inside):
        del picked[Kind.BUILD]  # what it writes is part of the tree, so the gate itself would move the tree
    tests = picked.get(Kind.TESTS)
    for kind in (*STATIC, Kind.BUILD):
        if tests is not None and kind in picked and is_part(project, picked[kind], tests):
            del picked[kind]
    return picked


def is_browser(task: Task) -> bool:
    """Whether a script drives a browser: it has a gate of its own."""
    return bool(programs_in(task.text) & {"playwright", "cypress"})


def has_all_parts_named(project: NodeProject, name: str) -> bool:
    """Whether a script only starts scripts that can each be a gate: the parts say more than the whole."""
    if not project.is_aggregate(name):
        return False
    known = {one for names in NAMES.values() for one in names}
    parts = called(project.scripts[name], project.scripts) - {name}
    return bool(parts) and all(part in known and hazard(project.whole_text(part)) is None for part in parts)


def is_part(project: NodeProject, task: Task, tests: Task) -> bool:
    """Whether the script of the tests already does what another script does."""
    programs = programs_in(task.text) if task.name not in NAMES[Kind.BUILD] else frozenset()
    return task.name in project.calls(tests.name) or (bool(programs) and programs <= programs_in(tests.text))


def script_gate(project: NodeProject, kind: Kind, task: Task) -> ProposedGate:
    """The gate of one script."""
    text = project.scripts[task.name]
    gate = task_gate(
        kind,
        task,
        ecosystem=Ecosystem.NODE,
        folder=project.folder.path,
        tools=project.tools_of(text),
        fix=fix_of(project, kind, task),
    )
    # Angular's runner watches unless it is told not to, whatever CI says.
    return (
        replace(gate, command=f"{gate.command} -- --watch=false") if re.match(r"ng\s+test(?!.*--watch)", text) else gate
    )


def fix_of(project: NodeProject, kind: Kind, task: Task) -> str | None:
    """The script that puts right what this one finds; a lone linter's own option when there is no such script."""
    found = pick_fix(project.tasks(), kind)
    if found is not None:
        return found.command
    parts = split_commands(task.text)
    linter = FIXABLE.match(parts[0]) if len(parts) == 1 and kind is Kind.LINT else None
    if linter is None:
        return None
    dashes = "-- " if project.manager == "npm" else ""
    return f"{task.command} {dashes}{'--write' if linter[1].startswith('biome') else '--fix'}"


def notes_on_scripts(project: NodeProject, gates: Sequence[ProposedGate]) -> tuple[str, ...]:
    """Scripts named like a gate of a kind that there is none of, and why each was left out."""
    seen = {gate.kind for gate in gates}
    home = project.folder.full("package.json")
    return tuple(
        f"{home}: the script {task.name} is left out, it {why}"
        for task in project.tasks()
        for kind in (*STATIC, Kind.TESTS)
        if kind not in seen and task.name in NAMES[kind] and (why := hazard(task.text)) is not None
    )
