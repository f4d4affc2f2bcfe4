"""A gate in, the whole environment of its processes out."""

from __future__ import annotations

from pathlib import Path

from verifyd.app.world import World
from verifyd.edge.environment import gate_environment
from verifyd.evidence.injection import inject
from verifyd.pipeline import Gate


def environment_of(
    world: World, gate: Gate, *, tree: str, mark: str, artifacts: Path, temporary: Path, injected: Path | None = None
) -> dict[str, str]:
    """
    What a gate's processes find in their environment.

    Args:
        injected: Folder where tools are told to leave machine-readable results; None to tell them nothing.
    """
    environment = gate_environment(
        world.machine.environment,
        gate=gate.name,
        tree=tree,
        mark=mark,
        artifacts=artifacts,
        temporary=temporary,
        remove=world.git.local_environment_names(),
        extra=dict(gate.env),
    )
    return environment if injected is None else {**environment, **inject(environment, str(injected), gate.evidence)}
