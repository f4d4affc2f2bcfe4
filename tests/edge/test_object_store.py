"""Our own object store: objects that git itself can read, and trees edited without git."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from tests.support.repositories import SampleRepository, make_repository
from verifyd.edge import object_store
from verifyd.edge.git_objects import link_target
from verifyd.edge.git_process import GitProcess
from verifyd.edge.object_store import ObjectStore, quoted
from verifyd.edge.tree_edit import Entry, edit_tree
from verifyd.errors import GitError


@pytest.fixture
def repository(tmp_path: Path) -> SampleRepository:
    """A repository with a few files in folders."""
    return make_repository(tmp_path, {"a": "1\n", "b/c": "2\n", "b/d/e": "3\n", "b.txt": "4\n"})


def store_of(repository: SampleRepository, folder: Path, object_format: str = "sha1") -> ObjectStore:
    """A store that sees the repository's objects."""
    store = ObjectStore(folder / "store", object_format)
    store.prepare()
    store.add_alternate(repository.git_dir / "objects")
    return store


@pytest.mark.parametrize("object_format", ["sha1", "sha256"])
def test_git_reads_what_we_write(tmp_path: Path, object_format: str) -> None:
    """Ids and files of loose objects are git's, in both formats; fsck finds nothing to complain about."""
    repository = make_repository(tmp_path, {"a": "1\n"}, arguments=(f"--object-format={object_format}",))
    store = store_of(repository, tmp_path, object_format)
    identifier = store.write("blob", b"some content\n")
    git = GitProcess(repository.environment)
    assert identifier == repository.git("hash-object", "--stdin", content=b"some content\n").strip()
    assert git.run(store.place, "cat-file", "blob", identifier) == b"some content\n"
    git.run(store.place, "fsck", "--strict", "--no-dangling")
    assert store.empty_tree == repository.git("hash-object", "-t", "tree", "--stdin", content=b"").strip()


@pytest.mark.parametrize("seed", range(5))
def test_edited_trees_have_the_ids_that_git_gives(repository: SampleRepository, tmp_path: Path, seed: int) -> None:
    """Random additions, deletions and swaps of files and folders, with names that sort differently as folders."""
    chance = random.Random(seed)
    store, git = store_of(repository, tmp_path), GitProcess(repository.environment)
    names = ["a", "a.b", "a-b", "a0", "b", "b.txt", "B"]
    blob = store.write("blob", b"x\n")
    tree: str | None = None
    content: dict[str, str] = {}
    for _ in range(12):
        path = "/".join(chance.choice(names) for _ in range(chance.randint(1, 3)))
        clashing = [one for one in content if one.startswith(f"{path}/") or path.startswith(f"{one}/")]
        gone = clashing + chance.sample(sorted(content), min(len(content), chance.randint(0, 2)))
        mode = chance.choice(["100644", "100755", "120000"])
        for one in gone:
            content.pop(one, None)
        content[path] = f"{mode} {blob} 0\t{path}"
        edits: dict[str, Entry | None] = {**dict.fromkeys(gone), path: Entry(mode=mode, id=blob)}
        with git.object_reader(store.place) as objects:
            tree = edit_tree(objects, store, tree, edits)
        index = store.place.with_variables(GIT_INDEX_FILE=str(tmp_path / "index"))
        (tmp_path / "index").unlink(missing_ok=True)
        git.run(
            index,
            "update-index",
            "-z",
            "--index-info",
            content="".join(f"{one}\0" for one in content.values()).encode(),
        )
        assert tree == git.run(index, "write-tree").decode().strip()


def test_a_tree_without_its_last_file_is_the_empty_one(repository: SampleRepository, tmp_path: Path) -> None:
    """And it is there to be read."""
    store, git = store_of(repository, tmp_path), GitProcess(repository.environment)
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    with git.object_reader(store.place) as objects:
        edited = edit_tree(objects, store, tree, dict.fromkeys(["a", "b/c", "b/d/e", "b.txt"]))
    assert edited == store.empty_tree
    assert store.holds(edited)


