"""``verifyd install git`` and ``uninstall git`` beside hooks and hook runners that are there already."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests.support.hook_runners import needs, runner
from tests.support.hooks import Hooked
from tests.support.repository import ROOT
from verifyd.app.git_hooks import Owner, line_for

FOREIGN = "#!/bin/sh\n# somebody's own\necho foreign ran\ntest ! -e forbidden\n"


@pytest.fixture
def plain(tmp_path: Path) -> Hooked:
    """A project without hooks."""
    return Hooked.make(tmp_path, install=False)


def hooks_of(hooked: Hooked) -> dict[str, tuple[bytes, int]]:
    """Every hook with its mode, git's own samples left out."""
    found = (path for path in hooked.hook().parent.glob("*") if path.suffix != ".sample")
    return {path.name: (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) for path in found}


def write_hook(hooked: Hooked, text: str, name: str = "pre-commit") -> None:
    """Write an executable hook."""
    hooked.hook().parent.mkdir(exist_ok=True)
    hooked.hook(name).write_text(text, "utf-8")
    hooked.hook(name).chmod(0o755)


def test_without_a_terminal_nothing_is_written_unasked(plain: Hooked) -> None:
    """The change is shown, and the flag that agrees is named."""
    answer = plain.project.verifyd("install", "git", expect=2)
    hooks = plain.hook().parent
    assert answer.err == (
        f"{hooks}/pre-commit: write\n{hooks}/commit-msg: write\n{hooks}/pre-push: write\n"
        "install: there is no terminal to ask on\n  Do it without being asked: add --yes\n"
    )
    assert hooks_of(plain) == {}


def test_taking_hooks_back_is_asked_for_too_and_says_what_comes_back(plain: Hooked) -> None:
    """Only where something was put aside it is put back, and the command that cannot ask is called by its name."""
    write_hook(plain, FOREIGN)
    plain.project.verifyd("install", "git", "--yes", expect=0)
    installed = hooks_of(plain)
    hooks = plain.hook().parent
    assert plain.project.verifyd("uninstall", "git", expect=2).err == (
        f"{hooks}/pre-commit: remove, and put back what was there before\n"
        f"{hooks}/commit-msg: remove\n{hooks}/pre-push: remove\n"
        "uninstall: there is no terminal to ask on\n  Do it without being asked: add --yes\n"
    )
    assert hooks_of(plain) == installed


def test_installing_twice_changes_nothing_and_uninstalling_leaves_nothing(plain: Hooked) -> None:
    """The hooks are executable, the last line says what was done, and the doctor says where they are."""
    assert plain.project.verifyd("install", "git", "--yes", expect=0).err.endswith(
        "/pre-push: write\n3 hooks written\n"
    )
    first = hooks_of(plain)
    assert {name: mode & 0o100 for name, (_, mode) in first.items()} == dict.fromkeys(
        ("pre-commit", "commit-msg", "pre-push"), 0o100
    )
    assert plain.project.verifyd("install", "git", "--yes", expect=0).err.endswith("/pre-push: is there already\n")
    assert hooks_of(plain) == first
    said = f"ok    hooks      pre-commit, commit-msg, pre-push, unchanged, in {plain.hook().parent}\n"
    assert said in plain.project.verifyd("doctor").out
    taken = plain.project.verifyd("uninstall", "git", "--yes", expect=0)
    assert taken.err.endswith("/pre-push: remove\n3 hooks taken back\n")
    assert hooks_of(plain) == {}
    assert plain.project.verifyd("uninstall", "git", expect=0).err == "none of verifyd's git hooks is here\n"


def test_a_hook_of_ones_own_goes_on_being_run_and_is_put_back(plain: Hooked) -> None:
    """Before ours, so that what it stages is judged; its no is a no; uninstalling restores it byte for byte."""
    write_hook(plain, FOREIGN)
    before = hooks_of(plain)
    plain.project.verifyd("install", "git", "--yes", expect=0)
    plain.project.write({"calc.py": "A = 2\n"})
    assert "foreign ran\n" in plain.done("commit", "-a", "-m", "one").err
    assert len(plain.seen) == 1
    plain.project.write({"calc.py": "A = 3\n", "forbidden": ""})
    assert plain.git("commit", "-a", "-m", "two").code == 1
    assert len(plain.seen) == 1
    plain.project.verifyd("uninstall", "git", "--yes", expect=0)
    assert hooks_of(plain) == before


