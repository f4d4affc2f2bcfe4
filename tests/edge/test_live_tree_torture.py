"""Random edits of every kind, seeded: after each, the tree in memory is the one that git gives for what is on disk."""

from __future__ import annotations

import mmap
import os
import random
import shutil
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.contents import contents
from tests.support.repositories import SampleRepository, make_repository
from verifyd.app.watch_ports import Hint, TreeState
from verifyd.edge.live_tree import open_live_tree
from verifyd.edge.tree_notes import Oddity
from verifyd.errors import GitError

ROUNDS = int(os.environ.get("VERIFYD_TORTURE_ROUNDS", "40"))
"""A larger number makes the large one: VERIFYD_TORTURE_ROUNDS=2000 pytest tests/edge/test_live_tree_torture.py."""

EDITS = 12
"""Beside one reading and the next."""

NAMES = ("a", "b", "c.py", "ä", "d e", "noise.log", "build", "-x", ":y", "link", "new\nline")


class Torture:
    """
    Edits a work tree at random, and tells what a watcher might have said of it.

    Attributes:
        touched: Paths since the last reading.
        git_was_used: Since the last reading.
    """

    def __init__(self, repository: SampleRepository, seed: int) -> None:
        self.repository = repository
        self.random = random.Random(seed)
        self.touched: set[str] = set()
        self.git_was_used = False
        self.done: list[str] = []

    def path(self) -> Path:
        """Some path, there or not, up to three folders deep."""
        return self.repository.root.joinpath(*self.random.choices(NAMES, k=self.random.randint(1, 3)))

    def file(self) -> Path | None:
        """Some file or link of the work tree."""
        found = [
            Path(folder) / name
            for folder, folders, names in os.walk(self.repository.root)
            if ".git" not in Path(folder).parts
            for name in names
        ]
        return self.random.choice(found) if found else None

    def touch(self, path: Path) -> None:
        """Remember what a watcher would tell; sometimes it tells of the folder alone."""
        told = path if self.random.random() < 0.8 else path.parent
        name = str(told.relative_to(self.repository.root))
        self.touched.add("" if name == "." else name)

    def make_room(self, path: Path) -> None:
        """Folders above a path; what is in the way goes."""
        for parent in reversed(path.relative_to(self.repository.root).parents):
            folder = self.repository.root / parent
            if folder.is_symlink() or folder.is_file():
                folder.unlink()
                self.touch(folder)
            if not folder.exists():
                folder.mkdir()
                self.touch(folder)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)

    def write(self) -> None:
        """A new file, or all new content."""
        path = self.path()
        self.make_room(path)
        if path.is_symlink():
            path.unlink()
        path.write_bytes(self.random.choice((b"", b"x", b"same\n", self.random.randbytes(50), b"a\r\nb\r\n")))
        self.touch(path)

    def write_same_size(self) -> None:
        """An edit in place that only the content tells."""
        path = self.file()
        if path is not None and not path.is_symlink() and path.stat().st_size:
            with path.open("r+b") as file:
                file.write(self.random.randbytes(1))
            self.touch(path)

    def write_mapped(self) -> None:
        """The same through memory; no event tells of it."""
        path = self.file()
        if path is not None and not path.is_symlink() and path.stat().st_size:
            with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
                mapped[0] = self.random.randrange(256)
                mapped.flush()
            self.touch(path)

    def append(self) -> None:
        """More at the end."""
        path = self.file()
        if path is not None and not path.is_symlink():
            with path.open("ab") as file:
                file.write(b"more\n")
            self.touch(path)

    def truncate(self) -> None:
        """Less."""
        path = self.file()
        if path is not None and not path.is_symlink():
            os.truncate(path, self.random.randint(0, 3))
            self.touch(path)

    def rename_over(self) -> None:
        """As editors save: a new file over the old one; or a file or folder elsewhere."""
        source, target = self.file(), self.path()
        if source is not None and not str(target).startswith(f"{source}/") and source != target:
            moved = self.random.choice((source, source.parent))
            if (
                moved == self.repository.root
                or str(target).startswith(f"{moved}/")
                or str(moved).startswith(f"{target}/")
            ):
                return
            self.make_room(target)
            if os.path.lexists(moved):
                if os.path.lexists(target) and (target.is_symlink() or not target.is_dir()):
                    target.unlink()
                moved.rename(target)
            self.touch(moved)
            self.touch(target)

    def delete(self) -> None:
        """A file, or a folder with all in it."""
        path = self.file()
        if path is not None:
            if self.random.random() < 0.3 and path.parent != self.repository.root:
                shutil.rmtree(path.parent)
                self.touch(path.parent)
            else:
                path.unlink()
                self.touch(path)

    def change_mode(self) -> None:
        """The executable bit."""
        path = self.file()
        if path is not None and not path.is_symlink():
            path.chmod(self.random.choice((0o644, 0o755)))
            self.touch(path)

    def link(self) -> None:
        """A symbolic link, to something or nothing."""
        path = self.path()
        self.make_room(path)
        path.unlink(missing_ok=True)
        path.symlink_to(self.random.choice(NAMES))
        self.touch(path)

    def make_folders(self) -> None:
        """Empty ones."""
        path = self.path() / "deep" / "deeper"
        self.make_room(path / "none")
        self.touch(path)

    def change_rules(self) -> None:
        """Another .gitignore."""
        folder = self.random.choice((self.repository.root, self.path().parent))
        self.make_room(folder / ".gitignore")
        (folder / ".gitignore").write_text(self.random.choice(("*.log\nbuild/\n", "a\n", "", "*.log\nb\n")))
        self.touch(folder / ".gitignore")

    def use_git(self) -> None:
        """What a user does meanwhile."""
        commands = (("add", "--all"), ("commit", "-qam", "x"), ("stash", "-q"), ("reset", "-q", "--hard"))
        more = (("rm", "-rq", "--cached", "."), ("checkout", "-q", "--", "."), ("stash", "pop", "-q"), ("reset", "-q"))
        self.repository.attempt(*self.random.choice(commands + more))
        if self.repository.git("diff", "--name-only", "--diff-filter=U"):
            self.repository.git("reset", "-q", "--hard")
        self.git_was_used = True

    def edit(self) -> None:
        """One of them."""
        often: tuple[Callable[[], None], ...] = (self.write, self.write_same_size, self.append, self.delete)
        seldom = (self.truncate, self.rename_over, self.change_mode, self.link, self.make_folders, self.write_mapped)
        rare = (self.use_git, self.change_rules)
        chosen = self.random.choice(often * 3 + seldom * 2 + rare)
        self.done.append(chosen.__name__)
        chosen()

    def hint(self) -> Hint:
        """What was touched since the last hint; after a git command, that may be anything."""
        hint = Hint(paths=frozenset(self.touched), git_state=self.git_was_used, lost=self.git_was_used)
        self.touched, self.git_was_used = set(), False
        return hint


