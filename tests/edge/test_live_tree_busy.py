"""The tree in memory read as a whole while it is edited all the time: an answer comes, and each edit that was over is in it."""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.repositories import SampleRepository, make_repository, nested_in, run_while_read
from verifyd.app.watch_ports import Hint, TreeState
from verifyd.edge.git import GitBinary
from verifyd.edge.live_tree import LiveWorkTree, open_live_tree
from verifyd.errors import GitError

NAMES = ("a.txt", "b.txt", "src/c.txt", "src/deep/d.txt")
PAUSE_S = 0.002
ROUNDS = 12
GIT_STATE = Hint(git_state=True)


def check(repository: SampleRepository, live: LiveWorkTree) -> None:
    """The state after one more look is what git says of the disk, once nobody edits any more."""
    repository.git("config", "--unset", "filter.busy.clean")
    state = live.read(GIT_STATE)
    assert state.tree == repository.tree_on_disk()
    assert state.ignored == repository.binary().ignored_paths(repository.open())
    assert live.cross_check()
    assert live.discarded == 0


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("date +%N >src/noise.txt", id="a file that is written"),
        pytest.param("date +%N >src/$$.tmp; mv src/$$.tmp src/b.py", id="a file that another is renamed over"),
        pytest.param("touch src/temporary; rm src/temporary", id="a file that comes and goes"),
        pytest.param("date +%N >>src/$$.py", id="new files"),
        pytest.param("mkdir -p new/$$/deep; date +%N >new/$$/deep/x.py; rm -rf new/gone; mv new/$$ new/gone", id="folders"),
        pytest.param("rm -f a.py src/deep/c.py; [ -e once ] && echo back >a.py; touch once", id="files that go and come back"),
        pytest.param("cp -p a.py ../saved; echo evil >a.py; cp -p ../saved a.py", id="an edit that is taken back"),
    ],
)  # fmt: skip
def test_a_tree_that_never_rests_is_read(repository: SampleRepository, script: str) -> None:
    """Fault 27: something moves in every reading of the whole tree: what did not is trusted, and the rest is read again."""
    run_while_read(repository, f"unset $(git rev-parse --local-env-vars); {{ {script}; }} >&2")
    with open_live_tree(repository.binary(), repository.open()) as live:
        repository.write({".gitignore": "*.log\n*.tmp\n"})
        live.read(Hint(paths=frozenset({".gitignore"})))
        check(repository, live)


def test_a_tree_that_never_rests_is_not_compared_with_gits(repository: SampleRepository, live: LiveWorkTree) -> None:
    """Nobody can say then whether git would say the same, which is no trouble."""
    run_while_read(repository, "date +%N >src/noise.txt")
    assert live.cross_check()
    assert live.discarded == 0


def test_rules_that_never_rest_are_named(repository: SampleRepository) -> None:
    """With other ignore rules in each reading nobody can say what belongs to the tree; that is said within a bound."""
    run_while_read(repository, "date +%N >>src/.gitignore")
    with pytest.raises(GitError) as raised, open_live_tree(repository.binary(), repository.open()):
        pass
    assert str(raised.value) == (
        f"{repository.root}: the tree does not come to rest: src/.gitignore\n"
        "  Stop what writes there, or list it in .gitignore."
    )


def test_a_repository_in_the_tree_may_lie_beside_what_moves(repository: SampleRepository) -> None:
    """It is read by git as a whole, and the file beside it by itself."""
    nested_in(repository, "vendor/nest", {"n.py": "n\n"})
    run_while_read(repository, "date +%N >src/b.py")
    with open_live_tree(repository.binary(), repository.open()) as live:
        assert "vendor/nest/n.py" in live.state.files
        check(repository, live)


def meddled_with(repository: SampleRepository, command: str, before: str, after: str) -> tuple[GitBinary, Path]:
    """A git that runs a script before and after each command with these words, while the file that comes with it is there."""
    armed, meddling = repository.home / "armed", repository.home / "git-and-more"
    meddling.write_text(
        f'#!/bin/sh\ncase "$*" in *{command}*) [ -e {armed} ] && {before} ;; esac\ngit "$@"; ended=$?\n'
        f'case "$*" in *{command}*) [ -e {armed} ] && {after} ;; esac\nexit $ended\n'
    )
    meddling.chmod(0o755)
    return GitBinary(repository.environment, executable=str(meddling)), armed


