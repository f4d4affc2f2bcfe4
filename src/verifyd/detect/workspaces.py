"""Gates of many members of one Node workspace in, one gate that runs the script in all of them out."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from verifyd.detect.model import Ecosystem, Kind, ProposedGate
from verifyd.detect.node_project import NodeProject
from verifyd.detect.tree import Folder

JOINED = (Kind.LINT, Kind.FORMAT, Kind.TYPES, Kind.BUILD, Kind.TESTS)
IN_ALL = {
    "npm": "npm run {script} --workspaces --if-present",
    "pnpm": "pnpm --recursive --if-present run {script}",
    "bun": "bun run --filter '*' {script}",
}
YARN = "yarn workspaces foreach --all run {script}"
"""Of Yarn 2 and later; the first Yarn stops at a member without the script."""


def join_members(root: Folder, gates: Sequence[ProposedGate]) -> list[ProposedGate]:
    """The gates with those of a workspace's members joined, kind by kind, where two or more members have the same script."""
    project = NodeProject(folder=root)
    form = YARN if project.manager == "yarn" and root.has(".yarnrc.yml") else IN_ALL.get(project.manager)
    if not project.is_workspace or form is None:
        return list(gates)
    kept = list(gates)
    for kind in JOINED:
        members = [
            gate for gate in kept if gate.kind is kind and gate.ecosystem is Ecosystem.NODE and gate.folder != "."
        ]
        scripts = {script_of(root, gate) for gate in members}
        script = next(iter(scripts)) if len(scripts) == 1 else None
        if len(members) < 2 or script is None:
            continue
        place = kept.index(members[0])
        kept = [gate for gate in kept if gate not in members]
        kept.insert(place, joined(project, members, form.format(script=script), script))
    return kept


def script_of(root: Folder, gate: ProposedGate) -> str | None:
    """The script that a member's gate runs; None when it runs a tool directly."""
    project = NodeProject(folder=Folder(path=gate.folder, files=root.files, paths=root.paths))
    return next((name for name in project.scripts if project.run(name) == gate.command), None)


def joined(project: NodeProject, members: Sequence[ProposedGate], command: str, script: str) -> ProposedGate:
    """One gate for all members."""
    tools = dict.fromkeys(tool for gate in members for tool in gate.tools)
    return replace(
        members[0],
        command=command,
        why=f"{len(members)} packages of the workspace have the script {script}",
        folder=project.folder.path,
        programs=frozenset(program for gate in members for program in gate.programs),
        tools=tuple(tools),
        fix=None,
    )