def test_what_a_hook_of_ones_own_stages_is_judged(plain: Hooked) -> None:
    """The tree is taken after it."""
    write_hook(plain, "#!/bin/sh\necho 'A = 9' > calc.py\ngit add calc.py\n")
    plain.project.verifyd("install", "git", "--yes", expect=0)
    plain.project.write({"calc.py": "A = 2\n"})
    plain.done("commit", "-a", "-m", "one")
    assert [tree for tree, *_ in plain.seen] == [plain.done("rev-parse", "HEAD^{tree}").out.strip()]


def test_a_push_hook_of_ones_own_hears_what_git_says(plain: Hooked) -> None:
    """Ours reads git's words too, and both get all of them."""
    heard = plain.notes / "heard"
    write_hook(plain, f'#!/bin/sh\necho "$@" > {heard}\ncat >> {heard}\n', "pre-push")
    plain.project.verifyd("install", "git", "--yes", expect=0)
    plain.done("init", "-q", "--bare", "../other.git")
    plain.done("push", "../other.git", "main")
    commit = plain.done("rev-parse", "HEAD").out.strip()
    assert heard.read_text("utf-8") == (
        f"../other.git ../other.git\nrefs/heads/main {commit} refs/heads/main {'0' * 40}\n"
    )
    assert len(plain.seen) == 1


def test_a_changed_or_removed_hook_is_seen_by_the_doctor(plain: Hooked) -> None:
    """Also where git has been told to look elsewhere."""
    plain.project.verifyd("install", "git", "--yes", expect=0)
    hook = plain.hook()
    content = hook.read_bytes()
    hook.write_bytes(content.replace(b"exit 1", b"exit 0"))
    assert f"{hook} is not as it was installed: somebody has changed it" in plain.project.verifyd("doctor").out
    hook.chmod(0o644)
    hook.write_bytes(content)
    assert f"{hook} cannot be executed" in plain.project.verifyd("doctor").out
    hook.unlink()
    assert f"{hook} was removed" in plain.project.verifyd("doctor").out
    plain.done("config", "core.hooksPath", "/nowhere")
    assert "git looks for hooks in /nowhere (core.hooksPath)" in plain.project.verifyd("doctor").out


def test_a_hook_that_is_not_ours_any_more_is_not_removed(plain: Hooked) -> None:
    """Somebody has put another one in its place."""
    plain.project.verifyd("install", "git", "--yes", expect=0)
    plain.hook().write_text(FOREIGN, "utf-8")
    plain.project.verifyd("uninstall", "git", "--yes", expect=0)
    assert {name: content for name, (content, _) in hooks_of(plain).items()} == {"pre-commit": FOREIGN.encode()}


def test_a_folder_of_hooks_in_the_work_tree_is_left_to_its_owner(plain: Hooked) -> None:
    """It is committed and shared; the line to add is printed, and does what the hook does."""
    plain.done("config", "core.hooksPath", ".githooks")
    plain.project.write({".githooks/pre-commit": FOREIGN})
    answer = plain.project.verifyd("install", "git", "--yes", expect=1)
    where = plain.project.root / ".githooks" / "pre-commit"
    assert (
        f"pre-commit: add one line to {where}, because core.hooksPath leads there: verifyd hook pre-commit || exit\n"
        in answer.err
    )
    assert answer.err.endswith("\n3 lines are yours to add\n")
    assert where.read_text("utf-8") == FOREIGN
    where.write_text(FOREIGN + "verifyd hook pre-commit || exit\n", "utf-8")
    where.chmod(0o755)
    plain.project.write({"bad": ""})
    plain.done("add", "bad")
    assert plain.git("commit", "-m", "bad").code == 1
    assert len(plain.seen) == 1


