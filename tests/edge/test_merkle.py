"""Trees in memory: compared by their ids, and read only as far as they are not in memory yet."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.support.repositories import make_repository
from verifyd.app.watch_ports import Hint
from verifyd.edge.known_trees import KnownTrees
from verifyd.edge.live_tree import open_live_tree
from verifyd.edge.merkle import Leaf, TreeNode, differences, folders_by_id


class Closed(Mapping[str, "Leaf | TreeNode"]):
    """Entries that nobody may look at."""

    def __getitem__(self, name: str) -> Leaf | TreeNode:
        raise AssertionError(name)

    def __iter__(self) -> Iterator[str]:
        raise AssertionError

    def __len__(self) -> int:
        raise AssertionError


def node(identifier: str, **entries: Leaf | TreeNode) -> TreeNode:
    """A folder with any id."""
    return TreeNode(id=identifier, entries=entries)


def test_folders_of_one_id_are_not_looked_into() -> None:
    """Two readings of a large folder are two objects: what is in them is not compared."""
    old = node("1", same=TreeNode(id="s", entries=Closed()), file="100644 a")
    new = node("2", same=TreeNode(id="s", entries=Closed()), file="100644 b")
    assert differences(old, new) == {"file": "100644 b"}


def test_a_file_that_became_a_folder_differs_in_both() -> None:
    """The file is gone, and what is in the folder is new."""
    old, new = node("1", x="100644 a"), node("2", x=node("3", y="100644 b"))
    assert differences(old, new) == {"x": None, "x/y": "100644 b"}
    assert differences(new, old) == {"x": "100644 a", "x/y": None}


def test_every_folder_is_found_by_its_id() -> None:
    """The root too, and one that stands in two places once."""
    inner = node("i", file="100644 a")
    root = node("r", one=inner, two=node("t", deep=inner))
    assert folders_by_id(root) == {"r": root, "t": root.entries["two"], "i": inner}


def test_the_last_trees_are_known_by_use() -> None:
    """What was asked for last stays."""
    known = KnownTrees(most=2)
    known.add(node("1"))
    known.add(node("2"))
    assert known.get("1") == node("1")
    known.add(node("3"))
    assert [known.get(one) for one in ("1", "2", "3")] == [node("1"), None, node("3")]


def test_a_tree_that_was_the_newest_is_compared_without_git(tmp_path: Path) -> None:
    """Its objects may be gone from the disk."""
    repository = make_repository(tmp_path, {"a.py": "a = 1\n", "src/b.py": "b = 1\n"})
    with open_live_tree(repository.binary(), repository.open()) as live:
        repository.write({"a.py": "a = 2\n"})
        first = live.read(Hint(paths=frozenset({"a.py"})))
        shutil.rmtree(repository.binary().open_store(repository.open())[1].objects)
        repository.write({"src/b.py": "b = 3\n"})
        second = live.read(Hint(paths=frozenset({"src/b.py"})))
        assert live.paths_changed(second, first.tree) == frozenset({"src/b.py"})


def test_of_a_stored_tree_only_what_differs_is_read(tmp_path: Path) -> None:
    """A folder that is in memory need not be in the store; the same folder object stands in both trees."""
    repository = make_repository(tmp_path, {"a.py": "a = 1\n", "src/b.py": "b = 1\n"})
    base = repository.git("rev-parse", "HEAD^{tree}").strip()
    with open_live_tree(repository.binary(), repository.open()) as live:
        repository.write({"a.py": "a = 2\n"})
        state = live.read(Hint(paths=frozenset({"a.py"})))
        live._known.forget()
        assert live.paths_changed(state, base) == frozenset({"a.py"})
        stored = live._known.get(base)
        assert stored is not None
        assert stored.entries["src"] is live._kept.root.entries["src"]
