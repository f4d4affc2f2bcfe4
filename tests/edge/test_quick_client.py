"""The quick client takes only what is as usual: everything else is the command line's."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.project import Project
from verifyd.edge.daemon_place import sign_of
from verifyd.edge.quick_client import find_here, question, tell

SIGN = sign_of("/repository", "/repository/.git").encode()


@pytest.mark.parametrize(
    "words, asked",
    [
        ("status", ("/v1/status?wait=0&width=77", False, 0.0)),
        ("status --json", ("/v1/status?wait=0", True, 0.0)),
        ("status --wait 30", ("/v1/status?wait=30&width=77", False, 30.0)),
        ("status --tree 1f1f1f1f1f1f", ("/v1/status?wait=0&width=77&tree=1f1f1f1f1f1f", False, 0.0)),
        ("task", ("/v1/task?wait=0", False, 0.0)),
        ("task --wait 5 --json", ("/v1/task?wait=5", True, 5.0)),
    ],
)
def test_the_plain_command_lines_are_questions(
    words: str, asked: tuple[str, bool, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the target, the form and the time to wait."""
    monkeypatch.setenv("COLUMNS", "77")
    assert question(words.split()) == asked


@pytest.mark.parametrize(
    "words",
    [
        *("", "run", "-C x status", "status -h", "status x", "task --tree 1f1f1f1f1f1f"),
        *("status --wait", "status --wait -1", "status --wait x", "status --wait=5", "status --wait 1e99"),
        *("status --tree main", "status --tree beef"),
    ],
)
def test_all_other_command_lines_are_left_alone(words: str) -> None:
    """A wrong one too: the command line knows what to say."""
    assert question(words.split()) is None


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A repository, with us in it."""
    project = Project.make(tmp_path.resolve(), {"deep/er/file": "", "VERIFY.md": ""})
    monkeypatch.chdir(project.root)
    return project


def test_the_git_folder_is_found_from_the_root_and_below(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """As git finds it."""
    for folder in (".", "deep/er"):
        monkeypatch.chdir(project.root / folder)
        assert find_here() == (str(project.root), project.git("rev-parse", "--absolute-git-dir"))


def test_a_linked_work_tree_has_its_own_git_folder(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by its .git file."""
    project.git("worktree", "add", "-q", str(tmp_path / "linked"))
    monkeypatch.chdir(tmp_path / "linked" / "deep")
    assert find_here() == (str(tmp_path.resolve() / "linked"), f"{project.root}/.git/worktrees/linked")


def test_a_git_folder_behind_a_link_is_named_as_it_is(project: Project) -> None:
    """The daemon names it without links too."""
    (project.root / ".git").rename(project.root.parent / "real")
    (project.root / ".git").symlink_to(project.root.parent / "real")
    assert find_here() == (str(project.root), str(project.root.parent / "real"))


@pytest.mark.parametrize("name", ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"])
def test_a_variable_of_git_s_leaves_it_to_git(project: Project, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a hook, another repository may be meant."""
    monkeypatch.setenv(name, str(project.root / ".git"))
    assert find_here() is None


@pytest.mark.parametrize("folder", [".git", ".git/refs", "../bare"])
def test_inside_of_a_repository_there_is_no_work_tree(
    project: Project, folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git says so better."""
    project.git("init", "-q", "--bare", "../bare")
    monkeypatch.chdir(project.root / folder)
    assert find_here() is None


@pytest.mark.parametrize("content", ["", "gitdir: elsewhere", "nonsense", "gitdir: " + "x" * 5000])
def test_a_git_file_that_names_no_git_folder_is_left_to_git(
    project: Project, content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is guessed."""
    (project.root / "deep" / ".git").write_text(content)
    monkeypatch.chdir(project.root / "deep")
    assert find_here() is None


def answer(body: bytes = b"READY\n", status: bytes = b"200 OK", **headers: str) -> bytes:
    """An answer of our daemon, with these headers changed."""
    usual = {"verifyd-api": "1", "verifyd-work-tree": SIGN.decode(), "verifyd-exit": "0"}
    usual |= {"content-length": str(len(body))} | {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"{name}: {value}".encode() for name, value in usual.items() if value]
    return b"\r\n".join([b"HTTP/1.1 " + status, *lines, b"", body])


def test_an_answer_is_printed_with_its_exit_code(capfd: pytest.CaptureFixture[str]) -> None:
    """And what is to be said of it goes to stderr; another release is one of these things."""
    said = answer(verifyd_exit="3", verifyd_say="verifying: 1 of 2", verifyd_version="9.9.9")
    assert tell(said, SIGN) == 3
    out, err = capfd.readouterr()
    assert out == "READY\n"
    assert err.splitlines()[1] == "verifying: 1 of 2"
    assert err.startswith("the daemon is verifyd 9.9.9, this is ")
    assert err.splitlines()[0].endswith("; to renew it: verifyd stop, then: verifyd watch --detach")


@pytest.mark.parametrize(
    "got",
    [
        pytest.param(answer(status=b"426 Upgrade Required"), id="another api"),
        pytest.param(answer(status=b"404 Not Found"), id="refused"),
        pytest.param(answer(verifyd_api="2"), id="another number"),
        pytest.param(
            answer(verifyd_work_tree=sign_of("/repository/below", "/repository/.git")), id="another work tree"
        ),
        pytest.param(answer(verifyd_work_tree=""), id="not our server"),
        pytest.param(answer(verifyd_exit=""), id="no exit code"),
        pytest.param(answer(content_length="100"), id="cut short"),
        pytest.param(answer()[:40], id="cut in its head"),
        pytest.param(b"", id="empty"),
    ],
)
def test_an_answer_that_is_not_as_usual_is_not_printed(got: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    """The command line asks again and finds out."""
    with suppress(ValueError):  # which ``answer`` takes for the same
        assert tell(got, SIGN) is None
    assert capfd.readouterr() == ("", "")
