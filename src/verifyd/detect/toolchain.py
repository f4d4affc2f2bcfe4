"""One command of a language's own toolchain in, the gate that runs it out."""

from __future__ import annotations

from verifyd.detect.model import Ecosystem, Kind, ProposedGate, Tool
from verifyd.detect.tree import Folder


def toolchain_gate(
    ecosystem: Ecosystem,
    folder: Folder,
    kind: Kind,
    command: str,
    program: str,
    why: str,
    says: str,
    *tools: Tool,
    fix: str | None = None,
) -> ProposedGate:
    """A gate that runs in *folder*; *tools* are all that it starts."""
    return ProposedGate(
        kind=kind,
        ecosystem=ecosystem,
        command=command,
        why=why,
        says=says,
        programs=frozenset({program}),
        tools=tools,
        folder=folder.path,
        fix=fix,
    )
