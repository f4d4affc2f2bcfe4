"""Objects that are not what their names say: wherever a verdict leans on one, there is none."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.repositories import SampleRepository, make_repository
from verifyd.edge.git_objects import entries_between, read_contents
from verifyd.edge.git_process import GitProcess, Place
from verifyd.edge.object_ids import READ_BYTES, file_id
from verifyd.edge.tree_edit import Entry
from verifyd.errors import GitError, UsageError

FORMATS = ("sha1", "sha256")


def made(folder: Path, object_format: str = "sha1") -> SampleRepository:
    """A repository with two commits, every object in a file of its own."""
    files = {"a.txt": "bad\n", "deep/er/b.txt": "b\n", "deep/c.txt": "c\n", ".gitattributes": "*.win text eol=crlf\n"}
    repository = make_repository(folder, {**files, "x.win": "x\n"}, arguments=(f"--object-format={object_format}",))
    repository.commit({"a.txt": "worse\n"})
    return repository


def forge(repository: SampleRepository, victim: str, content: bytes) -> str:
    """Put a blob with this content where git looks for what *victim* names; the id that it took."""
    identifier = repository.git("rev-parse", victim).strip()
    other = repository.git("hash-object", "-w", "--stdin", content=content).strip()
    return replace_object(repository, identifier, other)


def replace_object(repository: SampleRepository, identifier: str, other: str) -> str:
    """Copy one loose object over another; the id of the one that is lost."""
    target, source = (repository.git_dir / "objects" / one[:2] / one[2:] for one in (identifier, other))
    target.chmod(0o644)
    shutil.copy(source, target)
    return identifier


def assert_refused(identifier: str, act: Callable[[], object]) -> None:
    """The act must end with that message."""
    with pytest.raises(GitError) as caught:
        act()
    assert str(caught.value) == (
        f"object {identifier} is not what its name says: it holds other content\n  Look at it with: git fsck"
    )


@pytest.mark.parametrize("object_format", FORMATS)
@pytest.mark.parametrize("victim", ["a.txt", "deep/er/b.txt", "x.win", ".gitattributes"])
def test_a_forged_file_is_not_written(tmp_path: Path, victim: str, object_format: str) -> None:
    """Stored as it is or converted on the way, in both formats of ids: what is on disk is not the tree, and it is said."""
    repository = made(tmp_path, object_format)
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    forged = forge(repository, f"HEAD:{victim}", b"good\n")
    opened = repository.open()
    assert_refused(forged, lambda: repository.binary().write_tree_to(opened, tree, tmp_path / "view"))


def test_a_forged_link_is_not_written(tmp_path: Path) -> None:
    """A link's target is an object like a file's content."""
    repository = made(tmp_path)
    (repository.root / "link").symlink_to("a.txt")
    repository.commit()
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    forged = forge(repository, "HEAD:link", b"deep/c.txt")
    assert_refused(forged, lambda: repository.binary().write_tree_to(repository.open(), tree, tmp_path / "view"))


def test_a_forged_content_that_a_filter_makes_right_again_is_not_written(tmp_path: Path) -> None:
    """To clean what was written and hash that would not do: this filter cleans both contents to the committed one."""
    repository = made(tmp_path)
    repository.git("config", "filter.constant.clean", "echo bad")
    repository.commit({".gitattributes": "*.f filter=constant\n", "a.f": "bad\n"})
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    forged = forge(repository, "HEAD:a.f", b"good\n")
    assert_refused(forged, lambda: repository.binary().write_tree_to(repository.open(), tree, tmp_path / "view"))


def test_a_converted_file_that_its_filter_does_not_give_back_is_written(tmp_path: Path) -> None:
    """Cleaning what was smudged need not give the stored content: such a tree is no forgery."""
    repository = made(tmp_path)
    repository.git("config", "filter.dated.clean", "cat")
    repository.git("config", "filter.dated.smudge", "sed s/one/two/")
    repository.commit({".gitattributes": "*.f filter=dated\n", "a.f": "one\n"})
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    repository.binary().write_tree_to(repository.open(), tree, tmp_path / "view")
    assert (tmp_path / "view/a.f").read_text() == "two\n"


@pytest.mark.parametrize("object_format", FORMATS)
@pytest.mark.parametrize("victim", ["HEAD:deep", "HEAD:deep/er"])
def test_a_forged_folder_is_not_listed(tmp_path: Path, victim: str, object_format: str) -> None:
    """Inputs of gates, files of a view, and the change come from such a listing."""
    repository = made(tmp_path, object_format)
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    identifier = repository.git("rev-parse", victim).strip()
    forged = replace_object(repository, identifier, repository.git("mktree", content=b"").strip())
    binary, opened = repository.binary(), repository.open()
    assert_refused(forged, lambda: binary.content_ids(opened, tree))
    assert_refused(forged, lambda: binary.write_tree_to(opened, tree, tmp_path / "view"))
    assert_refused(forged, lambda: binary.snapshot_committed(opened, "HEAD", base="auto"))
    assert_refused(
        forged, lambda: binary.snapshot_staged(opened, base="auto").tree and binary.content_ids(opened, tree)
    )


def test_a_forged_commit_is_not_followed(tmp_path: Path) -> None:
    """Asked for by its name, a commit that says another tree and other parents is refused; as a base, too."""
    repository = made(tmp_path)
    new, old = repository.git("rev-parse", "HEAD", "HEAD~1").split()
    replace_object(repository, old, new)
    binary, opened = repository.binary(), repository.open()
    assert_refused(old, lambda: binary.snapshot_committed(opened, old, base="auto"))
    assert_refused(old, lambda: binary.snapshot_committed(opened, "HEAD", base="auto"))
    assert_refused(old, lambda: binary.snapshot_working_tree(opened, base=old))


@pytest.mark.parametrize("path", ["a.txt", "VERIFY.md"])
def test_a_forged_file_is_not_read(tmp_path: Path, path: str) -> None:
    """VERIFY.md of a tree."""
    repository = made(tmp_path)
    repository.commit({"VERIFY.md": "# Verification\n"})
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    forged = forge(repository, f"HEAD:{path}", b"good\n")
    assert_refused(forged, lambda: repository.binary().read_file(repository.open(), tree, path))


@pytest.mark.parametrize("victim", ["HEAD:a.txt", "HEAD:deep", "HEAD:.gitattributes"])
def test_a_forged_base_hides_no_change(tmp_path: Path, victim: str) -> None:
    """Limits count the lines between two trees, and .gitattributes says which of them count: each is held against its id."""
    repository = made(tmp_path)
    binary, opened = repository.binary(), repository.open()
    repository.write({"a.txt": "1\n2\n3\n", "deep/c.txt": "1\n2\n3\n"})
    snapshot = binary.snapshot_working_tree(opened, base="auto")[0]
    identifier = repository.git("rev-parse", victim).strip()
    if victim == "HEAD:deep":
        replace_object(repository, identifier, repository.git("mktree", content=b"").strip())
    else:
        forge(repository, victim, b"a.txt linguist-generated\n")
    assert_refused(identifier, lambda: binary.change(snapshot))


def test_what_differs_is_what_git_says(tmp_path: Path) -> None:
    """Files and folders in each other's place, submodules, modes, whole folders that came and went."""
    repository = made(tmp_path)
    repository.remove("deep/er", "x.win")
    repository.write({"deep/er": "a file now\n", "x.win/in": "a folder now\n", "new/n": "n\n"})
    (repository.root / "a.txt").chmod(0o755)
    repository.git("add", "--all")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},module")
    new, old = repository.git("write-tree").strip(), repository.git("rev-parse", "HEAD^{tree}").strip()
    raw = repository.git("diff-tree", "-r", "--raw", "--no-abbrev", "--no-renames", old, new).splitlines()
    expected = {(*about[1:].split(" ")[:4], path) for about, _, path in (line.partition("\t") for line in raw)}
    with GitProcess(repository.environment).object_reader(Place(folder=repository.root)) as objects:
        found = {(*modes_and_ids(before, after), path) for path, before, after in entries_between(objects, old, new)}
    assert found == expected
    assert len(found) == 7