def test_rules_that_came_and_went_are_looked_behind(repository: SampleRepository) -> None:
    """What git said while a .gitignore was there is not believed once it is gone: its event is enough."""
    binary, armed = meddled_with(repository, "", "echo '*.py' >src/.gitignore", "rm src/.gitignore")
    with open_live_tree(binary, repository.open()) as live:
        armed.touch()
        repository.write({"src/new.py": "new\n"})
        assert "src/new.py" not in live.read(Hint(paths=frozenset({"src/new.py"}))).files
        armed.unlink()
        assert live.read(Hint(paths=frozenset({"src/.gitignore"}))).tree == repository.tree_on_disk()


def test_a_file_that_goes_before_it_is_read_does_not_have_everything_read(repository: SampleRepository) -> None:
    """As one that an editor renames over another: its folder is listed once more."""
    asked = repository.home / "asked"
    binary, armed = meddled_with(repository, "--others", f"echo others >>{asked}", "mv src/saved.py src/b.py")
    with open_live_tree(binary, repository.open()) as live:
        whole = live._kept
        repository.write({"src/saved.py": "saved\n"})
        armed.touch()
        state = live.read(Hint(paths=frozenset({"src/saved.py"})))
        assert live._kept is whole
        assert asked.read_text() == "others\n"
        assert state.tree == repository.tree_on_disk()


def test_an_ignored_file_that_is_away_while_git_looks_is_there_again_once_it_is(repository: SampleRepository) -> None:
    """Settings that a program saves by renaming come through to a gate all the same."""
    repository.write({"settings.log": "x\n"})
    binary, armed = meddled_with(repository, "--ignored", "rm settings.log", "touch settings.log")
    armed.touch()
    with open_live_tree(binary, repository.open()) as live:
        armed.unlink()
        assert live.sweep().ignored == ("settings.log",)


class Busy:
    """
    Edits files without end, every few ms; each holds its name and the number of the edit that wrote it.

    Attributes:
        begun, done: The edit of each file that was begun, and that was over, last.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.begun = dict.fromkeys(NAMES, 0)
        self.done = dict.fromkeys(NAMES, 0)
        self.ended = threading.Event()
        self.random = random.Random(1)

    def run(self) -> None:
        """Until it is ended."""
        number = 0
        while not self.ended.wait(PAUSE_S):
            number += 1
            name = self.random.choice(NAMES)
            self.begun[name] = number
            self.random.choice((self.write, self.rename_over))(self.root / name, f"{name} {number}\n")
            self.done[name] = number

    def write(self, path: Path, content: str) -> None:
        """As one write over what is there, which nobody sees empty."""
        descriptor = os.open(path, os.O_WRONLY)
        os.pwrite(descriptor, f"{content:40}".encode(), 0)
        os.close(descriptor)

    def rename_over(self, path: Path, content: str) -> None:
        """As editors save."""
        beside = path.with_name(f"{path.name}.beside")
        beside.write_text(f"{content:40}")
        beside.rename(path)


@contextmanager
def busy_beside(root: Path) -> Iterator[Busy]:
    """Somebody who edits in another thread."""
    busy = Busy(root)
    thread = threading.Thread(target=busy.run)
    thread.start()
    try:
        yield busy
    finally:
        busy.ended.set()
        thread.join()


def numbers(repository: SampleRepository, state: TreeState) -> dict[str, int]:
    """The edit that each file of a state's tree holds."""
    _git, store = repository.binary().open_store(repository.open())
    found = {}
    for name in NAMES:
        identifier = state.content_ids[name].split()[1]
        aside = {**repository.environment, "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(store.objects)}
        shown = SampleRepository(root=repository.root, environment=aside).git("cat-file", "blob", identifier)
        named, number = shown.split()
        assert named == name
        found[name] = int(number)
    return found


@pytest.mark.timeout(120)
def test_edits_every_few_ms_and_git_add_are_followed(tmp_path: Path) -> None:
    """Each answer comes, and has of each file an edit that was not over before the question, nor begun after the answer."""
    files = {name: f"{f'{name} 0':39}\n" for name in NAMES}
    repository = make_repository(tmp_path, {**files, ".gitignore": "*.log\n"})
    binary, opened = repository.binary(), repository.open()
    with busy_beside(repository.root) as busy, open_live_tree(binary, opened) as live:
        for number in range(ROUNDS):
            repository.write({".gitignore": f"*.log\n# {number}\n"})
            repository.git("add", "--", *NAMES, ".gitignore")
            done = dict(busy.done)
            state = live.read(Hint(git_state=True, paths=frozenset({".gitignore", *NAMES})))
            begun = dict(busy.begun)
            found = numbers(repository, state)
            assert all(done[name] <= found[name] <= begun[name] for name in NAMES), (done, found, begun)
    with open_live_tree(binary, opened) as live:
        assert live.state.tree == repository.tree_on_disk()
