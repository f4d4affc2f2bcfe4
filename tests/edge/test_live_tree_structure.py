"""The tree in memory where more than files changes: repositories in it, submodules, conversions, private rules, conflicts."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.contents import contents
from tests.support.repositories import SampleRepository, make_repository, nested_in, with_submodule
from verifyd.app.watch_ports import Hint
from verifyd.edge.kept_objects import LOOSE_AT_MOST, keep_objects
from verifyd.edge.live_tree import LiveWorkTree, open_live_tree

FILES = {"a.py": "a\n", ".gitignore": "*.log\n", ".gitattributes": "*.txt text eol=crlf\n", "x.txt": "a\n"}


@pytest.fixture
def repository(tmp_path: Path) -> SampleRepository:
    """A repository with a submodule ``sub`` and a repository in it that nothing declares, ``vendor/nest``."""
    repository = make_repository(tmp_path, FILES)
    with_submodule(repository, "sub", {"s.py": "s\n"})
    nested_in(repository, "vendor/nest", {"n.py": "n\n"})
    return repository


@pytest.fixture
def live(repository: SampleRepository) -> Iterator[LiveWorkTree]:
    """Its tree in memory."""
    with open_live_tree(repository.binary(), repository.open()) as live:
        yield live


def check(repository: SampleRepository, live: LiveWorkTree) -> None:
    """All that is said of the newest state, and its mirror, are what the one-shot reader and a checkout give."""
    binary, opened, state = repository.binary(), repository.open(), live.state
    snapshot, _guard = binary.snapshot_working_tree(opened, base="auto")
    assert live.snapshot(state, "auto") == snapshot
    assert dict(state.content_ids) == dict(binary.content_ids(opened, state.tree))
    assert state.ignored == binary.ignored_paths(opened)
    checkout = repository.home / f"checkout-{state.number}-{state.tree}"
    binary.write_tree_to(opened, state.tree, checkout)
    with live.mirror(state) as folder:
        assert contents(folder) == contents(checkout)


def test_repositories_in_the_tree_are_followed(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Edits and commits in a submodule and in an undeclared repository, and its end."""
    inner = SampleRepository(root=repository.root / "sub", environment=repository.environment)
    nested = SampleRepository(root=repository.root / "vendor/nest", environment=repository.environment)
    check(repository, live)
    nested.write({"n.py": "other\n"})
    live.sweep()
    check(repository, live)
    inner.write({"s.py": "other\n"})
    live.read(Hint(paths=frozenset({"sub/s.py"})))
    check(repository, live)
    inner.commit()
    nested.commit()
    live.sweep()
    check(repository, live)
    repository.remove("vendor")
    live.sweep()
    check(repository, live)


