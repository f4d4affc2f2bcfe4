"""Plain globs on a real folder, and copies of what they match."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from verifyd.edge.files import DiskFiles
from verifyd.edge.matching import find_files

FILES = DiskFiles()
NAMES = (
    "a.xml",
    "b.txt",
    "sub/a.xml",
    "sub/deep/a.xml",
    "sub/deep/b.xml",
    ".hidden/a.xml",
    "[odd].xml",
    "node_modules/x/y.xml",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with some files, an empty folder, and links inside and out of it."""
    folder = tmp_path / "folder"
    for name in NAMES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    (folder / "empty").mkdir()
    (folder / ".git").mkdir()
    (folder / ".git" / "a.xml").touch()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.xml").write_text("secret")
    (folder / "link-out").symlink_to(tmp_path / "outside")
    (folder / "link.xml").symlink_to(tmp_path / "outside" / "secret.xml")
    (folder / "loop").symlink_to(folder)
    return folder


@pytest.mark.parametrize(
    "pattern, expected",
    [
        ("a.xml", ["a.xml"]),
        ("./sub//a.xml", ["sub/a.xml"]),
        ("*.xml", ["[odd].xml", "a.xml"]),
        ("?.txt", ["b.txt"]),
        ("[ab].*", ["a.xml", "b.txt"]),
        ("[[]odd].xml", ["[odd].xml"]),
        ("*/a.xml", [".hidden/a.xml", "sub/a.xml"]),
        ("**/a.xml", [".hidden/a.xml", "a.xml", "sub/a.xml", "sub/deep/a.xml"]),
        ("sub/**", ["sub/a.xml", "sub/deep/a.xml", "sub/deep/b.xml"]),
        ("sub/**/**/b.xml", ["sub/deep/b.xml"]),
        ("**", sorted(NAMES)),
        ("sub", []),
        ("none/*", []),
        ("a.xml/b", []),
        ("", []),
        ("../outside/*", []),
        ("sub/../a.xml", []),
        ("/a.xml", ["a.xml"]),
        ("link-out/*", []),
        ("link.xml", []),
        ("loop/a.xml", []),
        (".git/*", []),
    ],
)
def test_what_a_pattern_matches(folder: Path, pattern: str, expected: list[str]) -> None:
    """Regular files below the folder, sorted; no link is followed or taken, and ``.git`` is not entered."""
    assert FILES.glob(folder, pattern) == tuple(folder / name for name in expected)


def test_a_folder_may_stand_for_all_below_it(folder: Path) -> None:
    """That is what people mean who write ``artifacts=test-results``."""
    below = {"sub/a.xml", "sub/deep/a.xml", "sub/deep/b.xml"}
    assert find_files(folder, "sub", whole_folders=True) == below
    assert find_files(folder, "s*", whole_folders=True) == below
    assert find_files(folder, "empty", whole_folders=True) == frozenset()


@pytest.mark.timeout(20)
def test_deep_folders_and_many_stars_end(tmp_path: Path) -> None:
    """Neither depth nor a pattern that could match in very many ways costs more than looking at every folder once."""
    deep = tmp_path
    for _ in range(150):
        deep /= "a"
    deep.mkdir(parents=True)
    (deep / "end").touch()
    assert len(find_files(tmp_path, "**/a/**/a/**/a/**/a/**/end")) == 1
    assert find_files(tmp_path, "**/a/**/a/**/a/**/a/**/none") == frozenset()


