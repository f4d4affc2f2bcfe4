"""Differences between an upper and a lower folder, without a mount: folders as the kernel would leave them."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from verifyd.edge import overlay_changes


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """An empty upper folder over a lower one with three files."""
    upper, lower = tmp_path / "upper", tmp_path / "lower"
    upper.mkdir()
    (lower / "folder").mkdir(parents=True)
    for name in ("file", "folder/one", "folder/two"):
        (lower / name).write_text(name)
    return upper, lower


def differences(folders: tuple[Path, Path], *besides: str) -> list[str]:
    """What differs."""
    return overlay_changes.differences(str(folders[0]), str(folders[1]), besides=frozenset(besides))


def test_an_empty_upper_folder_changes_nothing(folders: tuple[Path, Path]) -> None:
    """Nothing written, nothing changed; empty folders are nothing to git either."""
    (folders[0] / "empty" / "too").mkdir(parents=True)
    assert differences(folders) == []


def test_content_decides(folders: tuple[Path, Path]) -> None:
    """A copied-up file that is the same is no change; one byte is, and so is the executable bit."""
    upper, _ = folders
    (upper / "file").write_text("file")
    assert differences(folders) == []
    (upper / "file").write_text("fi1e")
    assert differences(folders) == ["file"]
    (upper / "file").write_text("file")
    (upper / "file").chmod(0o600)
    assert differences(folders) == []
    (upper / "file").chmod(0o755)
    assert differences(folders) == ["file"]


def test_content_is_compared_to_its_end(folders: tuple[Path, Path]) -> None:
    """Large files of one size that differ in their last byte differ."""
    upper, lower = folders
    (lower / "file").write_bytes(bytes(3_000_000))
    (upper / "file").write_bytes(bytes(3_000_000))
    assert differences(folders) == []
    (upper / "file").write_bytes(bytes(2_999_999) + b"x")
    assert differences(folders) == ["file"]


def test_a_file_in_place_of_a_folder_and_the_reverse(folders: tuple[Path, Path]) -> None:
    """The new path is named, and all that went with the old one."""
    upper, _ = folders
    (upper / "folder").write_text("now a file")
    (upper / "file").mkdir()
    (upper / "file" / "in").write_text("now a folder")
    assert differences(folders) == ["file", "file/in", "folder", "folder/one", "folder/two"]


def test_links_are_compared_by_where_they_point(folders: tuple[Path, Path]) -> None:
    """A link in place of a file is a change, the same link is none, another target is one."""
    upper, lower = folders
    (upper / "file").symlink_to("folder/one")
    assert differences(folders) == ["file"]
    (lower / "file").unlink()
    (lower / "file").symlink_to("folder/one")
    assert differences(folders) == []
    (lower / "file").unlink()
    (lower / "file").symlink_to("folder/two")
    assert differences(folders) == ["file"]


def test_links_are_not_followed(folders: tuple[Path, Path]) -> None:
    """A link to a folder is a link: a circle of them ends at once."""
    upper, _ = folders
    (upper / "circle").symlink_to(".")
    assert differences(folders) == ["circle"]


def test_what_is_shared_is_left_out(folders: tuple[Path, Path]) -> None:
    """Nothing below a shared path is named; a path that only begins alike is."""
    upper, _ = folders
    (upper / ".venv").mkdir()
    (upper / ".venv" / "cache").write_text("")
    (upper / ".venv2").write_text("")
    assert differences(folders, ".venv") == [".venv2"]


def test_a_flood_of_new_files_hides_no_changed_one(folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """New files are named up to a number; changed ones always."""
    upper, _ = folders
    monkeypatch.setattr(overlay_changes, "MOST_CREATED", 2)
    for name in ("a", "b", "c", "file"):
        (upper / name).write_text("new")
    assert differences(folders) == ["a", "b", "file"]


def test_names_may_be_any_bytes(folders: tuple[Path, Path]) -> None:
    """A name that is not UTF-8 comes out as os.fsdecode has it."""
    Path(os.fsdecode(os.fsencode(folders[0]) + b"/\xff\n")).write_text("")
    assert differences(folders) == ["\udcff\n"]


def test_moving_takes_files_alone(folders: tuple[Path, Path], tmp_path: Path) -> None:
    """Each new or changed file goes to its path below the target; links, same files and what does not fit stay behind."""
    upper, _ = folders
    target = tmp_path / "target"
    (target / "taken").mkdir(parents=True)
    (target / "blocked").write_text("a file")
    (target / "older").write_text("of an earlier job")
    (upper / "file").write_text("changed")
    (upper / "folder").mkdir()
    (upper / "folder" / "one").write_text("folder/one")
    (upper / "folder" / "new").write_text("new")
    (upper / "older").write_text("newer")
    (upper / "link").symlink_to(tmp_path)
    (upper / "taken").write_text("where a folder is")
    (upper / "blocked").mkdir()
    (upper / "blocked" / "below").write_text("where a file is")
    overlay_changes.move(str(upper), str(folders[1]), str(target), besides=frozenset())
    moved = {str(path.relative_to(target)): path.read_text() for path in target.rglob("*") if path.is_file()}
    assert moved == {"blocked": "a file", "older": "newer", "file": "changed", "folder/new": "new"}
    assert not (target / "link").exists()


def test_moving_to_another_file_system_copies(folders: tuple[Path, Path]) -> None:
    """A target on another file system gets the whole file."""
    if not os.access("/dev/shm", os.W_OK) or os.stat("/dev/shm").st_dev == os.stat(folders[0]).st_dev:  # noqa: PTH116
        pytest.skip("there is no second file system at /dev/shm")
    (folders[0] / "file").write_bytes(b"x" * 3_000_000)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as target:
        overlay_changes.move(str(folders[0]), str(folders[1]), target, besides=frozenset())
        assert Path(target, "file").read_bytes() == b"x" * 3_000_000


def test_removing_follows_no_link(tmp_path: Path) -> None:
    """A folder is removed with all in it; what its links point at stays; a missing one is no error."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("")
    (tmp_path / "gone" / "deep").mkdir(parents=True)
    (tmp_path / "gone" / "link").symlink_to(tmp_path / "kept")
    (tmp_path / "gone" / "deep" / "file").write_text("")
    overlay_changes.remove(str(tmp_path / "gone"))
    overlay_changes.remove(str(tmp_path / "gone"))
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept" / "file").exists()
