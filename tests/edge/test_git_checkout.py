"""A tree written into a folder: what a gate on a frozen view sees."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.repositories import SampleRepository, make_repository, nested_in, with_submodule
from verifyd.errors import GitError


@pytest.fixture
def repository(tmp_path: Path) -> SampleRepository:
    """A repository with two files."""
    return make_repository(tmp_path, {"a.py": "a = 1\n", "src/b.py": "b = 2\n"})


def written(repository: SampleRepository, folder: Path) -> dict[str, bytes]:
    """The files of its working tree's snapshot, written into *folder*."""
    binary, opened = repository.binary(), repository.open()
    binary.write_tree_to(opened, binary.snapshot_working_tree(opened, base="auto")[0].tree, folder)
    return {
        str(path.relative_to(folder)): os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def test_exactly_the_judged_files_are_written(repository: SampleRepository, tmp_path: Path) -> None:
    """Edits and untracked files in, ignored ones and git's folder out; modes and links as they are."""
    repository.write({"a.py": "a = 9\n", "new/x.sh": "#!/bin/sh\n", ".gitignore": "*.log\n", "x.log": "x"})
    (repository.root / "new/x.sh").chmod(0o755)
    (repository.root / "link").symlink_to("/etc/passwd")
    assert written(repository, tmp_path / "view") == {
        ".gitignore": b"*.log\n",
        "a.py": b"a = 9\n",
        "link": b"/etc/passwd",
        "new/x.sh": b"#!/bin/sh\n",
        "src/b.py": b"b = 2\n",
    }
    assert os.access(tmp_path / "view/new/x.sh", os.X_OK)
    assert not os.access(tmp_path / "view/a.py", os.X_OK)


def test_line_endings_do_not_depend_on_the_machine(repository: SampleRepository, tmp_path: Path) -> None:
    """Trap 6: one tree for two work trees; what is written follows the tree's own .gitattributes, not core.autocrlf."""
    repository.git("config", "core.autocrlf", "true")
    repository.git("config", "core.eol", "crlf")
    repository.write({".gitattributes": "*.auto text=auto\n*.win text eol=crlf\n", "a.py": "a = 1\r\n"})
    repository.write({"x.auto": "x\r\n", "x.win": "x\r\n"})
    found = written(repository, tmp_path / "view")
    assert {name: found[name] for name in ("a.py", "x.auto", "x.win")} == {
        "a.py": b"a = 1\n",
        "x.auto": b"x\n",
        "x.win": b"x\r\n",
    }


def test_smudge_filters_are_honoured(repository: SampleRepository, tmp_path: Path) -> None:
    """As in any checkout."""
    repository.git("config", "filter.upper.clean", "tr a-z A-Z")
    repository.git("config", "filter.upper.smudge", "tr A-Z a-z")
    repository.write({".gitattributes": "*.up filter=upper\n", "x.up": "shout\n"})
    assert written(repository, tmp_path / "view")["x.up"] == b"shout\n"


def test_submodules_and_nested_repositories_are_written_too(repository: SampleRepository, tmp_path: Path) -> None:
    """A clean one from its own objects, a dirty one as it is on disk."""
    with_submodule(repository, "clean", {"c.py": "c = 1\n"})
    dirty = with_submodule(repository, "dirty", {"d.py": "d = 1\n"})
    dirty.write({"d.py": "d = 9\n"})
    nested_in(repository, "own", {"o.py": "o = 1\n"})
    found = written(repository, tmp_path / "view")
    del found[".gitmodules"]
    assert found == {
        "a.py": b"a = 1\n",
        "src/b.py": b"b = 2\n",
        "clean/c.py": b"c = 1\n",
        "dirty/d.py": b"d = 9\n",
        "own/o.py": b"o = 1\n",
    }


def test_a_submodule_that_is_not_here_is_an_empty_folder(repository: SampleRepository, tmp_path: Path) -> None:
    """As in a clone that did not ask for submodules."""
    with_submodule(repository, "sub", {"s.py": "s = 1\n"})
    repository.git("clone", "--quiet", str(repository.root), str(tmp_path / "clone"))
    clone = SampleRepository(root=tmp_path / "clone", environment=repository.environment)
    assert set(written(clone, tmp_path / "view")) == {".gitmodules", "a.py", "src/b.py"}
    assert list((tmp_path / "view/sub").iterdir()) == []


def test_no_hook_of_the_repository_is_run(repository: SampleRepository, tmp_path: Path) -> None:
    """git runs post-index-change and post-checkout hooks; ours are no business of theirs."""
    for name in ("post-checkout", "post-index-change", "reference-transaction"):
        hook = repository.git_dir / "hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        hook.chmod(0o755)
    repository.write({"a.py": "a = 9\r\n", ".gitattributes": "* text=auto\n"})
    written(repository, tmp_path / "view")
    assert not (tmp_path / "ran").exists()


def test_a_tree_that_is_gone_cannot_be_written(repository: SampleRepository, tmp_path: Path) -> None:
    """It is said which one."""
    with pytest.raises(GitError, match=r"tree 0{40} is missing from the repository"):
        repository.binary().write_tree_to(repository.open(), "0" * 40, tmp_path / "view")


def test_a_failing_smudge_filter_is_reported(repository: SampleRepository, tmp_path: Path) -> None:
    """A view with a file missing would be another tree."""
    repository.git("config", "filter.broken.clean", "cat")
    repository.git("config", "filter.broken.smudge", "false")
    repository.git("config", "filter.broken.required", "true")
    repository.write({".gitattributes": "*.x filter=broken\n", "data.x": "x\n"})
    with pytest.raises(GitError, match=r"the tree cannot be written there: data\.x: smudge filter broken failed"):
        written(repository, tmp_path / "view")
