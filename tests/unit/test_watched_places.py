"""What it means that a path was touched."""

from __future__ import annotations

import pytest

from verifyd.app.watch_ports import Hint
from verifyd.edge.file_systems import kind_of
from verifyd.edge.watched_places import Places

USUAL = Places(root="/r", git_dir="/r/.git", common_dir="/r/.git")
LINKED = Places(root="/linked", git_dir="/r/.git/worktrees/linked", common_dir="/r/.git")
INSIDE_BARE = Places(root="/r.git/main", git_dir="/r.git/worktrees/main", common_dir="/r.git")
GIT_STATE = Hint(git_state=True)
NOTHING = Hint()


@pytest.mark.parametrize(
    "path", ["a.py", "a/b/c.txt", ".gitignore", "a/.git", "a/.verifyd/x", ".verifydx", ".github/x", "v.lock"]
)
def test_a_path_of_the_tree_is_itself(path: str) -> None:
    """A path of the work tree is the hint, also one that only looks like git's or ours."""
    assert USUAL.hint(f"/r/{path}") == Hint(paths=frozenset({path}))


def test_the_root_is_the_empty_path() -> None:
    """As everywhere in the tree."""
    assert USUAL.hint("/r") == Hint(paths=frozenset({""}))


@pytest.mark.parametrize(
    "path",
    [
        "index",
        "HEAD",
        "MERGE_HEAD",
        "rebase-merge",
        "packed-refs",
        "config",
        "config.worktree",
        "refs/heads/a/b",
        "info/exclude",
        "info/attributes",
        "info/sparse-checkout",
        "reftable/tables.list",
        "shallow",
        "modules",
        "modules/sub",
        "modules/lib/sub/HEAD",
        "modules/sub/refs/heads/main",
        "modules/sub/index",
        "modules/sub/modules/inner/packed-refs",
    ],
)
def test_what_a_tree_or_its_change_depends_on_is_gits_state(path: str) -> None:
    """Index, HEAD, refs, excludes, attributes, settings, and what is under way."""
    assert USUAL.hint(f"/r/.git/{path}") == GIT_STATE


@pytest.mark.parametrize(
    "path",
    [
        "index.lock",
        "HEAD.lock",
        "refs/heads/main.lock",
        "objects/ab/cdef",
        "objects",
        "logs/HEAD",
        "COMMIT_EDITMSG",
        "FETCH_HEAD",
        "verifyd",
        "verifyd/verdicts/x",
        "worktrees/other/index",
        "indexes",
        "modules/sub/index.lock",
        "modules/sub/objects/ab/cdef",
        "modules/sub/logs/HEAD",
        "modules/sub/verifyd/verdicts/x",
    ],
)
def test_locks_objects_and_our_own_folder_are_nothing(path: str) -> None:
    """Nobody is woken for them."""
    assert USUAL.hint(f"/r/.git/{path}") == NOTHING


@pytest.mark.parametrize("path", [".verifyd", ".verifyd/READINESS.md", ".verifyd/a/b"])
def test_our_reports_are_nothing(path: str) -> None:
    """What we write never makes us run."""
    assert USUAL.hint(f"/r/{path}") == NOTHING


def test_outside_is_nothing() -> None:
    """Another folder, also one whose name begins in the same way."""
    assert [USUAL.hint(path) for path in ("/", "/rest", "/r2/a", "/elsewhere")] == [NOTHING] * 4


def test_a_linked_work_tree_has_its_own_index_and_common_refs() -> None:
    """Both git folders count; the other work trees' indexes do not."""
    git = "/r/.git"
    assert [LINKED.hint(f"{git}/worktrees/linked/index"), LINKED.hint(f"{git}/refs/heads/x")] == [GIT_STATE] * 2
    assert [LINKED.hint(f"{git}/worktrees/other/index"), LINKED.hint("/r/a.py")] == [NOTHING] * 2
    assert LINKED.hint("/linked/.git") == GIT_STATE
    assert LINKED.hint(f"{git}/worktrees/linked/modules/sub/HEAD") == GIT_STATE
    assert LINKED.hint(f"{git}/modules/sub/HEAD") == NOTHING


def test_a_work_tree_inside_a_bare_repository_is_a_work_tree() -> None:
    """The innermost folder decides."""
    assert INSIDE_BARE.hint("/r.git/main/refs/a") == Hint(paths=frozenset({"refs/a"}))
    assert [INSIDE_BARE.hint("/r.git/refs/heads/a"), INSIDE_BARE.hint("/r.git/worktrees/main/HEAD")] == [GIT_STATE] * 2


def test_the_folders_that_hold_the_root() -> None:
    """From the outermost on, without the root of the system."""
    assert Places(root="/a/b/c", git_dir="", common_dir="").ancestors == ("/a", "/a/b")
    assert USUAL.ancestors == ()


MOUNTS = r"""22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw
40 22 0:30 / /mnt/shared\040files rw shared:5 master:1 - nfs4 server:/files rw
41 40 0:31 / /mnt/shared\040files/cache rw - tmpfs none rw
42 22 0:32 / /home rw - btrfs /dev/sdb rw
43 22 0:33 / /home rw - cifs //server/home rw
"""


@pytest.mark.parametrize(
    "path,kind",
    [
        ("/", "ext4"),
        ("/mnt", "ext4"),
        ("/mnt/shared files", "nfs4"),
        ("/mnt/shared files/a/b", "nfs4"),
        ("/mnt/shared filesystem", "ext4"),
        ("/mnt/shared files/cache/x", "tmpfs"),
        ("/home/me", "cifs"),
    ],
)
def test_the_innermost_and_newest_mount_decides_what_a_path_lies_on(path: str, kind: str) -> None:
    """Whole names count, and blanks are written as octal numbers."""
    assert kind_of(path, MOUNTS) == kind
