"""A gate and its failing tests in, the narrowest command that shows the failure again out."""

from __future__ import annotations

from collections.abc import Sequence

from verifyd.evidence.model import Finding
from verifyd.pipeline import Gate


def reproduce_command(gate: Gate, subjects: Sequence[str], findings: Sequence[Finding]) -> str:
    """The gate's own script when its tool cannot be narrowed."""
    return gate.script
