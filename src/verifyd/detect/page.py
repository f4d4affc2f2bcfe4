"""Proposed gates in, a whole VERIFY.md in the native form out."""

from __future__ import annotations

import re
from collections.abc import Iterable

from verifyd.detect.model import Detected, ProposedGate

HEAD = """\
---
base: auto
# How large one change may be; generated and lock files do not count. Take the # away and choose your own numbers.
# limits:
#   changed_lines: 400
#   changed_files: 20
#   deleted_files: 0
scope:
  protected: [VERIFY.md]
---

# Verification

A change is done when every gate below has passed. `verifyd plan` shows what would run, `verifyd run` runs it; nothing runs
before a person has looked at this page and approved it with `verifyd approve`. The gates were found in the repository's own
configuration by `verifyd init`; the page is yours to edit.
"""


def render_verify_md(detected: Detected) -> str:
    """The page, ready to be read by ``parse_verify_md``."""
    return "\n".join([HEAD, *(render_gate(gate) for gate in detected.gates)])


def render_gate(gate: ProposedGate) -> str:
    """One section: heading, a sentence of prose, the fence."""
    heading = f"## {gate.name} (optional)" if gate.optional else f"## {gate.name}"
    info = " ".join(("sh", *(f"{name}={quoted(value)}" for name, value in attributes(gate))))
    text = f"{gate.says.rstrip('.')} ({prose(gate.why)}). {gate.more}".rstrip()
    return f"{heading}\n\n{text}\n\n```{info}\n{gate.command}\n```\n"


def attributes(gate: ProposedGate) -> Iterable[tuple[str, str]]:
    """Names and values of the info string, those at their defaults left out."""
    if gate.folder != ".":
        yield "cwd", gate.folder
    if gate.timeout is not None:
        yield "timeout", gate.timeout
    if gate.paths:
        yield "paths", ",".join(gate.paths)
    if gate.isolated:
        yield "isolate", "frozen"
    for name, value in (("fix", gate.fix), ("server", gate.server), ("ready", gate.ready)):
        if value is not None:
            yield name, value
    if gate.artifacts:
        yield "artifacts", ",".join(gate.artifacts)


def quoted(value: str) -> str:
    """The value as ``shlex`` reads it back; double quotes where it needs any, as they read better around a command."""
    if re.search(r"[\s\"'\\#]", value) is None:
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def prose(text: str) -> str:
    """Text with file names in it as plain words: no name can end the line, open a fence or begin a comment."""
    plain = " ".join(re.sub(r"[`<>]", "", text).split())
    return plain.encode("utf-8", "replace").decode()
