"""A log of bounded size keeps the head and the tail of what came through the pipe, byte for byte."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.faults import can_mount, with_small_disk
from verifyd.edge.capped_log import CappedLog


def logged(path: Path, portions: list[bytes], cap_bytes: int) -> bytes:
    """What is in the file after these portions came one by one."""
    log = CappedLog(str(path), cap_bytes)
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    for portion in portions:
        os.write(writer, portion)
        while log.copy_from(reader) > 0:
            pass
    os.close(writer)
    assert log.copy_from(reader) == 0
    os.close(reader)
    log.close()
    assert log.seen_bytes == sum(map(len, portions))
    assert not log.lost
    return path.read_bytes()


@settings(max_examples=300, deadline=None)
@given(
    portions=st.lists(st.binary(min_size=1, max_size=40), max_size=30),
    cap_bytes=st.integers(min_value=4, max_value=200),
)
def test_head_and_tail_are_kept(
    tmp_path_factory: pytest.TempPathFactory, portions: list[bytes], cap_bytes: int
) -> None:
    """Up to the cap all is there; past it the first three quarters and the last one, with how much is missing between."""
    text = b"".join(portions)
    tail_bytes = cap_bytes // 4
    missing = len(text) - cap_bytes
    kept = logged(tmp_path_factory.getbasetemp() / "property.log", portions, cap_bytes)
    if missing <= 0:
        assert kept == text
    else:
        head, tail = text[: cap_bytes - tail_bytes], text[-tail_bytes:]
        assert kept == head + b"\n[verifyd: %d bytes left out]\n" % missing + tail


def test_tail_is_never_more_than_two_mebibytes(tmp_path: Path) -> None:
    """With a large cap the head takes the rest, so that memory stays bounded."""
    portions = [bytes([number]) * 60_000 for number in range(200)] * 5
    text = b"".join(portions)
    kept = logged(tmp_path / "log", portions, 32 << 20)
    head_bytes = 30 << 20
    assert kept[:head_bytes] == text[:head_bytes]
    assert kept[-(2 << 20) :] == text[-(2 << 20) :]
    assert kept[head_bytes : -(2 << 20)] == b"\n[verifyd: %d bytes left out]\n" % (len(text) - (32 << 20))


def test_nothing_to_read_is_not_the_end(tmp_path: Path) -> None:
    """An empty pipe gives -1, a closed one 0."""
    log = CappedLog(str(tmp_path / "log"), 100)
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    before = log.copy_from(reader)
    os.close(writer)
    assert (before, log.copy_from(reader)) == (-1, 0)
    os.close(reader)
    log.close()


def test_full_disk_is_said_in_the_log(tmp_path: Path) -> None:
    """Fault 13: on a disk that fills up, reading goes on, the loss is known, and the file's last line says it."""
    if not can_mount():
        pytest.skip("no namespace with mounts of our own can be had here")
    script = """
import json, os, sys
from verifyd.edge.capped_log import CappedLog
folder = sys.argv[1]
log = CappedLog(folder + "/log", 16 << 20)
reader, writer = os.pipe()
os.set_blocking(reader, False)
for number in range(100):
    os.write(writer, b"x" * 60_000)
    while log.copy_from(reader) > 0:
        pass
os.close(writer)
log.close()
text = open(folder + "/log", "rb").read()
print(json.dumps([log.seen_bytes, log.lost, text.rstrip(b"x")[:1].decode(), text[-60:].decode()]))
"""
    seen_bytes, lost, first, end = with_small_disk(script, tmp_path)
    assert (seen_bytes, lost, first) == (6_000_000, True, "x")
    assert end.lstrip("x") == "\n[verifyd: the rest is lost: No space left on device]\n"
