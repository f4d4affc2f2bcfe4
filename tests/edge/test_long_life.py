"""What a process of weeks gives back, each in a process of its own: it holds until that ends."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.daemons import wait_for
from tests.support.project import Project, page
from tests.support.repository import ROOT
from verifyd.edge.linux import IS_LINUX
from verifyd.edge.long_life import OBJECTS_BETWEEN_COLLECTIONS

HAS_MALLINFO = IS_LINUX and hasattr(ctypes.CDLL(None), "mallinfo2")
OF_GNU = pytest.mark.skipif(
    not HAS_MALLINFO, reason="mallopt and what shows that it worked (mallinfo2) are the GNU C library's"
)
MIB = 1024 * 1024

BEGINNING = """
import ctypes, gc, sys, threading, weakref
from verifyd.edge.long_life import begin_long_life

gc.set_threshold(100_000)
if sys.argv[1] == "long":
    begin_long_life()
libc = ctypes.CDLL(None)
"""

LARGE_BLOCKS = f"""
class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in ("arena", "ordblks", "smblks", "hblks", *"abcdef")]

libc.mallinfo2.restype, libc.malloc.restype = Info, ctypes.c_void_p
libc.malloc.argtypes, libc.free.argtypes = [ctypes.c_size_t], [ctypes.c_void_p]
libc.free(libc.malloc({16 * MIB}))
before = libc.mallinfo2().hblks
libc.malloc({8 * MIB})
print(libc.mallinfo2().hblks - before)
"""

HEAPS = """
together = threading.Barrier(3)

def take():
    libc.malloc(100)
    together.wait()

threads = [threading.Thread(target=take) for _ in range(3)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
libc.fdopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, stream)
libc.fflush(stream)
"""

CIRCLES = """
class One:
    def __init__(self):
        self.itself = self

first = weakref.ref(One())
held = [One() for _ in range(30_000)]
print(first() is None)
"""


def said(script: str, life: str) -> str:
    """What a script prints in a process of a short or a long life."""
    command = [sys.executable, "-c", f"{BEGINNING}{script}", life]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@OF_GNU
@pytest.mark.parametrize("life, mapped", [("long", "1\n"), ("short", "0\n")])
def test_with_the_gnu_c_library_a_large_block_is_asked_of_the_system_even_after_a_larger_one_was_freed(
    life: str, mapped: str
) -> None:
    """It goes back when it is freed; otherwise the C library makes it part of its heap."""
    assert said(LARGE_BLOCKS, life) == mapped


@OF_GNU
def test_with_the_gnu_c_library_threads_share_one_heap() -> None:
    """Otherwise each has its own."""
    assert said(HEAPS, "long").count("<heap nr=") == 1
    assert said(HEAPS, "short").count("<heap nr=") > 1


@pytest.mark.parametrize("life, is_found", [("long", "True\n"), ("short", "False\n")])
def test_garbage_is_found_before_much_more_is_made(life: str, is_found: str) -> None:
    """Of objects that only hold each other; a command ends before it looks for any."""
    assert said(CIRCLES, life) == is_found


WRITE_RHYTHM = """
import atexit, gc, os, sys
if "watch" in sys.argv:
    atexit.register(lambda: open(os.environ["RHYTHM"], "a").write(f"{gc.get_threshold()[0]}\\n"))
"""


def test_a_daemon_has_a_long_life_and_a_command_has_none(tmp_path: Path) -> None:
    """The command that starts one ends at once."""
    project = Project.make(tmp_path, {"VERIFY.md": page(yes="true")})
    project.approve()
    folder, written = tmp_path / "python", tmp_path / "rhythm"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(WRITE_RHYTHM, "utf-8")
    path = f"{folder}{os.pathsep}{ROOT / 'src'}"
    project.verifyd("watch", "--detach", expect=0, extra={"PYTHONPATH": path, "RHYTHM": str(written)})
    project.verifyd("stop", expect=0)
    wait_for(lambda: written.read_text("utf-8").count("\n") == 2, "both have ended")
    assert written.read_text("utf-8").split() == ["100000", str(OBJECTS_BETWEEN_COLLECTIONS)]
