"""Our own objects in a daemon's life: what is needed stays whatever its age, the rest goes by age and size, and never under anybody's hands."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repositories import SampleRepository, make_repository
from verifyd.app.watch_ports import TreeState
from verifyd.edge.kept_objects import LOOSE_AT_MOST
from verifyd.edge.live_tree import LiveWorkTree, open_live_tree
from verifyd.edge.merkle import TreeNode
from verifyd.edge.object_pruning import Limits, StoredFile, objects_of, remove, superfluous

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S
NOTHING_KEPT = Limits(kept_s=0.0, size_bytes=0, spared_s=60.0)
FILES = {"a.py": "a = 1\n", "src/b.py": "b = 2\n", "src/deep/c.py": "c = 3\n"}


@pytest.fixture
def repository(tmp_path: Path) -> SampleRepository:
    """A repository with a few files in folders."""
    return make_repository(tmp_path, FILES)


@pytest.fixture
def live(repository: SampleRepository) -> Iterator[LiveWorkTree]:
    """Its tree in memory, which keeps nothing that nobody needs for longer than a minute."""
    with open_live_tree(repository.binary(), repository.open(), NOTHING_KEPT) as live:
        yield live


def objects_folder(repository: SampleRepository) -> Path:
    """Where our objects are."""
    return repository.git_dir / "verifyd/git/objects"


def stored(repository: SampleRepository) -> set[Path]:
    """Every file of our objects."""
    return {path for path in objects_folder(repository).rglob("*") if path.is_file()}


def age(repository: SampleRepository, seconds: float = 2 * DAY_S) -> None:
    """Let everything that is stored be unused for so long."""
    for path in stored(repository):
        moment = path.stat().st_mtime - seconds
        os.utime(path, (moment, moment))


def edited(repository: SampleRepository, live: LiveWorkTree, text: str) -> TreeState:
    """The tree with another line in a file in a folder."""
    repository.write({"src/deep/c.py": text})
    return live.sweep()


def is_readable(repository: SampleRepository, tree: str) -> bool:
    """Whether git can read each folder and file of a tree out of our objects and the user's."""
    environment = {
        **repository.environment,
        "GIT_OBJECT_DIRECTORY": str(objects_folder(repository)),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(repository.git_dir / "objects"),
    }
    aside = SampleRepository(root=repository.root, environment=environment)
    return aside.attempt("rev-list", "--objects", tree).returncode == 0 and all(
        aside.attempt("cat-file", "-e", line.split()[2]).returncode == 0
        for line in aside.git("ls-tree", "-r", tree).splitlines()
    )


def test_what_the_newest_tree_needs_stays_and_the_rest_goes(repository: SampleRepository, live: LiveWorkTree) -> None:
    """After a hundred edits, as if two days ago: four objects are left, the tree's and no other."""
    states = [edited(repository, live, f"c = {number}\n") for number in range(100)]
    assert len(stored(repository)) == 400
    age(repository)
    assert live.clean(frozenset())
    assert len(stored(repository)) == 4
    assert is_readable(repository, states[-1].tree)
    assert not is_readable(repository, states[-2].tree)


def test_a_tree_that_is_named_keeps_its_objects(repository: SampleRepository, live: LiveWorkTree) -> None:
    """The last ready one, or one that was judged of late; one that nobody knows any more does no harm."""
    states = [edited(repository, live, f"c = {number}\n") for number in range(3)]
    age(repository)
    assert live.clean({states[0].tree, "1" * 40})
    assert [is_readable(repository, state.tree) for state in states] == [True, False, True]


def test_all_that_is_asked_about_the_tree_is_answered_afterwards(
    repository: SampleRepository, live: LiveWorkTree
) -> None:
    """Its change, what differs from the last ready tree, its files in a mirror, and a one-shot run on it."""
    first = edited(repository, live, "c = 1\n")
    state = edited(repository, live, "c = 2\n")
    age(repository)
    assert live.clean({first.tree})
    binary, opened = repository.binary(), repository.open()
    assert binary.change(live.snapshot(state, "auto")).paths == frozenset({"src/deep/c.py"})
    assert binary.paths_changed_between(opened, first.tree, state.tree) == frozenset({"src/deep/c.py"})
    assert binary.read_file(opened, state.tree, "src/deep/c.py") == b"c = 2\n"
    with live.mirror(state) as folder:
        assert (folder / "src/deep/c.py").read_text() == "c = 2\n"
    assert repository.binary().snapshot_working_tree(opened, base="auto")[0].tree == state.tree


def test_what_was_used_a_moment_ago_stays(repository: SampleRepository, live: LiveWorkTree) -> None:
    """A one-shot run beside us may be about to read a tree that is not ours."""
    states = [edited(repository, live, f"c = {number}\n") for number in range(3)]
    assert live.clean(frozenset())
    assert [is_readable(repository, state.tree) for state in states] == [True] * 3


def test_what_a_run_beside_us_has_just_used_stays(repository: SampleRepository, live: LiveWorkTree) -> None:
    """However long ago it was written: the run does not write it again, it only lets it count as used."""
    first = edited(repository, live, "c = 1\n")
    edited(repository, live, "c = 2\n")
    age(repository)
    repository.write({"src/deep/c.py": "c = 1\n"})
    snapshot, _guard = repository.binary().snapshot_working_tree(repository.open(), base="auto")
    assert snapshot.tree == first.tree
    assert live.clean(frozenset())
    assert is_readable(repository, snapshot.tree)


