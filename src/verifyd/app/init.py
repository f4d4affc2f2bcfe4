"""A repository without VERIFY.md in, a first one out: gates found in its own configuration, their tools looked for."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from verifyd.app.declared import SIZE_LIMIT_BYTES, VERIFY_MD
from verifyd.app.ports import Repository
from verifyd.app.world import World
from verifyd.detect.model import ProposedGate, Tool
from verifyd.detect.page import render_verify_md
from verifyd.detect.stacks import detect, wanted_texts
from verifyd.errors import UsageError
from verifyd.pipeline import Gate
from verifyd.report import unignored_notes
from verifyd.snapshot import Snapshot
from verifyd.verdict import counted

ENVIRONMENT_FOLDERS = (".venv/bin", "venv/bin")
"""Where a Python project's tools often lie without being on PATH."""


class MissingTool(Struct, frozen=True, kw_only=True):
    """
    A tool that a proposed gate needs and that is not there.

    Attributes:
        gates: Names of the gates that need it.
        remedy: What brings it.
    """

    name: str
    gates: tuple[str, ...]
    remedy: str

    def __str__(self) -> str:
        return f"{self.name} (for {', '.join(self.gates)}): {self.remedy}"


class InitResult(Struct, frozen=True, kw_only=True):
    """
    What was written.

    Attributes:
        gates: In the page's order; one whose tool or file is missing is among them.
        missing_files: Files of the project that its own scripts begin with, and that are not there.
        notes: What was seen and left out, a sentence each.
    """

    path: Path
    text: str
    gates: tuple[ProposedGate, ...]
    missing_tools: tuple[MissingTool, ...]
    notes: tuple[str, ...]
    missing_files: tuple[MissingTool, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """What a person is told, what to do next included, a line each."""
        missing = dict.fromkeys(name for one in (*self.missing_tools, *self.missing_files) for name in one.gates)
        first = f"bring what {', '.join(missing)} {'need' if len(missing) > 1 else 'needs'}, " if missing else ""
        return (
            f"wrote {self.path} with {counted(len(self.gates), 'gate')}; none of them has been run yet",
            *(f"not on this machine: {one}" for one in self.missing_tools),
            *(f"not in the tree: {one}" for one in self.missing_files),
            *self.notes,
            f"next: {first}look through VERIFY.md, then: verifyd approve, then: verifyd run",
        )


def init(world: World, repository: Repository) -> InitResult:
    """
    Write VERIFY.md at the root of the work tree.

    Raises:
        UsageError: There is one already, or nothing in the repository says how it is checked.
        GitError: The tree cannot be read.
        StoreError: The page cannot be written.
    """
    snapshot, _ = world.git.snapshot_working_tree(repository, base="auto")
    path = repository.root / VERIFY_MD
    if VERIFY_MD in snapshot.paths or world.files.read(path, limit_bytes=0) is not None:
        raise UsageError(
            "there is one already, and it is never overwritten", where=VERIFY_MD, remedy=remedy_for_existing()
        )
    detected = detect(well_known_texts(world, repository, snapshot), snapshot.paths)
    text = render_verify_md(detected)
    world.files.write_whole(path, text)
    return InitResult(
        path=path,
        text=text,
        gates=detected.gates,
        missing_tools=missing_tools(world, repository, detected.gates),
        missing_files=missing_files(world, repository, detected.gates, snapshot.paths),
        notes=(*detected.notes, *unignored_notes(world.git.change(snapshot))),
    )


def remedy_for_existing() -> str:
    """What to do about a page that is there."""
    return "See what it says with: verifyd plan. For a new one, move it away first: mv VERIFY.md VERIFY.old.md"


def well_known_texts(world: World, repository: Repository, snapshot: Snapshot) -> dict[str, str]:
    """Text of the files of the tree that detection reads; what is no text, or too large to be written by hand, is left out."""
    texts: dict[str, str] = {}
    for path in wanted_texts(snapshot.paths):
        content = world.git.read_file(repository, snapshot.tree, path)
        limit_bytes = LOCK_LIMIT_BYTES if path.endswith(".lock") else SIZE_LIMIT_BYTES
        if content is not None and len(content) <= limit_bytes and b"\0" not in content:
            texts[path] = content.decode("utf-8", "replace")
    return texts


LOCK_LIMIT_BYTES = 32 * SIZE_LIMIT_BYTES
"""Lock files are written by machines, and a large project's are large."""


def missing_tools(world: World, repository: Repository, gates: tuple[ProposedGate, ...]) -> tuple[MissingTool, ...]:
    """The tools that are not on this machine, each with the gates that need it, in the page's order."""
    needed: dict[tuple[Tool, str], list[str]] = {}
    for gate in gates:
        for tool in gate.tools:
            needed.setdefault((tool, gate.folder), []).append(gate.name)
    missing: dict[tuple[str, str], list[str]] = {}
    for (tool, folder), names in needed.items():
        if not is_there(world, repository, tool, folder):
            missing.setdefault((tool.name, remedy_of(world, repository, tool, folder)), []).extend(names)
    return tuple(
        MissingTool(name=name, gates=tuple(dict.fromkeys(names)), remedy=remedy)
        for (name, remedy), names in missing.items()
    )


def missing_files(
    world: World, repository: Repository, gates: tuple[ProposedGate, ...], paths: frozenset[str]
) -> tuple[MissingTool, ...]:
    """The files that gates begin with and that are neither in the tree nor on disk; nothing is run to find out."""
    missing: dict[str, list[str]] = {}
    for gate in gates:
        path = posixpath.normpath(posixpath.join(gate.folder, gate.starts)) if gate.starts else "."
        if path not in {".", *paths} and world.files.size(repository.root / path) is None:
            missing.setdefault(path, []).append(gate.name)
    remedy = "write it, or change the script that starts it"
    return tuple(MissingTool(name=path, gates=tuple(names), remedy=remedy) for path, names in missing.items())


def missing_behind(
    world: World, repository: Repository, snapshot: Snapshot, gates: Sequence[Gate]
) -> tuple[MissingTool, ...]:
    """
    What is missing behind the project's own scripts that gates start: ``npm test`` names npm alone, and its script vitest.

    Known for gates whose command is the one that ``init`` would write.
    """
    try:
        detected = detect(well_known_texts(world, repository, snapshot), snapshot.paths)
    except UsageError:  # nothing here says how the repository is checked
        return ()
    names = {(gate.cwd, gate.script.strip()): gate.name for gate in gates}
    proposed = tuple(
        replace(gate, name=names[gate.folder, gate.command])
        for gate in detected.gates
        if (gate.folder, gate.command) in names
    )
    return (
        *missing_tools(world, repository, proposed),
        *missing_files(world, repository, proposed, snapshot.paths),
    )


def is_there(world: World, repository: Repository, tool: Tool, folder: str) -> bool:
    """Whether a tool would be found by a gate in *folder*."""
    if any(world.files.size(repository.root / place / tool.name) is not None for place in tool.beside):
        return True
    return world.find_tools((tool.name,), world.machine.environment, repository.root / folder) is not None


def remedy_of(world: World, repository: Repository, tool: Tool, folder: str) -> str:
    """How the tool comes to be found: by activating the environment it already lies in, else by installing it."""
    place = inactive_place(world, repository, tool.name, folder)
    return tool.install if place is None else f"it is in {place}, which is not on PATH: . {place}/activate"


def inactive_place(world: World, repository: Repository, name: str, folder: str) -> str | None:
    """The virtual environment's folder, relative to the root, where a program lies without being on PATH; None for none."""
    for home in dict.fromkeys((folder, ".")):
        for place in ENVIRONMENT_FOLDERS:
            found = repository.root / home / place
            if world.files.size(found / name) is not None:
                return str(found.relative_to(repository.root))
    return None
