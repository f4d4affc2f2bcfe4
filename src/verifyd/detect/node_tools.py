"""A Node project's tools that no script starts, each from its configuration and its dependency."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from verifyd.detect.commands import programs_in
from verifyd.detect.model import Ecosystem, Kind, ProposedGate
from verifyd.detect.node_project import BINARY, NodeProject
from verifyd.detect.tasks import SAYS, pick_fix

TEST_FILE = re.compile(r"(?:^|/)[^/]*[._-](?:test|spec)\.[cm]?[jt]sx?$|(?:^|/)__tests__/")
NODE_TEST_FILE = re.compile(r"(?:^|/)[^/]*[._-]test\.[cm]?js$|^test/[^/]+\.[cm]?js$")


def tool_gates(project: NodeProject, scripts: Sequence[ProposedGate]) -> list[ProposedGate]:
    """Gates of the kinds that no script has, of tools that no script starts."""
    kinds = {gate.kind for gate in scripts}
    if Kind.CHECK in kinds:
        return []
    taken = {program for gate in scripts for program in gate.programs}
    gates: list[ProposedGate] = []
    for kind, arguments, why in candidates(project):
        programs = programs_in(arguments)
        if kind not in kinds and not programs & taken:
            gates.append(tool_gate(project, kind, arguments, why))
            kinds.add(kind)
            taken |= programs
    return gates


def candidates(project: NodeProject) -> Iterable[tuple[Kind, str, str]]:
    """(kind, program with its arguments, why) of every tool that is configured and asked for, the better ones first."""
    yield from lint_candidates(project)
    yield from type_candidates(project)
    yield from test_candidates(project)


def lint_candidates(project: NodeProject) -> Iterable[tuple[Kind, str, str]]:
    """Biome, ESLint, oxlint and Prettier."""
    folder, dependencies = project.folder, project.dependencies
    biome = folder.first("biome.json", "biome.jsonc")
    if biome and "@biomejs/biome" in dependencies:
        yield Kind.LINT, "biome ci .", f"there is {folder.full(biome)}"
    eslint = next(
        iter(folder.matching("eslint.config.*", ".eslintrc*")),
        "package.json" if "eslintConfig" in project.package else None,
    )
    if eslint and "eslint" in dependencies:
        yield Kind.LINT, "eslint .", f"{folder.full(eslint)} configures ESLint"
    if "oxlint" in dependencies:
        yield Kind.LINT, "oxlint", f"{folder.full('package.json')} asks for oxlint"
    prettier = next(
        iter(folder.matching(".prettierrc*", "prettier.config.*")),
        "package.json" if "prettier" in project.package else None,
    )
    if prettier and "prettier" in dependencies:
        yield Kind.FORMAT, "prettier --check .", f"{folder.full(prettier)} configures Prettier"


def type_candidates(project: NodeProject) -> Iterable[tuple[Kind, str, str]]:
    """
    The TypeScript compiler, Vue's where Vue is used.

    A tsconfig.json that only refers to others (as Vite writes it) checks nothing without ``--build``.
    """
    folder = project.folder
    if not folder.has("tsconfig.json") or "typescript" not in project.dependencies:
        return
    program = "vue-tsc" if "vue-tsc" in project.dependencies else "tsc"
    build = "--build " if re.search(r'"references"\s*:\s*\[\s*[{/]', folder.text("tsconfig.json")) else ""
    yield Kind.TYPES, f"{program} {build}--noEmit", f"there is {folder.full('tsconfig.json')}"


def test_candidates(project: NodeProject) -> Iterable[tuple[Kind, str, str]]:
    """Vitest, Jest, else Node's own runner; nothing without a file that looks like a test."""
    folder = project.folder
    tests = [path for path in folder.inside if TEST_FILE.search(path)]
    if tests:
        for name, arguments in (("vitest", "vitest run"), ("jest", "jest")):
            if name in project.dependencies:
                yield Kind.TESTS, arguments, f"{folder.full('package.json')} asks for {name}"
    own = [path for path in folder.inside if NODE_TEST_FILE.search(path)]
    runners = {"mocha", "ava", "tap", "jasmine", "karma", "qunit", "tape", "uvu", "react-scripts", "@angular/core"}
    if own and project.manager != "bun" and not runners & project.dependencies and "test" not in project.scripts:
        yield Kind.TESTS, "node --test", f"there is {folder.full(own[0])}, and nothing names another test runner"


def tool_gate(project: NodeProject, kind: Kind, arguments: str, why: str) -> ProposedGate:
    """The gate that starts one tool."""
    program = arguments.split(maxsplit=1)[0]
    is_node = program == "node"
    start = "" if is_node else f"{BINARY[project.manager]} "
    starter = project.node_tool() if is_node else project.starter_tool()
    return ProposedGate(
        kind=kind,
        ecosystem=Ecosystem.NODE,
        command=f"{start}{arguments}",
        why=why,
        says=SAYS[kind],
        programs=programs_in(arguments),
        tools=(starter,) if is_node else (starter, project.local_tool(program)),
        folder=project.folder.path,
        fix=fix_of(project, kind, f"{start}{arguments}"),
    )


def fix_of(project: NodeProject, kind: Kind, command: str) -> str | None:
    """The project's script that puts right what a tool finds, else the tool's own option."""
    found = pick_fix(project.tasks(), kind)
    if found is not None:
        return found.command
    own = {
        "biome ci .": "biome check --write .",
        "eslint .": "eslint --fix .",
        "prettier --check .": "prettier --write .",
        "oxlint": "oxlint --fix",
    }
    for check, fix in own.items():
        if command.endswith(f" {check}"):
            return command.removesuffix(check) + fix
    return None
