"""One ``cat-file`` answers for a whole command, and never with the answer to somebody else's question."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.support.repositories import SampleRepository
from verifyd.edge.git_process import GitProcess, Place
from verifyd.errors import GitError


@pytest.fixture
def git(repository: SampleRepository) -> Iterator[GitProcess]:
    """One that keeps its readers."""
    git = GitProcess(repository.environment)
    git.keep_readers()
    yield git
    git.end_readers()


def broken_off(_identifier: str, _size: int) -> bytes:
    """What fails between the first line of an answer and its content."""
    raise KeyError


def test_the_next_who_asks_has_the_same_process(git: GitProcess, repository: SampleRepository) -> None:
    """At the same place, with the same variables; elsewhere and meanwhile it is another one."""
    here = Place(folder=repository.root)
    with git.object_reader(here) as first, git.object_reader(here) as meanwhile:
        head = first.read("HEAD^{commit}")
        assert meanwhile.pid != first.pid
    with git.object_reader(here) as again:
        assert again.read("HEAD^{commit}") == head
        assert again.pid in (first.pid, meanwhile.pid)
        with git.object_reader(here.with_variables(GIT_DIR=str(repository.git_dir))) as elsewhere:
            assert elsewhere.pid not in (first.pid, meanwhile.pid)


def test_without_being_told_to_none_is_kept(repository: SampleRepository) -> None:
    """A daemon lives for days, and looks seldom."""
    git = GitProcess(repository.environment)
    with git.object_reader(Place(folder=repository.root)) as reader:
        assert reader.read("HEAD^{tree}") is not None
    assert not reader.is_alive


def test_one_with_an_answer_left_is_never_used_again(git: GitProcess, repository: SampleRepository) -> None:
    """Its next answer would be taken for the next question's: another object under the name that was asked for."""
    here = Place(folder=repository.root)
    with git.object_reader(here) as reader:
        answers = reader.read_all(["HEAD^{commit}", "HEAD^{tree}"])
        next(answers)
    assert not reader.is_alive
    with git.object_reader(here) as fresh:
        answer = fresh.read("HEAD^{commit}")
        assert answer is not None
        assert answer.kind == "commit"


def test_one_that_was_in_use_when_something_failed_is_ended(git: GitProcess, repository: SampleRepository) -> None:
    """Nobody knows how far it had come."""
    with pytest.raises(GitError, match="on purpose"), git.object_reader(Place(folder=repository.root)) as reader:
        raise GitError("on purpose")
    assert not reader.is_alive


def test_one_that_was_killed_meanwhile_is_replaced(git: GitProcess, repository: SampleRepository) -> None:
    """By whoever tidies up processes."""
    here = Place(folder=repository.root)
    with git.object_reader(here) as reader:
        assert reader.read("HEAD^{tree}") is not None
    os.kill(reader.pid, signal.SIGKILL)
    while reader.is_alive:
        pass
    with git.object_reader(here) as fresh:
        assert fresh.read("HEAD^{tree}") is not None


def test_a_commit_that_was_made_meanwhile_is_seen(git: GitProcess, repository: SampleRepository) -> None:
    """Names are looked up at each question."""
    here = Place(folder=repository.root)
    with git.object_reader(here) as reader:
        before = reader.read("HEAD^{commit}")
    repository.git("commit", "--allow-empty", "-qm", "another")
    with git.object_reader(here) as reader:
        after = reader.read("HEAD^{commit}")
    assert before is not None
    assert after is not None
    assert before.id != after.id
    assert after.id == repository.git("rev-parse", "HEAD").strip()


def test_one_that_broke_off_in_the_middle_of_an_answer_owes_the_rest(
    git: GitProcess, repository: SampleRepository
) -> None:
    """An answer counts as given once it was taken whole, whatever went wrong and was passed over meanwhile."""
    with git.object_reader(Place(folder=repository.root)) as reader:
        with suppress(KeyError), pytest.MonkeyPatch.context() as patch:
            patch.setattr(reader, "_piece", broken_off)
            reader.read("HEAD^{tree}")
        assert not reader.owes_nothing
    assert not reader.is_alive
