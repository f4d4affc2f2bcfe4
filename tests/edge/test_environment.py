"""A gate's environment: the user's own without what ties it to a hook, a terminal or another gate."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from verifyd.edge.environment import gate_environment, home_folder, inherited_environment, working_folder

ALWAYS = {
    "CI": "1",
    "NO_COLOR": "1",
    "TERM": "dumb",
    "PAGER": "cat",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "SSH_ASKPASS": "",
    "VERIFYD": "1",
    "VERIFYD_GATE": "tests",
    "VERIFYD_TREE": "1f" * 20,
    "VERIFYD_ARTIFACTS": "/run/artifacts",
    "VERIFYD_RUN": "a1b2",
    "TMPDIR": "/tmp/vd-a1b2",
}


def environment(inherited: dict[str, str], **fields: Any) -> dict[str, str]:
    """Of a gate called tests."""
    known: dict[str, Any] = {
        "gate": "tests",
        "tree": "1f" * 20,
        "mark": "a1b2",
        "artifacts": Path("/run/artifacts"),
        "temporary": Path("/tmp/vd-a1b2"),
    }
    return gate_environment(inherited, **{**known, **fields})


def test_what_every_gate_finds() -> None:
    """Out of an empty environment comes exactly this."""
    assert environment({}) == ALWAYS


def test_the_users_own_stays() -> None:
    """PATH, an activated virtual environment and whatever else the user set are as they were."""
    own = {"PATH": "/venv/bin:/usr/bin", "VIRTUAL_ENV": "/venv", "HOME": "/home/me", "LANG": "C.UTF-8", "DATABASE": "x"}
    assert environment(own) == {**own, **ALWAYS}


@pytest.mark.parametrize(
    "name", ["BASH_ENV", "ENV", "ZDOTDIR", "SHELLOPTS", "BASHOPTS", "CDPATH", "BASH_FUNC_pytest%%"]
)
def test_nothing_is_read_before_the_approved_script(name: str) -> None:
    """A file that the shell would read first, and a function in place of a program, could end any gate with 0."""
    assert environment({name: "() { exit 0; }"}) == ALWAYS


@pytest.mark.parametrize("name", ["FORCE_COLOR", "CLICOLOR_FORCE", "PY_COLORS", "COLORTERM", "COLUMNS", "LINES"])
def test_a_terminals_features_are_removed(name: str) -> None:
    """Colour that is forced on, and the size of a window that a log has not."""
    assert environment({name: "1"}) == ALWAYS


@pytest.mark.parametrize(
    "name",
    [
        "GIT_EXEC_PATH",
        "GIT_EDITOR",
        "GIT_INDEX_FILE",
        "GIT_SEQUENCE_EDITOR",
        "GIT_ASKPASS",
        "GIT_REFLOG_ACTION",
        "GIT_PAGER",
    ],
)
def test_what_a_hook_sets_is_removed(name: str) -> None:
    """Fault 37: a variable of git's that a hook sets does not reach a gate, also when git's own list leaves it out."""
    assert environment({name: "x"}) == ALWAYS


def test_gits_local_variables_are_removed() -> None:
    """Fault 37: what ties git to one repository is removed by the names that git gives."""
    assert (
        environment({"GIT_DIR": "/r/.git", "GIT_PREFIX": "src/"}, remove=frozenset({"GIT_DIR", "GIT_PREFIX"})) == ALWAYS
    )


def test_a_gates_git_add_does_not_reach_the_users_index(tmp_path: Path) -> None:
    """Fault 37: in a hook's environment, a test's own ``git add`` goes into the test's repository, not into the commit."""
    users, tests = tmp_path / "users", tmp_path / "tests"
    plain = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    for repository in (users, tests):
        subprocess.run(["git", "init", "-q", str(repository)], env=plain, check=True)
    (tests / "file").write_text("of the test")
    hook = {
        **plain,
        "GIT_DIR": str(users / ".git"),
        "GIT_INDEX_FILE": str(users / ".git/index"),
        "GIT_EXEC_PATH": "/nowhere",
    }
    names = subprocess.run(
        ["git", "rev-parse", "--local-env-vars"], env=plain, capture_output=True, text=True, check=True
    )
    gates = environment(hook, remove=frozenset(names.stdout.split()))
    subprocess.run(["git", "add", "file"], cwd=tests, env=gates, check=True)
    assert (tests / ".git/index").exists()
    assert not (users / ".git/index").exists()


def test_the_gates_own_variables_win() -> None:
    """What VERIFY.md gives a gate stands over what we give it, and over what the user had."""
    given = {"TERM": "xterm", "TMPDIR": "/elsewhere", "DATABASE": "test"}
    assert environment({"DATABASE": "production"}, extra=given) == {**ALWAYS, **given}


def test_the_mark_stays() -> None:
    """No gate can take its processes out of the run."""
    assert environment({"VERIFYD_RUN": "of an outer run"}, extra={"VERIFYD_RUN": "own"})["VERIFYD_RUN"] == "a1b2"


def test_two_gates_share_no_temporary_folder() -> None:
    """Fault 59: each gate's TMPDIR is the one it was given."""
    first, second = environment({"TMPDIR": "/tmp"}), environment({"TMPDIR": "/tmp"}, temporary=Path("/tmp/vd-other"))
    assert (first["TMPDIR"], second["TMPDIR"]) == ("/tmp/vd-a1b2", "/tmp/vd-other")


def test_inherited_is_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Changing what was read changes nothing of ours."""
    monkeypatch.setenv("VERIFYD_TEST", "before")
    inherited_environment()["VERIFYD_TEST"] = "after"
    assert inherited_environment()["VERIFYD_TEST"] == "before"


def test_folders_are_where_we_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working folder and the home are read when they are asked for."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert (working_folder(), home_folder()) == (tmp_path, tmp_path)
