"""The files that hold verdicts: written whole for the user alone, read back only as they were written."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from verifyd.app.file_ports import TreeVerdict
from verifyd.app.ports import Repository
from verifyd.edge import verdict_files
from verifyd.edge.approvals import StateFolderApprovals
from verifyd.edge.verdict_files import DiskVerdictFiles
from verifyd.errors import StoreError
from verifyd.pipeline import Approval, ApprovedBy, Pipeline

ENVIRONMENT = {"PATH": "/usr/bin", "PYTEST_ADDOPTS": "-x", "SECRET": "hush"}
TREE = "1f" * 20
NOON = datetime(2026, 11, 21, 12, 0, 0, 654321, tzinfo=UTC)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """With an approved pipeline."""
    root = (tmp_path / "repository").resolve()
    (root / ".git").mkdir(parents=True)
    return Repository(root=root, git_dir=root / ".git", common_dir=root / ".git")


@pytest.fixture
def files(tmp_path: Path, repository: Repository) -> DiskVerdictFiles:
    """With a state folder of their own."""
    approvals = StateFolderApprovals(folder=tmp_path / "state" / "approvals")
    approvals.write(repository, Approval(digest=Pipeline().digest, by=ApprovedBy.FLAG, at="now", pipeline=Pipeline()))
    return DiskVerdictFiles(approvals=approvals, key_path=tmp_path / "state" / "verdicts.key")


@pytest.fixture
def verdict() -> TreeVerdict:
    """A ready one, to the second."""
    return TreeVerdict(
        tree=TREE,
        readiness="ready",
        base="-",
        base_name="auto",
        pipeline=Pipeline().digest,
        measured_at=NOON.replace(microsecond=0),
    )


def path_of(repository: Repository, tree: str = TREE) -> Path:
    """Where a verdict is kept."""
    return repository.common_dir / "verifyd" / "verdicts" / tree


def test_what_was_written_is_read(files: DiskVerdictFiles, repository: Repository, verdict: TreeVerdict) -> None:
    """By the user alone, and no value of a variable is in it."""
    files.write(repository, verdict, ENVIRONMENT)
    assert files.read(repository, TREE, ENVIRONMENT) == verdict
    path = path_of(repository)
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)
    assert "variable PYTEST_ADDOPTS\n" in path.read_text("utf-8")
    assert not {"-x", "hush"} & set(path.read_text("utf-8").split())
    assert [entry.name for entry in path.parent.iterdir()] == [TREE]


def test_each_changed_byte_ends_it(files: DiskVerdictFiles, repository: Repository, verdict: TreeVerdict) -> None:
    """Wherever it is; so do a line more, and a file that was cut off."""
    files.write(repository, verdict, ENVIRONMENT)
    path = path_of(repository)
    content, dates = path.read_bytes(), path.stat()
    altered = [content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :] for at in range(len(content))]
    for other in (*altered, content + b"\n", content[:-1], content + b"readiness ready\n", b""):
        path.write_bytes(other)
        os.utime(path, ns=(dates.st_atime_ns, dates.st_mtime_ns))
        assert files.read(repository, TREE, ENVIRONMENT) is None, other
    path.write_bytes(content)
    os.utime(path, ns=(dates.st_atime_ns, dates.st_mtime_ns))
    assert files.read(repository, TREE, ENVIRONMENT) == verdict


@pytest.mark.parametrize(
    "environment",
    [{**ENVIRONMENT, "PATH": "/bin"}, {**ENVIRONMENT, "PYTEST_ADDOPTS": "-k none"}, {"PATH": "/usr/bin"}, {}],
)
def test_another_environment_ends_it(
    files: DiskVerdictFiles, repository: Repository, verdict: TreeVerdict, environment: dict[str, str]
) -> None:
    """As far as it decides which tools are found and what they do."""
    files.write(repository, verdict, ENVIRONMENT)
    assert files.read(repository, TREE, environment) is None


def test_what_git_puts_before_path_in_a_hook_is_nothing(
    files: DiskVerdictFiles, repository: Repository, verdict: TreeVerdict
) -> None:
    """Its own programs lie there, and nobody else's."""
    files.write(repository, verdict, ENVIRONMENT)
    inside = {**ENVIRONMENT, "GIT_EXEC_PATH": "/usr/lib/git-core", "PATH": "/usr/lib/git-core:/usr/bin"}
    assert files.read(repository, TREE, inside) == verdict