def test_a_folder_of_hooks_for_all_repositories_is_left_alone(plain: Hooked, tmp_path: Path) -> None:
    """It would run in each of them."""
    settings = tmp_path / "gitconfig"
    settings.write_text(f"[core]\n\thooksPath = {tmp_path}/everywhere\n", "utf-8")
    plain.project.environment["GIT_CONFIG_GLOBAL"] = str(settings)
    answer = plain.project.verifyd("install", "git", "--yes", expect=1)
    assert f"add one line to {tmp_path}/everywhere/pre-commit, because core.hooksPath leads there" in answer.err
    assert not (tmp_path / "everywhere").exists()


def test_husky_is_given_a_line(plain: Hooked) -> None:
    """Its folder is ``.husky/_``; people edit ``.husky/pre-commit``."""
    plain.done("config", "core.hooksPath", ".husky/_")
    answer = plain.project.verifyd("install", "git", "--yes", expect=1)
    assert answer.err.splitlines()[0] == "pre-commit: add one line to .husky/pre-commit: verifyd hook pre-commit"


def with_runner(hooked: Hooked, *command: str) -> None:
    """Run a hook runner's own command."""
    done = subprocess.run(
        [runner(command[0]), *command[1:]],
        cwd=hooked.project.root,
        env=hooked.project.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


CONFIGURATION = """repos:
  - repo: {repository}
    rev: HEAD
    hooks: [{{id: verifyd}}]
"""


@pytest.mark.parametrize(
    "name", [pytest.param("pre-commit", marks=needs("pre-commit")), pytest.param("prek", marks=needs("prek"))]
)
def test_where_it_is_installed_a_runner_takes_us_in_three_lines(plain: Hooked, name: str, tmp_path: Path) -> None:
    """From a repository that holds ``.pre-commit-hooks.yaml``; the very tree is judged, with a later edit on disk."""
    source = tmp_path / "source"
    source.mkdir()
    shutil.copy(ROOT / ".pre-commit-hooks.yaml", source)
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "Begin"]):
        plain.done(*command, cwd=source)
    plain.project.environment["PATH"] += os.pathsep + str(Path(runner(name)).parent)
    plain.project.write({".pre-commit-config.yaml": CONFIGURATION.format(repository=source)})
    plain.done("add", ".pre-commit-config.yaml")
    with_runner(plain, name, "install")
    answer = plain.project.verifyd("install", "git", "--yes", expect=1)
    assert "pre-commit: add one line to .pre-commit-config.yaml, below `- repo: local` and `hooks:`: " in answer.err
    plain.project.write({"calc.py": "A = 2\n"})
    plain.done("add", "calc.py")
    plain.project.write({"calc.py": "A = 3\n", "untracked": ""})
    done = plain.done("commit", "-m", "by a runner")
    tree = plain.done("rev-parse", "HEAD^{tree}").out.strip()
    assert [seen for seen, *_ in plain.seen] == [tree], done.both
    assert "./untracked" not in plain.seen[0]
    plain.project.write({"bad": ""})
    plain.done("add", "bad")
    assert plain.git("commit", "-m", "bad").code == 1


def with_remote(hooked: Hooked) -> None:
    """An empty repository to push to, and a tree that is not ready."""
    hooked.done("init", "-q", "--bare", "../other.git")
    hooked.done("remote", "add", "other", "../other.git")
    hooked.project.write({"bad": ""})
    hooked.done("add", "-A")
    hooked.done("commit", "-m", "bad")


def test_a_runner_that_tells_nothing_of_a_push_has_head_judged(plain: Hooked) -> None:
    """Without a word of what is pushed HEAD is judged, unless a remote has it: then nothing of it is new."""
    with_remote(plain)
    pushed = plain.project.verifyd("hook", "pre-push", "other", "../other.git", expect=1)
    assert f"verifying commit {plain.done('rev-parse', 'HEAD').out[:12]}\n" in pushed.err
    plain.done("push", "other", "main")
    plain.project.verifyd("hook", "pre-push", "other", "../other.git", expect=0)