def test_what_is_used_while_it_is_looked_at_stays(tmp_path: Path) -> None:
    """Its time is not the one that was seen."""
    path = tmp_path / "object"
    path.touch()
    seen = StoredFile(path=str(path), used_s=path.stat().st_mtime - DAY_S, size_bytes=0, objects={})
    remove(seen)
    assert path.exists()


def test_what_is_needed_of_a_pack_is_taken_out_of_it(repository: SampleRepository, live: LiveWorkTree) -> None:
    """A burst of a hundred files whose edits are taken back but one: the pack goes, and the one file's objects stay."""
    repository.write({f"src/burst{number}.py": f"{number}\n" for number in range(100)})
    live.sweep()
    packs = objects_folder(repository) / "pack"
    assert len(list(packs.iterdir())) == 2
    repository.remove(*(f"src/burst{number}.py" for number in range(1, 100)))
    state = live.sweep()
    age(repository)
    assert live.clean(frozenset())
    assert list(packs.iterdir()) == []
    assert is_readable(repository, state.tree)
    assert len(stored(repository)) == 3


def test_a_pack_that_is_mostly_needed_stays(repository: SampleRepository, live: LiveWorkTree) -> None:
    """And counts as used again."""
    repository.write({f"src/burst{number}.py": f"{number}\n" for number in range(LOOSE_AT_MOST * 2)})
    state = live.sweep()
    before = stored(repository)
    age(repository)
    assert live.clean(frozenset())
    assert stored(repository) == before
    assert is_readable(repository, state.tree)
    newest = max(path.stat().st_mtime for path in before)
    assert all(newest - path.stat().st_mtime < HOUR_S for path in before)


def test_objects_that_somebody_took_are_noticed_and_come_back(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Cleaning says that something is missing, and after the comparison with git's answer it is there."""
    repository.write({"src/new.py": "new\n"})
    state = edited(repository, live, "c = 4\n")
    for path in stored(repository):
        path.unlink()
    assert not live.clean(frozenset())
    assert live.cross_check()
    assert live.clean(frozenset())
    assert is_readable(repository, state.tree)


def test_what_an_interrupted_write_left_goes(repository: SampleRepository, live: LiveWorkTree) -> None:
    """In a folder of loose objects, and beside the packs."""
    left = [objects_folder(repository) / "00/new-1-1", objects_folder(repository) / "pack/new-xyz"]
    for path in left:
        path.write_bytes(b"half")
    age(repository)
    assert live.clean(frozenset())
    assert [path.exists() for path in left] == [False, False]


def a_file(name: str, used_s: float, size_bytes: int = 100, **objects: int) -> StoredFile:
    """A loose object of that name, unless it is told what it holds."""
    return StoredFile(path=name, used_s=used_s, size_bytes=size_bytes, objects=objects or {name: size_bytes})


@pytest.mark.parametrize(
    "limits, gone",
    [
        (Limits(kept_s=DAY_S, size_bytes=10_000, spared_s=HOUR_S), []),
        (Limits(kept_s=2 * HOUR_S, size_bytes=10_000, spared_s=HOUR_S), ["oldest"]),
        (Limits(kept_s=DAY_S, size_bytes=350, spared_s=HOUR_S), ["oldest"]),
        (Limits(kept_s=DAY_S, size_bytes=250, spared_s=HOUR_S), ["oldest", "older"]),
        (Limits(kept_s=DAY_S, size_bytes=0, spared_s=HOUR_S), ["oldest", "older"]),
        (Limits(kept_s=0.0, size_bytes=0, spared_s=0.0), ["oldest", "older", "new"]),
    ],
)
def test_what_goes_is_decided_by_age_and_by_size(limits: Limits, gone: list[str]) -> None:
    """The longest unused first, only until the rest keeps the limit; what is needed stays however old it is."""
    now_s = 10 * HOUR_S
    files = [
        a_file("new", now_s - 60),
        a_file("older", now_s - 1.5 * HOUR_S),
        a_file("needed", 0),
        a_file("oldest", now_s - 3 * HOUR_S),
    ]
    assert [one.path for one in superfluous(files, frozenset({"needed"}), now_s, limits)] == gone


@pytest.mark.parametrize("needed, gone", [({"large"}, []), ({"small"}, ["pack"]), (set(), ["pack"])])
def test_a_pack_stays_while_half_of_it_is_needed(needed: set[str], gone: list[str]) -> None:
    """By bytes."""
    pack = a_file("pack", 0.0, large=90, small=10)
    limits = Limits(kept_s=0.0, size_bytes=0, spared_s=0.0)
    assert [one.path for one in superfluous([pack], frozenset(needed), 1.0, limits)] == gone


def test_a_tree_is_asked_for_when_the_one_before_is_done_with() -> None:
    """There may be a hundred, each read for this alone; what several have is named once."""
    common = TreeNode(id="c", entries={"a": "100644 f1"})
    asked: list[str] = []

    def roots() -> Iterator[TreeNode]:
        for number in ("1", "2"):
            asked.append(number)
            yield TreeNode(id=number, entries={"c": common, "b": f"100644 g{number}"})

    found = [(identifier, tuple(asked)) for identifier in objects_of(roots())]
    assert found == [
        *(("1", ("1",)), ("g1", ("1",)), ("c", ("1",)), ("f1", ("1",))),
        *(("2", ("1", "2")), ("g2", ("1", "2"))),
    ]
