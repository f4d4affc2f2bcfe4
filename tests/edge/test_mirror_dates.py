"""The dates of mirrored files in a daemon's life: who follows them is told each path once, and their file stays small."""

from __future__ import annotations

from pathlib import Path

import pytest

from verifyd.edge import mirror_dates
from verifyd.edge.merkle import TreeNode, edit_node, make_node
from verifyd.edge.mirror_dates import MirrorDates, read_dates


def tree(**contents: str) -> TreeNode:
    """A tree of one folder; names of content are one letter."""
    edits = {f"{name}.py": f"100644 {content * 40}" for name, content in contents.items()}
    return edit_node(make_node({}, "sha1", {}), edits, "sha1").root


def test_changes_are_told_once_a_path_to_whoever_followed_so_far(tmp_path: Path) -> None:
    """The newest first, and to each only what he does not know."""
    dates = MirrorDates(file=tmp_path / "dates")
    for content in "0123":
        dates.follow(tree(a=content, b="0"), 1000)
    followed = dates.changed
    assert dates.changed_since(0) == ["a.py"]
    assert dates.changed_since(followed) == []
    dates.follow(tree(a="3", b="1"), 1000)
    dates.follow(tree(a="4", b="1"), 1000)
    assert dates.changed_since(followed) == ["a.py", "b.py"]
    assert dates.changed_since(followed + 1) == ["a.py"]


def test_the_file_stays_small_while_a_daemon_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After ten thousand changes it is no larger than allowed, and says what was said last."""
    monkeypatch.setattr(mirror_dates, "COMPACTED_BYTES", 10_000)
    dates = MirrorDates(file=tmp_path / "dates")
    for number in range(10_000):
        dates.follow(tree(a="0123456789abcdef"[number % 16], b="0"), 1000)
        assert dates.file.stat().st_size < 10_500
    known = read_dates(dates.file)
    assert (known.known, known.tree_id) == (dates.known, tree(a="f", b="0").id)
    assert sorted(tmp_path.iterdir()) == [dates.file, tmp_path / "dates.flock"]


def test_a_file_of_many_paths_is_not_written_anew_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only when it has become twice as long as it was with each path once."""
    monkeypatch.setattr(mirror_dates, "COMPACTED_BYTES", 10)
    dates = MirrorDates(file=tmp_path / "dates")
    for content in "01":
        dates.follow(tree(**dict.fromkeys("abcdefghij", content)), 1000)
    compacted = dates.compacted_bytes
    assert compacted == dates.file.stat().st_size
    dates.follow(tree(**{**dict.fromkeys("abcdefghij", "1"), "a": "2"}), 1000)
    assert dates.compacted_bytes == compacted
    assert dates.file.stat().st_size > compacted
