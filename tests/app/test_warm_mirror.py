"""A mirror is made ahead only where a gate will want it and making it takes long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import pytest

from tests.support.builders import a_gate
from verifyd.app.warm_mirror import LARGE, wants_mirror, warm_mirror
from verifyd.app.watch_ports import LiveTree, TreeState
from verifyd.errors import GitError
from verifyd.pipeline import Isolate, Pipeline


@dataclass
class Mirrored:
    """A tree of which only the mirrors are asked for."""

    made: list[TreeState] = field(default_factory=list)
    error: GitError | None = None

    @contextmanager
    def mirror(self, state: TreeState) -> Iterator[Path]:
        """As LiveTree."""
        if self.error is not None:
            raise self.error
        self.made.append(state)
        yield Path("mirror")


def a_state(files: int) -> TreeState:
    """A tree of so many files."""
    names = frozenset(str(number) for number in range(files))
    return TreeState(number=1, tree="1" * 40, content_ids={}, files=names, folders=frozenset({""}), ignored=())


@pytest.mark.parametrize(
    "files, isolate, can_freeze, is_made",
    [
        (LARGE, Isolate.AUTO, True, True),
        (LARGE - 1, Isolate.AUTO, True, False),
        (LARGE, Isolate.TREE, True, False),
        (LARGE, Isolate.AUTO, False, False),
    ],
)
def test_a_mirror_is_made_where_it_is_wanted(files: int, isolate: Isolate, can_freeze: bool, is_made: bool) -> None:
    """Of a large tree, for a gate that sees a frozen view, on a machine that has them."""
    pipeline = Pipeline(gates=(a_gate(isolate=isolate),))
    assert wants_mirror(a_state(files), pipeline, can_freeze=can_freeze) is is_made


def test_nothing_is_made_where_nothing_may_run() -> None:
    """No approved pipeline wants a mirror."""
    assert not wants_mirror(a_state(LARGE), None, can_freeze=True)


def test_the_mirror_of_the_state_is_made() -> None:
    """And let go at once."""
    tree, state = Mirrored(), a_state(1)
    warm_mirror(cast(LiveTree, tree), state)
    assert tree.made == [state]


def test_trouble_is_left_to_the_gate_that_wants_it() -> None:
    """Its verdict says what was wrong."""
    tree = Mirrored(error=GitError("no", where="here"))
    warm_mirror(cast(LiveTree, tree), a_state(LARGE))
    assert tree.made == []
