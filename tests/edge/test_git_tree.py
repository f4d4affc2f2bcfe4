"""The id of a working tree: the one that git itself gives, whatever state the repository is in."""

from __future__ import annotations

import os
import random
import socket
from pathlib import Path

import pytest

from tests.support.repositories import FILES, SampleRepository, make_repository
from verifyd.edge.git import GitBinary
from verifyd.edge.guard import TreeGuard
from verifyd.errors import GitError
from verifyd.snapshot import Snapshot, Source


def snapshot(repository: SampleRepository, *, base: str = "auto") -> Snapshot:
    """The snapshot of its working tree."""
    return guarded(repository, base=base)[0]


def guarded(repository: SampleRepository, *, base: str = "auto") -> tuple[Snapshot, TreeGuard]:
    """The snapshot with its guard."""
    return repository.binary().snapshot_working_tree(repository.open(), base=base)


def test_a_clean_tree_is_that_of_its_commit(repository: SampleRepository) -> None:
    """Without an edit, the tree is HEAD's, the base is HEAD, and every file is listed."""
    head = repository.git("rev-parse", "HEAD").strip()
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    assert snapshot(repository) == Snapshot(
        root=repository.root,
        git_dir=repository.git_dir,
        common_dir=repository.git_dir,
        source=Source.WORKING_TREE,
        tree=tree,
        base=head,
        base_tree=tree,
        head=head,
        paths=frozenset(FILES),
    )


def test_edited_new_and_deleted_files_count_and_ignored_ones_do_not(repository: SampleRepository) -> None:
    """The id is git's own for `add --all`, untracked files included."""
    repository.write({"a.py": "a = 9\n", "new/d.py": "d = 4\n", "noise.log": "x", "build/out": "x"})
    repository.remove("src/b.py")
    found = snapshot(repository)
    assert found.tree == repository.tree_on_disk()
    assert found.paths == frozenset({"a.py", "src/deep/c.py", ".gitignore", "new/d.py"})


def test_staged_content_counts_only_as_far_as_it_is_on_disk(repository: SampleRepository) -> None:
    """A staged edit that was taken back on disk is not in the tree."""
    repository.write({"a.py": "staged\n", "src/b.py": "staged\n"})
    repository.git("add", "--all")
    repository.write({"a.py": FILES["a.py"]})
    assert snapshot(repository).tree == repository.tree_on_disk()


def test_modes_and_links_count(repository: SampleRepository) -> None:
    """An executable bit and where a link leads are part of the id."""
    (repository.root / "a.py").chmod(0o755)
    (repository.root / "link").symlink_to("src/b.py")
    before = snapshot(repository).tree
    assert before == repository.tree_on_disk()
    repository.remove("link")
    (repository.root / "link").symlink_to("src/deep/c.py")
    assert snapshot(repository).tree == repository.tree_on_disk() != before


def test_a_file_and_a_folder_may_change_places(repository: SampleRepository) -> None:
    """`src` becomes a file, `a.py` becomes a folder."""
    repository.remove("src", "a.py")
    repository.write({"src": "now a file\n", "a.py/__init__.py": "now a folder\n"})
    assert snapshot(repository).tree == repository.tree_on_disk()


def test_a_folder_replaced_by_a_link_is_that_link(repository: SampleRepository) -> None:
    """The files that the link makes reachable are not part of the tree."""
    (repository.root / "src").rename(repository.root.parent / "elsewhere")
    (repository.root / "src").symlink_to(repository.root.parent / "elsewhere")
    found = snapshot(repository)
    assert found.tree == repository.tree_on_disk()
    assert found.paths == frozenset({"a.py", ".gitignore", "src"})


def test_an_unborn_head_has_no_base(tmp_path: Path) -> None:
    """Fault 38: without a commit, the change is counted from the empty tree."""
    repository = make_repository(tmp_path, FILES, commit=False)
    found = snapshot(repository)
    assert (found.tree, found.base, found.head) == (repository.tree_on_disk(), None, None)
    assert [file.path for file in repository.binary().change(found).files] == sorted(FILES)


