"""The git hooks as a user meets them: real commits of every kind, real pushes, and what must not let one through."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.daemons import Daemons, wait_for
from tests.support.hooks import NOT_A_VARIABLE_OF_THE_HOOK, Hooked, stamps_of
from tests.support.project import Project, page


@pytest.fixture
def hooked(tmp_path: Path) -> Hooked:
    """A project with the hooks; its gate ``good`` passes while there is no file ``bad``."""
    return Hooked.make(tmp_path)


def commit_plain(hooked: Hooked) -> Path:
    """Staged, then committed."""
    hooked.project.write({"calc.py": "A = 2\n"})
    hooked.done("add", "calc.py")
    hooked.done("commit", "-m", "plain")
    return hooked.project.root


def commit_part(hooked: Hooked) -> Path:
    """One version staged, a later one on disk."""
    hooked.project.write({"calc.py": "A = 2\n"})
    hooked.done("add", "calc.py")
    hooked.project.write({"calc.py": "A = 3\n", "bad": "not staged\n"})
    hooked.done("commit", "-m", "part")
    return hooked.project.root


def commit_all(hooked: Hooked) -> Path:
    """With ``-a``: git makes an index for this very commit."""
    hooked.project.write({"calc.py": "A = 2\n", "bad": "untracked\n"})
    hooked.done("commit", "-a", "-m", "all")
    return hooked.project.root


def commit_paths(hooked: Hooked) -> Path:
    """With paths: what is staged besides is not in it."""
    hooked.project.write({"calc.py": "A = 2\n", "bad": "staged, but not committed\n"})
    hooked.done("add", "bad")
    hooked.done("commit", "-m", "paths", "--", "calc.py")
    return hooked.project.root


def commit_amended(hooked: Hooked) -> Path:
    """The last commit anew."""
    hooked.project.write({"calc.py": "A = 2\n"})
    hooked.done("commit", "-a", "--amend", "-m", "amended")
    return hooked.project.root


def commit_merge(hooked: Hooked) -> Path:
    """A merge whose conflict was resolved by hand."""
    hooked.done("checkout", "-q", "-b", "side")
    hooked.project.write({"calc.py": "A = 2\n"})
    hooked.done("commit", "-a", "-m", "side", "--no-verify")
    hooked.done("checkout", "-q", "main")
    hooked.project.write({"calc.py": "A = 3\n"})
    hooked.done("commit", "-a", "-m", "main", "--no-verify")
    assert hooked.git("merge", "side").code != 0
    hooked.project.write({"calc.py": "A = 4\n"})
    hooked.done("commit", "-a", "-m", "merged")
    assert len(hooked.done("rev-list", "--parents", "-1", "HEAD").out.split()) == 3
    return hooked.project.root


def commit_first(hooked: Hooked) -> Path:
    """On a branch without a commit."""
    hooked.done("checkout", "-q", "--orphan", "fresh")
    hooked.project.write({"calc.py": "A = 2\n"})
    hooked.done("add", "calc.py")
    hooked.done("commit", "-m", "first")
    return hooked.project.root


def commit_linked(hooked: Hooked) -> Path:
    """In a linked work tree, which shares the hooks, with ``-a``."""
    linked = hooked.project.root.parent / "linked"
    hooked.done("worktree", "add", "-q", "-b", "linked", str(linked))
    (linked / "calc.py").write_text("A = 2\n", "utf-8")
    hooked.done("commit", "-a", "-m", "linked", cwd=linked)
    return linked


COMMITS = (
    commit_plain,
    commit_part,
    commit_all,
    commit_paths,
    commit_amended,
    commit_merge,
    commit_first,
    commit_linked,
)


@pytest.mark.parametrize("make_commit", COMMITS, ids=lambda function: function.__name__)
def test_each_kind_of_commit_is_judged_by_its_very_tree(hooked: Hooked, make_commit: Callable[[Hooked], Path]) -> None:
    """Faults 37, 71: the gates run once, on the tree that the commit has then; they see neither unstaged nor untracked content, nor git's variables."""
    root = make_commit(hooked)
    tree = hooked.done("rev-parse", "HEAD^{tree}", cwd=root).out.strip()
    files = hooked.done("ls-tree", "-r", "--name-only", "HEAD", cwd=root).out.split()
    assert hooked.seen == [[tree, *(f"./{name}" for name in sorted(files))]]
    assert not set(NOT_A_VARIABLE_OF_THE_HOOK) & set(hooked.environment)


