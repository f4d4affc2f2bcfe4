"""Other sources of a tree than the files on disk: the index, a commit, a tree id; and the base that a change is counted from."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.repositories import SampleRepository, make_repository
from verifyd.errors import GitError, UsageError
from verifyd.snapshot import Snapshot, Source

FILES = {"a.py": "a = 1\n", "src/b.py": "b = 2\n"}
DEEPEN = "This is a shallow clone: get the rest with git fetch --unshallow, or a deeper part with git fetch --depth=N."


@pytest.fixture
def repository(tmp_path: Path) -> SampleRepository:
    """A repository with two files."""
    return make_repository(tmp_path, FILES)


def staged(repository: SampleRepository, *, base: str = "auto", **variables: str) -> Snapshot:
    """The snapshot of its index."""
    return repository.binary(**variables).snapshot_staged(repository.open(), base=base)


def committed(repository: SampleRepository, ref: str, *, base: str = "auto") -> Snapshot:
    """The snapshot of a commit."""
    return repository.binary().snapshot_committed(repository.open(), ref, base=base)


def working(repository: SampleRepository, *, base: str = "auto") -> Snapshot:
    """The snapshot of its working tree."""
    return repository.binary().snapshot_working_tree(repository.open(), base=base)[0]


def commit_id(repository: SampleRepository, name: str) -> str:
    """Id of a commit."""
    return repository.git("rev-parse", name).strip()


# --- the index ---------------------------------------------------------------------------------------------------------


def test_the_staged_tree_is_what_a_commit_would_hold(repository: SampleRepository) -> None:
    """Partly staged edits, intended and deleted files: exactly `git write-tree`."""
    repository.write({"a.py": "staged\n", "new.py": "n\n", "intended.py": "i\n"})
    repository.git("add", "a.py", "new.py")
    repository.git("add", "--intent-to-add", "intended.py")
    repository.git("rm", "--quiet", "--cached", "src/b.py")
    repository.write({"a.py": "not staged\n"})
    found = staged(repository)
    assert found == Snapshot(
        root=repository.root,
        git_dir=repository.git_dir,
        common_dir=repository.git_dir,
        source=Source.STAGED,
        tree=repository.git("write-tree").strip(),
        base=commit_id(repository, "HEAD"),
        base_tree=commit_id(repository, "HEAD^{tree}"),
        head=commit_id(repository, "HEAD"),
        paths=frozenset({"a.py", "new.py"}),
    )


def test_the_staged_tree_of_an_unborn_branch_has_no_base(tmp_path: Path) -> None:
    """Fault 38: the first commit of a repository."""
    repository = make_repository(tmp_path, FILES, commit=False)
    repository.git("add", "--all")
    found = staged(repository)
    assert (found.tree, found.base) == (repository.git("write-tree").strip(), None)


def test_a_conflicted_index_is_no_staged_tree(repository: SampleRepository) -> None:
    """Fault 32: no commit could be made of it."""
    repository.git("checkout", "--quiet", "-b", "other")
    repository.commit({"a.py": "theirs\n"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"a.py": "ours\n"})
    repository.attempt("merge", "other")
    with pytest.raises(GitError) as raised:
        staged(repository)
    assert str(raised.value) == (
        f"{repository.root}: the index holds conflicts, so there is no staged tree: a.py\n"
        "  Resolve them and stage the files with: git add"
    )


HOOK = """#!/bin/sh
git write-tree >"$OUT/expected"
env | grep ^GIT_ >"$OUT/variables"
"$PYTHON" -c '
import os, sys
from pathlib import Path
from verifyd.edge.git import GitBinary
git = GitBinary(dict(os.environ))
repository = git.open_repository(Path.cwd())
Path(os.environ["OUT"], "found").write_text(git.snapshot_staged(repository, base="auto").tree + "\\n")
'
"""


@pytest.mark.parametrize("linked", [False, True], ids=["main work tree", "linked work tree"])
@pytest.mark.parametrize(
    "arguments",
    [("-m", "x"), ("-a", "-m", "x"), ("-m", "x", "--", "src/b.py"), ("--amend", "-a", "-m", "x")],
    ids=["plain", "-a", "-- path", "--amend"],
)
def test_in_a_commit_hook_the_tree_is_the_one_that_is_committed(
    repository: SampleRepository, tmp_path: Path, arguments: tuple[str, ...], linked: bool
) -> None:
    """Fault 37: the hook's GIT_INDEX_FILE and GIT_DIR count for the staged tree, whatever kind of commit it is."""
    folder = repository.root
    if linked:
        repository.git("worktree", "add", "--quiet", "-b", "other", str(tmp_path / "linked"))
        folder = tmp_path / "linked"
    out = tmp_path / "out"
    out.mkdir()
    hook = repository.git_dir / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(HOOK)
    hook.chmod(0o755)
    inside = {"OUT": str(out), "PYTHON": sys.executable, "PYTHONPATH": os.pathsep.join(sys.path)}
    user = SampleRepository(root=folder, environment={**repository.environment, **inside})
    user.write({"a.py": "a = 2\n", "src/b.py": "b = 3\n"})
    user.git("add", "a.py")
    user.write({"a.py": "a = 3\n"})
    user.git("commit", "--quiet", *arguments)
    assert (out / "found").read_text() == (out / "expected").read_text() == user.git("rev-parse", "HEAD^{tree}")
    assert "GIT_INDEX_FILE=" in (out / "variables").read_text()


