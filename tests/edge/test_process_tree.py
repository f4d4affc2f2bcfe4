"""What /proc tells of processes, and signals to all of a tree."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from verifyd.edge import process_tree

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")

TREE = "setsid sh -c 'sleep 600 & echo; wait' & sleep 600 & wait"


@pytest.fixture
def tree() -> Iterator[int]:
    """A shell with two children, one of which has one."""
    with subprocess.Popen(["sh", "-c", TREE], stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        while len(process_tree.descendants(process.pid)) < 3:
            time.sleep(0.005)
        yield process.pid
        process_tree.send([process.pid, *process_tree.descendants(process.pid)], signal.SIGKILL)


def test_descendants_are_all_below(tree: int) -> None:
    """Children come before their own children, those in other sessions too; one asked directly has only its own."""
    below = process_tree.descendants(tree)
    assert len(below) == 3
    assert below[:2] == process_tree.children(tree)
    assert below[2:] == process_tree.children(below[0]) or below[2:] == process_tree.children(below[1])


def test_the_whole_table_says_the_same(tree: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel without /proc/…/children gives the same answers, by every process's parent."""
    before = (sorted(process_tree.children(tree)), sorted(process_tree.descendants(tree)))
    monkeypatch.setattr(process_tree, "_HAS_CHILDREN_FILES", False)
    assert (sorted(process_tree.children(tree)), sorted(process_tree.descendants(tree))) == before


def test_a_process_that_is_gone_has_nothing() -> None:
    """Questions about a process that has ended are answered, not refused."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert process_tree.descendants(gone.pid) == []
    assert process_tree.resident_bytes([gone.pid]) == 0
    assert process_tree.state(gone.pid) == ""
    assert process_tree.alive([gone.pid]) == []
    assert not process_tree.handles(gone.pid, signal.SIGTERM)
    process_tree.send([gone.pid], signal.SIGKILL)


def test_a_zombie_does_not_live() -> None:
    """A process that has ended and was not reaped is no longer alive."""
    process = subprocess.Popen(["true"])
    while process_tree.state(process.pid) != "Z":
        time.sleep(0.005)
    assert process_tree.alive([process.pid]) == []
    process.wait()


def test_a_name_with_brackets_hides_no_state(tmp_path: Path) -> None:
    """The state is read behind the last bracket: a program may be called anything."""
    odd = tmp_path / "a) R (b"
    odd.symlink_to("/bin/sleep")
    with subprocess.Popen([odd, "600"]) as process:
        while process_tree.state(process.pid) != "S":
            time.sleep(0.005)
        process.kill()


def test_memory_is_in_bytes() -> None:
    """This interpreter holds more than a mebibyte and less than ten gibibytes."""
    assert 1 << 20 < process_tree.resident_bytes([os.getpid()]) < 10 << 30


def test_handlers_are_known() -> None:
    """A handler is told from the default and from ignoring."""
    script = "import signal, sys, time; signal.signal(signal.SIGTERM, {}); print(flush=True); time.sleep(600)"
    known = {}
    for handler in ("print", "signal.SIG_IGN", "signal.SIG_DFL"):
        with subprocess.Popen([sys.executable, "-c", script.format(handler)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            known[handler] = process_tree.handles(process.pid, signal.SIGTERM)
            process.kill()
    assert known == {"print": True, "signal.SIG_IGN": False, "signal.SIG_DFL": False}


def test_our_own_group_is_never_signalled() -> None:
    """A process that shares our group is signalled alone."""
    with subprocess.Popen(["sleep", "600"]) as process:
        assert os.getpgid(process.pid) == os.getpgrp()
        process_tree.send([process.pid], signal.SIGTERM)
        assert process.wait() == -signal.SIGTERM


def test_freezing_stops_all_of_it(tree: int) -> None:
    """After it, every process below is stopped."""
    process_tree.freeze(tree)
    below = process_tree.descendants(tree)
    while any(process_tree.state(pid) != "T" for pid in below):
        time.sleep(0.005)
    assert len(below) == 3


def test_without_proc_there_is_nothing_to_see(tree: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A system without /proc knows of no descendants, and raises nothing."""
    monkeypatch.setattr(process_tree, "_HAS_CHILDREN_FILES", False)
    monkeypatch.setattr(process_tree, "_entries", lambda folder: [])
    assert (process_tree.children(tree), process_tree.descendants(tree)) == ([], [])