def test_a_commit_that_is_not_ready_is_stopped(hooked: Hooked) -> None:
    """With what failed and the way on; nothing is committed, and the index stays as it was."""
    hooked.project.write({"bad": ""})
    hooked.done("add", "bad")
    stopped = hooked.git("commit", "-m", "bad")
    assert stopped.code == 1
    assert "NOT READY  tree " in stopped.err
    assert "failed: good" in stopped.err
    assert 'no commit; to commit all the same, with a reason that is kept: VERIFYD_SKIP="…" git commit\n' in stopped.err
    assert ".verifyd/TASK.md" not in stopped.err
    assert hooked.done("status", "--porcelain").out == "A  bad\n"


def test_a_verified_tree_is_answered_without_the_program(hooked: Hooked) -> None:
    """A run of the working tree is enough: the commit of that very content asks nobody."""
    hooked.project.write({"calc.py": "A = 2\n"})
    hooked.project.verifyd("run", expect=0)
    hooked.without_program()
    hooked.done("commit", "-a", "-m", "known")
    assert hooked.asked == []
    hooked.project.write({"calc.py": "A = 3\n"})
    assert hooked.git("commit", "-a", "-m", "unknown").code != 0
    assert [line.split()[:3] for line in hooked.asked] == [["hook", "pre-commit", "--asked"]]


def test_a_linked_work_tree_believes_what_another_has_found(hooked: Hooked) -> None:
    """The verdict files are the repository's."""
    linked = hooked.project.root.parent / "linked"
    hooked.done("worktree", "add", "-q", "-b", "linked", str(linked))
    hooked.project.write({"calc.py": "A = 2\n"})
    hooked.project.verifyd("run", expect=0)
    hooked.without_program()
    (linked / "calc.py").write_text("A = 2\n", "utf-8")
    hooked.done("commit", "-a", "-m", "linked", cwd=linked)
    assert hooked.asked == []


def test_a_repository_of_sha_256_is_answered_too(tmp_path: Path) -> None:
    """The seal is made with the repository's own hash."""
    project = Project.make(tmp_path, {}, commit=False)
    shutil.rmtree(project.root / ".git")
    project.git("init", "-q", "--object-format=sha256", "-b", "main")
    project.write({"calc.py": "A = 1\n", "VERIFY.md": page(there="test -f calc.py")})
    project.commit()
    project.approve()
    project.verifyd("install", "git", "--yes", expect=0)
    hooked = Hooked(project=project, notes=tmp_path)
    project.write({"calc.py": "A = 2\n"})
    project.verifyd("run", expect=0)
    hooked.without_program()
    hooked.done("commit", "-a", "-m", "known")
    assert hooked.asked == []


def edit_readiness(hooked: Hooked, file: Path) -> None:
    """An agent makes ready of what is not."""
    file.write_text(file.read_text("utf-8").replace("readiness not_ready", "readiness ready"), "utf-8")


def copy_other(hooked: Hooked, file: Path) -> None:
    """The file of a tree that is ready, under the name of one that is not, its own line changed too."""
    other = next(path for path in file.parent.iterdir() if path != file)
    file.write_text(other.read_text("utf-8").replace(other.name, file.name), "utf-8")


def write_own(hooked: Hooked, file: Path) -> None:
    """A file with a seal that is made without the key."""
    text = file.read_text("utf-8").replace("readiness not_ready", "readiness ready").rpartition("seal ")[0]
    made = subprocess.run(["git", "hash-object", "--stdin"], input=text, capture_output=True, text=True, check=True)
    file.write_text(f"{text}seal {made.stdout}", "utf-8")


def put_link(hooked: Hooked, file: Path) -> None:
    """A link to a file of the agent's own."""
    text = file.read_text("utf-8")
    file.unlink()
    (hooked.notes / "mine").write_text(text.replace("not_ready", "ready"), "utf-8")
    file.symlink_to(hooked.notes / "mine")


