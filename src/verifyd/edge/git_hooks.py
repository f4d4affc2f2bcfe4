"""Hooks on disk: where git looks for them, who wrote what is there, and the put-back of what was there before."""

from __future__ import annotations

import os
import re
from pathlib import Path

from verifyd.app.ports import Repository

LAST_BYTES = 64 * 1024
COMMITTED = re.compile(rb"[0-9a-f]+ (?P<new>[0-9a-f]{40,64}) [^\t]*\tcommit(?: \([a-z]+\))?: ")


class InstalledHooks:
    """What is known of a repository's hooks without asking git."""

    def are_installed(self, repository: Repository) -> bool:
        """Whether ``verifyd install git`` was here."""
        return record_of(repository).exists()

    def commit_made_here(self, repository: Repository) -> str | None:
        """The commit that the last line of HEAD's log says was made by ``git commit``; None for any other line and for no log."""
        try:
            with (repository.git_dir / "logs" / "HEAD").open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - LAST_BYTES))
                last = file.read().splitlines()[-1:]
        except OSError:
            return None
        found = COMMITTED.match(last[0]) if last else None
        return found["new"].decode("ascii") if found is not None else None


def record_of(repository: Repository) -> Path:
    """What ``install`` wrote down of the hooks that it made."""
    return repository.common_dir / "verifyd" / "hooks.json"