@pytest.mark.parametrize(
    "name", [pytest.param("pre-commit", marks=needs("pre-commit")), pytest.param("prek", marks=needs("prek"))]
)
def test_where_it_is_installed_a_runner_has_the_first_push_judged(plain: Hooked, name: str) -> None:
    """A whole history: pre-commit names no commit of it then, only the branch."""
    entry = "{id: v, name: v, entry: verifyd hook pre-push, language: system, always_run: true, pass_filenames: false}"
    plain.project.write({".pre-commit-config.yaml": f"repos:\n  - repo: local\n    hooks:\n      - {entry}\n"})
    with_remote(plain)
    with_runner(plain, name, "install", "-t", "pre-push")
    stopped = plain.git("push", "other", "main")
    assert (stopped.code, "failed: good" in stopped.both) == (1, True), stopped.both


@needs("lefthook")
def test_where_it_is_installed_lefthook_hands_on_what_is_pushed(plain: Hooked) -> None:
    """With the line that is printed: two lines, the second of which hands on what git says."""
    printed = line_for(Owner.LEFTHOOK, "pre-push").partition("- run: ")[2]
    plain.project.write({"lefthook.yml": f"pre-push:\n  jobs:\n  - run: {printed}\n"})
    with_remote(plain)
    plain.done("branch", "ready", "HEAD~1")
    with_runner(plain, "lefthook", "install")
    assert plain.git("push", "other", "main").code == 1
    assert plain.git("push", "other", "ready").code == 0


@needs("lefthook")
def test_where_it_is_installed_lefthook_is_given_a_line(plain: Hooked) -> None:
    """It writes its hooks anew whenever it likes, so ours go into its own configuration."""
    plain.project.environment["PATH"] += os.pathsep + str(Path(runner("lefthook")).parent)
    plain.project.write({"lefthook.yml": "pre-commit:\n  jobs:\n    - run: verifyd hook pre-commit\n"})
    plain.done("add", "lefthook.yml")
    with_runner(plain, "lefthook", "install")
    answer = plain.project.verifyd("install", "git", "--yes", expect=1)
    assert answer.err.splitlines()[0] == (
        "pre-commit: add one line to lefthook.yml, below `pre-commit:` and `jobs:`: - run: verifyd hook pre-commit"
    )
    plain.project.write({"calc.py": "A = 2\n"})
    plain.done("commit", "-a", "-m", "by a runner")
    assert [seen for seen, *_ in plain.seen] == [plain.done("rev-parse", "HEAD^{tree}").out.strip()]


@needs("pre-commit")
def test_where_it_is_installed_after_us_pre_commit_runs_ours_and_uninstalling_finds_it(plain: Hooked) -> None:
    """It moves our hook to ``pre-commit.legacy``; a hook of one's own is run by ours there, and takes its place afterwards."""
    write_hook(plain, FOREIGN)
    plain.project.environment["PATH"] += os.pathsep + str(Path(runner("pre-commit")).parent)
    plain.project.verifyd("install", "git", "--yes", expect=0)
    plain.project.write({".pre-commit-config.yaml": "repos: []\n"})
    plain.done("add", ".pre-commit-config.yaml")
    with_runner(plain, "pre-commit", "install")
    assert "foreign ran\n" in plain.done("commit", "-m", "by all three").both
    assert len(plain.seen) == 1
    assert "a hook runner has taken its place, and runs ours" in plain.project.verifyd("doctor").out
    plain.project.verifyd("uninstall", "git", "--yes", expect=0)
    assert sorted(hooks_of(plain)) == ["pre-commit", "pre-commit.legacy"]
    assert hooks_of(plain)["pre-commit.legacy"] == (FOREIGN.encode(), 0o755)


def test_the_record_is_ours_alone(plain: Hooked) -> None:
    """What was written is written down in git's folder, readable by the user alone."""
    plain.project.verifyd("install", "git", "--yes", expect=0)
    record = plain.project.root / ".git" / "verifyd" / "hooks.json"
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert [name for name, _ in json.loads(record.read_text("utf-8"))["hooks"]] == [
        "pre-commit",
        "commit-msg",
        "pre-push",
    ]