def put_pipe(hooked: Hooked, file: Path) -> None:
    """A pipe that nobody writes into: reading it would hang for ever."""
    file.unlink()
    os.mkfifo(file)


@pytest.mark.parametrize(
    "forge", [edit_readiness, copy_other, write_own, put_link, put_pipe], ids=lambda function: function.__name__
)
def test_a_forged_verdict_is_not_believed(hooked: Hooked, forge: Callable[[Hooked, Path], None]) -> None:
    """Neither by the script nor by the program: the gates run, and the commit is stopped."""
    hooked.project.verifyd("run", expect=0)
    hooked.project.write({"bad": ""})
    hooked.project.verifyd("run", expect=1)
    hooked.done("add", "-A")
    tree = hooked.done("write-tree").out.strip()
    forge(hooked, hooked.verdict_file(tree))
    assert hooked.git("commit", "-m", "forged").code == 1
    assert hooked.done("log", "--format=%s").out == "Begin\n"


def approve_anew(hooked: Hooked) -> dict[str, str]:
    """The person approves something else, then this again."""
    hooked.project.approve()
    return {}


def take_approval_back(hooked: Hooked) -> dict[str, str]:
    """The approval is gone."""
    shutil.rmtree(Path(hooked.project.environment["XDG_STATE_HOME"]) / "verifyd" / "approvals")
    return {}


def tell_pytest(hooked: Hooked) -> dict[str, str]:
    """The verdict was measured with a variable that changes what tests mean, and which the commit does not have."""
    hooked.project.verifyd("run", expect=0, extra={"PYTEST_ADDOPTS": "--deselect=everything"})
    return {}


def change_path(hooked: Hooked) -> dict[str, str]:
    """Other programs may be found now."""
    return {"PATH": f"{hooked.notes}:{hooked.project.environment['PATH']}"}


def change_tool(hooked: Hooked) -> dict[str, str]:
    """A program that a gate starts is written anew."""
    (hooked.notes.parent / "bin" / "checker").touch()
    return {}


def change_tool_and_date(hooked: Hooked) -> dict[str, str]:
    """A program is written anew, and the verdict's file, which lies in git's folder, is dated as if it came after that."""
    change_tool(hooked)
    for file in (hooked.project.root / ".git/verifyd/verdicts").iterdir():
        file.touch()
    return {}


def change_tool_and_date_ahead(hooked: Hooked) -> dict[str, str]:
    """The same with a date that nothing will ever be younger than."""
    change_tool(hooked)
    for file in (hooked.project.root / ".git/verifyd/verdicts").iterdir():
        os.utime(file, (2**33, 2**33))
    return {}


def remove_tool(hooked: Hooked) -> dict[str, str]:
    """It is gone."""
    (hooked.notes.parent / "bin" / "checker").unlink()
    return {}


def lose_key(hooked: Hooked) -> dict[str, str]:
    """The key is gone."""
    (Path(hooked.project.environment["XDG_STATE_HOME"]) / "verifyd" / "verdicts.key").unlink()
    return {}


def other_key(hooked: Hooked) -> dict[str, str]:
    """The key is another one."""
    (Path(hooked.project.environment["XDG_STATE_HOME"]) / "verifyd" / "verdicts.key").write_text(
        "0" * 64 + "\n", "ascii"
    )
    return {}


CHANGES = (
    approve_anew,
    take_approval_back,
    tell_pytest,
    change_path,
    change_tool,
    change_tool_and_date,
    change_tool_and_date_ahead,
    remove_tool,
    lose_key,
    other_key,
)


@pytest.mark.parametrize("change", CHANGES, ids=lambda function: function.__name__)
def test_a_verdict_ends_with_what_it_rests_on(tmp_path: Path, change: Callable[[Hooked], dict[str, str]]) -> None:
    """The script then asks the program, which knows more."""
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "checker").write_text("#!/bin/sh\nexit 0\n", "utf-8")
    (tools / "checker").chmod(0o755)
    project = Project.make(tmp_path, {"calc.py": "A = 1\n", "VERIFY.md": page(check="checker")})
    project.environment["PATH"] = f"{tools}:{project.environment['PATH']}"
    project.approve()
    project.verifyd("install", "git", "--yes", expect=0)
    notes = tmp_path / "notes"
    notes.mkdir()
    hooked = Hooked(project=project, notes=notes)
    os.utime(tools / "checker", (1, 1))
    os.utime(tools, (1, 1))
    project.write({"calc.py": "A = 2\n"})
    project.verifyd("run", expect=0)
    hooked.without_program()
    hooked.done("commit", "-a", "-m", "known")
    assert hooked.asked == []
    project.git("reset", "-q", "--soft", "HEAD~1")
    assert hooked.git("commit", "-a", "-m", "changed", extra=change(hooked)).code != 0
    assert len(hooked.asked) == 1