def test_an_empty_repository_has_the_empty_tree(tmp_path: Path) -> None:
    """Fault 38: no commit, no file."""
    repository = make_repository(tmp_path, commit=False)
    found = snapshot(repository)
    assert (found.tree, found.paths) == (repository.tree_on_disk(), frozenset())
    assert found.tree == found.base_tree


def test_everything_deleted_is_the_empty_tree(repository: SampleRepository) -> None:
    """No folder is left in the tree when its last file is gone."""
    repository.remove("a.py", "src", ".gitignore")
    assert snapshot(repository).tree == repository.tree_on_disk()


def test_intended_files_count_as_they_are_on_disk(repository: SampleRepository) -> None:
    """After `git add --intent-to-add`, also for a file that is empty."""
    repository.write({"intended.py": "x = 1\n", "empty.py": ""})
    repository.git("add", "--intent-to-add", "intended.py", "empty.py")
    assert snapshot(repository).tree == repository.tree_on_disk()


def test_a_tracked_file_that_is_ignored_counts(repository: SampleRepository) -> None:
    """What was added by force stays part of the tree, committed or only staged."""
    repository.write({"forced.log": "1\n", "build/forced": "2\n"})
    repository.git("add", "--force", "forced.log", "build/forced")
    assert snapshot(repository).tree == repository.tree_on_disk()
    repository.git("commit", "--quiet", "--message", "Forced")
    repository.write({"forced.log": "changed\n"})
    assert snapshot(repository).tree == repository.tree_on_disk()


def test_our_reports_are_never_part_of_the_tree(repository: SampleRepository) -> None:
    """Not even without an ignore file in their folder."""
    before = snapshot(repository).tree
    repository.write({".verifyd/READINESS.md": "ready\n"})
    assert snapshot(repository).tree == before


def test_committed_reports_stay_as_they_are_committed(repository: SampleRepository) -> None:
    """Whoever commits our reports does not get another tree by each run."""
    repository.commit({".verifyd/READINESS.md": "ready\n"})
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    repository.write({".verifyd/READINESS.md": "not ready\n"})
    assert snapshot(repository).tree == tree


