"""The guard: whatever touches the tree shows, and what does not touch it does not."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.repositories import SampleRepository, make_repository
from verifyd.edge.guard import TreeGuard

FILES = {
    "a.py": "a = 1\n",
    "src/b.py": "b = 2\n",
    "src/deep/c.py": "c = 3\n",
    ".gitignore": "*.log\n*.pyc\n__pycache__/\n.coverage*\nbuild/\n",
}
VANISHED = "(a file appeared and vanished, or the folder itself was changed)"


@pytest.fixture
def repository(tmp_path: Path) -> SampleRepository:
    """A repository with files, and ignored ones beside them."""
    repository = make_repository(tmp_path, FILES)
    repository.write({"old.log": "old", "build/out": "o", ".coverage": "data"})
    return repository


def guard_of(repository: SampleRepository) -> TreeGuard:
    """A guard from this moment on."""
    return repository.binary().snapshot_working_tree(repository.open(), base="auto")[1]


def moved_by(repository: SampleRepository, *acts: Callable[[], object]) -> tuple[str, ...]:
    """What a guard says after these acts."""
    guard = guard_of(repository)
    for act in acts:
        act()
    return guard.moved()


# --- what counts -------------------------------------------------------------------------------------------------------


def test_nothing_moved_where_nothing_happened(repository: SampleRepository) -> None:
    """However often it is asked."""
    guard = guard_of(repository)
    assert [guard.moved(), guard.moved()] == [(), ()]


def test_an_edit_counts(repository: SampleRepository) -> None:
    """Named by its path."""
    assert moved_by(repository, lambda: repository.write({"src/b.py": "b = 9\n"})) == ("src/b.py",)


def test_a_work_tree_that_is_gone_counts(repository: SampleRepository) -> None:
    """All of it moved, and a guard that cannot look says so too."""
    moved = moved_by(repository, lambda: repository.root.rename(repository.root.with_name("elsewhere")))
    assert moved == ("./", ".gitignore", "a.py", "src/", "src/b.py", "src/deep/", "src/deep/c.py")


def test_a_work_tree_in_the_place_of_another_counts(repository: SampleRepository) -> None:
    """With the same files, made anew."""

    def replace() -> None:
        shutil.copytree(repository.root, repository.root.with_name("copy"))
        repository.root.rename(repository.root.with_name("elsewhere"))
        repository.root.with_name("copy").rename(repository.root)

    moved = moved_by(repository, replace)
    assert moved == ("./", ".gitignore", "a.py", "src/", "src/b.py", "src/deep/", "src/deep/c.py")


@pytest.mark.parametrize("round_", range(20))
def test_an_edit_that_is_taken_back_counts(repository: SampleRepository, round_: int) -> None:
    """Comparing tree ids gave a false green 10 times of 10: same content, same size, same time, in place."""
    path = repository.root / "src" / "b.py"
    seen = path.stat()

    def edit_and_revert() -> None:
        path.write_text("b = 9\n")
        path.write_text(FILES["src/b.py"])
        os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))

    assert moved_by(repository, edit_and_revert) == ("src/b.py",)


@pytest.mark.parametrize("round_", range(20))
def test_an_edit_in_the_tick_after_the_snapshot_counts(repository: SampleRepository, round_: int) -> None:
    """Fault 30: a file that was just written, and is written again with the same size as soon as the snapshot is there."""
    repository.write({"src/b.py": "b = 3\n"})
    guard = guard_of(repository)
    repository.write({"src/b.py": "b = 4\n"})
    assert guard.moved() == ("src/b.py",)


def test_a_replaced_file_counts(repository: SampleRepository, tmp_path: Path) -> None:
    """As editors save: a new file is renamed over the old one; even with the same content and times."""
    copy = tmp_path / "copy"
    shutil.copy2(repository.root / "a.py", copy)
    assert moved_by(repository, lambda: copy.rename(repository.root / "a.py")) == ("a.py",)


def test_a_deleted_file_counts(repository: SampleRepository) -> None:
    """By its path."""
    assert moved_by(repository, lambda: repository.remove("src/b.py")) == ("src/b.py",)


def test_a_file_moved_away_and_back_counts(repository: SampleRepository, tmp_path: Path) -> None:
    """A rename changes the file's ctime."""
    path = repository.root / "a.py"
    assert moved_by(repository, lambda: path.rename(tmp_path / "x"), lambda: (tmp_path / "x").rename(path)) == ("a.py",)


def test_a_new_file_counts(repository: SampleRepository) -> None:
    """In a folder of the tree, and in a new one."""
    files = {"src/new.py": "n\n", "fresh/deep/x.py": "x\n", "fresh/y.log": "y"}
    assert moved_by(repository, lambda: repository.write(files)) == ("fresh/deep/x.py", "src/new.py")