def test_with_limits_a_verdict_holds_for_its_base_alone(tmp_path: Path) -> None:
    """The same tree on another commit is another change; the first one is then counted anew by the program."""
    limits = "---\nlimits:\n  changed_lines: 3\n---\n"
    project = Project.make(tmp_path, {"calc.py": "A = 1\n", "VERIFY.md": limits + page(there="test -f calc.py")})
    project.approve()
    project.verifyd("install", "git", "--yes", expect=0)
    hooked = Hooked(project=project, notes=tmp_path)
    project.write({"calc.py": "A = 2\n"})
    project.verifyd("run", expect=0)
    hooked.without_program()
    hooked.done("commit", "-a", "-m", "known")
    assert hooked.asked == []
    project.git("commit", "-q", "--allow-empty", "--no-verify", "-m", "another base")
    project.git("reset", "-q", "--soft", "HEAD~2")
    project.git("commit", "-q", "--allow-empty", "--no-verify", "-m", "yet another")
    assert hooked.git("commit", "--amend", "-m", "on another").code != 0
    assert len(hooked.asked) == 1


def test_nothing_is_touched(hooked: Hooked) -> None:
    """Neither a file of the work tree nor the index, not even a time, while the hook verifies a partly staged tree."""
    hooked.project.write({"calc.py": "A = 2\n", "bad": ""})
    hooked.done("add", "calc.py", "bad")
    hooked.project.write({"calc.py": "A = 3\n", "untracked": ""})
    assert hooked.git("commit", "-m", "stopped").code == 1  # git itself brings the index up to date before any hook
    before = stamps_of(hooked.project.root)
    assert hooked.git("commit", "-m", "stopped").code == 1
    assert stamps_of(hooked.project.root) == before


def test_git_add_in_a_gate_does_not_reach_the_commit(tmp_path: Path) -> None:
    """Fault 37: a test that makes a repository of its own, inside of a commit with ``-a``: its file is in its own index alone."""
    script = (
        'cd "$(mktemp -d)"\ngit init -q .\necho x > intruder\ngit add intruder\ngit ls-files --error-unmatch intruder\n'
    )
    project = Project.make(tmp_path, {"own.sh": script, "calc.py": "A = 1\n", "VERIFY.md": page(own="sh -e own.sh")})
    project.approve()
    project.verifyd("install", "git", "--yes", expect=0)
    hooked = Hooked(project=project, notes=tmp_path)
    project.write({"calc.py": "A = 2\n"})
    hooked.done("commit", "-a", "-m", "all")
    assert hooked.done("ls-tree", "-r", "--name-only", "HEAD").out.split() == ["VERIFY.md", "calc.py", "own.sh"]
    hooked.done("fsck", "--strict")


def test_unproven_is_not_a_pass(hooked: Hooked) -> None:
    """A pipeline that nobody has approved stops the commit, with the reason and the command that mends it."""
    text = (hooked.project.root / "VERIFY.md").read_text("utf-8")
    hooked.project.write({"VERIFY.md": text.replace("test ! -e bad", "true")})
    stopped = hooked.git("commit", "-a", "-m", "weaker")
    assert stopped.code == 1 or stopped.code == 3
    assert "UNPROVEN  tree " in stopped.err
    assert "accept it with: verifyd approve" in stopped.err
    assert hooked.done("log", "--format=%s").out == "Begin\n"


