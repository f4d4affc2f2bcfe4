"""Detection on a project made from a dict of files."""

from __future__ import annotations

import json
from collections.abc import Mapping

from verifyd.detect.model import Detected, ProposedGate
from verifyd.detect.stacks import detect, wanted_texts


def detected(files: Mapping[str, str]) -> Detected:
    """What is found in a tree of these files; only those that it wants are read, as ``init`` does."""
    return detect({path: files[path] for path in wanted_texts(frozenset(files))}, frozenset(files))


def commands(files: Mapping[str, str]) -> dict[str, str]:
    """Command by name of every gate, in the page's order."""
    return {gate.name: gate.command for gate in detected(files).gates}


def gate(files: Mapping[str, str], name: str) -> ProposedGate:
    """One gate by name."""
    return next(one for one in detected(files).gates if one.name == name)


def package(scripts: Mapping[str, str] | None = None, *dependencies: str, **keys: object) -> str:
    """A package.json with these scripts and development dependencies."""
    content = {
        "name": "shop",
        "scripts": dict(scripts or {}),
        "devDependencies": dict.fromkeys(dependencies, "*"),
        **keys,
    }
    return json.dumps(content)
