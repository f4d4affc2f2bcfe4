"""Every hazard by its name: the torture of ours, the naive way that it fools, and how much of each runs in CI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from tests.torture import (
    editable,
    git_beside,
    half_written,
    hidden_bits,
    hook_environment,
    leftover,
    new_folders,
    overflow,
    same_second,
    there_and_back,
)
from tests.torture.rounds import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """
    One hazard.

    Attributes:
        torture: Folder, rounds and seed in, what came of them out.
        naive: Folder and rounds in, how many false verdicts the naive way gives out.
        rounds: Of ours, in CI.
        naive_rounds: Of the naive way, in CI.
        proves: What must have been said at least once, else nothing was tried.
    """

    torture: Callable[[Path, int, int], Awaitable[Tally]]
    naive: Callable[[Path, int], int]
    rounds: int
    naive_rounds: int = 3
    proves: tuple[str, ...] = ("passed", "failed")


FOUR_WAYS = ("daemon-frozen failed", "daemon-place unproven: tree_moved", "run-frozen failed", "run-place failed")

HAZARDS = {
    "same-second": Hazard(torture=same_second.torture, naive=same_second.naive, rounds=40),
    "same-second-types": Hazard(torture=same_second.torture_types, naive=same_second.naive_types, rounds=4),
    "there-and-back": Hazard(torture=there_and_back.torture, naive=there_and_back.naive, rounds=20, proves=FOUR_WAYS),
    "half-written": Hazard(torture=half_written.torture, naive=half_written.naive, rounds=30),
    "new-folders": Hazard(torture=new_folders.torture, naive=new_folders.naive, rounds=30, naive_rounds=10),
    "overflow": Hazard(torture=overflow.torture, naive=overflow.naive, rounds=15),
    "hidden-bits": Hazard(torture=hidden_bits.torture, naive=hidden_bits.naive, rounds=30),
    "hook-environment": Hazard(torture=hook_environment.torture, naive=hook_environment.naive, rounds=20),
    "hook-commits": Hazard(torture=hook_environment.torture_commits, naive=hook_environment.naive, rounds=3, proves=()),
    "git-beside": Hazard(torture=git_beside.torture, naive=git_beside.naive, rounds=100, naive_rounds=30),
    "leftover": Hazard(torture=leftover.torture, naive=leftover.naive, rounds=5, proves=tuple(leftover.WAYS)[:5]),
    "editable": Hazard(torture=editable.torture, naive=editable.naive, rounds=8),
}