def test_another_repository_does_not_believe_it(
    files: DiskVerdictFiles, repository: Repository, verdict: TreeVerdict, tmp_path: Path
) -> None:
    """A copy of the file, in a clone that is approved as well."""
    files.write(repository, verdict, ENVIRONMENT)
    root = (tmp_path / "clone").resolve()
    clone = Repository(root=root, git_dir=root / ".git", common_dir=root / ".git")
    files.approvals.write(clone, Approval(digest=Pipeline().digest, by=ApprovedBy.FLAG, at="now", pipeline=Pipeline()))
    path_of(clone).parent.mkdir(parents=True)
    path_of(clone).write_bytes(path_of(repository).read_bytes())
    assert files.read(clone, TREE, ENVIRONMENT) is None


def test_a_pipeline_that_is_not_the_approved_one_leaves_no_file(
    files: DiskVerdictFiles, repository: Repository, verdict: TreeVerdict
) -> None:
    """Not even the one that was there."""
    files.write(repository, verdict, ENVIRONMENT)
    files.write(repository, replace(verdict, pipeline="0" * 64), ENVIRONMENT)
    assert not path_of(repository).exists()


def test_what_changed_during_the_run_counts_as_changed_since(
    files: DiskVerdictFiles, repository: Repository, verdict: TreeVerdict, tmp_path: Path
) -> None:
    """The file's date is the run's beginning."""
    tool = tmp_path / "tool"
    tool.write_text("", "utf-8")
    before, during = (NOON + timedelta(seconds=seconds) for seconds in (-5, 0.2))
    resting = replace(verdict, rests_on=(tool,))
    os.utime(tool, (before.timestamp(), before.timestamp()))
    files.write(repository, resting, ENVIRONMENT)
    assert files.read(repository, TREE, ENVIRONMENT) == resting
    os.utime(tool, (during.timestamp(), during.timestamp()))
    assert files.read(repository, TREE, ENVIRONMENT) is None


@pytest.mark.parametrize("seconds", [0, 1, 3600])
def test_a_file_that_is_dated_later_than_is_sealed_is_not_believed(
    files: DiskVerdictFiles, repository: Repository, verdict: TreeVerdict, seconds: int
) -> None:
    """Nothing that it rests on would ever be younger. An earlier date only ends it sooner."""
    files.write(repository, verdict, ENVIRONMENT)
    noon = verdict.measured_at.timestamp()
    os.utime(path_of(repository), (noon + seconds, noon + seconds))
    assert files.read(repository, TREE, ENVIRONMENT) is None
    os.utime(path_of(repository), (noon - 2, noon - 2))
    assert files.read(repository, TREE, ENVIRONMENT) == verdict


def test_the_newest_are_kept(
    files: DiskVerdictFiles, repository: Repository, verdict: TreeVerdict, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the moment when they were measured."""
    monkeypatch.setattr(verdict_files, "KEPT", 3)
    for number in (4, 1, 5, 2, 3):
        at = NOON + timedelta(minutes=number)
        files.write(repository, replace(verdict, tree=f"{number}" * 40, measured_at=at), ENVIRONMENT)
    assert sorted(path.name[0] for path in path_of(repository).parent.iterdir()) == ["3", "4", "5"]


def test_a_key_that_others_may_read_is_none(
    files: DiskVerdictFiles, repository: Repository, verdict: TreeVerdict
) -> None:
    """Nothing is written then, and nothing is believed."""
    files.write(repository, verdict, ENVIRONMENT)
    files.key_path.chmod(0o644)
    assert files.read(repository, TREE, ENVIRONMENT) is None
    files.write(repository, verdict, ENVIRONMENT)
    assert not path_of(repository).exists()


def test_a_line_break_in_a_path_leaves_no_file(
    files: DiskVerdictFiles, repository: Repository, verdict: TreeVerdict
) -> None:
    """It could be read as another line."""
    files.write(repository, replace(verdict, rests_on=(Path("/bin\nreadiness ready"),)), ENVIRONMENT)
    assert not path_of(repository).exists()


def test_a_link_in_the_place_of_the_folder_is_refused(
    files: DiskVerdictFiles, repository: Repository, verdict: TreeVerdict, tmp_path: Path
) -> None:
    """Somebody may have put it there to have us write elsewhere."""
    (repository.common_dir / "verifyd").symlink_to(tmp_path)
    with pytest.raises(StoreError, match="is a symbolic link"):
        files.write(repository, verdict, ENVIRONMENT)