def test_a_file_that_came_and_went_counts(repository: SampleRepository) -> None:
    """Its folder is named."""

    def come_and_go() -> None:
        repository.write({"src/conftest.py": "x\n"})
        repository.remove("src/conftest.py")

    assert moved_by(repository, come_and_go) == (f"src/ {VANISHED}",)


def test_a_file_that_came_and_went_in_the_root_counts(repository: SampleRepository) -> None:
    """The root is watched like any other folder."""

    def come_and_go() -> None:
        repository.write({"conftest.py": "x\n"})
        repository.remove("conftest.py")

    assert moved_by(repository, come_and_go) == (f"./ {VANISHED}",)


def test_a_folder_moved_away_and_back_counts(repository: SampleRepository, tmp_path: Path) -> None:
    """Its files are untouched, but it was gone for a while."""
    path = repository.root / "src"
    moved = moved_by(repository, lambda: path.rename(tmp_path / "x"), lambda: (tmp_path / "x").rename(path))
    assert f"src/ {VANISHED}" in moved


def test_a_folder_replaced_by_a_link_to_its_copy_counts(repository: SampleRepository, tmp_path: Path) -> None:
    """Every file is still found behind the link, with its old content."""
    path = repository.root / "src"

    def replace() -> None:
        path.rename(tmp_path / "x")
        path.symlink_to(tmp_path / "x")

    assert "src/" in moved_by(repository, replace)


@pytest.mark.parametrize("command", [["touch", "a.py"], ["chmod", "+x", "a.py"], ["ln", "a.py", "../hard"]])
def test_a_touched_file_counts_although_its_content_is_the_same(
    repository: SampleRepository, command: list[str]
) -> None:
    """A ctime that changed cannot be told from an edit that was taken back: touch, chmod, a hard link."""
    assert moved_by(repository, lambda: subprocess.run(command, cwd=repository.root, check=True)) == ("a.py",)


def test_a_write_through_a_hard_link_or_a_mapping_counts(repository: SampleRepository, tmp_path: Path) -> None:
    """No event tells of these; the look does."""
    os.link(repository.root / "a.py", tmp_path / "outside")
    assert moved_by(repository, lambda: (tmp_path / "outside").write_text("a = 9\n")) == ("a.py",)


def test_a_new_rule_file_counts_even_if_it_ignores_itself(repository: SampleRepository) -> None:
    """It changes which files around it belong to the tree."""
    files = {"src/.gitignore": "*\n", "src/conftest.py": "x\n"}
    assert moved_by(repository, lambda: repository.write(files)) == ("src/.gitignore",)


def test_a_new_repository_inside_counts(repository: SampleRepository) -> None:
    """A folder of the tree that becomes a repository of its own is another tree."""
    assert moved_by(repository, lambda: repository.git("init", "--quiet", "src/deep")) == ("src/deep/.git",)


def test_a_tracked_ignored_file_that_comes_back_counts(repository: SampleRepository) -> None:
    """It was deleted when the snapshot was taken, and no ignore rule keeps a tracked file out."""
    repository.git("add", "--force", "old.log")
    repository.git("commit", "--quiet", "--message", "Forced")
    repository.remove("old.log")
    assert moved_by(repository, lambda: repository.write({"old.log": "back"})) == ("old.log",)


def test_what_a_private_ignore_file_hides_counts(repository: SampleRepository) -> None:
    """The rules are those of the snapshot."""
    (repository.git_dir / "info" / "exclude").write_text("conftest.py\n")
    assert moved_by(repository, lambda: repository.write({"src/conftest.py": "x\n"})) == ("src/conftest.py",)


def test_a_file_in_an_empty_folder_counts(repository: SampleRepository) -> None:
    """Folders without a file of the tree are looked at too, to any depth, if nothing ignores them."""
    (repository.root / "empty" / "deep").mkdir(parents=True)
    guard = guard_of(repository)
    repository.write({"empty/deep/conftest.py": "x\n"})
    assert guard.moved() == ("empty/deep/conftest.py",)
    repository.remove("empty/deep/conftest.py")
    assert guard.moved() == (f"empty/deep/ {VANISHED}",)


def test_files_outside_a_sparse_checkout_count_when_they_appear(repository: SampleRepository) -> None:
    """They are part of the tree, as they are committed."""
    repository.write({"docs/x.md": "x\n", "forced.log": "x\n"})
    repository.git("add", "--force", "docs/x.md", "forced.log")
    repository.commit()
    repository.git("sparse-checkout", "set", "--no-cone", "/src/", "/a.py", "/.gitignore")
    acts = {"docs/x.md": "another\n", "forced.log": "another\n"}
    assert moved_by(repository, lambda: repository.write(acts)) == ("docs/x.md", "forced.log")