class TestCopying:
    """Artifacts that are kept with a run."""

    def test_keeps_relative_names(self, folder: Path, tmp_path: Path) -> None:
        """Each file once, under its own name, for the user alone."""
        copies = FILES.copy_matching(folder, ["**/a.xml", "sub", "*.txt"], tmp_path / "kept")
        names = [".hidden/a.xml", "a.xml", "b.txt", "sub/a.xml", "sub/deep/a.xml", "sub/deep/b.xml"]
        assert copies == tuple(tmp_path / "kept" / name for name in names)
        assert [copy.read_text() for copy in copies] == names
        assert {copy.stat().st_mode & 0o777 for copy in copies} == {0o600}

    def test_nothing_matches(self, folder: Path, tmp_path: Path) -> None:
        """Then nothing is made."""
        assert FILES.copy_matching(folder, ["*.png"], tmp_path / "kept") == ()
        assert not (tmp_path / "kept").exists()

    def test_links_are_left_out(self, folder: Path, tmp_path: Path) -> None:
        """A gate cannot have a file from outside of its folder kept and shown."""
        assert FILES.copy_matching(folder, ["link*", "link-out/**", "loop/**"], tmp_path / "kept") == ()

    def test_a_link_in_the_copys_place_is_not_written_through(self, folder: Path, tmp_path: Path) -> None:
        """Whoever planted it gets a file that is left out, and says so."""
        (tmp_path / "kept").mkdir()
        (tmp_path / "kept" / "a.xml").symlink_to(tmp_path / "outside" / "secret.xml")
        copies = FILES.copy_matching(folder, ["a.xml", "b.txt"], tmp_path / "kept")
        assert [copy.name for copy in copies] == ["b.txt", "LEFT_OUT.txt"]
        assert (tmp_path / "outside" / "secret.xml").read_text() == "secret"

    def test_what_is_too_large_is_named(self, folder: Path, tmp_path: Path) -> None:
        """The rest is still copied, and the list says what is missing and why."""
        (folder / "big\x1b.xml").write_bytes(bytes(1000))
        copies = DiskFiles(copy_limit_bytes=100).copy_matching(folder, ["*.xml"], tmp_path / "kept")
        assert [copy.name for copy in copies] == ["[odd].xml", "a.xml", "LEFT_OUT.txt"]
        assert copies[-1].read_text() == (
            "Not copied; 100 bytes and 5,000 files are the most:\n'big\\x1b.xml': too large: 1,000 bytes\n"
        )

    def test_the_limit_is_for_all_files_together(self, folder: Path, tmp_path: Path) -> None:
        """Two files of five bytes do not fit into eight."""
        copies = DiskFiles(copy_limit_bytes=8).copy_matching(folder, ["a.xml", "b.txt"], tmp_path / "kept")
        assert (
            copies[-1].read_text() == "Not copied; 8 bytes and 5,000 files are the most:\nb.txt: too large: 5 bytes\n"
        )

    def test_many_files_are_limited_too(self, folder: Path, tmp_path: Path) -> None:
        """A gate that makes a million files does not make us copy them."""
        copies = DiskFiles(copy_limit_files=1).copy_matching(folder, ["a.xml", "b.txt"], tmp_path / "kept")
        assert (
            copies[-1].read_text() == "Not copied; 200,000,000 bytes and 1 files are the most:\nb.txt: too many files\n"
        )

    def test_a_sparse_giant_is_left_out_at_once(self, folder: Path, tmp_path: Path) -> None:
        """Its size counts, not the blocks it has."""
        with (folder / "giant").open("wb") as file:
            os.truncate(file.fileno(), 10**12)
        copies = FILES.copy_matching(folder, ["giant"], tmp_path / "kept")
        assert copies[-1].read_text().endswith("giant: too large: 1,000,000,000,000 bytes\n")

    def test_odd_names(self, folder: Path, tmp_path: Path) -> None:
        """Fault 40: names with line ends, bytes that are no UTF-8, and options are copied like others."""
        names = ["-rf", "new\nline", "bytes\udcff", "x" * 255]
        for name in names:
            (folder / "odd").mkdir(exist_ok=True)
            (folder / "odd" / name).write_text("x")
        copies = FILES.copy_matching(folder, ["odd/**"], tmp_path / "kept")
        assert sorted(copy.name for copy in copies) == sorted(names)
