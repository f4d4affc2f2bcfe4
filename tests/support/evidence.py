"""What readers of results are given: a tree with some files, a log, a JUnit file, a SARIF log."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

from verifyd.evidence.model import Evidence, SourceTree
from verifyd.evidence.text import read_text

ROOT = "/home/user/project"
SAMPLES = Path(__file__).parent.parent / "samples"


def a_tree(*paths: str, cwd: str = ".", root: str = ROOT) -> SourceTree:
    """A tree of these files; ``src/a.py`` and ``tests/test_a.py`` when none are named."""
    return SourceTree(root=root, paths=frozenset(paths or ("src/a.py", "tests/test_a.py")), cwd=cwd)


def read(*lines: str, tree: SourceTree | None = None) -> Evidence:
    """What the text reader makes of these lines."""
    return read_text("\n".join(lines).encode("utf-8", "surrogateescape"), tree or a_tree())


def told(evidence: Evidence, *names: str) -> list[tuple[object, ...]]:
    """These attributes of every finding."""
    return [tuple(getattr(finding, name) for name in names) for finding in evidence.findings]


def junit(body: str, *, root: str = "testsuites", attributes: str = "") -> io.BytesIO:
    """A JUnit file with this between the root's tags."""
    return io.BytesIO(f'<?xml version="1.0" encoding="utf-8"?><{root} {attributes}>{body}</{root}>'.encode())


def a_result(uri: str = "src/a.py", line: int | None = 3, column: int | None = 5, **fields: Any) -> dict[str, Any]:
    """One SARIF result."""
    region = {name: value for name, value in (("startLine", line), ("startColumn", column)) if value is not None}
    location = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}
    return {"ruleId": "F401", "level": "error", "message": {"text": "unused"}, "locations": [location], **fields}


def a_sarif(*results: dict[str, Any], driver: dict[str, Any] | None = None, **run: Any) -> io.BytesIO:
    """A SARIF log of one run, ruff's unless *driver* says whose."""
    tool = {"driver": driver or {"name": "ruff"}}
    log = {"version": "2.1.0", "runs": [{"tool": tool, "results": list(results), **run}]}
    return io.BytesIO(json.dumps(log).encode())
