"""What history already knows of a gate: a verdict that still holds, and how many tests it had."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from verifyd.app.history_ports import Store
from verifyd.app.world import World
from verifyd.pipeline import Gate
from verifyd.verdict import Status, Verdict

if TYPE_CHECKING:
    from verifyd.app.judged import Judged


def stored_verdict(store: Store, gate: Gate, key: str) -> Verdict | None:
    """
    An earlier pass with the same action key; None when there is none.

    A failure is measured again: it may have been the machine's, and it is about to be somebody's task.
    """
    known = store.reusable(key)
    if known is None or known.status != Status.PASSED or not known.report:
        return None
    from verifyd.render.json import verdict_from_entry  # most runs reuse nothing, and its models take time to build

    return verdict_from_entry(gate, json.loads(known.report))


def tests_before(world: World, judged: Judged, store: Store, gate: Gate) -> int | None:
    """
    Tests that ran when the gate last passed on a commit that the judged tree descends from; None when it never did.

    Another branch may hold other tests, so its passes say nothing here.
    """
    head = judged.snapshot.head
    known: dict[str, bool] = {}
    for passed in store.passes(gate.name):
        if passed.head is None or head is None:
            continue
        if passed.head not in known:
            known[passed.head] = passed.head == head or world.git.is_ancestor(judged.repository, passed.head, head)
        if known[passed.head]:
            return passed.tests_ran
    return None
