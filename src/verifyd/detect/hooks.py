""".pre-commit-config.yaml in, the gate that runs its hooks out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from verifyd.detect.configuration import list_of, read_yaml, strings, table, unreadable
from verifyd.detect.model import Ecosystem, Found, Kind, ProposedGate, Tool
from verifyd.detect.tasks import SAYS
from verifyd.detect.tree import Folder

FILES = (".pre-commit-config.yaml", ".pre-commit-config.yml")

PROGRAM_OF = {
    "ruff": "ruff check", "ruff-check": "ruff check", "ruff-format": "ruff format", "black": "black", "black-jupyter": "black",
    "flake8": "flake8", "isort": "isort", "mypy": "mypy", "pyright": "pyright", "basedpyright": "pyright", "ty": "ty", "ty-check": "ty",
    "eslint": "eslint", "prettier": "prettier", "biome-check": "biome", "biome-ci": "biome", "biome-lint": "biome",
    "gofmt": "gofmt", "go-fmt": "gofmt", "go-vet": "go vet", "golangci-lint": "golangci-lint", "golangci-lint-full": "golangci-lint",
    "fmt": "cargo fmt", "cargo-fmt": "cargo fmt", "rustfmt": "cargo fmt", "clippy": "cargo clippy", "cargo-clippy": "cargo clippy",
    "pytest": "pytest", "cargo-test": "cargo test", "go-test": "go test", "go-unit-tests": "go test",
}  # fmt: skip
"""Hook ids and the tool each of them is."""

NEVER = ("no-commit-to-branch",)
"""Hooks that fail by design where there is nothing wrong: this one on the main branch."""

STAGES = frozenset({"pre-commit", "commit"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """
    What pre-commit is told to run on a commit.

    Attributes:
        ids: Hook ids in their order.
        programs: The checking tools among them, as ``programs_in`` names them.
    """

    ids: tuple[str, ...] = ()
    programs: frozenset[str] = frozenset()


def read_hooks(folder: Folder) -> Hooks:
    """The hooks of the root's configuration; none when there is none."""
    name = folder.first(*FILES)
    content = read_yaml(folder.text(name)) if name else {}
    stages = strings(content.get("default_stages"))
    ids = tuple(hook_ids(content.get("repos"), stages))
    return Hooks(ids=ids, programs=frozenset(PROGRAM_OF[hook] for hook in ids if hook in PROGRAM_OF))


def hook_ids(repositories: object, default_stages: tuple[str, ...]) -> Iterable[str]:
    """Ids of the hooks that run at a commit."""
    for repository in list_of(repositories):
        for hook in list_of(table(repository).get("hooks")):
            known = table(hook)
            stages = strings(known.get("stages")) or default_stages
            if isinstance(known.get("id"), str) and (not stages or STAGES & set(stages)):
                yield known["id"]


def detect_hooks(folder: Folder, hooks: Hooks, taken: frozenset[str], start: tuple[str, tuple[Tool, ...]]) -> Found:
    """
    The gate of all hooks but those whose tool already is a gate of its own.

    Args:
        taken: Programs of the other gates.
        start: How pre-commit is started here, and what must be on the machine for it.
    """
    name = folder.first(*FILES)
    if name is None:
        return Found()
    note = unreadable(name, folder.text(name))
    skipped = [hook for hook in dict.fromkeys(hooks.ids) if hook in NEVER or PROGRAM_OF.get(hook) in taken]
    left = [hook for hook in hooks.ids if hook not in skipped]
    if not left or not all(re.fullmatch(r"[\w.-]+", hook) for hook in skipped):
        return Found(notes=(note,) if note else ())
    words, tools = start
    skip = f"SKIP={','.join(skipped)} " if skipped else ""
    already = [hook for hook in skipped if hook not in NEVER]
    left_out = f" Left out, because a gate of their own checks the same: {', '.join(already)}." if already else ""
    gate = ProposedGate(
        kind=Kind.HOOKS,
        ecosystem=Ecosystem.REPOSITORY,
        command=f"{skip}{words} run --all-files",
        why=f"there is {name}",
        says=SAYS[Kind.HOOKS],
        more=f"They may rewrite files, so they run on a copy of the tree.{left_out}",
        programs=frozenset({"pre-commit"}) | {PROGRAM_OF[hook] for hook in left if hook in PROGRAM_OF},
        tools=tools,
        isolated=True,
    )
    return Found(gates=(gate,))
