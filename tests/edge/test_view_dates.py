"""Times of files in one-shot views and mirrors: what was built from other content, in a folder that all share, is built anew."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.repositories import SampleRepository, make_repository
from verifyd.edge.live_tree import open_live_tree
from verifyd.edge.mirror_dates import MirrorDates, read_dates

MAKE = pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
FILES = {"in.txt": "one\n", "Makefile": "build/out: in.txt\n\tcp in.txt build/out\n", ".gitignore": "build/\n"}


@pytest.fixture
def repository(tmp_path: Path) -> SampleRepository:
    """A repository with a Makefile, and its ignored build folder, which every view shares."""
    repository = make_repository(tmp_path, FILES)
    (repository.root / "build").mkdir()
    return repository


def build(folder: Path) -> None:
    """Run make as a gate would."""
    subprocess.run(["make", "--silent"], cwd=folder, check=True, capture_output=True)


def built_from_view(repository: SampleRepository, folder: Path, tree: str | None = None) -> str:
    """What a one-shot run's view of a tree, by default of the working tree, makes in the shared folder."""
    binary, opened = repository.binary(), repository.open()
    binary.write_tree_to(opened, tree or binary.snapshot_working_tree(opened, base="auto")[0].tree, folder)
    (folder / "build").symlink_to(repository.root / "build")
    build(folder)
    return (repository.root / "build/out").read_text()


@MAKE
def test_what_was_built_before_the_first_run_is_older(repository: SampleRepository, tmp_path: Path) -> None:
    """A person built the old content a moment ago."""
    build(repository.root)
    repository.write({"in.txt": "two\n"})
    assert built_from_view(repository, tmp_path / "view") == "two\n"


@MAKE
def test_an_edit_between_two_runs_is_built(repository: SampleRepository, tmp_path: Path) -> None:
    """Content that comes back too, each time within a second of what was built from the other."""
    for number, content in enumerate(("one\n", "two\n", "one\n", "six\n")):
        repository.write({"in.txt": content})
        assert built_from_view(repository, tmp_path / f"view{number}") == content


@MAKE
def test_a_run_beside_a_daemon_is_told_from_it(repository: SampleRepository, tmp_path: Path) -> None:
    """A one-shot run on another tree builds in the same folder: the daemon's next view has a later time, and the other way round."""
    staged = repository.tree_on_disk()
    with open_live_tree(repository.binary(), repository.open()) as live:
        for number in range(3):
            repository.write({"in.txt": f"edit {number}\n"})
            with live.mirror(live.sweep()) as folder:
                (folder / "build").symlink_to(repository.root / "build")
                build(folder)
                assert (repository.root / "build/out").read_text() == f"edit {number}\n"
                (folder / "build").unlink()
            assert built_from_view(repository, tmp_path / f"view{number}", staged) == "one\n"
            with live.mirror(live.sweep()) as folder:
                (folder / "build").symlink_to(repository.root / "build")
                build(folder)
                assert (repository.root / "build/out").read_text() == f"edit {number}\n"
                (folder / "build").unlink()


def test_the_same_tree_has_the_same_times_in_each_run(repository: SampleRepository, tmp_path: Path) -> None:
    """Caches stay warm; an edit changes the time of its file alone, and another content never has the time of one before."""
    binary, opened = repository.binary(), repository.open()
    found: list[dict[str, float]] = []
    for number, content in enumerate(("one\n", "one\n", "two\n", "one\n")):
        repository.write({"in.txt": content})
        tree = binary.snapshot_working_tree(opened, base="auto")[0].tree
        binary.write_tree_to(opened, tree, tmp_path / str(number))
        found.append({name: (tmp_path / str(number) / name).stat().st_mtime for name in FILES})
    assert found[0] == found[1]
    assert [one["Makefile"] for one in found] == [found[0]["Makefile"]] * 4
    assert found[0]["in.txt"] < found[2]["in.txt"] < found[3]["in.txt"]


def test_times_begin_anew_when_the_last_tree_is_gone(repository: SampleRepository, tmp_path: Path) -> None:
    """Nobody can say what differs from it, so that all is later than what was built."""
    binary, opened = repository.binary(), repository.open()
    tree = binary.snapshot_working_tree(opened, base="auto")[0].tree
    binary.write_tree_to(opened, tree, tmp_path / "before")
    dates = read_dates(opened.state_dir / "dates")
    dates.append([f"tree {'1' * 40}"])
    binary.write_tree_to(opened, tree, tmp_path / "after")
    before, after = ((tmp_path / name / "in.txt").stat().st_mtime for name in ("before", "after"))
    assert before < after


def test_two_processes_know_each_others_dates(tmp_path: Path) -> None:
    """Each reads what the other has written before it dates anything; also after the file was written anew."""
    one, other = MirrorDates(file=tmp_path / "dates"), MirrorDates(file=tmp_path / "dates")
    other.append(["1000 aa a.py", "epoch 900"])
    one.catch_up()
    assert (one.known, one.epoch) == ({"a.py": ("aa", 1000)}, 900)
    (tmp_path / "dates").unlink()
    other.append(["2000 bb a.py"])
    one.catch_up()
    assert one.known == {"a.py": ("bb", 2000)}