def test_a_missing_tree_is_named(repository: SampleRepository, tmp_path: Path) -> None:
    """With what to do about it."""
    store, git = store_of(repository, tmp_path), GitProcess(repository.environment)
    with git.object_reader(store.place) as objects, pytest.raises(GitError) as raised:
        edit_tree(objects, store, "0" * 40, {"x": None})
    assert str(raised.value) == f"tree {'0' * 40} is missing from the repository\n  Look at it with: git fsck"


def test_objects_that_nobody_used_for_long_are_removed(repository: SampleRepository, tmp_path: Path) -> None:
    """Those that a snapshot used again are kept; it is looked at once a day at most."""
    store = store_of(repository, tmp_path)
    old, used, young = (store.write("blob", content) for content in (b"old", b"used", b"young"))
    for identifier in (old, used):
        os.utime(store.path_of(identifier), (0, 0))
    assert store.write("blob", b"used") == used
    store.prune()
    assert [store.holds(identifier) for identifier in (old, used, young)] == [False, True, True]
    os.utime(store.path_of(young), (0, 0))
    store.prune()
    assert store.path_of(young).exists()
    os.utime(store.folder / "pruned", (0, 0))
    store.prune()
    assert not store.path_of(young).exists()


def test_a_write_that_was_interrupted_leaves_no_object(repository: SampleRepository, tmp_path: Path) -> None:
    """An object's file is there whole or not at all; what is left of a killed write is collected."""
    store = store_of(repository, tmp_path)
    path = store.path_of(store.id_of("blob", b"x"))
    path.parent.mkdir(parents=True)
    left = path.parent / "new-left"
    left.write_bytes(b"half")
    os.utime(left, (0, 0))
    assert not store.holds(path.parent.name + path.name)
    store.prune()
    assert not left.exists()


def test_alternates_are_remembered(repository: SampleRepository, tmp_path: Path) -> None:
    """A later run finds the objects of nested repositories again; those that are gone are left out."""
    store_of(repository, tmp_path)
    again = ObjectStore(tmp_path / "store", "sha1")
    again.prepare()
    again.add_alternate(tmp_path / "gone")
    listed = again.variables["GIT_ALTERNATE_OBJECT_DIRECTORIES"]
    assert listed == f'"{repository.git_dir / "objects"}"'


@pytest.mark.parametrize("name", ["plain", "with:colon", 'with"quote', "with\nline", "back\\slash", "#hash"])
def test_a_repository_may_lie_at_any_path(tmp_path: Path, name: str) -> None:
    """git splits the list of alternates at colons and reads quotes in it."""
    repository = make_repository(tmp_path / name, {"a": "1\n"})
    store = store_of(repository, tmp_path)
    git = GitProcess(repository.environment)
    blob = repository.git("rev-parse", "HEAD:a").strip()
    assert git.run(store.place, "cat-file", "blob", blob) == b"1\n"


def test_quoting_escapes_what_git_unescapes() -> None:
    """Backslashes first."""
    assert quoted('a\\b"c\nd:e') == '"a\\\\b\\"c\\nd:e"'


@pytest.mark.parametrize(
    "path, target, expected",
    [
        ("link", "a/b", "a/b"),
        ("src/link", "../a", "a"),
        ("src/link", "./b/../c", "src/c"),
        ("link", "../out", None),
        ("link", "/etc/passwd", None),
    ],
)
def test_links_lead_inside_or_nowhere(path: str, target: str, expected: str | None) -> None:
    """A link's target relative to the root; None when it leads out."""
    assert link_target(path, target) == expected


def test_the_bounds_of_collecting_are_a_month_and_a_day() -> None:
    """Far longer than any run, and than the time between two looks at a report."""
    assert (object_store.KEPT_S, object_store.PRUNED_EVERY_S) == (30 * 86400, 86400)
