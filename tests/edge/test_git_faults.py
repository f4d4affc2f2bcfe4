"""The traps of "tree id = exact content", and what goes wrong around git: each made for real."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.repositories import (
    SampleRepository,
    make_repository,
    nested_in,
    run_while_read,
    user_environment,
)
from verifyd.edge import private_index
from verifyd.edge.git import GitBinary
from verifyd.edge.private_index import copied_index
from verifyd.edge.tree_notes import Oddity
from verifyd.errors import GitError
from verifyd.snapshot import Snapshot

NOBODY = 65534

FILES = {"a.py": "a = 1\n", "src/b.py": "b = 2\n", ".gitignore": "*.log\n.venv/\n"}


@pytest.fixture
def repository(tmp_path: Path) -> SampleRepository:
    """A repository with a few files in folders."""
    return make_repository(tmp_path, FILES)


def snapshot(repository: SampleRepository, *, base: str = "auto") -> Snapshot:
    """The snapshot of its working tree."""
    return repository.binary().snapshot_working_tree(repository.open(), base=base)[0]


# --- what git overlooks ------------------------------------------------------------------------------------------------


def test_a_same_size_edit_right_after_git_add_is_seen(repository: SampleRepository) -> None:
    """Trap 1: our copy of the index keeps its time, so git still distrusts what was added in the same second (40 of 40)."""
    missed = 0
    for number in range(40):
        repository.write({"a.py": f"a = {number:03}\n"})
        repository.git("add", "a.py")
        repository.write({"a.py": f"b = {number:03}\n"})
        found = snapshot(repository)
        content = repository.binary().read_file(repository.open(), found.tree, "a.py")
        missed += content != f"b = {number:03}\n".encode()
    assert missed == 0


def test_an_edit_in_the_second_of_git_add_is_seen_although_its_mtime_was_set_back(repository: SampleRepository) -> None:
    """Trap 1: with the mtime set back and the size kept, Debian's git calls the file clean for ever; its ctime tells."""
    path = repository.root / "a.py"
    missed = 0
    for number in range(5):
        while time.time() % 1 > 0.5:
            threading.Event().wait(0.01)
        for text in ("a", "b"):
            path.write_text(f"{text} = {number}\n")
            os.utime(path, (1_000_000_000, 1_000_000_000))
            if text == "a":
                repository.git("add", "a.py")
        threading.Event().wait(1.1)
        missed += (
            repository.binary().read_file(repository.open(), snapshot(repository).tree, "a.py")
            != f"b = {number}\n".encode()
        )
    assert missed == 0