def modes_and_ids(before: Entry | None, after: Entry | None) -> tuple[str, str, str, str]:
    """Both sides as git prints them."""
    left, right = before or Entry(mode="000000", id="0" * 40), after or Entry(mode="000000", id="0" * 40)
    return left.mode, right.mode, left.id, right.id


def test_a_listing_is_gits(tmp_path: Path) -> None:
    """Of names that sort differently as folders, and of names that are no text."""
    repository = make_repository(tmp_path, {"a/x": "1\n", "a.b": "2\n", "a-b/c": "3\n", "a0": "4\n", "\udcff": "5\n"})
    lines = repository.git("ls-tree", "-r", "-z", "HEAD").split("\0")[:-1]
    expected = [
        (about.split(" ")[0], about.split(" ")[2], path) for about, _, path in (x.partition("\t") for x in lines)
    ]
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    with GitProcess(repository.environment).object_reader(Place(folder=repository.root)) as objects:
        assert [(entry.mode, entry.id, path) for path, entry in read_contents(objects, tree).items()] == expected


@pytest.mark.parametrize("object_format", FORMATS)
@pytest.mark.parametrize("size", [0, 1, READ_BYTES - 1, READ_BYTES, READ_BYTES + 1, 2 * READ_BYTES + 3])
def test_a_files_id_is_gits(tmp_path: Path, size: int, object_format: str) -> None:
    """At every size, whole and in pieces, in both formats; and what git gives out in pieces is held against its id."""
    repository = make_repository(tmp_path, {"a": "1\n"}, arguments=(f"--object-format={object_format}",))
    content = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    repository.write({"big": content})
    identifier = repository.git("hash-object", "-w", "--no-filters", "big").strip()
    assert file_id(str(repository.root / "big"), object_format) == identifier
    with GitProcess(repository.environment).object_reader(Place(folder=repository.root)) as objects:
        objects.check_all([identifier, "0" * len(identifier)])
        forge(repository, identifier, content + b"!")
    with GitProcess(repository.environment).object_reader(Place(folder=repository.root)) as objects:
        assert_refused(identifier, lambda: objects.check_all([identifier]))


