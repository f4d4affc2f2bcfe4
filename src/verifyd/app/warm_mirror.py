"""Has a mirror of a large tree at hand before the first edit, instead of making it while somebody waits for that edit's verdict."""

from __future__ import annotations

from contextlib import suppress

from verifyd.app.watch_ports import LiveTree, TreeState
from verifyd.errors import VerifydError
from verifyd.pipeline import Isolate, Pipeline

LARGE = 8_000
"""Files from which on a mirror takes long enough to be noticed: half a second; 57,000 took three."""


def warm_mirror(tree: LiveTree, state: TreeState, pipeline: Pipeline | None, *, can_freeze: bool) -> None:
    """
    Make the mirror when a gate would use it and the tree is large. Blocks; whatever is wrong shows when a gate wants it.

    Args:
        pipeline: What may run; None for nothing.
        can_freeze: Whether this machine has frozen views: copies use no mirror.
    """
    if pipeline is None or not can_freeze or len(state.files) < LARGE:
        return
    if any(gate.isolate is not Isolate.TREE for gate in pipeline.gates):
        with suppress(VerifydError), tree.mirror(state):
            pass