def test_another_repositorys_index_is_not_taken_for_this_ones(repository: SampleRepository, tmp_path: Path) -> None:
    """Fault 37: a hook that looks into a second repository passes its own variables on."""
    other = make_repository(tmp_path / "other", {"z.py": "z\n"})
    variables = {"GIT_DIR": str(other.git_dir), "GIT_INDEX_FILE": str(other.git_dir / "index")}
    assert staged(repository, **variables).tree == repository.git("write-tree").strip()


# --- commits -----------------------------------------------------------------------------------------------------------


def test_a_commit_is_compared_with_its_first_parent(repository: SampleRepository) -> None:
    """Whatever is checked out or on disk."""
    first = commit_id(repository, "HEAD")
    second = repository.commit({"a.py": "a = 2\n"})
    repository.commit({"a.py": "a = 3\n"})
    repository.write({"a.py": "on disk\n"})
    found = committed(repository, second[:10])
    assert (found.tree, found.base, found.source) == (
        commit_id(repository, f"{second}^{{tree}}"),
        first,
        Source.COMMITTED,
    )
    assert found.head == commit_id(repository, "HEAD")


def test_a_root_commit_is_compared_with_nothing(repository: SampleRepository) -> None:
    """All of it is new."""
    found = committed(repository, "HEAD")
    assert (found.base, len(repository.binary().change(found).files)) == (None, 2)


def test_a_tree_id_is_compared_with_head(repository: SampleRepository) -> None:
    """A tree has no parent."""
    repository.write({"a.py": "a = 2\n"})
    tree = working(repository).tree
    repository.git("checkout", "--quiet", "a.py")
    found = committed(repository, tree)
    assert (found.tree, found.base) == (tree, commit_id(repository, "HEAD"))
    assert [file.path for file in repository.binary().change(found).files] == ["a.py"]


def test_a_name_that_is_no_commit_is_a_usage_error(repository: SampleRepository) -> None:
    """The nearest name is offered, or the command that lists the names."""
    with pytest.raises(UsageError) as raised:
        committed(repository, "mian")
    assert str(raised.value) == "mian: no such commit, branch or tag\n  Did you mean 'main'?"
    with pytest.raises(UsageError) as raised:
        working(repository, base="--output=/tmp/x")
    assert (
        str(raised.value) == "--output=/tmp/x: no such commit, branch or tag\n  List the names with: git branch --all"
    )


# --- bases -------------------------------------------------------------------------------------------------------------


def test_a_named_base_is_where_the_branches_part(repository: SampleRepository) -> None:
    """What others did on the target branch since then is not ours."""
    fork = commit_id(repository, "HEAD")
    repository.git("checkout", "--quiet", "-b", "topic")
    repository.commit({"ours.py": "o\n"})
    repository.git("checkout", "--quiet", "main")
    repository.commit({"theirs.py": "t\n"})
    repository.git("checkout", "--quiet", "topic")
    repository.write({"a.py": "a = 2\n"})
    found = working(repository, base="main")
    assert found.base == fork
    assert [file.path for file in repository.binary().change(found).files] == ["a.py", "ours.py"]
    assert committed(repository, "topic", base="main").base == fork
    assert staged(repository, base="main").base == fork


def test_branches_without_a_common_commit_are_said_so(repository: SampleRepository) -> None:
    """There is nothing to count from."""
    repository.git("checkout", "--quiet", "--orphan", "apart")
    repository.commit()
    with pytest.raises(GitError) as raised:
        working(repository, base="main")
    assert str(raised.value) == "main: has no commit in common with HEAD\n  Name a base that HEAD descends from."


def shallow_clone(repository: SampleRepository, tmp_path: Path) -> SampleRepository:
    """A clone with one commit of each branch."""
    source = f"file://{repository.root}"
    repository.git("clone", "--quiet", "--depth=1", "--no-single-branch", source, str(tmp_path / "clone"))
    return SampleRepository(root=tmp_path / "clone", environment=repository.environment)


def test_a_base_that_a_shallow_clone_does_not_have_is_explained(repository: SampleRepository, tmp_path: Path) -> None:
    """Fault 37: an id, the parent, and the merge base, each cut off."""
    first = commit_id(repository, "HEAD")
    repository.git("checkout", "--quiet", "-b", "topic")
    repository.commit({"ours.py": "o\n"})
    repository.git("checkout", "--quiet", "main")
    head = repository.commit({"theirs.py": "t\n"})
    clone = shallow_clone(repository, tmp_path)
    with pytest.raises(GitError) as raised:
        working(clone, base=first)
    assert str(raised.value) == f"{first}: no such commit in this clone\n  {DEEPEN}"
    with pytest.raises(GitError) as raised:
        committed(clone, "HEAD")
    assert str(raised.value) == f"{head}: its parent is not in this clone\n  {DEEPEN}"
    with pytest.raises(GitError) as raised:
        working(clone, base="origin/topic")
    assert str(raised.value) == f"origin/topic: the commit where this branch began is not in this clone\n  {DEEPEN}"


