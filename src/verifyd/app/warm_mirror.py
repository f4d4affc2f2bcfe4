"""Has a mirror of a large tree at hand before the first edit, instead of making it while somebody waits for that edit's verdict."""

from __future__ import annotations

from contextlib import suppress

from verifyd.app.watch_ports import LiveTree, TreeState
from verifyd.errors import VerifydError
from verifyd.pipeline import Isolate, Pipeline

LARGE = 8_000
"""Files from which on a mirror takes long enough to be noticed: half a second; 57,000 took three."""


def wants_mirror(state: TreeState, pipeline: Pipeline | None, *, can_freeze: bool) -> bool:
    """
    Whether a gate will use a mirror that takes long to make.

    Args:
        pipeline: What may run; None for nothing.
        can_freeze: Whether this machine has frozen views: copies use no mirror.
    """
    if pipeline is None or not can_freeze or len(state.files) < LARGE:
        return False
    return any(gate.isolate is not Isolate.TREE for gate in pipeline.gates)


def warm_mirror(tree: LiveTree, state: TreeState) -> None:
    """Make the mirror. Blocks; whatever is wrong shows when a gate wants it."""
    with suppress(VerifydError), tree.mirror(state):
        pass
