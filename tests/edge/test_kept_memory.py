"""A tree that was moved together in memory says what it said, and shares inside what it shared."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

from msgspec.structs import fields

from tests.support.repositories import SampleRepository, make_repository
from verifyd.edge.kept_memory import move_together
from verifyd.edge.kept_tree import KeptTree, open_root
from verifyd.edge.merkle import leaves
from verifyd.edge.tree_look import TreeLook
from verifyd.edge.whole_reading import read_whole


def read_tree(repository: SampleRepository) -> KeptTree:
    """What a daemon reads at its start."""
    opened = repository.open()
    git, store = repository.binary().open_store(opened)
    with ExitStack() as stack:
        root = open_root(opened)
        stack.callback(os.close, root)
        return read_whole(TreeLook(git=git, store=store, repository=opened, root=root))


def test_nothing_is_lost(tmp_path: Path) -> None:
    """Each attribute is equal; the ids of folders are held against all that is in them."""
    repository = make_repository(tmp_path, {"a.py": "a\n", "src/b.py": "b\n", "c.py": "c\n", ".gitignore": "*.log\n"})
    kept = read_tree(repository)
    before = {one.name: getattr(kept, one.name) for one in fields(kept)}
    contents = list(leaves(kept.root))
    move_together(kept)
    assert {one.name: getattr(kept, one.name) for one in fields(kept)} == before
    assert list(leaves(kept.root)) == contents
    assert kept.root is not before["root"]


def test_a_path_is_one_text_wherever_it_stands(tmp_path: Path) -> None:
    """Among the files, by their looks and in the index."""
    repository = make_repository(tmp_path, {"a.py": "a\n", "src/b.py": "b\n"})
    kept = read_tree(repository)
    move_together(kept)
    files = {id(path) for path in kept.files}
    assert {id(path) for path in kept.stamps} == files
    assert {id(path) for path in kept.index.paths} == files