def test_a_shallow_clone_is_fine_without_its_history(repository: SampleRepository, tmp_path: Path) -> None:
    """Fault 37: `auto` needs no other commit than HEAD."""
    repository.commit({"a.py": "a = 2\n"})
    clone = shallow_clone(repository, tmp_path)
    clone.write({"a.py": "a = 3\n"})
    found = working(clone)
    assert found.tree == clone.tree_on_disk()
    assert [file.path for file in clone.binary().change(found).files] == ["a.py"]


def test_a_partial_clone_fetches_what_a_change_needs(repository: SampleRepository, tmp_path: Path) -> None:
    """Fault 37: a clone without old blobs gets them from its server, into our own store."""
    first = commit_id(repository, "HEAD")
    repository.commit({"a.py": "a = 2\n" * 50})
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    repository.git("clone", "--quiet", "--filter=blob:none", f"file://{repository.root}", str(tmp_path / "clone"))
    clone = SampleRepository(root=tmp_path / "clone", environment=repository.environment)
    before = clone.state()
    found = working(clone, base=first)
    (file,) = clone.binary().change(found).files
    assert (file.path, file.added, file.deleted) == ("a.py", 50, 1)
    assert clone.state() == before


# --- questions ---------------------------------------------------------------------------------------------------------


def test_a_file_is_read_out_of_a_tree(repository: SampleRepository) -> None:
    """Links inside the tree are followed; what is no file is None."""
    (repository.root / "link").symlink_to("src/../a.py")
    (repository.root / "out").symlink_to("../outside")
    (repository.root / "loop").symlink_to("loop")
    (repository.root / "src/up").symlink_to("../a.py")
    tree = working(repository).tree
    binary, opened = repository.binary(), repository.open()
    names = ("a.py", "link", "src/up", "out", "loop", "src", "nothing", "a.py/below")
    assert {name: binary.read_file(opened, tree, name) for name in names} == {
        "a.py": b"a = 1\n",
        "link": b"a = 1\n",
        "src/up": b"a = 1\n",
        "out": None,
        "loop": None,
        "src": None,
        "nothing": None,
        "a.py/below": None,
    }


def test_paths_between_trees(repository: SampleRepository) -> None:
    """None as soon as a tree is not known any more."""
    old = working(repository).tree
    repository.write({"a.py": "a = 2\n", "new.py": "n\n"})
    repository.git("mv", "src/b.py", "src/c.py")
    new = working(repository).tree
    binary, opened = repository.binary(), repository.open()
    assert binary.paths_changed_between(opened, old, new) == frozenset({"a.py", "new.py", "src/b.py", "src/c.py"})
    assert binary.paths_changed_between(opened, old, old) == frozenset()
    assert binary.paths_changed_between(opened, "0" * 40, new) is None


def test_ancestors(repository: SampleRepository) -> None:
    """A commit descends from itself; unknown ones from nothing."""
    first = commit_id(repository, "HEAD")
    second = repository.commit({"a.py": "a = 2\n"})
    binary, opened = repository.binary(), repository.open()
    asked = [(first, second), (second, first), (first, first), ("0" * 40, first)]
    assert [binary.is_ancestor(opened, *pair) for pair in asked] == [True, False, True, False]


def test_contents_are_listed_by_mode_and_id(repository: SampleRepository) -> None:
    """What a gate's inputs are keyed by."""
    (repository.root / "a.py").chmod(0o755)
    tree = working(repository).tree
    ids = {path: repository.git("rev-parse", f"HEAD:{path}").strip() for path in FILES}
    assert repository.binary().content_ids(repository.open(), tree) == {
        "a.py": f"100755 {ids['a.py']}",
        "src/b.py": f"100644 {ids['src/b.py']}",
    }


def test_ignored_paths_are_what_is_not_in_the_tree(repository: SampleRepository) -> None:
    """Whole folders as one path; what only a private ignore file hides is in the tree, so it is not listed."""
    repository.write(
        {
            ".gitignore": "*.log\nbuild/\n",
            "x.log": "x",
            "src/y.log": "y",
            "build/deep/out": "o",
            "cache/.gitignore": "*\n",
            "cache/data": "d",
            "private/p.py": "p",
            ".DS_Store": "d",
            ".verifyd/.gitignore": "*\n",
        }
    )
    (repository.git_dir / "info" / "exclude").write_text("private/\n.DS_Store\n")
    expected = (".DS_Store", ".verifyd", "build", "cache", "src/y.log", "x.log")
    binary, opened = repository.binary(), repository.open()
    assert binary.ignored_paths(opened) == expected
    binary.snapshot_working_tree(opened, base="auto")
    assert binary.ignored_paths(opened) == expected