def test_a_git_that_prints_its_records_otherwise_costs_time_only(
    repository: SampleRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file is then read, and the id is the same."""
    monkeypatch.setattr(private_index, "RECORD_END", "no git prints this")
    repository.write({"a.py": "a = 9\n", "src/new.py": "n\n"})
    assert snapshot(repository).tree == repository.tree_on_disk()


def test_the_copy_of_an_index_has_its_time_to_the_nanosecond(repository: SampleRepository, tmp_path: Path) -> None:
    """Trap 1: a plain copy has a newer time, which defeats git's check for edits made in the same second."""
    index = repository.git_dir / "index"
    with copied_index(index, tmp_path) as copy:
        assert (copy.stat().st_mtime_ns, copy.read_bytes()) == (index.stat().st_mtime_ns, index.read_bytes())
    assert list(tmp_path.glob("index-*")) == []


def test_files_marked_assume_unchanged_are_looked_at(repository: SampleRepository) -> None:
    """Trap 2: the edit is in the tree, and a note names the file."""
    repository.git("update-index", "--assume-unchanged", "a.py", "src/b.py")
    repository.write({"a.py": "a = 9\n"})
    repository.remove("src/b.py")
    found = snapshot(repository)
    assert repository.binary().read_file(repository.open(), found.tree, "a.py") == b"a = 9\n"
    assert found.paths == frozenset({"a.py", ".gitignore"})
    assert found.notes == (
        "marked assume-unchanged or skip-worktree for git, but judged as it is on disk: a.py, src/b.py",
    )


def test_files_marked_skip_worktree_are_looked_at(repository: SampleRepository) -> None:
    """Trap 2: without a sparse checkout, a file with that mark that is gone is deleted."""
    repository.git("update-index", "--skip-worktree", "a.py", "src/b.py")
    repository.write({"a.py": "a = 9\n"})
    repository.remove("src/b.py")
    found = snapshot(repository)
    assert repository.binary().read_file(repository.open(), found.tree, "a.py") == b"a = 9\n"
    assert found.paths == frozenset({"a.py", ".gitignore"})


@pytest.mark.parametrize("sparse_index", [False, True], ids=["full index", "sparse index"])
def test_a_sparse_checkout_keeps_what_it_leaves_out(repository: SampleRepository, sparse_index: bool) -> None:
    """Trap 2: absent files are judged as committed, present ones as they are on disk; a note says so."""
    repository.commit({"docs/x.md": "x\n", "docs/y.md": "y\n"})
    repository.git("sparse-checkout", "set", "--cone", "--sparse-index" if sparse_index else "--no-sparse-index", "src")
    repository.write({"a.py": "a = 9\n", "docs/x.md": "edited outside of the cone\n"})
    found = snapshot(repository)
    contents = repository.binary().content_ids(repository.open(), found.tree)
    assert contents["docs/y.md"].split(" ")[1] == repository.git("rev-parse", "HEAD:docs/y.md").strip()
    assert repository.binary().read_file(repository.open(), found.tree, "docs/x.md") == b"edited outside of the cone\n"
    assert [file.path for file in repository.binary().change(found).files] == ["a.py", "docs/x.md"]
    assert "outside the sparse checkout, so not on disk and judged as committed: docs/y.md" in found.notes


def test_file_modes_count_whatever_the_setting_says(repository: SampleRepository) -> None:
    """Trap 7: core.fileMode=false would hide `chmod +x`."""
    repository.git("config", "core.fileMode", "false")
    before = snapshot(repository).tree
    (repository.root / "a.py").chmod(0o755)
    assert snapshot(repository).tree != before


@pytest.mark.parametrize("setting", ["core.trustctime=false", "core.checkStat=minimal", "core.ignoreStat=true"])
def test_settings_that_make_git_trust_old_times_have_no_force(repository: SampleRepository, setting: str) -> None:
    """An edit of the same size whose time was set back is seen by its ctime."""
    repository.git("config", *setting.split("="))
    seen = (repository.root / "a.py").stat()
    threading.Event().wait(1.1)  # Debian's git compares whole seconds
    repository.write({"a.py": "b = 1\n"})
    os.utime(repository.root / "a.py", ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert repository.binary().read_file(repository.open(), snapshot(repository).tree, "a.py") == b"b = 1\n"


def test_replaced_objects_have_no_force(repository: SampleRepository) -> None:
    """Refs/replace would put another commit's content under HEAD's id."""
    first = repository.git("rev-parse", "HEAD").strip()
    second = repository.commit({"a.py": "a = 2\n"})
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    repository.git("replace", second, first)
    found = repository.binary().snapshot_committed(repository.open(), "HEAD", base="auto")
    assert (found.tree, found.base) == (tree, first)


# --- private ignore files ----------------------------------------------------------------------------------------------


def test_what_only_a_private_ignore_file_hides_is_part_of_the_tree(repository: SampleRepository) -> None:
    """Trap 5: a conftest.py hidden by .git/info/exclude or core.excludesFile acts on the run, so it is judged and named."""
    (repository.git_dir / "info" / "exclude").write_text("conftest.py\n")
    (repository.home / "mine").write_text("sitecustomize.py\nmine/\n")
    repository.git("config", "--global", "core.excludesFile", "~/mine")
    repository.write(
        {"src/conftest.py": "x = 1\n", "sitecustomize.py": "y = 1\n", "mine/deep/z.py": "z = 1\n", "a.log": "x"}
    )
    found = snapshot(repository)
    assert found.paths == {*FILES, "src/conftest.py", "sitecustomize.py", "mine/deep/z.py"}
    assert found.notes == (f"{Oddity.HIDDEN}: mine/deep/z.py, sitecustomize.py, src/conftest.py",)


def test_litter_that_a_private_ignore_file_hides_stays_hidden(repository: SampleRepository) -> None:
    """What editors, systems and tools leave behind is nobody's work; unhidden, it counts as git counts it."""
    litter = {
        ".DS_Store": "x",
        ".idea/workspace.xml": "x",
        "src/.b.py.swp": "x",
        "src/__pycache__/b.cpython-311.pyc": "x",
        "node_modules/p/index.js": "x",
        ".claude/settings.local.json": "{}",
    }
    repository.write(litter)
    assert snapshot(repository).paths == {*FILES, *litter}
    (repository.git_dir / "info" / "exclude").write_text(
        ".DS_Store\n.idea\n*.swp\n__pycache__\nnode_modules\n.claude/settings.local.json\n"
    )
    assert (snapshot(repository).paths, snapshot(repository).notes) == (frozenset(FILES), ())


def test_a_gitignore_that_ignores_itself_hides_nothing_next_to_files_of_the_tree(repository: SampleRepository) -> None:
    """Trap 5: it is no part of the tree, so its rules would be invisible; in a folder of its own it has force."""
    repository.write({"src/.gitignore": "conftest.py\n.gitignore\n", "src/conftest.py": "x = 1\n"})
    repository.write(
        {"new/.gitignore": "hidden.py\n.gitignore\n", "new/hidden.py": "x = 1\n", "new/shown.py": "x = 1\n"}
    )
    repository.write({"cache/.gitignore": "*\n", "cache/data": "x"})
    found = snapshot(repository)
    hidden = {"new/.gitignore", "new/hidden.py", "src/.gitignore", "src/conftest.py"}
    assert found.paths == {*FILES, *hidden, "new/shown.py"}
    assert found.notes == (f"{Oddity.HIDDEN}: new/.gitignore, new/hidden.py, src/.gitignore and 1 more",)


# --- conversions and filters -------------------------------------------------------------------------------------------


def test_line_endings_are_stored_as_git_stores_them(repository: SampleRepository) -> None:
    """Trap 6: CRLF on disk and LF in the tree are one tree; the id is git's own, and a note names the file."""
    repository.commit({".gitattributes": "*.txt text\n*.auto text=auto\n*.bin -text\n", "kept.auto": "x\n"})
    repository.write({"new.txt": "x\r\ny\r\n", "kept.auto": "x\r\ny\r\n", "raw.bin": "x\r\n", "plain": "x\r\n"})
    found = snapshot(repository)
    assert found.tree == repository.tree_on_disk()
    assert found.notes == (
        "stored in another form than on disk (line endings or a filter), and judged in the stored form: kept.auto, new.txt",
    )


def test_line_endings_that_were_stored_with_crlf_keep_them(repository: SampleRepository) -> None:
    """Trap 6: git converts no file under `text=auto` that is in the index with CRLF."""
    repository.commit({"old.auto": "x\r\n"})
    repository.commit({".gitattributes": "*.auto text=auto\n"})
    repository.write({"old.auto": "x\r\ny\r\n"})
    assert snapshot(repository).tree == repository.tree_on_disk()


@pytest.mark.parametrize("value", ["true", "input"])
def test_core_autocrlf_gives_the_id_that_git_gives(repository: SampleRepository, value: str) -> None:
    """Trap 6: the user's own setting decides what a commit would hold."""
    repository.git("config", "core.autocrlf", value)
    repository.git("config", "core.safecrlf", "true")
    repository.write({"a.py": "a\r\nb\r\n", "mixed": "a\nb\r\n"})
    found = snapshot(repository)
    repository.git("config", "core.safecrlf", "false")
    assert found.tree == repository.tree_on_disk()


def test_other_encodings_idents_and_filters_are_applied(repository: SampleRepository) -> None:
    """A clean filter, `ident` and working-tree-encoding all bear on the id, as with git."""
    repository.git("config", "filter.upper.clean", "tr a-z A-Z")
    repository.commit({".gitattributes": "*.up filter=upper\n*.id ident\n*.u16 working-tree-encoding=UTF-16LE\n"})
    files = {"x.up": b"shout\n", "y.id": b"$Id: 12345 $\n", "z.u16": "text\n".encode("utf-16le")}
    repository.write(files)
    found = snapshot(repository)
    assert found.tree == repository.tree_on_disk()
    assert repository.binary().read_file(repository.open(), found.tree, "x.up") == b"SHOUT\n"


def test_a_file_that_cannot_be_encoded_is_named_only_when_it_changed(repository: SampleRepository) -> None:
    """`git add --all` fails on a clean checkout of such a repository; here only an edit of that file is refused."""
    repository.commit({"wrong.inc": b"odd"})
    repository.write({".gitattributes": "*.inc working-tree-encoding=UTF-16LE\n"})
    (repository.root / "wrong.inc").touch()
    assert [file.path for file in repository.binary().change(snapshot(repository)).files] == [".gitattributes"]
    repository.write({"wrong.inc": b"three"})
    with pytest.raises(GitError) as raised:
        snapshot(repository)
    assert str(raised.value).startswith(
        "wrong.inc: cannot be snapshotted: failed to encode 'wrong.inc' from UTF-16LE to UTF-8\n"
    )


def test_a_failing_filter_is_no_snapshot(repository: SampleRepository) -> None:
    """After a failing `git add`, `git write-tree` happily returns the old id; we say what cannot be snapshotted."""
    repository.git("config", "filter.broken.clean", "false")
    repository.git("config", "filter.broken.required", "true")
    repository.commit({".gitattributes": "*.x filter=broken\n"})
    repository.write({"src/data.x": "x\n"})
    with pytest.raises(GitError) as raised:
        snapshot(repository)
    assert str(raised.value) == (
        "src/data.x: cannot be snapshotted: external filter 'false' failed 1; external filter 'false' failed; "
        "src/data.x: clean filter 'broken' failed\n"
        "  Make the file readable, mend the filter that .gitattributes names for it, or list it in .gitignore."
    )


def test_a_filter_that_is_not_set_up_is_noted(repository: SampleRepository) -> None:
    """Without git-lfs the raw content is hashed, another id than on a machine with it."""
    repository.commit({".gitattributes": "*.png filter=lfs diff=lfs -text\n*.y filter=other\n"})
    repository.write({"big.png": "raw", "b.y": "y"})
    found = snapshot(repository)
    assert found.tree == repository.tree_on_disk()
    assert found.notes == (
        "declared for git-lfs, which is not set up here, and judged by its raw content (git lfs install): big.png",
        "declared for a filter that is not set up here, and judged by its raw content: b.y",
    )


def test_a_filter_named_by_private_attributes_does_not_hide_an_edit_silently(repository: SampleRepository) -> None:
    """A filter that gives the committed content back hides any edit from every tree id; a note names the file."""
    repository.git("config", "filter.lie.clean", "cat >/dev/null; echo 'a = 1'")
    (repository.git_dir / "info" / "attributes").write_text("a.py filter=lie\n")
    repository.write({"a.py": "a = 666\n"})
    found = snapshot(repository)
    assert found.tree == repository.git("rev-parse", "HEAD^{tree}").strip()
    assert (
        "stored in another form than on disk (line endings or a filter), and judged in the stored form: a.py"
        in found.notes
    )


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder of a user who is not root, as whom the test goes on: root may read everything."""
    folder = Path(tempfile.mkdtemp(prefix="verifyd-test-", dir="/tmp"))
    if os.getuid() != 0:
        yield folder
    else:
        os.chown(folder, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        try:
            yield folder
        finally:
            os.seteuid(0)
    shutil.rmtree(folder)


def test_an_unreadable_file_is_named(as_nobody: Path) -> None:
    """Without a file that may not be read there is no snapshot, and the message names it."""
    repository = make_repository(as_nobody, FILES)
    repository.write({"src/secret": "x\n"})
    (repository.root / "src/secret").chmod(0)
    with pytest.raises(GitError) as raised:
        snapshot(repository)
    assert str(raised.value) == (
        'src/secret: cannot be snapshotted: open("src/secret"): Permission denied\n'
        "  Make the file readable, mend the filter that .gitattributes names for it, or list it in .gitignore."
    )


def test_an_unreadable_folder_with_tracked_files_is_named(as_nobody: Path) -> None:
    """What lies in it cannot be told, so there is no snapshot."""
    repository = make_repository(as_nobody, FILES)
    (repository.root / "src").chmod(0)
    try:
        with pytest.raises(GitError) as raised:
            snapshot(repository)
        assert str(raised.value) == f"{repository.root}/src: Permission denied"
    finally:
        (repository.root / "src").chmod(0o755)


def test_an_unreadable_folder_without_tracked_files_is_noted(as_nobody: Path) -> None:
    """A database's folder that belongs to somebody else is nothing that git, or a gate, could see."""
    repository = make_repository(as_nobody, FILES)
    (repository.root / "data").mkdir()
    (repository.root / "data").chmod(0)
    try:
        found = snapshot(repository)
        assert (found.tree, found.notes) == (
            repository.git("rev-parse", "HEAD^{tree}").strip(),
            ("folder that cannot be read, so nothing in it is judged: data",),
        )
    finally:
        (repository.root / "data").chmod(0o755)


# --- a tree that moves while it is read --------------------------------------------------------------------------------


def test_a_tree_that_moves_once_is_read_again(repository: SampleRepository) -> None:
    """What comes while the tree is read is in the snapshot that results."""
    once = repository.home / "once"
    run_while_read(
        repository, f"[ -e {once} ] || {{ touch {once}; echo new >src/came.py; echo b >src/b.py; rm a.py; }}"
    )
    found = snapshot(repository)
    assert found.paths == {".gitattributes", ".gitignore", "src/b.py", "src/came.py", "x.busy"}
    assert found.tree == repository.tree_on_disk()


def test_a_tree_that_never_rests_is_no_snapshot(repository: SampleRepository) -> None:
    """Fault 27: what writes without end is named, within a bound."""
    run_while_read(repository, "date +%N >>src/noise.txt")
    with pytest.raises(GitError) as raised:
        snapshot(repository)
    assert str(raised.value) == (
        f"{repository.root}: the tree does not come to rest: src/noise.txt\n"
        "  Stop what writes there, or list it in .gitignore."
    )


def test_a_file_that_comes_and_goes_while_the_tree_is_read_is_noticed(repository: SampleRepository) -> None:
    """Nobody knows whether git saw it, so the tree is read again."""
    run_while_read(repository, "touch src/temporary; rm src/temporary")
    with pytest.raises(GitError, match=r"does not come to rest: src/ .a file appeared and vanished"):
        snapshot(repository)


def test_an_edit_that_is_taken_back_while_the_tree_is_read_is_noticed(repository: SampleRepository) -> None:
    """Content and time are as before, the ctime is not."""
    run_while_read(repository, "cp -p a.py ../saved; echo evil >a.py; cp -p ../saved a.py")
    with pytest.raises(GitError, match=r"does not come to rest: a\.py"):
        snapshot(repository)


# --- git's own states --------------------------------------------------------------------------------------------------


def conflicting(repository: SampleRepository) -> None:
    """Two branches that changed the same line."""
    repository.git("checkout", "--quiet", "-b", "other")
    repository.commit({"a.py": "a = 'theirs'\n", "src/b.py": "b = 3\n"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"a.py": "a = 'ours'\n"})


@pytest.mark.parametrize("command", ["merge", "rebase", "cherry-pick"])
def test_a_conflict_makes_the_snapshot_conflicted(repository: SampleRepository, command: str) -> None:
    """Fault 32: the tree is the conflicted text, the snapshot says so, and ceases to when the conflict is resolved."""
    conflicting(repository)
    assert repository.attempt(command, "other").returncode != 0
    found = snapshot(repository)
    assert (found.conflicted, found.notes) == (True, ("conflicted: a.py",))
    assert found.tree == repository.tree_on_disk()
    content = repository.binary().read_file(repository.open(), found.tree, "a.py")
    assert content is not None
    assert b"<<<<<<< " in content
    repository.write({"a.py": "a = 'both'\n"})
    repository.git("add", "a.py")
    resolved = snapshot(repository)
    assert (resolved.conflicted, resolved.notes) == (False, ())


def test_markers_that_were_staged_are_still_a_conflict(repository: SampleRepository) -> None:
    """Fault 32: `git add` alone resolves nothing while a merge is not finished."""
    conflicting(repository)
    repository.attempt("merge", "other")
    repository.git("add", "--all")
    assert snapshot(repository).conflicted


def test_markers_without_a_merge_are_content(repository: SampleRepository) -> None:
    """Fault 32: a file about conflict markers is no conflict."""
    repository.write({"a.py": "<<<<<<< ours\na\n=======\nb\n>>>>>>> theirs\n"})
    assert not snapshot(repository).conflicted


def test_a_merge_without_conflicts_is_no_conflict(repository: SampleRepository) -> None:
    """Fault 32: an unfinished merge alone says nothing against the tree."""
    conflicting(repository)
    repository.write({"a.py": "a = 'theirs'\n"})
    repository.commit()
    repository.git("merge", "--quiet", "--no-commit", "other")
    assert not snapshot(repository).conflicted


def test_a_deletion_against_an_edit_is_a_conflict(repository: SampleRepository) -> None:
    """Trap 10: the index is unmerged without a marker anywhere; the tree is what is on disk, and nobody decided."""
    repository.git("checkout", "--quiet", "-b", "other")
    repository.remove("a.py")
    repository.commit()
    repository.git("checkout", "--quiet", "main")
    repository.commit({"a.py": "a = 'ours'\n"})
    repository.attempt("merge", "other")
    repository.remove("a.py")
    found = snapshot(repository)
    assert (found.conflicted, found.tree) == (True, repository.tree_on_disk())


def test_a_lock_on_the_index_changes_nothing(repository: SampleRepository) -> None:
    """Fault 33: neither a live nor a stale index.lock is waited for, removed or even touched."""
    lock = repository.git_dir / "index.lock"
    lock.write_bytes(b"stale")
    repository.write({"a.py": "a = 9\n"})
    before = repository.state()
    binary, opened = repository.binary(), repository.open()
    working = binary.snapshot_working_tree(opened, base="auto")[0]
    staged = binary.snapshot_staged(opened, base="auto")
    assert (repository.state(), lock.read_bytes()) == (before, b"stale")
    lock.unlink()
    assert working.tree == repository.tree_on_disk()
    assert staged.tree == repository.git("write-tree").strip()


def test_a_gc_takes_nothing_from_a_snapshot(repository: SampleRepository, tmp_path: Path) -> None:
    """Fault 34: `git gc --prune=now` in the middle of a run; what was only staged, and dropped since, is still there."""
    repository.write({"staged.py": "staged = 1\n", "src/deep/new.py": "new = 1\n"})
    repository.git("add", "--all")
    repository.write({"src/b.py": "b = 'on disk'\n"})
    binary, opened = repository.binary(), repository.open()
    found = binary.snapshot_working_tree(opened, base="auto")[0]
    repository.git("reset", "--quiet", "--hard")
    repository.git("reflog", "expire", "--expire=now", "--all")
    repository.git("gc", "--quiet", "--prune=now")
    binary.write_tree_to(opened, found.tree, tmp_path / "view")
    written = {str(path.relative_to(tmp_path / "view")): path.read_text() for path in (tmp_path / "view").rglob("*.py")}
    assert written == {
        "a.py": "a = 1\n",
        "src/b.py": "b = 'on disk'\n",
        "src/deep/new.py": "new = 1\n",
        "staged.py": "staged = 1\n",
    }
    assert [file.path for file in binary.change(found).files] == ["src/b.py", "src/deep/new.py", "staged.py"]


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    """Fault 37: it has no files; the message says what to do."""
    bare = tmp_path / "bare.git"
    environment = user_environment(tmp_path)
    subprocess.run(["git", "init", "--quiet", "--bare", str(bare)], env=environment, check=True)
    with pytest.raises(GitError) as raised:
        GitBinary(environment).open_repository(bare)
    assert str(raised.value) == (
        f"{bare}: a bare repository has no files to verify\n  Run in a clone of it, or make a work tree: git worktree add"
    )


def test_the_inside_of_a_git_folder_is_refused(repository: SampleRepository) -> None:
    """Fault 37: it is no work tree."""
    with pytest.raises(GitError) as raised:
        repository.binary().open_repository(repository.git_dir)
    assert str(raised.value) == (
        f"{repository.git_dir}: this is the inside of a git folder, not a work tree\n"
        "  Run in the folder that holds your files."
    )


def test_no_repository_is_said_so(tmp_path: Path) -> None:
    """Fault 38: a folder without git, and one that is not there."""
    environment = {**user_environment(tmp_path), "GIT_CEILING_DIRECTORIES": str(tmp_path.parent)}
    with pytest.raises(GitError) as raised:
        GitBinary(environment).open_repository(tmp_path)
    assert (
        str(raised.value)
        == f"{tmp_path}: not in a git repository\n  Every verdict is about a git tree; begin with: git init"
    )
    with pytest.raises(GitError) as raised:
        GitBinary(environment).open_repository(tmp_path / "nowhere")
    assert str(raised.value) == f"{tmp_path / 'nowhere'}: there is no such folder"


def test_a_git_folder_that_is_gone_is_said_so(tmp_path: Path) -> None:
    """Fault 37: a linked work tree whose repository was moved."""
    (tmp_path / ".git").write_text("gitdir: /nowhere/at/all\n")
    with pytest.raises(GitError) as raised:
        GitBinary(user_environment(tmp_path)).open_repository(tmp_path)
    assert str(raised.value) == (
        f"{tmp_path}: its git folder /nowhere/at/all is not there\n"
        "  Repair the link with: git worktree repair, or git submodule update --init"
    )


def stub(folder: Path, text: str) -> str:
    """A program called git."""
    path = folder / "git-stub"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_a_repository_of_another_user_is_refused(repository: SampleRepository, tmp_path: Path) -> None:
    """Fault 37: git's own refusal ("dubious ownership"), with the command that allows it."""
    program = stub(tmp_path, 'GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec git "$@"')
    with pytest.raises(GitError) as raised:
        GitBinary(repository.environment, executable=program).open_repository(repository.root)
    assert str(raised.value) == (
        f"{repository.root}: the repository belongs to another user, so git refuses to use it\n"
        f"  If you trust it, allow it with: git config --global --add safe.directory '{repository.root}'"
    )


def test_an_old_git_is_refused(repository: SampleRepository, tmp_path: Path) -> None:
    """A git that does not know an option is named as too old, not by its usage text."""
    program = stub(tmp_path, '[ "$1" = version ] && echo git version 2.20.1 && exit\nexit 129')
    with pytest.raises(GitError) as raised:
        GitBinary(repository.environment, executable=program).open_repository(repository.root)
    assert str(raised.value) == "git version 2.20.1 is too old\n  Install git 2.30 or newer."


def test_inherited_git_variables_do_not_lead_astray(repository: SampleRepository, tmp_path: Path) -> None:
    """Fault 37: a hook's GIT_DIR, GIT_INDEX_FILE, GIT_WORK_TREE and the like do not decide what a working tree is."""
    other = make_repository(tmp_path / "other", {"z.py": "z\n"})
    repository.write({"a.py": "a = 9\n"})
    astray = {
        "GIT_DIR": str(other.git_dir),
        "GIT_WORK_TREE": str(other.root),
        "GIT_INDEX_FILE": str(other.git_dir / "index"),
        "GIT_OBJECT_DIRECTORY": str(tmp_path / "nowhere"),
        "GIT_PREFIX": "src/",
        "GIT_LITERAL_PATHSPECS": "0",
        "GIT_TRACE": str(tmp_path / "trace"),
    }
    binary = repository.binary(**astray)
    found = binary.snapshot_working_tree(binary.open_repository(repository.root), base="auto")[0]
    assert found.tree == repository.tree_on_disk()
    assert not (tmp_path / "trace").exists()


def test_the_variables_of_a_hook_are_named_for_removal(repository: SampleRepository) -> None:
    """Fault 37: what a gate must not inherit is all that git calls local, and what belongs to the hook's own commit."""
    names = repository.binary().local_environment_names()
    listed = repository.git("rev-parse", "--local-env-vars").split()
    assert {*listed, "GIT_EXEC_PATH", "GIT_AUTHOR_DATE", "GIT_EDITOR"} <= names


def test_links_are_not_followed(repository: SampleRepository, tmp_path: Path) -> None:
    """Fault 39: neither a loop nor a link out of the repository; both are listed as links."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.py").write_text("x\n")
    (repository.root / "loop").symlink_to("loop")
    (repository.root / "src" / "up").symlink_to("..")
    (repository.root / "out").symlink_to(outside)
    found = snapshot(repository)
    assert found.tree == repository.tree_on_disk()
    assert found.paths == {*FILES, "loop", "src/up", "out"}
    contents = repository.binary().content_ids(repository.open(), found.tree)
    assert {path for path, content in contents.items() if content.startswith("120000 ")} == {"loop", "src/up", "out"}


ODD_NAMES = (
    "new\nline",
    'quo"te',
    "-rf",
    "*",
    ":(top)x",
    " lead and trail ",
    "tab\there",
    "back\\slash",
    "\u00fcml\u00e4ut",
    "\udcff\udcfe not utf-8",
    "n" * 255,
    "#hash",
    "!bang",
)


def test_every_name_is_a_name(repository: SampleRepository, tmp_path: Path) -> None:
    """Fault 40: line breaks, quotes, options, patterns, bytes that are no text, 255 bytes; as files and as folders."""
    odd = {**dict.fromkeys(ODD_NAMES, "x\n"), **{f"in {name[:200]}/{name}": "y\n" for name in ODD_NAMES}}
    repository.write(odd)
    repository.git("config", "core.autocrlf", "true")
    repository.write({"-rf": "x\r\n"})
    binary, opened = repository.binary(), repository.open()
    found, guard = binary.snapshot_working_tree(opened, base="auto")
    assert found.tree == repository.tree_on_disk()
    assert found.paths == {*FILES, *odd}
    assert {file.path for file in binary.change(found).files} == set(odd)
    binary.write_tree_to(opened, found.tree, tmp_path / "view")
    assert (tmp_path / "view" / ODD_NAMES[0]).read_text() == "x\n"
    assert binary.read_file(opened, found.tree, f"in {ODD_NAMES[9]}/{ODD_NAMES[9]}") == b"y\n"
    repository.write(dict.fromkeys(ODD_NAMES, "z\n"))
    assert set(guard.moved()) == set(ODD_NAMES)


def test_odd_names_are_escaped_in_notes(repository: SampleRepository) -> None:
    """Trap 11: a note holds no line break and no byte that is no text."""
    (repository.git_dir / "info" / "exclude").write_text("new*\n*utf-8\n")
    repository.write({"new\nline": "x", "\udcff not utf-8": "x"})
    assert snapshot(repository).notes[0].endswith("part of the judged tree: 'new\\nline', '\\udcff not utf-8'")


def test_empty_folders_are_invisible(repository: SampleRepository) -> None:
    """Trap 8: git has no empty folders, so a tree id cannot tell them; documented, not mended."""
    before = snapshot(repository).tree
    (repository.root / "empty" / "deep").mkdir(parents=True)
    assert snapshot(repository).tree == before


def test_an_index_left_behind_by_a_killed_run_is_collected(
    repository: SampleRepository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copies of the index have names of their own; only those that are too old to be in use are removed."""
    snapshot(repository)
    folder = repository.git_dir / "verifyd" / "git"
    for name in ("index-1-left", "index-1-left.lock"):
        (folder / name).write_bytes(b"x")
        os.utime(folder / name, (0, 0))  # as a copy of an old index has
    snapshot(repository)
    assert sorted(path.name for path in folder.glob("index-*")) == ["index-1-left", "index-1-left.lock"]
    monkeypatch.setattr(private_index, "STALE_S", -1.0)
    private_index.remove_stale(folder)
    assert sorted(path.name for path in folder.glob("index-*")) == []


def test_a_git_folder_that_cannot_be_written_still_gives_snapshots(repository: SampleRepository) -> None:
    """Fault 15: without a place of our own in the git folder, a temporary one serves."""
    repository.write({"a.py": "a = 9\n"})
    (repository.git_dir / "verifyd").write_text("a file where the folder would be\n")
    assert snapshot(repository).tree == repository.tree_on_disk()


def test_our_folder_may_be_removed_between_two_snapshots(repository: SampleRepository) -> None:
    """Fault 18: it is made anew."""
    repository.write({"a.py": "a = 9\n"})
    binary, opened = repository.binary(), repository.open()
    first = binary.snapshot_working_tree(opened, base="auto")[0]
    shutil.rmtree(repository.git_dir / "verifyd")
    again = binary.snapshot_working_tree(opened, base="auto")[0]
    assert again == first
    assert binary.read_file(opened, again.tree, "a.py") == b"a = 9\n"


def test_a_disk_that_takes_no_more_is_reported(repository: SampleRepository) -> None:
    """Fault 13: a write of ours that the system refuses is an error with its reason, not a snapshot."""
    repository.write({"big.bin": os.urandom(200_000)})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(GitError, match="File too large"):
            snapshot(repository)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((repository.git_dir / "verifyd").rglob("new-*")) == []
    assert snapshot(repository).tree == repository.tree_on_disk()


def test_a_corrupt_index_is_reported(repository: SampleRepository) -> None:
    """git's own words, and no snapshot."""
    (repository.git_dir / "index").write_bytes(b"DIRC rubbish")
    with pytest.raises(GitError, match="git ls-files ended with status 128"):
        snapshot(repository)


def test_a_missing_object_is_reported(repository: SampleRepository) -> None:
    """A tree that is gone from the repository is named."""
    repository.write({"a.py": "a = 9\n"})
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    (repository.git_dir / "objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(GitError):
        snapshot(repository)


def test_an_ignored_file_is_neither_judged_nor_written(repository: SampleRepository, tmp_path: Path) -> None:
    """Trap 4: it has no part in the id; a gate on the judged tree sees it only if it is let through by its name."""
    repository.commit({".gitignore": ".env\n"})
    binary, opened = repository.binary(), repository.open()
    before = binary.snapshot_working_tree(opened, base="auto")[0]
    repository.write({".env": "SECRET=1\n"})
    found = binary.snapshot_working_tree(opened, base="auto")[0]
    binary.write_tree_to(opened, found.tree, tmp_path / "view")
    assert found == before
    assert not (tmp_path / "view" / ".env").exists()
    assert binary.ignored_paths(opened) == (".env",)


def test_nested_litter_is_not_searched_for_repositories(repository: SampleRepository) -> None:
    """Fault 36: a repository inside an ignored folder is no part of the tree."""
    before = snapshot(repository).tree
    nested_in(repository, ".venv/src/tool", {"tool.py": "x\n"})
    assert snapshot(repository).tree == before
    shutil.rmtree(repository.root / ".venv")