def test_what_has_no_content_has_no_id(tmp_path: Path) -> None:
    """A folder, a missing file, a file in a folder's place."""
    (tmp_path / "file").write_text("x")
    assert [file_id(str(tmp_path / name), "sha1") for name in (".", "none", "file/below")] == [None, None, None]


# --- what is passed on the way to a commit --------------------------------------------------------------------------------


def parted(folder: Path) -> tuple[SampleRepository, dict[str, str]]:
    """Two commits in common, two more on ``main`` and on ``side``, which is checked out; ids by name. ``v1`` is a tag of the first."""
    repository = make_repository(folder, {"a.txt": "0\n"})
    repository.git("tag", "-a", "-m", "One", "v1")
    repository.commit({"a.txt": "1\n"})
    for branch in ("side", "main"):
        repository.git("checkout", "-q", "-B", branch, "main")
        for number in ("1", "2"):
            repository.commit({f"{branch}{number}.txt": f"{number}\n"}, f"{branch} {number}")
    repository.git("checkout", "-q", "side")
    names = ("main~2", "main~1", "main", "side~1", "side", "v1")
    return repository, dict(zip(names, repository.git("rev-parse", *names).split(), strict=True))


@pytest.mark.parametrize(
    "name",
    ["HEAD", "v1", "v1^{commit}", "v1^0", "HEAD~2", "HEAD^^", "HEAD~", "HEAD^^2~1", "HEAD~1^2", "main~1", "main^1~1", "@~1", "HEAD@{1}~1", ":/side 1"],
)  # fmt: skip
def test_a_name_means_what_git_says(tmp_path: Path, name: str) -> None:
    """Tags, parents of any number, and what only git understands."""
    repository, _ = parted(tmp_path)
    repository.git("merge", "-q", "--no-ff", "-m", "Merge", "main")
    repository.commit({"last.txt": "x\n"})
    named = repository.git("rev-parse", name).strip()
    expected = repository.git("rev-parse", f"{named}^{{commit}}").strip()
    tree = repository.git("rev-parse", f"{expected}^{{tree}}").strip()
    assert repository.binary().snapshot_committed(repository.open(), name, base="auto").tree == tree


