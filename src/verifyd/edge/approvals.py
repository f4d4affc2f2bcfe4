"""Approvals in the user's state folder: one file a repository, outside of it, readable and writable by the user alone."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from pathlib import Path

from msgspec import Struct, field

from verifyd.app.ports import Repository
from verifyd.edge.daemon_place import state_folder
from verifyd.edge.files import DiskFiles
from verifyd.errors import StoreError
from verifyd.json_shape import from_json, to_json
from verifyd.pipeline import Approval

SIZE_LIMIT_BYTES = 8 * 1024 * 1024
AGAIN = "Look at the gates with `verifyd plan`, then run `verifyd approve`."


def approvals_folder() -> Path:
    """Where the user's approvals are kept: ``$XDG_STATE_HOME/verifyd/approvals`` on Linux."""
    return Path(state_folder(), "approvals")


class StateFolderApprovals(Struct, frozen=True, kw_only=True):
    """
    Approvals below one folder, the user's own state folder by default.

    A file's name is a hash of the repository's common git folder, so that linked work trees share one approval, and a
    copy of the repository elsewhere has none.
    """

    folder: Path = field(default_factory=approvals_folder)

    def path(self, repository: Repository) -> Path:
        """Where the approval of this repository is kept."""
        return self.folder / f"{hashlib.sha256(os.fsencode(repository.common_dir)).hexdigest()[:32]}.json"

    def read(self, repository: Repository) -> Approval | None:
        """
        The last approval; None when nothing was ever approved.

        Raises:
            StoreError: what is there is damaged, does not fit its own digest, or others than the user may write it. It counts
                as no approval; nothing is restored from elsewhere (fault 16).
        """
        path = self.path(repository)
        content = DiskFiles().read(path, limit_bytes=SIZE_LIMIT_BYTES)
        if content is None:
            return None
        refuse_writable_by_others(path)
        refuse_writable_by_others(path.parent)
        try:
            approval = from_json(Approval, json.loads(content))
        except (ValueError, RecursionError) as error:
            raise StoreError(
                "the approval is damaged, so nothing counts as approved", where=str(path), remedy=AGAIN
            ) from error
        if approval.digest != approval.pipeline.digest:
            raise StoreError(
                "the approval is not of the gates kept with it, so nothing counts as approved",
                where=str(path),
                remedy=AGAIN,
            )
        return approval

    def write(self, repository: Repository, approval: Approval) -> Path:
        """
        Keep it in place of an earlier one; the file it went to (0600, in a folder of 0700).

        Raises:
            StoreError: it cannot be written.
        """
        path = self.path(repository)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
        except OSError as error:
            remedy = "Make the folder writable for you, then run `verifyd approve` again."
            raise StoreError(f"cannot be made: {error.strerror}", where=str(self.folder), remedy=remedy) from error
        DiskFiles().write_whole(self.folder.resolve() / path.name, json.dumps(to_json(approval), indent=2), mode=0o600)
        return path


def refuse_writable_by_others(path: Path) -> None:
    """StoreError when somebody else could have written it."""
    found = path.stat()
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o022:
        raise StoreError(
            "others than you may write here, so nothing counts as approved",
            where=str(path),
            remedy=f"Run `chmod go-w {path}`, see who owns it, then run `verifyd approve`.",
        )