def checkout(repository: SampleRepository, tree: str) -> dict[str, tuple[int, bytes | str]]:
    """What a checkout of the tree writes."""
    folder = repository.home / "checkout"
    shutil.rmtree(folder, ignore_errors=True)
    repository.binary().write_tree_to(repository.open(), tree, folder)
    return contents(folder)


def expected_tree(repository: SampleRepository, state: TreeState) -> str:
    """Git's own; where a .gitignore hides itself, which git obeys and we note and do not, the one-shot reader's."""
    if any(note.startswith(Oddity.HIDDEN) for note in state.notes):
        return repository.binary().snapshot_working_tree(repository.open(), base="auto")[0].tree
    return repository.tree_on_disk()


def spoil(folder: Path, chance: random.Random) -> None:
    """What a gate may do to a mirror."""
    for name, (mode, _) in contents(folder).items():
        if chance.random() < 0.3 and stat.S_ISREG(mode) and (folder / name).is_file():
            (folder / name).write_bytes(b"spoiled")
    (folder / "left behind").mkdir(exist_ok=True)
    (folder / "left behind" / "cache").write_bytes(b"x")


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.timeout(60 + ROUNDS)
def test_the_tree_in_memory_is_gits_own(tmp_path: Path, seed: int) -> None:
    """By hints or by sweeps: tree, content, files, ignored paths and mirror are what git and the one-shot reader say."""
    files = {"a": "1\n", "b": "2\n", "c.py/a": "3\n", "ä/b/c.py": "4\n", ".gitignore": "*.log\nbuild/\n"}
    repository = make_repository(tmp_path, files)
    torture = Torture(repository, seed)
    binary, opened = repository.binary(), repository.open()
    with open_live_tree(binary, opened) as live:
        for _ in range(ROUNDS):
            for _ in range(torture.random.choice((1, 1, 1, 3))):
                torture.edit()
            state = live.read(torture.hint()) if torture.random.random() < 0.6 else live.sweep()
            assert state.tree == expected_tree(repository, state), torture.done[-8:]
            assert dict(state.content_ids) == dict(binary.content_ids(opened, state.tree))
            assert state.files == frozenset(state.content_ids)
            assert state.ignored == binary.ignored_paths(opened), torture.done[-8:]
            with live.mirror(state) as folder:
                assert contents(folder) == checkout(repository, state.tree), torture.done[-8:]
                if torture.random.random() < 0.2:
                    spoil(folder, torture.random)
        assert live.cross_check()
        assert live.discarded == 0


@pytest.mark.parametrize("seed", [4, 5])
@pytest.mark.timeout(60 + 3 * ROUNDS)
def test_the_tree_in_memory_is_gits_own_after_edits_beside_every_reading(tmp_path: Path, seed: int) -> None:
    """Whatever was edited while the tree was read, also as a whole: once nobody edits, a look at all files finds what git says."""
    files = {"a": "1\n", "b": "2\n", "c.py/a": "3\n", "ä/b/c.py": "4\n", ".gitignore": "*.log\nbuild/\n"}
    repository = make_repository(tmp_path, files)
    torture = Torture(repository, seed)
    opened = repository.open()
    with open_live_tree(repository.binary(), opened) as live:
        for _ in range(ROUNDS // 4):
            with ThreadPoolExecutor(1) as beside:
                edits = beside.submit(edit_on, torture)
                while not edits.done():
                    with suppress(GitError):  # its rules may well not come to rest, nor a file that is being written
                        live.read(Hint(paths=frozenset({""}), git_state=True))
                edits.result()
            state, binary = live.sweep(), repository.binary()
            assert state.tree == expected_tree(repository, state), torture.done[-EDITS:]
            assert dict(state.content_ids) == dict(binary.content_ids(opened, state.tree))
            assert state.files == frozenset(state.content_ids)
            assert state.ignored == binary.ignored_paths(opened), torture.done[-EDITS:]
        assert live.cross_check()
        assert live.discarded == 0


def edit_on(torture: Torture) -> None:
    """Some edits with hardly a pause, new rules among them."""
    for number in range(EDITS):
        torture.change_rules() if number % 4 == 0 else torture.edit()