@pytest.mark.parametrize(
    "arguments",
    [("checkout", "--quiet", "other"), ("stash", "--quiet"), ("reset", "--quiet", "--hard", "other")],
    ids=lambda arguments: str(arguments[0]),
)
def test_git_commands_that_write_files_count(repository: SampleRepository, arguments: tuple[str, ...]) -> None:
    """Fault 31: a branch switch, a stash, a hard reset."""
    repository.git("checkout", "--quiet", "-b", "other")
    repository.commit({"a.py": "a = 'other'\n"})
    repository.git("checkout", "--quiet", "main")
    if arguments[0] == "stash":
        repository.write({"a.py": "a = 'edited'\n"})
    assert moved_by(repository, lambda: repository.git(*arguments)) == ("a.py",)


# --- what does not -----------------------------------------------------------------------------------------------------


def test_reading_is_no_change(repository: SampleRepository) -> None:
    """Neither of files nor of folders."""
    grep = ["grep", "-r", "=", "."]
    assert (
        moved_by(repository, lambda: subprocess.run(grep, cwd=repository.root, check=True, capture_output=True)) == ()
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("add", "--all"),
        ("commit", "--quiet", "--allow-empty", "-m", "x"),
        ("branch", "b"),
        ("tag", "t"),
        ("gc", "--quiet"),
    ],
    ids=lambda arguments: str(arguments[0]),
)
def test_git_commands_that_write_no_files_are_no_change(
    repository: SampleRepository, arguments: tuple[str, ...]
) -> None:
    """The user's index, commits and branches are not the tree."""
    repository.write({"a.py": "a = 9\n", "new.py": "n\n"})
    assert moved_by(repository, lambda: repository.git(*arguments)) == ()


def test_ignored_files_may_come_and_change(repository: SampleRepository) -> None:
    """Caches and logs, in folders of the tree and in the root."""
    files = {"x.log": "x", "src/y.log": "y", "build/out": "another", "src/__pycache__/b.pyc": "b"}
    assert moved_by(repository, lambda: repository.write(files)) == ()


def test_ignored_files_may_go(repository: SampleRepository) -> None:
    """A clean-up of build results."""
    assert moved_by(repository, lambda: repository.remove("old.log", "build")) == ()


def test_a_database_with_its_journal_is_no_change(repository: SampleRepository) -> None:
    """coverage writes .coverage, with a journal beside it that comes and goes."""

    def cover() -> None:
        repository.write({".coverage-journal": "j", ".coverage": "more data"})
        repository.remove(".coverage-journal")

    assert moved_by(repository, cover) == ()


def test_our_own_reports_are_no_change(repository: SampleRepository) -> None:
    """Written for the first time, and again."""
    guard = guard_of(repository)
    repository.write({".verifyd/READINESS.md": "ready\n", ".verifyd/.gitignore": "*\n"})
    assert guard.moved() == ()
    repository.write({".verifyd/READINESS.md": "not ready\n"})
    assert guard.moved() == ()


def test_a_new_empty_folder_is_no_change(repository: SampleRepository) -> None:
    """git has no empty folders; what is put into it later counts."""
    guard = guard_of(repository)
    (repository.root / "src" / "empty" / "deep").mkdir(parents=True)
    assert guard.moved() == ()
    repository.write({"src/empty/deep/x.py": "x\n"})
    assert guard.moved() == ("src/empty/deep/x.py",)


def test_a_cache_folder_that_ignores_itself_is_no_change(repository: SampleRepository) -> None:
    """As pytest, mypy and ruff make them: a .gitignore with a star inside."""
    repository.write({".pytest_cache/.gitignore": "*\n", ".pytest_cache/v/x": "x"})
    guard = guard_of(repository)
    repository.write(
        {".pytest_cache/v/x": "y", ".pytest_cache/new": "n", ".mypy_cache/.gitignore": "*\n", ".mypy_cache/x": "x"}
    )
    assert guard.moved() == ()


def test_names_that_are_new_in_thousands_are_told_apart(repository: SampleRepository) -> None:
    """More of them than fit on a command line at once."""
    guard = guard_of(repository)
    repository.write({f"src/{number}-{'n' * 200}.log": "x" for number in range(600)})
    assert guard.moved() == ()
    repository.write({f"src/{number}-{'n' * 200}.py": "x" for number in range(600)})
    assert len(guard.moved()) == 600
