"""What differs between two trees: kinds, renames, counts, generated files."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.support.repositories import SampleRepository, make_repository
from verifyd.change import Change, ChangeKind, FileChange

LINES = "".join(f"line {number}\n" for number in range(40))


@pytest.fixture
def repository(tmp_path: Path) -> SampleRepository:
    """A repository with a few files."""
    return make_repository(tmp_path, {"a.py": "1\n2\n3\n", "long.py": LINES, "src/b.py": "b\n"})


def change(repository: SampleRepository, *, base: str = "auto") -> Change:
    """The change of its working tree."""
    binary, opened = repository.binary(), repository.open()
    return binary.change(binary.snapshot_working_tree(opened, base=base)[0])


def generated(repository: SampleRepository) -> set[str]:
    """Changed paths that count in no limit."""
    return {file.path for file in change(repository).files if file.generated}


def test_each_kind_of_change_is_named_and_counted(repository: SampleRepository) -> None:
    """Added, modified, deleted, renamed with an edit, another type; ordered by path."""
    repository.write({"a.py": "1\nzwei\n3\nvier\n", "new.py": "n\n", "moved/long.py": LINES + "one more\n"})
    repository.remove("long.py", "src/b.py")
    (repository.root / "src" / "b.py").parent.mkdir(exist_ok=True)
    (repository.root / "src" / "b.py").symlink_to("elsewhere")
    assert change(repository) == Change(
        files=(
            FileChange(path="a.py", kind=ChangeKind.MODIFIED, added=2, deleted=1),
            FileChange(path="moved/long.py", old_path="long.py", kind=ChangeKind.RENAMED, added=1, deleted=0),
            FileChange(path="new.py", kind=ChangeKind.ADDED, added=1),
            FileChange(path="src/b.py", kind=ChangeKind.TYPE_CHANGED, added=1, deleted=1),
        )
    )


def test_a_deleted_file_counts_its_lines(repository: SampleRepository) -> None:
    """A deletion is work to look at as well."""
    repository.remove("a.py")
    assert change(repository).files == (FileChange(path="a.py", kind=ChangeKind.DELETED, deleted=3),)


def test_a_mode_is_a_change_without_lines(repository: SampleRepository) -> None:
    """`chmod +x` alone."""
    (repository.root / "a.py").chmod(0o755)
    assert change(repository).files == (FileChange(path="a.py", kind=ChangeKind.MODIFIED),)


def test_binary_files_have_no_lines(repository: SampleRepository) -> None:
    """Told by their content."""
    repository.write({"x.bin": b"\0\1\2\n\n\n"})
    assert change(repository).files == (FileChange(path="x.bin", kind=ChangeKind.ADDED, binary=True),)


def test_well_known_names_are_generated(repository: SampleRepository) -> None:
    """Lock files and the like, in any folder."""
    repository.write({"uv.lock": "x\n", "web/package-lock.json": "{}\n", "web/app.min.js": "x\n", "web/app.js": "x\n"})
    assert generated(repository) == {"uv.lock", "web/package-lock.json", "web/app.min.js"}


def test_gitattributes_decide_before_names(repository: SampleRepository) -> None:
    """linguist-generated and -diff mark a file, an explicit no takes a mark back; folders have attributes of their own."""
    repository.commit(
        {
            ".gitattributes": "*.made linguist-generated\nyarn.lock -linguist-generated\n*.raw -diff\n*.dat binary\n",
            "deep/.gitattributes": "*.made linguist-generated=false\n*.py linguist-generated=true\n",
        }
    )
    repository.write(
        {
            "x.made": "x\n",
            "yarn.lock": "x\n",
            "y.raw": "x\n",
            "z.dat": "x\n",
            "deep/x.made": "x\n",
            "deep/gen.py": "x\n",
            "plain.py": "x\n",
        }
    )
    assert generated(repository) == {"x.made", "y.raw", "z.dat", "deep/gen.py"}
    assert change(repository).changed_lines == 3


def test_a_line_that_is_new_in_gitattributes_lifts_no_limit(repository: SampleRepository) -> None:
    """An agent could mark all of its own work as generated: where the marks change, the base must agree."""
    repository.commit({".gitattributes": "*.made linguist-generated\n"})
    repository.write(
        {".gitattributes": "*.made linguist-generated\n*.py linguist-generated\n", "a.py": "x\n", "b.made": "x\n"}
    )
    assert generated(repository) == {"b.made"}


def test_private_attributes_lift_no_limit(repository: SampleRepository) -> None:
    """Neither .git/info/attributes nor the user's own file."""
    (repository.git_dir / "info" / "attributes").write_text("*.py linguist-generated -diff\n")
    (repository.home / "mine").write_text("*.py linguist-generated -diff\n")
    repository.git("config", "--global", "core.attributesFile", str(repository.home / "mine"))
    repository.write({"a.py": "x\n"})
    assert change(repository).files == (FileChange(path="a.py", kind=ChangeKind.MODIFIED, added=1, deleted=3),)


def test_the_judged_tree_decides_and_not_the_disk(repository: SampleRepository) -> None:
    """For a staged tree or a commit, the .gitattributes on disk may be another one."""
    repository.commit({".gitattributes": "*.made linguist-generated\n"})
    repository.write({"x.made": "x\n"})
    repository.git("add", "--all")
    repository.write({".gitattributes": "\n"})
    binary, opened = repository.binary(), repository.open()
    (file,) = binary.change(binary.snapshot_staged(opened, base="auto")).files
    assert (file.path, file.generated) == ("x.made", True)


def test_settings_and_programs_of_the_repository_have_no_say(repository: SampleRepository, tmp_path: Path) -> None:
    """Neither an external diff, nor a textconv, nor rename or algorithm settings; no program of the repository's is run."""
    ran = tmp_path / "ran"
    for name in ("diff.external", "diff.py.textconv", "diff.py.command"):
        repository.git("config", name, f"touch {ran}; true")
    for name, value in (("diff.renames", "false"), ("diff.ignoreSubmodules", "all"), ("diff.noprefix", "true")):
        repository.git("config", name, value)
    repository.commit({".gitattributes": "*.py diff=py\n"})
    repository.git("mv", "long.py", "moved.py")
    assert change(repository).files == (FileChange(path="moved.py", old_path="long.py", kind=ChangeKind.RENAMED),)
    assert not ran.exists()


def test_the_same_tree_has_no_change(repository: SampleRepository) -> None:
    """Nothing differs from itself."""
    assert change(repository) == Change()


def test_git_is_not_started_for_each_changed_file(
    repository: SampleRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred new files need no more git processes than one: a work tree with thousands of them is read in seconds."""
    started: list[object] = []
    run = subprocess.run

    def counted(*arguments: Any, **options: Any) -> Any:
        started.append(arguments)
        return run(*arguments, **options)

    monkeypatch.setattr(subprocess, "run", counted)
    repository.write({"one.py": "1\n"})
    change(repository)
    for_one = len(started)
    repository.write({f"many/{number}.py": f"{number}\n" for number in range(100)})
    started.clear()
    assert len(change(repository).files) == 101
    assert len(started) <= for_one + 2
