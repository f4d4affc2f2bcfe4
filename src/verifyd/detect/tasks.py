"""Named tasks of any runner (npm scripts, make targets, just recipes, …) in, the one to take for each kind of gate out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from verifyd.detect.commands import ASKS, file_started, hazard, programs_in, rewrites
from verifyd.detect.model import Ecosystem, Kind, ProposedGate, Tool

NAMES: Mapping[Kind, tuple[str, ...]] = {
    Kind.LINT: ("lint", "lint:check", "lint-check", "lint:ci", "lint:all", "lint-all", "lint:js", "eslint", "ruff", "flake8", "clippy", "style"),
    Kind.FORMAT: (
        "format:check", "format-check", "fmt:check", "fmt-check", "check:format", "check-format", "check-formatting", "check:fmt", "check-fmt",
        "prettier:check", "check:prettier", "formatcheck", "format:ci", "style:check", "format", "fmt", "prettier",
    ),
    Kind.TYPES: (
        "types", "typecheck", "type-check", "type:check", "types:check", "types-check", "check-types", "check:types", "check-typing", "typing",
        "check:ts", "ts:check", "tsc", "mypy", "pyright", "test:types", "test:typecheck",
    ),
    Kind.TESTS: (
        "test", "tests", "unit", "unittest", "unittests", "unit-test", "unit-tests", "test:unit", "test-unit", "test:ci", "test-ci", "test:run",
        "test:once",
    ),
    Kind.BROWSER: ("e2e", "test:e2e", "test-e2e", "e2e:test", "test:browser", "playwright", "test:playwright"),
    Kind.BUILD: ("build", "compile"),
    Kind.CHECK: ("check", "checks", "check-all", "check:all", "verify", "validate", "ci"),
}  # fmt: skip
"""Names by which projects call a task of each kind, the most telling first. Nothing else is ever proposed: no dev, no deploy."""

FIX_NAMES: Mapping[Kind, tuple[str, ...]] = {
    Kind.LINT: ("lint:fix", "lint-fix", "fix:lint", "eslint:fix", "fix", "lint"),
    Kind.FORMAT: (
        "format:fix",
        "format:write",
        "fmt:fix",
        "prettier:fix",
        "prettier:write",
        "format",
        "fmt",
        "prettier",
    ),
}
"""Names of the tasks that put right what the gate of that kind finds."""

SAYS: Mapping[Kind, str] = {
    Kind.LINT: "The linters find nothing to complain about.",
    Kind.FORMAT: "Every file is formatted as agreed.",
    Kind.TYPES: "The type checker finds no error.",
    Kind.TESTS: "All tests pass.",
    Kind.BROWSER: "The tests in a real browser pass.",
    Kind.BUILD: "It can be built.",
    Kind.CHECK: "Everything that the project checks by itself is in order.",
    Kind.HOOKS: "The hooks have nothing to change and nothing to complain about.",
}


class Task(Struct, frozen=True, kw_only=True):
    """
    One named task of a project.

    Attributes:
        name: As the project calls it; decides which kind of gate it can be.
        command: How a person starts it.
        text: What it runs, as far as it can be read.
        why: Where it stands.
    """

    name: str
    command: str
    text: str
    why: str


PROGRAMS_OF: Mapping[Kind, frozenset[str]] = {
    Kind.LINT: frozenset(
        {"ruff check", "flake8", "eslint", "biome", "oxlint", "stylelint", "go vet", "golangci-lint", "cargo clippy"}
    ),
    Kind.FORMAT: frozenset({"ruff format", "black", "isort", "prettier", "gofmt", "cargo fmt"}),
    Kind.TYPES: frozenset({"mypy", "pyright", "ty", "tsc"}),
}
"""Tools by which a task shows what it is, whatever its name."""

OTHERWISE = re.compile(r"(?:pre|post|build|compile|prepare|release|publish|dev|start|watch|update|fix)")
"""Beginnings of names that say a task is something else, whatever tool it starts."""


def pick_tasks(tasks: Iterable[Task], kinds: Sequence[Kind]) -> dict[Kind, Task]:
    """For each kind the most tellingly named task that can be a gate, else one that starts such a tool and nothing else."""
    known = tuple(tasks)
    by_name = {task.name.lower().replace("_", "-"): task for task in reversed(known)}
    picked: dict[Kind, Task] = {}
    for kind in kinds:
        candidates = (*(by_name[name] for name in NAMES[kind] if name in by_name), *shown_by_tool(known, kind))
        found = next((task for task in candidates if can_be(task, kind) and task not in picked.values()), None)
        if found is not None:
            picked[kind] = found
    return picked


def can_be(task: Task, kind: Kind) -> bool:
    """Whether nothing speaks against a task as a gate of this kind; a formatter must be asked to check only."""
    is_asked = kind is not Kind.FORMAT or "check" in task.name or ASKS.search(task.text) is not None
    return is_asked and hazard(task.text) is None


def shown_by_tool(tasks: Iterable[Task], kind: Kind) -> Iterable[Task]:
    """The tasks of one command, whose tool is one of this kind."""
    own = PROGRAMS_OF.get(kind, frozenset())
    for task in tasks:
        programs = programs_in(task.text)
        if (
            programs
            and programs <= own
            and re.search(r"&&|;|\|", task.text) is None
            and OTHERWISE.match(task.name) is None
        ):
            yield task


def pick_fix(tasks: Iterable[Task], kind: Kind) -> Task | None:
    """The task that rewrites files for this kind of gate; None when there is none."""
    by_name = {task.name.lower().replace("_", "-"): task for task in tasks}
    candidates = (by_name[name] for name in FIX_NAMES.get(kind, ()) if name in by_name)
    return next((task for task in candidates if rewrites(task.text)), None)


def task_gate(
    kind: Kind,
    task: Task,
    *,
    ecosystem: Ecosystem,
    folder: str = ".",
    tools: tuple[Tool, ...] = (),
    fix: str | None = None,
) -> ProposedGate:
    """A gate that starts a project's own task."""
    return ProposedGate(
        kind=kind,
        ecosystem=ecosystem,
        command=task.command,
        why=task.why,
        says=SAYS[kind],
        programs=programs_in(task.text),
        starts=file_started(task.text),
        tools=tools,
        folder=folder,
        fix=fix,
    )
