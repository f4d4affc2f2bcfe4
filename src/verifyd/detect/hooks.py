""".pre-commit-config.yaml in, the gate that runs its hooks out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from verifyd.detect.commands import programs_in
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


class Hooks(Struct, frozen=True, kw_only=True):
    """
    What pre-commit is told to run on a commit.

    Attributes:
        programs_of: Hook ids in their order, each with the checking tools it starts, as ``programs_in`` names them.
    """

    programs_of: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def programs(self) -> frozenset[str]:
        """The checking tools of all hooks."""
        return frozenset(program for programs in self.programs_of.values() for program in programs)


def read_hooks(folder: Folder) -> Hooks:
    """The hooks of the root's configuration; none when there is none."""
    name = folder.first(*FILES)
    content = read_yaml(folder.text(name)) if name else {}
    stages = strings(content.get("default_stages"))
    return Hooks(programs_of=dict(hook_programs(content.get("repos"), stages)))


def hook_programs(repositories: object, default_stages: tuple[str, ...]) -> Iterable[tuple[str, frozenset[str]]]:
    """Id and tools of the hooks that run at a commit."""
    for repository in list_of(repositories):
        for hook in list_of(table(repository).get("hooks")):
            known = table(hook)
            stages = strings(known.get("stages")) or default_stages
            identity, entry = known.get("id"), known.get("entry")
            if isinstance(identity, str) and (not stages or STAGES & set(stages)):
                named = PROGRAM_OF.get(identity)
                yield identity, frozenset({named}) if named else programs_in(entry if isinstance(entry, str) else "")


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
    skipped = [hook for hook, programs in hooks.programs_of.items() if can_be_skipped(hook, programs, taken)]
    left = [hook for hook in hooks.programs_of if hook not in skipped]
    if not left:
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
        programs=frozenset({"pre-commit"}).union(*(hooks.programs_of[hook] for hook in left)),
        tools=tools,
        isolated=True,
    )
    return Found(gates=(gate,))


def can_be_skipped(hook: str, programs: frozenset[str], taken: frozenset[str]) -> bool:
    """Whether a hook has nothing to add, and a name that can stand in a command."""
    return re.fullmatch(r"[\w.-]+", hook) is not None and (hook in NEVER or (bool(programs) and programs <= taken))