def test_a_reason_lets_a_commit_through_and_stays_with_it(hooked: Hooked) -> None:
    """In the commit's message, in the next report, and in a clone's report in CI; the hook says so at once."""
    hooked.project.write({"bad": ""})
    hooked.done("add", "bad")
    let_through = hooked.git("commit", "-m", "bad", extra={"VERIFYD_SKIP": "the server\nis down"})
    assert (let_through.code, hooked.seen) == (0, [])
    assert "not verified, by VERIFYD_SKIP: the server is down\n" in let_through.err
    assert hooked.done("log", "-1", "--format=%(trailers)").out.strip() == "Verifyd-Skip: the server is down"
    commit = hooked.done("rev-parse", "HEAD").out[:12]
    said = f"commit {commit} was made without a verdict, by VERIFYD_SKIP: the server is down"
    assert f"note: {said}\n" in hooked.project.verifyd("run", expect=1).out
    hooked.done("clone", "-q", ".", "../clone")
    clone = Project(root=hooked.project.root.parent / "clone", environment=hooked.project.environment)
    clone.approve()
    assert f"note: {said}\n" in clone.verifyd("run", expect=1, extra={"CI": "true"}).out


def test_an_empty_reason_is_none(hooked: Hooked) -> None:
    """``VERIFYD_SKIP=`` and blanks let nothing through."""
    hooked.project.write({"bad": ""})
    hooked.done("add", "bad")
    for reason in ("", "  "):
        assert hooked.git("commit", "-m", "bad", extra={"VERIFYD_SKIP": reason}).code == 1


def test_a_commit_made_past_the_hook_is_named_until_its_tree_is_ready(hooked: Hooked) -> None:
    """Fault 41: ``git commit --no-verify`` cannot be kept from anybody, but does not go unseen."""
    hooked.project.write({"calc.py": "A = 2\n"})
    hooked.done("commit", "-a", "--no-verify", "-m", "past")
    commit, tree = hooked.done("rev-parse", "HEAD", "HEAD^{tree}").out.split()
    hooked.project.write({"calc.py": "A = 3\n"})
    named = (
        f"note: unverified commit {commit[:12]}: no ready verdict on its tree {tree[:12]} is known here; "
        f"verify it with: verifyd run --tree {commit[:12]}\n"
    )
    assert named in hooked.project.verifyd("run", expect=0).out
    hooked.project.verifyd("run", "--tree", commit[:12], expect=0)
    assert "unverified commit" not in hooked.project.verifyd("run", expect=0).out


def test_commits_of_the_hook_and_of_others_are_not_named(hooked: Hooked) -> None:
    """What was verified, and what was made elsewhere, is no commit made past the hook."""
    commit_plain(hooked)
    assert "unverified commit" not in hooked.project.verifyd("run", expect=0).out
    hooked.done("checkout", "-q", "-b", "elsewhere")
    hooked.project.write({"other.py": "B = 2\n"})
    hooked.done("commit", "-a", "--no-verify", "-m", "elsewhere")
    hooked.done("checkout", "-q", "main")
    hooked.done("merge", "-q", "--ff-only", "elsewhere")
    assert "unverified commit" not in hooked.project.verifyd("run", expect=0).out


def test_a_push_is_judged_by_the_tree_that_arrives(hooked: Hooked) -> None:
    """One that is ready goes through, one that is not is stopped, and deleting a branch is nobody's verdict."""
    hooked.done("init", "-q", "--bare", "../other.git")
    hooked.done("remote", "add", "other", "../other.git")
    hooked.done("push", "other", "main")
    assert len(hooked.seen) == 1
    hooked.done("push", "other", "main:again")
    assert len(hooked.seen) == 1
    hooked.project.write({"bad": ""})
    hooked.done("add", "bad")
    hooked.done("commit", "--no-verify", "-m", "bad")
    stopped = hooked.git("push", "other", "main")
    assert stopped.code != 0
    assert "failed: good" in stopped.out  # git leads a push's hooks there
    assert 'no push; to push all the same, with a reason that is kept: VERIFYD_SKIP="…" git push\n' in stopped.err
    hooked.done("push", "other", ":again")
    assert hooked.git("push", "other", "main", extra={"VERIFYD_SKIP": "a trial"}).code == 0


