"""What a whole reading of a tree leaves in memory: only what differs from the reading before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repositories import SampleRepository, make_repository
from verifyd.app.watch_ports import Hint
from verifyd.edge.kept_memory import common_paths, common_values
from verifyd.edge.kept_tree import KeptTree
from verifyd.edge.live_tree import LiveWorkTree, open_live_tree

LARGE = ("files", "stamps", "folders", "children", "others", "index")


@pytest.fixture
def repository(tmp_path: Path) -> SampleRepository:
    """A repository with files in two folders."""
    return make_repository(tmp_path, {"a.py": "a\n", "src/b.py": "b\n", "src/c.py": "c\n", ".gitignore": "*.log\n"})


@pytest.fixture
def live(repository: SampleRepository) -> Iterator[LiveWorkTree]:
    """Its tree in memory."""
    with open_live_tree(repository.binary(), repository.open()) as live:
        yield live


def change_rules(repository: SampleRepository) -> Hint:
    """Write one of git's files that decide about the whole tree: all of it is read again."""
    (repository.git_dir / "info/exclude").write_text("# other rules\n")
    return Hint(git_state=True)


def test_a_whole_reading_holds_what_the_one_before_held(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Its paths are the same objects, and so are the looks of files that did not change."""
    before = live._kept
    live.read(change_rules(repository))
    after = live._kept
    assert after is not before
    assert after.files is before.files
    assert identities(after) == identities(before)
    assert after.index.paths is after.files


def test_a_whole_reading_says_what_a_first_one_says(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Whatever came, went and changed meanwhile."""
    hint = change_rules(repository)
    repository.write({"a.py": "other\n", "src/new/d.py": "d\n", "x.log": "x\n"})
    repository.remove("src/b.py")
    live.read(hint)
    with open_live_tree(repository.binary(), repository.open()) as anew:
        assert large_parts(live._kept) == large_parts(anew._kept)
    assert live._kept.files == {"a.py", "src/c.py", "src/new/d.py", ".gitignore"}


def test_a_new_path_is_one_text_wherever_it_stands(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Among the files and by their looks."""
    hint = change_rules(repository)
    repository.write({"src/new/d.py": "d\n"})
    live.read(hint)
    assert {id(path) for path in live._kept.stamps} == {id(path) for path in live._kept.files}


def test_an_index_that_names_the_files_of_the_tree_holds_no_set_of_its_own(
    repository: SampleRepository, live: LiveWorkTree
) -> None:
    """After a commit, of which only the index is read."""
    assert live._kept.index.paths is live._kept.files
    repository.write({"src/d.py": "d\n"})
    live.sweep()
    assert live._kept.index.paths is not live._kept.files
    before = live._kept
    repository.commit()
    live.read(Hint(git_state=True))
    assert live._kept is before
    assert live._kept.index.paths is live._kept.files


def test_values_that_differ_are_the_new_ones() -> None:
    """At the same path, under the path's old text."""
    old = {"one/" * 2: b"old", "two/" * 2: b"same" * 2}
    new = {"two/" * 2: b"same" * 2, "one/" * 2: b"new", "three": b"3"}
    found = common_values(new, old)
    assert found == new
    assert [id(path) for path in old] == [id(path) for path in found if path in old]


def test_paths_are_the_new_ones() -> None:
    """Those that went are left out, those that came are there."""
    old = frozenset({"stays", "goes"})
    assert common_paths(frozenset({"stays", "comes"}), old) == {"stays", "comes"}
    assert common_paths(frozenset({"stays"}), old) == {"stays"}
    assert common_paths(frozenset({"goes", "stays"}), old) is old


def identities(kept: KeptTree) -> dict[int, int]:
    """Which object stands for the look of which."""
    return {id(path): id(stamp) for path, stamp in kept.stamps.items()}


def large_parts(kept: KeptTree) -> dict[str, object]:
    """What there is one of for each file or folder."""
    return {name: getattr(kept, name) for name in LARGE}