def test_sockets_and_pipes_are_no_files(repository: SampleRepository) -> None:
    """git knows neither, so they are not part of the tree."""
    before = snapshot(repository).tree
    os.mkfifo(repository.root / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(repository.root)
        listening.bind("socket")
        assert snapshot(repository).tree == before


def test_a_pipe_in_the_place_of_a_file_is_refused(repository: SampleRepository) -> None:
    """A tracked path that git cannot store is named."""
    repository.remove("a.py")
    os.mkfifo(repository.root / "a.py")
    with pytest.raises(GitError) as raised:
        snapshot(repository)
    assert str(raised.value) == (
        "a.py: cannot be snapshotted: a.py: unsupported file type\n"
        "  Make the file readable, mend the filter that .gitattributes names for it, or list it in .gitignore."
    )


@pytest.mark.parametrize(
    "arguments",
    [("--object-format=sha256",), ("--separate-git-dir=../elsewhere.git",)],
    ids=["sha256", "separate git folder"],
)
def test_other_kinds_of_repository_give_their_own_ids(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """Ids are those of the repository's own object format, wherever its git folder is."""
    repository = make_repository(tmp_path, FILES, arguments=arguments)
    repository.write({"a.py": "edited\n", "new": "new\n"})
    found = snapshot(repository)
    assert found.tree == repository.tree_on_disk()
    assert [file.path for file in repository.binary().change(found).files] == ["a.py", "new"]


@pytest.mark.parametrize(
    "setting",
    [
        "core.splitIndex=true",
        "index.version=4",
        "core.untrackedCache=true",
        "core.preloadIndex=false",
        "core.fsmonitor=false",
    ],
)
def test_every_form_of_index_is_read(repository: SampleRepository, setting: str) -> None:
    """The index may be split, compressed, or hold an untracked cache."""
    name, _, value = setting.partition("=")
    repository.git("config", name, value)
    repository.git("update-index", "--force-write-index")
    repository.write({"a.py": "edited\n", "src/new.py": "new\n"})
    repository.git("add", "a.py")
    repository.write({"a.py": "edited again\n"})
    assert snapshot(repository).tree == repository.tree_on_disk()


def test_a_linked_work_tree_has_its_own_index_and_state(repository: SampleRepository, tmp_path: Path) -> None:
    """Fault 37: what is judged is the work tree that was asked about, and our files lie in its own git folder."""
    repository.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked"))
    linked = SampleRepository(root=tmp_path / "linked", environment=repository.environment)
    linked.write({"a.py": "in the linked one\n"})
    found = snapshot(linked)
    assert found.tree == linked.tree_on_disk() != snapshot(repository).tree
    assert found.git_dir == repository.git_dir / "worktrees" / "linked"
    assert found.common_dir == repository.git_dir
    assert (found.git_dir / "verifyd" / "git" / "objects").is_dir()


def test_a_work_tree_named_by_a_setting_is_found(tmp_path: Path) -> None:
    """Fault 37: core.worktree may lead anywhere."""
    repository = make_repository(tmp_path, FILES)
    moved = tmp_path / "moved.git"
    repository.git_dir.rename(moved)
    (repository.root / ".git").write_text(f"gitdir: {moved}\n")
    repository.git("config", "core.worktree", str(repository.root))
    assert snapshot(repository).tree == repository.tree_on_disk()


def test_the_repository_is_found_from_a_folder_inside(repository: SampleRepository) -> None:
    """As git does it."""
    assert repository.binary().open_repository(repository.root / "src" / "deep") == repository.open()


@pytest.mark.parametrize("seed", range(6))
def test_random_trees_have_the_ids_that_git_gives(tmp_path: Path, seed: int) -> None:
    """Random files, edits, moves, modes, links and ignore rules, some staged and some not."""
    chance = random.Random(seed)
    repository = make_repository(tmp_path, random_files(chance))
    for _ in range(4):
        repository.write(random_files(chance))
        for path in chance.sample(sorted(every_file(repository.root)), 3):
            repository.remove(path)
        for path in chance.sample(sorted(every_file(repository.root)), 2):
            (repository.root / path).chmod(chance.choice([0o644, 0o755]))
        if chance.random() < 0.5:
            repository.git("add", "--all", "--", chance.choice(["one", "two", "."]))
        assert snapshot(repository).tree == repository.tree_on_disk()


def random_files(chance: random.Random) -> dict[str, str]:
    """A few files in a few folders, with a few ignore rules."""
    folders = ["one", "two", "one/three", "two/four", "build", "."]
    names = ["a", "b", "c.log", "d.py", "e.tmp"]
    files = {f"{chance.choice(folders)}/{chance.choice(names)}": f"{chance.random()}\n" for _ in range(12)}
    files[f"{chance.choice(folders)}/.gitignore"] = "".join(
        chance.sample(["*.log\n", "build/\n", "!c.log\n", "/a\n"], 2)
    )
    return files


def every_file(root: Path) -> set[str]:
    """Files in a work tree, git's own left out."""
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return {str(path) for path in found if path.parts[0] != ".git"}


def test_a_missing_git_is_said_so(tmp_path: Path) -> None:
    """With what to do about it."""
    with pytest.raises(GitError) as raised:
        GitBinary({"PATH": str(tmp_path)}, executable="no-such-git").open_repository(tmp_path)
    assert str(raised.value) == (
        "'no-such-git' was not found on this machine\n  Install git, or put the folder that holds it on PATH."
    )
