"""What detection finds: gates to propose, the tools they need, and what was seen and left out."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """What a proposed gate is about; its name in VERIFY.md begins with this."""

    LINT = "lint"
    FORMAT = "format"
    TYPES = "types"
    HOOKS = "hooks"
    CHECK = "check"
    """A project's own command for everything, taken where nothing finer is seen."""
    BUILD = "build"
    TESTS = "tests"
    BROWSER = "browser"


class Ecosystem(StrEnum):
    """Whose configuration a gate was found in."""

    PYTHON = "python"
    NODE = "node"
    GO = "go"
    RUST = "rust"
    REPOSITORY = "repository"
    """Of no one language: hooks, make, just, Taskfile, scripts."""


class Tool(Struct, frozen=True, kw_only=True):
    """
    A program that a gate starts.

    Attributes:
        name: As it is looked up on PATH.
        install: What a person runs, in *folder*, or does, to have it.
        beside: Folders, relative to the root, that are searched before PATH (``frontend/node_modules/.bin``).
    """

    name: str
    install: str
    beside: tuple[str, ...] = ()


class ProposedGate(Struct, frozen=True, kw_only=True):
    """
    One gate as detection proposes it.

    Attributes:
        name: Empty until all gates are known and names can be told apart.
        command: The fence's text; may have several lines.
        why: The place that says so: ``pyproject.toml has [tool.ruff]``.
        says: A sentence for the page on what the gate checks.
        more: Further sentences for the page; empty for none.
        programs: Tools that do the checking, as ``programs_in`` names them: what keeps a tool from being proposed twice.
        starts: The project's own file that its command begins with, relative to *folder*; None for none.
        tools: What must be on this machine for the command to start.
        folder: Where it runs, relative to the root.
        isolated: Runs on a frozen view, because it may rewrite files.
    """

    kind: Kind
    ecosystem: Ecosystem
    command: str
    why: str
    says: str
    more: str = ""
    programs: frozenset[str] = frozenset()
    starts: str | None = None
    tools: tuple[Tool, ...] = ()
    name: str = ""
    folder: str = "."
    timeout: str | None = None
    fix: str | None = None
    paths: tuple[str, ...] = ()
    server: str | None = None
    ready: str | None = None
    artifacts: tuple[str, ...] = ()
    optional: bool = False
    isolated: bool = False


class Found(Struct, frozen=True, kw_only=True):
    """What one ecosystem's detection saw in one folder."""

    gates: tuple[ProposedGate, ...] = ()
    notes: tuple[str, ...] = ()


class Detected(Struct, frozen=True, kw_only=True):
    """
    All that was found in a repository.

    Attributes:
        gates: In the order of the page; never empty: detection raises UsageError instead.
        notes: What was seen and left out, with the reason, a sentence each.
    """

    gates: tuple[ProposedGate, ...]
    notes: tuple[str, ...] = ()