def test_a_replaced_commit_lets_no_push_through(hooked: Hooked) -> None:
    """git believes refs/replace about a commit's tree; what arrives at the other side is the commit itself."""
    hooked.done("init", "-q", "--bare", "../other.git")
    hooked.done("remote", "add", "other", "../other.git")
    hooked.project.write({"calc.py": "A = 7\n"})
    hooked.done("commit", "-qam", "good")
    good = hooked.done("rev-parse", "HEAD").out.strip()
    hooked.done("push", "other", "main")
    hooked.done("reset", "-q", "--hard", "HEAD~1")
    hooked.project.write({"bad": "1\n"})
    hooked.done("add", "bad")
    hooked.done("commit", "--no-verify", "-qm", "bad")
    bad = hooked.done("rev-parse", "HEAD").out.strip()
    hooked.done("replace", bad, good)
    assert hooked.done("rev-parse", f"{bad}^{{tree}}").out == hooked.done("rev-parse", f"{good}^{{tree}}").out
    stopped = hooked.git("push", "--force", "other", f"{bad}:refs/heads/main")
    assert stopped.code == 1, stopped
    assert "no push; " in stopped.err


def test_a_grafted_commit_is_new_to_its_remote(hooked: Hooked) -> None:
    """A runner that tells nothing of a push has HEAD judged, unless a remote has it; whose parent it is, no file beside the objects says."""
    hooked.done("init", "-q", "--bare", "../other.git")
    hooked.done("remote", "add", "other", "../other.git")
    hooked.done("push", "-u", "other", "main")
    remote = hooked.done("rev-parse", "other/main").out.strip()
    hooked.project.write({"bad": "1\n"})
    hooked.done("add", "bad")
    hooked.done("commit", "--no-verify", "-qm", "bad")
    bad = hooked.done("rev-parse", "HEAD").out.strip()
    (hooked.project.root / ".git/info/grafts").write_text(f"{remote} {bad}\n{bad}\n")
    assert hooked.done("for-each-ref", "--contains", "HEAD", "refs/remotes").out != ""
    assert "no push; " in hooked.project.verifyd("hook", "pre-push", "other", "../other.git", expect=1).err


def test_of_several_branches_and_tags_in_one_push_each_tip_is_judged(hooked: Hooked) -> None:
    """The one that is not ready stops them all; commits on the way to a tip are not judged again."""
    hooked.done("init", "-q", "--bare", "../other.git")
    hooked.done("remote", "add", "other", "../other.git")
    hooked.project.write({"bad": ""})
    hooked.done("add", "bad")
    hooked.done("commit", "--no-verify", "-m", "bad, on the way")
    hooked.done("tag", "-a", "-m", "bad", "v0", "HEAD")
    hooked.done("rm", "-q", "bad")
    hooked.done("commit", "--no-verify", "-m", "good again")
    hooked.done("branch", "ready", "HEAD~2")
    stopped = hooked.git("push", "other", "ready", "main", "v0")
    assert "failed: good" in stopped.out
    assert hooked.done("ls-remote", "other").out == ""
    hooked.done("push", "other", "ready", "main")
    pushed = hooked.done("ls-remote", "other").out.split()[1::2]
    assert pushed == ["refs/heads/main", "refs/heads/ready"]


