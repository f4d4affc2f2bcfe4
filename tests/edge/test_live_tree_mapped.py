"""Files of the tree in memory that another process holds mapped: a second store through a page leaves no trace, and is read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.mappings import mapping_process
from tests.support.repositories import SampleRepository, make_repository
from verifyd.app.watch_ports import Hint, TreeState
from verifyd.edge.live_tree import LiveWorkTree, open_live_tree

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells who maps what")
TRACELESS = Hint(traceless=True)


@pytest.fixture
def repository(tmp_path: Path) -> SampleRepository:
    """A repository with a file to be mapped."""
    return make_repository(tmp_path, {"f.txt": "bad0\n", "g.txt": "g\n"})


@pytest.fixture
def live(repository: SampleRepository) -> Iterator[LiveWorkTree]:
    """Its tree in memory, after a first sweep."""
    with open_live_tree(repository.binary(), repository.open()) as live:
        live.sweep()
        yield live


@contextmanager
def no_look_at_maps(live: LiveWorkTree) -> Iterator[None]:
    """Fix what is known of who maps what, as it is between two looks."""
    live._look.maps_from_ns = sys.maxsize
    yield
    live._look.maps_from_ns = 0


def check(repository: SampleRepository, state: TreeState) -> None:
    """The state is what is on disk."""
    assert state.tree == repository.tree_on_disk()


@LINUX
@pytest.mark.parametrize("is_swept", [True, False])
@pytest.mark.parametrize("was_seen", [True, False])
def test_each_store_is_read(repository: SampleRepository, live: LiveWorkTree, is_swept: bool, was_seen: bool) -> None:
    """By a sweep, and before an answer about now where no sweep is made; also before a look at the maps saw the process."""
    with mapping_process(repository.root / "f.txt") as store:
        if was_seen:
            live._look.maps_from_ns = 0
            live.sweep()
        for number in range(10):
            store(f"bad{number}")
            check(repository, live.sweep() if is_swept else live.read(TRACELESS))


@LINUX
def test_a_store_before_the_file_was_let_go_is_read(repository: SampleRepository, live: LiveWorkTree) -> None:
    """What was mapped at the last look is read once more after it."""
    with mapping_process(repository.root / "f.txt") as store:
        store("bad1")
        live._look.maps_from_ns = 0
        live.sweep()
        store("bad2")
    live._look.maps_from_ns = 0
    check(repository, live.sweep())


@LINUX
def test_a_file_that_was_mapped_between_two_looks_is_read(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Mapped, stored to, read, stored to again and let go: no look at the maps saw it."""
    with no_look_at_maps(live):
        with mapping_process(repository.root / "f.txt") as store:
            store("bad1")
            live.sweep()
            store("bad2")
        check(repository, live.read(TRACELESS))
    live.sweep()
    assert live._kept.fresh == set()


@LINUX
def test_a_second_name_outside_is_seen_through(
    repository: SampleRepository, live: LiveWorkTree, tmp_path: Path
) -> None:
    """A hard link is another name for the same file."""
    (tmp_path / "other").hardlink_to(repository.root / "f.txt")
    with mapping_process(tmp_path / "other") as store:
        for number in range(3):
            store(f"bad{number}")
            live._look.maps_from_ns = 0
            check(repository, live.sweep())


@LINUX
@pytest.mark.parametrize("round_", range(5))
def test_a_guard_of_a_live_tree_sees_a_store_there_and_back(
    repository: SampleRepository, live: LiveWorkTree, round_: int
) -> None:
    """The page was written before the guard began; what is written during the gate, and taken back, shows."""
    with mapping_process(repository.root / "f.txt") as store:
        store("bad1")
        guard = live.guard(live.sweep())
        assert guard.moved() == ()
        store("GOOD")
        store("bad1")
        assert guard.moved() == ("f.txt",)


def test_what_looks_as_it_did_is_not_read_for_ever(repository: SampleRepository, live: LiveWorkTree) -> None:
    """A look at the maps that does not find the file ends that."""
    repository.write({"f.txt": "edited\n"})
    with no_look_at_maps(live):
        live.read(Hint(paths=frozenset({"f.txt"})))
        assert live._kept.fresh == {"f.txt"}
        live.sweep()
        assert live._kept.fresh == {"f.txt"}
    live.sweep()
    assert live._kept.fresh == set()
