"""Daemons that lack one of the things that make verdicts exact: the race has to find each of them out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.torture.race import SHORT, RaceGate
from tests.torture.race_check import tree_id
from tests.torture.race_gate import read_files
from verifyd.app.follower import Follower
from verifyd.app.gate import GateRunner
from verifyd.app.gate_evidence import Results
from verifyd.app.ports import Guard
from verifyd.app.process_ports import Job
from verifyd.app.watch_ports import TreeState
from verifyd.edge.live_tree import LiveWorkTree
from verifyd.edge.mirror_dates import MirrorDates
from verifyd.pipeline import Gate

Patch = pytest.MonkeyPatch


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverMoved:
    """A guard that sees nothing."""

    def moved(self) -> tuple[str, ...]:
        """Nothing."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SameTree:
    """A guard that asks only whether the tree's id is afterwards what it was before."""

    root: Path
    tree: str

    def moved(self) -> tuple[str, ...]:
        """Something when the ids differ."""
        return () if tree_id(read_files(str(self.root))) == self.tree else ("something",)


def without_look(patch: Patch) -> None:
    """A question is answered with what events have told until then."""

    async def trust_events(follower: Follower) -> None:
        """No sweep, and nothing is asked of the system."""

    patch.setattr(Follower, "look_now", trust_events)


def without_guard(patch: Patch) -> None:
    """Nobody looks whether the tree moved under a gate."""
    patch.setattr(LiveWorkTree, "guard", lambda tree, state: NeverMoved())


def with_ids_for_guard(patch: Patch) -> None:
    """The tree's id before a run is compared with the one after it."""

    def compare_ids(tree: LiveWorkTree, state: TreeState) -> Guard:
        return SameTree(root=tree._repository.root, tree=state.tree)

    patch.setattr(LiveWorkTree, "guard", compare_ids)


def without_later_times(patch: Patch) -> None:
    """A mirrored file keeps its modification time when its content is replaced."""
    patch.setattr(MirrorDates, "second_of", lambda dates, path, blob: 1_000_000_000)


def without_view(patch: Patch) -> None:
    """Gates that are said to see a frozen view run in the working tree."""
    whole = GateRunner.job_for

    async def job_in_tree(runner: GateRunner, gate: Gate, results: Results) -> Job:
        return replace(await whole(runner, gate, results), view=None)

    patch.setattr(GateRunner, "job_for", job_in_tree)


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """
    Something left out.

    Attributes:
        only: The kinds of edits that show it soonest.
        gates: Those that show it.
        found: What the race then says.
        counted, gaps_s, hold_s: As in Options.
    """

    leave_out: Callable[[Patch], None]
    only: tuple[str, ...]
    gates: tuple[RaceGate, ...]
    found: str
    counted: float = 0.6
    gaps_s: tuple[float, float] = (0.001, 0.5)
    hold_s: tuple[float, float] = (0.001, 0.5)


def gates(*names: str) -> tuple[RaceGate, ...]:
    """Of the short race's."""
    return tuple(gate for gate in SHORT if gate.name in names)


DEFECTS = {
    "the look before an answer": Defect(
        leave_out=without_look,
        only=("rename_over", "append", "create"),
        gates=gates("fast"),
        found="which is not the tree of then",
    ),
    "the guard in place": Defect(
        leave_out=without_guard,
        only=("append", "come_and_go", "revert"),
        gates=gates("place", "placelong"),
        found="is called",
    ),
    "the guard, ids compared instead": Defect(
        leave_out=with_ids_for_guard,
        only=("lure",),
        gates=(
            RaceGate(name="place", seconds=0.5, attributes="isolate=tree on_change=finish", looks=10),
            RaceGate(name="placelong", seconds=0.4, attributes="isolate=tree on_change=finish", looks=7),
        ),
        found="is called",
        counted=0.0,
        gaps_s=(0.2, 0.5),
        hold_s=(0.15, 0.3),
    ),
    "the rule of later times": Defect(
        leave_out=without_later_times,
        only=("swap_token",),
        gates=gates("warm"),
        found="is called",
    ),
    "the frozen view": Defect(
        leave_out=without_view,
        only=("append", "revert"),
        gates=gates("fast", "middle"),
        found="is called",
    ),
}