def test_a_commit_in_a_submodule_is_read_by_its_hint(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Although no file changes: the tree names the commit."""
    before = live.state.tree
    inner = SampleRepository(root=repository.root / "sub", environment=repository.environment)
    inner.git("commit", "--quiet", "--allow-empty", "--message", "Nothing")
    assert live.read(Hint(git_state=True)).tree != before
    check(repository, live)


def test_a_new_repository_in_the_tree_is_seen(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Its content is judged from then on."""
    nested_in(repository, "later/nest", {"n.py": "n\n"})
    live.read(Hint(paths=frozenset({"later"})))
    check(repository, live)
    assert "later/nest/n.py" in live.state.files


def test_a_new_repository_in_the_tree_is_read_by_who_was_there_before(
    repository: SampleRepository, live: LiveWorkTree
) -> None:
    """A daemon has one reader for its tree and another for the change: what one learns of a nested repository's objects, both know."""
    other, opened = repository.binary(), repository.open()
    other.change(live.snapshot(live.state, "auto"))
    nested_in(repository, "later/nest", {"n.py": "never seen before\n"})
    live.read(Hint(paths=frozenset({"later"})))
    change = other.change(live.snapshot(live.state, "auto"))
    assert "later/nest/n.py" in {one.path for one in change.files}
    assert "later/nest/n.py" in other.content_ids(opened, live.state.tree)


def test_conversions_are_gits(repository: SampleRepository, live: LiveWorkTree) -> None:
    """New, edited, staged, committed; and when a setting turns them on for every file."""
    repository.write({"x.txt": "b\r\nc\r\n", "y.txt": "1\r\n", "z.bin": b"\r\n\0"})
    live.read(Hint(paths=frozenset({"x.txt", "y.txt", "z.bin"})))
    check(repository, live)
    repository.git("add", "--all")
    live.sweep()
    check(repository, live)
    repository.git("config", "core.autocrlf", "true")
    repository.write({"q.c": "1\r\n2\r\n"})
    live.read(Hint(paths=frozenset({"q.c"}), git_state=True))
    check(repository, live)


def test_what_a_private_rule_hides_is_judged_and_noted(repository: SampleRepository, live: LiveWorkTree) -> None:
    """For as long as it is there."""
    (repository.git_dir / "info/exclude").write_text("hid*\n")
    repository.write({"hidden.py": "h\n"})
    live.sweep()
    check(repository, live)
    repository.remove("hidden.py")
    live.read(Hint(paths=frozenset({"hidden.py"})))
    check(repository, live)


def test_a_merge_is_followed_to_its_end(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Conflicts are told, in the index and by their markers, until they are resolved."""
    repository.git("checkout", "--quiet", "-b", "other")
    repository.commit({"a.py": "theirs\n"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"a.py": "ours\n"})
    repository.attempt("merge", "other")
    assert live.sweep().conflicted
    check(repository, live)
    repository.write({"a.py": "resolved\n"})
    live.read(Hint(paths=frozenset({"a.py"})))
    check(repository, live)
    repository.commit()
    assert not live.sweep().conflicted
    check(repository, live)


def test_a_file_behind_a_link_that_took_its_folders_place_is_gone(
    repository: SampleRepository, live: LiveWorkTree
) -> None:
    """Although the hint names that file, and something is there when the link is followed."""
    repository.write({"src/b.py": "b\n"})
    live.sweep()
    (repository.root / "src").rename(repository.root.parent / "elsewhere")
    (repository.root / "src").symlink_to(repository.root.parent / "elsewhere")
    (repository.root.parent / "elsewhere" / "b.py").write_text("changed\n")
    live.read(Hint(paths=frozenset({"src/b.py"})))
    check(repository, live)
    assert "src" in live.state.files


def test_a_burst_of_objects_is_a_pack_that_git_reads(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Every one of them, by its id; written twice it is one pack."""
    _git, store = repository.binary().open_store(repository.open())
    blobs = [os.urandom(size) for size in range(LOOSE_AT_MOST + 300)]
    objects = [(store.id_of("blob", content), "blob", content) for content in blobs]
    keep_objects(store, objects)
    keep_objects(store, objects)
    packs = list((store.objects / "pack").glob("*.idx"))
    assert len(packs) == 1
    repository.git("verify-pack", str(packs[0]))
    for identifier, _, content in objects[:: len(objects) // 7]:
        aside = {**repository.environment, "GIT_OBJECT_DIRECTORY": str(store.objects)}
        apart = SampleRepository(root=repository.root, environment=aside)
        assert apart.attempt("cat-file", "blob", identifier).stdout == content


def test_an_ignored_folder_may_take_a_tracked_files_place(repository: SampleRepository, live: LiveWorkTree) -> None:
    """What is ignored is then still what git says."""
    repository.remove("a.py")
    repository.write({".gitignore": "*.log\na.py\n", "a.py/inner": "x"})
    live.sweep()
    repository.write({"noise.log": "x"})
    live.sweep()
    check(repository, live)


def test_a_lost_object_folder_is_made_anew(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Whatever was in it that is needed is written again."""
    repository.write({"u.py": "untracked\n"})
    live.sweep()
    _git, store = repository.binary().open_store(repository.open())
    store.objects.rename(store.folder / "elsewhere")
    repository.write({"a.py": "other\n"})
    live.read(Hint(paths=frozenset({"a.py"})))
    check(repository, live)
