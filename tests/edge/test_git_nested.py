"""Repositories inside a work tree: submodules, clean and not, and repositories that nothing declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.repositories import SampleRepository, make_repository, nested_in, with_submodule
from verifyd.edge.tree_notes import Oddity
from verifyd.errors import GitError
from verifyd.snapshot import Snapshot

FILES = {"a.py": "a = 1\n", ".gitignore": "*.log\n"}
INNER = {"in.py": "i = 1\n", "deep/in2.py": "i = 2\n"}


@pytest.fixture
def repository(tmp_path: Path) -> SampleRepository:
    """A repository without any other inside."""
    return make_repository(tmp_path, FILES)


def snapshot(repository: SampleRepository) -> Snapshot:
    """The snapshot of its working tree."""
    return repository.binary().snapshot_working_tree(repository.open(), base="auto")[0]


def mode_at(repository: SampleRepository, found: Snapshot, path: str) -> str:
    """git's mode of what a tree holds at a path; empty for a folder or nothing."""
    return repository.binary().content_ids(repository.open(), found.tree).get(path, "").partition(" ")[0]


def test_a_clean_submodule_stays_its_commit(repository: SampleRepository) -> None:
    """Fault 35: the id is git's own, the submodule's files are listed, and nothing is noted."""
    with_submodule(repository, "sub", INNER)
    found = snapshot(repository)
    assert found.tree == repository.tree_on_disk() == repository.git("rev-parse", "HEAD^{tree}").strip()
    assert found.paths == {*FILES, ".gitmodules", "sub/in.py", "sub/deep/in2.py"}
    assert found.notes == ()


def test_a_submodule_at_another_commit_is_that_commit(repository: SampleRepository) -> None:
    """Fault 35: without edits of its own, a moved submodule is what `git add` would record; the change looks inside."""
    sub = with_submodule(repository, "sub", INNER)
    sub.commit({"in.py": "i = 9\n", "new.py": "n = 1\n"})
    found = snapshot(repository)
    assert found.tree == repository.tree_on_disk()
    (file,) = repository.binary().change(found).files
    assert (file.path, file.added, file.deleted, file.inside) == ("sub", 1, 1, ("sub/in.py", "sub/new.py"))
    assert repository.binary().change(found).paths == {"sub", "sub/in.py", "sub/new.py"}


def test_a_dirty_submodule_counts_by_its_content(repository: SampleRepository) -> None:
    """Fault 35: git alone would give the same id; here the edit is in the tree, and in the change as one edit."""
    sub = with_submodule(repository, "sub", INNER)
    before = snapshot(repository)
    sub.write({"in.py": "i = 9\n", "untracked.py": "u = 1\n"})
    found = snapshot(repository)
    assert before.tree == repository.tree_on_disk() != found.tree
    change = repository.binary().change(found)
    assert [(file.path, file.added, file.deleted) for file in change.files] == [
        ("sub/in.py", 1, 1),
        ("sub/untracked.py", 1, 0),
    ]
    assert found.notes == (f"{Oddity.BY_CONTENT}: sub",)
    sub.write({"in.py": "i = 8\n"})
    assert snapshot(repository).tree != found.tree


def test_an_edit_taken_back_in_a_submodule_makes_it_clean_again(repository: SampleRepository) -> None:
    """Fault 35: clean means the same content, whatever the times say."""
    sub = with_submodule(repository, "sub", INNER)
    before = snapshot(repository).tree
    sub.write({"in.py": "i = 9\n"})
    assert snapshot(repository).tree != before
    sub.write({"in.py": INNER["in.py"]})
    assert snapshot(repository).tree == before


def test_a_submodule_that_is_not_initialised_stays_its_commit_and_is_noted(
    repository: SampleRepository, tmp_path: Path
) -> None:
    """Fault 35: in a fresh clone its folder is empty."""
    with_submodule(repository, "sub", INNER)
    repository.git("clone", "--quiet", str(repository.root), str(tmp_path / "clone"))
    clone = SampleRepository(root=tmp_path / "clone", environment=repository.environment)
    found = snapshot(clone)
    assert found.tree == repository.git("rev-parse", "HEAD^{tree}").strip()
    assert found.notes == (f"{Oddity.UNINITIALISED}: sub",)
    assert found.paths == {*FILES, ".gitmodules"}


