"""Files beside the tree, stamped: what a gate may read counts, what tools make again does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from verifyd.edge.ignored_files import stamp_files, stamp_links
from verifyd.edge.sweep import stamp_of, wait_for_clock


def write(path: Path, text: str = "x") -> Path:
    """A file with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def test_a_file_and_what_is_below_a_folder_are_stamped(tmp_path: Path) -> None:
    """To any depth; what is not there is not."""
    write(tmp_path / "secret.cfg")
    write(tmp_path / "local" / "deep" / "a.yml")
    found = stamp_files(tmp_path, ["secret.cfg", "local", "gone"], most=10)
    assert (sorted(found.stamps), found.overflow) == (["local/deep/a.yml", "secret.cfg"], "")


def test_an_edit_that_was_taken_back_shows(tmp_path: Path) -> None:
    """The same bytes, the same size and the same modification time, but written meanwhile."""
    path = write(tmp_path / "secret.cfg", "good")
    wait_for_clock({"": {path.name: stamp_of(path.lstat())}}, write(tmp_path / "clock"))
    before, status = stamp_files(tmp_path, ["secret.cfg"], most=10), path.stat()
    path.write_text("evil", "utf-8")
    path.write_text("good", "utf-8")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert stamp_files(tmp_path, ["secret.cfg"], most=10) != before


def test_reading_changes_nothing(tmp_path: Path) -> None:
    """A gate may read what it likes."""
    path = write(tmp_path / "secret.cfg")
    before = stamp_files(tmp_path, ["secret.cfg"], most=10)
    path.read_text("utf-8")
    assert stamp_files(tmp_path, ["secret.cfg"], most=10) == before


@pytest.mark.parametrize(
    "name",
    [
        *("node_modules/a/index.js", ".venv/bin/python", "web/dist/app.js", "__pycache__/a.pyc", "a.egg-info/PKG-INFO"),
        *(".coverage", ".coverage.host.1", "coverage.xml", "junit.xml", "debug.log"),
        *("app.tsbuildinfo", ".mypy_cache/a.json"),
    ],
)
def test_what_tools_make_again_does_not_count(tmp_path: Path, name: str) -> None:
    """Else a gate's own caches and reports would make each run a new one."""
    write(tmp_path / name)
    assert stamp_files(tmp_path, [name.partition("/")[0]], most=10).stamps == {}


@pytest.mark.parametrize("mark", ["CACHEDIR.TAG", "pyvenv.cfg"])
def test_a_folder_that_says_what_it_is_does_not_count(tmp_path: Path, mark: str) -> None:
    """A cache, or a Python environment (which is stamped by what is installed), whatever its name."""
    write(tmp_path / "mine" / mark)
    write(tmp_path / "mine" / "a")
    assert stamp_files(tmp_path, ["mine"], most=10).stamps == {}


def test_too_many_files_are_said(tmp_path: Path) -> None:
    """Neither is all of them looked at, nor are some taken for all."""
    for number in range(20):
        write(tmp_path / "data" / str(number))
    write(tmp_path / "a.cfg")
    assert stamp_files(tmp_path, ["a.cfg", "data"], most=10).overflow == "data"


def test_what_a_link_leads_to_counts(tmp_path: Path) -> None:
    """The link stays as it was, the file it leads to does not."""
    root = tmp_path / "root"
    target = write(tmp_path / "outside.cfg", "good")
    root.mkdir()
    (root / "link").symlink_to("../outside.cfg")
    before = stamp_links(root, ["link"], most=10), stamp_files(root, ["link"], most=10)
    target.write_text("worse", "utf-8")
    after = stamp_links(root, ["link"], most=10), stamp_files(root, ["link"], most=10)
    assert (before[0] != after[0], before[1] != after[1]) == (True, True)


def test_a_link_inside_the_root_adds_nothing(tmp_path: Path) -> None:
    """What it leads to is part of the tree, or ignored and looked at there."""
    write(tmp_path / "a")
    (tmp_path / "link").symlink_to("a")
    assert stamp_links(tmp_path, ["link"], most=10).stamps == {}


def test_links_that_lead_nowhere_or_in_circles(tmp_path: Path) -> None:
    """They are what they are."""
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "nowhere").symlink_to("/nowhere/at/all")
    assert stamp_links(tmp_path, ["nowhere"], most=10).stamps == {"nowhere ->": "/nowhere/at/all"}
    assert list(stamp_files(tmp_path, ["circle", "nowhere"], most=10).stamps) == ["circle", "nowhere"]