def test_an_interrupted_commit_leaves_nothing_behind(tmp_path: Path) -> None:
    """Fault 72: the gates end, git gives up, no lock stays, and the work tree is as it was."""
    mark = tmp_path / "started"
    project = Project.make(tmp_path, {"calc.py": "A = 1\n", "VERIFY.md": page(slow=f"echo $$ > {mark}; sleep 50")})
    project.approve()
    project.verifyd("install", "git", "--yes", expect=0)
    project.write({"calc.py": "A = 2\n"})
    project.git("status")
    before = stamps_of(project.root)
    commit = subprocess.Popen(
        ["git", "commit", "-a", "-m", "slow"],
        cwd=project.root,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    wait_for(lambda: mark.exists() and mark.read_text("ascii").strip(), "the gate has started")
    os.killpg(commit.pid, signal.SIGINT)
    said, _ = commit.communicate(timeout=30)
    assert commit.returncode != 0, said
    wait_for(lambda: not Path(f"/proc/{int(mark.read_text('ascii'))}/cmdline").exists(), "the gate has ended")
    wait_for(lambda: not (project.root / ".git" / "index.lock").exists(), "no lock is left")
    assert stamps_of(project.root) == before
    assert project.git("log", "--format=%s") == "Begin"


def test_without_the_program_the_commit_stops_and_says_how_to_go_on(hooked: Hooked) -> None:
    """It was uninstalled: fail closed, with the way to install, to remove the hook, and to skip."""
    hook = hooked.hook()
    lines = hook.read_text("utf-8").splitlines(keepends=True)
    hook.write_text(
        "".join("command=/nowhere/verifyd\n" if line.startswith("command=") else line for line in lines), "utf-8"
    )
    path = {"PATH": "/usr/bin:/bin"}
    hooked.project.write({"calc.py": "A = 2\n"})
    stopped = hooked.git("commit", "-a", "-m", "gone", extra=path)
    assert (stopped.code, stopped.err) == (
        1,
        (
            "verifyd: the program verifyd is not there any more, so nothing can be verified: stopped\n"
            'verifyd:   install it again, or take its hooks away: rm ".git/hooks/pre-commit"\n'
            'verifyd:   to go on without it this time: VERIFYD_SKIP="the reason" git commit, or git commit --no-verify\n'
        ),
    )
    assert hooked.git("commit", "-a", "-m", "gone", extra={**path, "VERIFYD_SKIP": "it is gone"}).code == 0
    assert hooked.done("log", "-1", "--format=%(trailers)").out.strip() == "Verifyd-Skip: it is gone"


def test_without_a_home_the_program_decides(hooked: Hooked) -> None:
    """Nothing in the hook needs HOME."""
    hooked.project.write({"calc.py": "A = 2\n"})
    del hooked.project.environment["HOME"]
    hooked.done("commit", "-a", "-m", "homeless")
    assert len(hooked.seen) == 1


def test_what_a_daemon_has_verified_is_committed_at_once(hooked: Hooked) -> None:
    """Its passes are kept in the same files."""
    hooked.project.verifyd("watch", "--detach", expect=0)
    try:
        hooked.project.write({"calc.py": "A = 2\n"})
        hooked.project.verifyd("status", "--wait", "50", expect=0)
        runs = len(hooked.seen)
        hooked.without_program()
        hooked.done("commit", "-a", "-m", "known")
        assert (hooked.asked, len(hooked.seen)) == ([], runs)
    finally:
        hooked.project.verifyd("stop")


def test_a_tree_that_the_daemon_is_at_is_waited_for(tmp_path: Path) -> None:
    """The commit right after the edit runs no gate a second time, and a red tree is stopped by what the daemon has found."""
    runs = tmp_path / "runs"
    project = Project.make(
        tmp_path, {"calc.py": "A = 1\n", "VERIFY.md": page(slow=f"echo x >> {runs}; sleep 1; test ! -e bad")}
    )
    project.approve()
    project.verifyd("install", "git", "--yes", expect=0)
    hooked = Hooked(project=project, notes=tmp_path)
    project.verifyd("watch", "--detach", expect=0)
    try:
        project.verifyd("status", "--wait", "50", expect=0)
        project.write({"calc.py": "A = 2\n"})
        hooked.done("commit", "-a", "-m", "at once")
        project.write({"bad": ""})
        hooked.done("add", "bad")
        stopped = hooked.git("commit", "-m", "bad")
        assert (stopped.code, "failed: slow" in stopped.err) == (1, True), stopped.both
        assert len(runs.read_text("ascii").split()) == 3
    finally:
        project.verifyd("stop")


def test_a_daemon_that_hangs_does_not_hang_a_commit(hooked: Hooked) -> None:
    """Fault 71: it is given up after a few seconds, and the gates run without it."""
    daemons = Daemons(hooked.project)
    try:
        process = daemons.start()
        process.send_signal(signal.SIGSTOP)
        hooked.project.write({"calc.py": "A = 2\n"})
        began = time.monotonic()
        answer = hooked.done("commit", "-a", "-m", "alone")
        assert time.monotonic() - began < 40
        assert f"the daemon (process {process.pid}) does not answer" in answer.err
        assert len(hooked.seen) == 1
    finally:
        for started in daemons.started:
            started.send_signal(signal.SIGCONT)
        daemons.end()