def test_files_in_the_place_of_a_submodule_count(repository: SampleRepository, tmp_path: Path) -> None:
    """Fault 35: git does not see files in a submodule's folder that has no repository; here they are judged."""
    with_submodule(repository, "sub", INNER)
    repository.git("clone", "--quiet", str(repository.root), str(tmp_path / "clone"))
    clone = SampleRepository(root=tmp_path / "clone", environment=repository.environment)
    clone.write({"sub/conftest.py": "x = 1\n"})
    found = snapshot(clone)
    assert found.paths == {*FILES, ".gitmodules", "sub/conftest.py"}
    assert mode_at(clone, found, "sub/conftest.py") == "100644"


def test_a_removed_submodule_is_gone(repository: SampleRepository) -> None:
    """Fault 35: without its folder there is nothing of it in the tree, as git has it."""
    with_submodule(repository, "sub", INNER)
    repository.remove("sub")
    assert snapshot(repository).tree == repository.tree_on_disk()


def test_a_file_in_the_place_of_a_submodule_is_a_file(repository: SampleRepository) -> None:
    """Fault 35: as git has it."""
    with_submodule(repository, "sub", INNER)
    repository.remove("sub")
    repository.write({"sub": "a file\n"})
    assert snapshot(repository).tree == repository.tree_on_disk()


def test_submodules_of_submodules_are_read_too(repository: SampleRepository) -> None:
    """Fault 35: to any depth."""
    sub = with_submodule(repository, "sub", INNER)
    subsub = with_submodule(sub, "inner", {"x.py": "x = 1\n"})
    repository.commit()
    clean = snapshot(repository)
    assert clean.tree == repository.tree_on_disk()
    assert "sub/inner/x.py" in clean.paths
    subsub.write({"x.py": "x = 9\n"})
    found = snapshot(repository)
    assert [file.path for file in repository.binary().change(found).files] == ["sub/inner/x.py"]


def test_a_nested_repository_counts_by_its_content(repository: SampleRepository) -> None:
    """Trap 3: git would record a commit or nothing; here every file counts, edits without a commit too."""
    nested = nested_in(repository, "vendor/tool", {**INNER, ".gitignore": "*.tmp\n"})
    nested.write({"x.tmp": "ignored by its own rules\n"})
    found = snapshot(repository)
    assert found.paths == {*FILES, "vendor/tool/in.py", "vendor/tool/deep/in2.py", "vendor/tool/.gitignore"}
    assert found.notes == (f"{Oddity.BY_CONTENT}: vendor/tool",)
    nested.write({"in.py": "i = 9\n"})
    assert snapshot(repository).tree != found.tree


def test_a_nested_repository_without_a_commit_counts_by_its_content(repository: SampleRepository) -> None:
    """Fault 36: `git add --all` fails on it with status 128."""
    nested = nested_in(repository, "tool", INNER, commit=False)
    found = snapshot(repository)
    assert found.paths == {*FILES, "tool/in.py", "tool/deep/in2.py"}
    assert mode_at(repository, found, "tool/in.py") == "100644"
    nested.write({"in.py": "i = 9\n"})
    assert snapshot(repository).tree != found.tree


def test_an_empty_nested_repository_is_nothing(repository: SampleRepository) -> None:
    """Fault 36: no file, no folder in the tree."""
    nested_in(repository, "tool", commit=False)
    assert snapshot(repository).tree == repository.git("rev-parse", "HEAD^{tree}").strip()


def test_the_same_content_has_the_same_id_with_and_without_a_repository_around_it(repository: SampleRepository) -> None:
    """Fault 36: what counts is what a gate can see."""
    nested_in(repository, "tool", INNER)
    found = snapshot(repository)
    repository.remove("tool/.git")
    assert snapshot(repository).tree == found.tree == repository.tree_on_disk()