@pytest.mark.parametrize(
    "name",
    [
        "HEAD~9",
        "HEAD~999999999",
        "HEAD~" + "9" * 5_000,
        "HEAD^3",
        "HEAD^{tree}",
        "HEAD:a.txt",
        "HEAD^!",
        "HEAD..main",
        "^main",
        "v1\nv1",
    ],
)
def test_what_names_no_commit_is_refused(tmp_path: Path, name: str) -> None:
    """More steps than there are commits, other kinds of objects, more than one commit."""
    repository, _ = parted(tmp_path)
    with pytest.raises(UsageError, match="no such commit, branch or tag"):
        repository.binary().snapshot_committed(repository.open(), name, base="auto")


@pytest.mark.parametrize("by_id", [True, False])
def test_a_forged_tag_is_not_followed(tmp_path: Path, by_id: bool) -> None:
    """Another tag's object in its place names another commit: as a base, named by its whole id, it would be believed."""
    repository, ids = parted(tmp_path)
    repository.git("tag", "-a", "-m", "Two", "v2", "side")
    replace_object(repository, ids["v1"], repository.git("rev-parse", "v2").strip())
    binary, opened = repository.binary(), repository.open()
    name = ids["v1"] if by_id else "v1"
    assert_refused(ids["v1"], lambda: binary.snapshot_committed(opened, name, base="auto"))
    assert_refused(ids["v1"], lambda: binary.snapshot_working_tree(opened, base=name))


def test_a_forged_commit_is_not_passed_on_the_way_to_an_older_one(tmp_path: Path) -> None:
    """``HEAD~2`` leads wherever ``HEAD~1`` says."""
    repository, ids = parted(tmp_path)
    replace_object(repository, ids["side~1"], ids["main"])
    binary, opened = repository.binary(), repository.open()
    assert_refused(ids["side~1"], lambda: binary.snapshot_working_tree(opened, base="HEAD~2"))


@pytest.mark.parametrize("base", ["main", "whole id"])
def test_a_forged_commit_does_not_move_where_two_histories_part(tmp_path: Path, base: str) -> None:
    """A commit of ``main`` that says a parent on ``side``: what was committed there before would count no more."""
    repository, ids = parted(tmp_path)
    replace_object(repository, ids["main~1"], ids["side"])
    assert repository.git("merge-base", "main", "side").strip() == ids["side~1"]
    name = ids["main"] if base == "whole id" else base
    assert_refused(ids["main~1"], lambda: repository.binary().snapshot_working_tree(repository.open(), base=name))


def test_a_commit_that_is_forged_further_down_is_noticed(tmp_path: Path) -> None:
    """The first commit says a parent on ``side``, so git takes what was committed there for older than where the two part."""
    repository, ids = parted(tmp_path)
    replace_object(repository, repository.git("rev-parse", "v1^{commit}").strip(), ids["side"])
    with pytest.raises(GitError) as caught:
        repository.binary().snapshot_working_tree(repository.open(), base="main")
    assert str(caught.value) == (
        f"main: git says that HEAD and it part at commit {ids['main~2'][:12]}, and their own commits say otherwise\n"
        "  Look at it with: git fsck"
    )


def test_a_graft_does_not_move_where_two_histories_part(tmp_path: Path) -> None:
    """git believes ``.git/info/grafts`` about parents: with HEAD's own commit as the base there would be no change left."""
    repository, ids = parted(tmp_path)
    (repository.git_dir / "info").mkdir(exist_ok=True)
    (repository.git_dir / "info" / "grafts").write_text(f"{ids['main']} {ids['side']}\n")
    assert repository.git("merge-base", "main", "side").strip() == ids["side"]
    binary, opened = repository.binary(), repository.open()
    assert binary.snapshot_working_tree(opened, base="main")[0].base == ids["main~2"]
    assert not binary.is_ancestor(opened, ids["side"], ids["main"])


def test_where_two_histories_part_is_found_through_merges(tmp_path: Path) -> None:
    """The way there may lead over any parent; the base is git's own."""
    repository, ids = parted(tmp_path)
    repository.git("merge", "-q", "--no-ff", "-m", "Merge", "main")
    repository.git("checkout", "-q", "main")
    repository.commit({"more.txt": "x\n"})
    repository.git("checkout", "-q", "side")
    found = repository.binary().snapshot_working_tree(repository.open(), base="main")[0]
    assert found.base == ids["main"]
