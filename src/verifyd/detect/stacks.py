"""A tree's paths and configuration files in, the gates to propose out: every ecosystem asked, nothing proposed twice."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from verifyd.detect.go import detect_go
from verifyd.detect.hooks import Hooks, detect_hooks, read_hooks
from verifyd.detect.model import Detected, Found, Kind, ProposedGate
from verifyd.detect.node import detect_node
from verifyd.detect.python import detect_python
from verifyd.detect.python_project import TEST_FILE, PythonProject
from verifyd.detect.runners import fill
from verifyd.detect.rust import detect_rust
from verifyd.detect.tree import Folder, is_well_known, project_folders
from verifyd.detect.workspaces import join_members
from verifyd.errors import UsageError

MOST_FOLDERS = 6
"""Folders below the root that may add gates: a longer page is read by nobody."""

LOOKED_FOR = (
    "pyproject.toml, setup.cfg, tox.ini, noxfile.py, package.json, go.mod, Cargo.toml, Makefile, justfile, Taskfile.yml, "
    ".pre-commit-config.yaml and scripts"
)


TEST_SAMPLES = 20
"""Test files whose text is read: what they are written for shows in the first of them."""


def wanted_texts(paths: frozenset[str]) -> tuple[str, ...]:
    """The paths of a tree whose text detection reads, sorted: configuration, and some tests."""
    tests = sorted(path for path in paths if TEST_FILE.search(path))
    return tuple(sorted({*filter(is_well_known, paths), *tests[:TEST_SAMPLES]}))


def detect(files: Mapping[str, str], paths: frozenset[str]) -> Detected:
    """
    Find the gates of a repository.

    Args:
        files: Text of the files that ``wanted_texts`` names, by path.
        paths: Every path of the tree.

    Raises:
        UsageError: There is nothing to propose; says what was looked for.
    """
    folders = project_folders(files, paths)
    root, hooks = folders[0], read_hooks(folders[0])
    found = [languages(folder, hooks) for folder in folders]
    gates, too_many = within_reach(join_members(root, uncovered([gate for one in found for gate in one.gates])))
    from_hooks = detect_hooks(root, hooks, programs_of(gates), PythonProject(folder=root).start("pre-commit"))
    gates += from_hooks.gates
    gates += fill(root, gates)
    notes = (*(note for one in found for note in one.notes), *from_hooks.notes, *too_many)
    if not gates:
        raise nothing_found(notes)
    return Detected(gates=with_names(gates), notes=notes)


def languages(folder: Folder, hooks: Hooks) -> Found:
    """What every language's detection sees in one folder."""
    found = (detect_python(folder, hooks), detect_node(folder), detect_go(folder), detect_rust(folder))
    return Found(
        gates=tuple(gate for one in found for gate in one.gates),
        notes=tuple(note for one in found for note in one.notes),
    )


def programs_of(gates: Sequence[ProposedGate]) -> frozenset[str]:
    """The tools that some gate starts."""
    return frozenset(program for gate in gates for program in gate.programs)


def uncovered(gates: Sequence[ProposedGate]) -> list[ProposedGate]:
    """Without the gates of folders where a folder above has one of the same kind in the same language: it speaks for both."""
    kept: list[ProposedGate] = []
    for gate in gates:
        above = {one.kind for one in kept if one.ecosystem is gate.ecosystem and is_above(one.folder, gate.folder)}
        if gate.kind not in above and not (gate.kind is Kind.BUILD and Kind.TESTS in above):
            kept.append(gate)
    return kept


def is_above(folder: str, other: str) -> bool:
    """Whether *other* lies inside *folder*."""
    return folder != other and (folder == "." or other.startswith(f"{folder}/"))


def within_reach(gates: Sequence[ProposedGate]) -> tuple[list[ProposedGate], tuple[str, ...]]:
    """The gates of the root and of the first few folders, and a note on the folders that are left out."""
    folders = list(dict.fromkeys(gate.folder for gate in gates if gate.folder != "."))
    left = folders[MOST_FOLDERS:]
    note = (f"left out, to keep the page short: the gates of {', '.join(left)}",) if left else ()
    return [gate for gate in gates if gate.folder not in left], note


def with_names(gates: Sequence[ProposedGate]) -> tuple[ProposedGate, ...]:
    """
    The gates in the page's order, each with a name of its own.

    A name is the kind; the folder follows where several folders have gates, the language where several do the same in one
    folder, and the tool for a second one of the same language.
    """
    ordered = sorted(gates, key=lambda gate: tuple(Kind).index(gate.kind))
    several_folders = len({gate.folder for gate in ordered}) > 1
    languages_of: dict[str, set[str]] = defaultdict(set)
    stems = [
        f"{gate.kind}-{slug(gate.folder)}" if several_folders and gate.folder != "." else str(gate.kind)
        for gate in ordered
    ]
    for stem, gate in zip(stems, ordered, strict=True):
        languages_of[stem].add(gate.ecosystem)
    seen: Counter[str] = Counter()
    named: list[ProposedGate] = []
    for stem, gate in zip(stems, ordered, strict=True):
        name = f"{stem}-{gate.ecosystem}" if len(languages_of[stem]) > 1 else stem
        if seen[name]:
            name = f"{name}-{slug(min(gate.programs, default=str(seen[name] + 1)))}"
        seen[name] += 1
        named.append(replace(gate, name=name))
    return tuple(named)


def slug(text: str) -> str:
    """Letters, digits and single dashes, as a heading's slug has them."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def nothing_found(notes: Sequence[str]) -> UsageError:
    """Says what was looked for, what was seen and left out, and how to write a page by hand."""
    seen = f" ({'; '.join(notes)})" if notes else ""
    remedy = (
        f"Looked at {LOOKED_FOR}. Write VERIFY.md by hand: a heading such as '## tests' and below it a ```sh fence with the command; "
        "then: verifyd plan"
    )
    return UsageError(f"nothing here says how this repository is checked{seen}", where="init", remedy=remedy)