def test_a_recorded_repository_that_nothing_declares_stays_its_commit_while_clean(repository: SampleRepository) -> None:
    """Fault 36: `git add` of a nested repository records its commit without .gitmodules."""
    nested = nested_in(repository, "tool", INNER)
    repository.commit()
    clean = snapshot(repository)
    assert clean.tree == repository.git("rev-parse", "HEAD^{tree}").strip()
    nested.write({"in.py": "i = 9\n"})
    found = snapshot(repository)
    assert [file.path for file in repository.binary().change(found).files] == ["tool/in.py"]


def test_a_nested_repository_hidden_by_a_private_ignore_file_counts(repository: SampleRepository) -> None:
    """Fault 36: hidden by the tree's own .gitignore it does not."""
    nested_in(repository, "tool", INNER)
    (repository.git_dir / "info" / "exclude").write_text("tool/\n")
    assert "tool/in.py" in snapshot(repository).paths
    repository.write({".gitignore": "tool/\n"})
    assert snapshot(repository).paths == frozenset(FILES)


def test_a_conflict_in_a_nested_repository_is_a_conflict(repository: SampleRepository) -> None:
    """Fault 36: the snapshot says so, and where."""
    nested = nested_in(repository, "tool", INNER)
    nested.git("checkout", "--quiet", "-b", "other")
    nested.commit({"in.py": "theirs\n"})
    nested.git("checkout", "--quiet", "main")
    nested.commit({"in.py": "ours\n"})
    nested.attempt("merge", "other")
    found = snapshot(repository)
    assert (found.conflicted, found.notes[0]) == (True, "conflicted: tool/in.py")


def test_a_nested_repository_with_other_ids_is_refused(repository: SampleRepository) -> None:
    """Fault 36: sha256 ids cannot stand in a sha1 tree."""
    root = repository.root / "tool"
    root.mkdir()
    SampleRepository(root=root, environment=repository.environment).git("init", "--quiet", "--object-format=sha256")
    with pytest.raises(GitError) as raised:
        snapshot(repository)
    assert str(raised.value) == (
        f"{root}: this nested repository has sha256 ids, the one around it sha1\n"
        "  List it in .gitignore, or make both alike."
    )


def test_a_submodule_whose_git_folder_is_gone_is_refused(repository: SampleRepository) -> None:
    """Fault 35: its content cannot be told."""
    with_submodule(repository, "sub", INNER)
    (repository.root / "sub" / ".git").write_text("gitdir: /nowhere\n")
    with pytest.raises(GitError, match=r"sub: its git folder /nowhere is not there"):
        snapshot(repository)


def test_nothing_is_written_into_nested_repositories(repository: SampleRepository) -> None:
    """Their git folders stay byte for byte as they were; everything of ours is in the outer one."""
    sub = with_submodule(repository, "sub", INNER)
    nested = nested_in(repository, "tool", INNER)
    sub.write({"in.py": "i = 9\n"})
    nested.write({"in.py": "i = 9\n"})
    before = (sub.state(), nested.state())
    found, guard = repository.binary().snapshot_working_tree(repository.open(), base="auto")
    repository.binary().change(found)
    assert guard.moved() == ()
    assert (sub.state(), nested.state()) == before
    assert not (nested.git_dir / "verifyd").exists()


def test_the_guard_watches_nested_repositories(repository: SampleRepository) -> None:
    """An edit, a new file, and a file that came and went, inside a clean submodule and a nested repository."""
    with_submodule(repository, "sub", INNER)
    nested_in(repository, "tool", {**INNER, ".gitignore": "*.tmp\n"})
    guard = repository.binary().snapshot_working_tree(repository.open(), base="auto")[1]
    repository.write({"tool/x.tmp": "ignored\n"})
    assert guard.moved() == ()
    repository.write({"sub/in.py": "i = 9\n", "tool/deep/new.py": "n\n", "sub/deep/short.py": "s\n"})
    repository.remove("sub/deep/short.py")
    assert guard.moved() == (
        "sub/deep/ (a file appeared and vanished, or the folder itself was changed)",
        "sub/in.py",
        "tool/deep/new.py",
    )
