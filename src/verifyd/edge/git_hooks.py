"""Git hooks on disk: where git looks for them, what is there, and the writing and putting back of ours."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shlex
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct

from verifyd.app.ports import Repository
from verifyd.edge.file_writing import refusing, write_into
from verifyd.edge.folders import open_folder
from verifyd.edge.git_process import GitProcess, lines_of
from verifyd.edge.git_repository import user_place
from verifyd.json_shape import ShapeError, from_json, to_json

NAMES = ("pre-commit", "commit-msg", "pre-push")
KEPT_SUFFIX = ".before-verifyd"
MARK = b"# verifyd git hook 1: "
"""The second line of each of our hooks begins with it."""
BODY = Path(__file__).with_name("git-hook.sh")
LARGEST_BYTES = 1024 * 1024
LAST_BYTES = 64 * 1024
COMMITTED = re.compile(rb"[0-9a-f]+ (?P<new>[0-9a-f]{40,64}) [^\t]* (?P<at>\d+) [+-]\d+\tcommit(?: \([a-z]+\))?: ")


class HooksRecord(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    What ``install`` wrote down.

    Attributes:
        folder: Where the hooks are.
        hooks: Name and sha256, hex, of each hook that was written.
    """

    folder: str
    hooks: tuple[tuple[str, str], ...] = ()


class InstalledHooks:
    """What is known of a repository's hooks without asking git."""

    def are_installed(self, repository: Repository) -> bool:
        """Whether ``verifyd install git`` was here."""
        return record_path(repository).exists()

    def commit_made_here(self, repository: Repository) -> str | None:
        """
        The commit that the last line of HEAD's log says was made by ``git commit``; None for any other line and for no log.

        One that is older than our hooks is nobody's doing.
        """
        try:
            installed_s = record_path(repository).stat().st_mtime
            with (repository.git_dir / "logs" / "HEAD").open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - LAST_BYTES))
                last = file.read().splitlines()[-1:]
        except OSError:
            return None
        found = COMMITTED.match(last[0]) if last else None
        return found["new"].decode("ascii") if found is not None and int(found["at"]) >= int(installed_s) else None


def record_path(repository: Repository) -> Path:
    """What ``install`` wrote down of the hooks that it made."""
    return repository.common_dir / "verifyd" / "hooks.json"


def read_record(repository: Repository) -> HooksRecord | None:
    """What was written down; None when nothing was, or when it cannot be read."""
    try:
        return from_json(HooksRecord, json.loads(record_path(repository).read_bytes()))
    except (OSError, ValueError, ShapeError, RecursionError):
        return None


def write_record(repository: Repository, record: HooksRecord | None) -> None:
    """Write it down, or forget it; StoreError when that fails."""
    path = record_path(repository)
    with refusing(path, "written"):
        if record is None:
            path.unlink(missing_ok=True)
            return
        with open_folder(path.parent, make=True) as folder:
            write_into(folder, path.name, (json.dumps(to_json(record), indent=2) + "\n").encode("utf-8"), 0o600)


class HooksFolder(Struct, frozen=True, kw_only=True):
    """
    Where git looks for hooks.

    Attributes:
        path: Absolute; it need not be there.
        setting: Value of ``core.hooksPath``; empty where it is not set.
        is_local: Whether it is set for this repository alone, or not at all.
    """

    path: Path
    setting: str = ""
    is_local: bool = True


def hooks_folder(environment: Mapping[str, str], repository: Repository) -> HooksFolder:
    """Ask git for its settings; our own on the command line, which keeps git from running any hook, left out."""
    asked = ("config", "--show-scope", "-z", "--get-all", "core.hooksPath")
    fields = lines_of(GitProcess(environment).attempt(user_place(repository), *asked).output)
    found = [(scope, value) for scope, value in zip(fields[::2], fields[1::2], strict=False) if scope != "command"]
    if not found or not found[-1][1]:
        return HooksFolder(path=repository.common_dir / "hooks")
    scope, setting = found[-1]
    path = Path(os.path.normpath(repository.root / Path(setting).expanduser()))
    return HooksFolder(path=path, setting=setting, is_local=scope in ("local", "worktree"))


def read_hook(path: Path) -> bytes | None:
    """The content of what is there, links followed; None when there is nothing, empty for what is no file."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES)
    except FileNotFoundError:
        return b"" if path.is_symlink() else None
    except OSError:
        return b""


def is_ours(content: bytes) -> bool:
    """Whether a hook is one that we wrote, of this release or another."""
    return MARK.rpartition(b" 1: ")[0] in content[:200]


def hook_content(name: str, *, command: Path, key: Path) -> bytes:
    """A hook as it is installed: what is known now, then the script that all hooks share."""
    known = (
        f"hook={name}\n"
        f"key_file={shlex.quote(str(key))}\n"
        f"command={shlex.quote(str(command))}\n"
        f"kept=${{0%.legacy}} kept=${{kept%.old}}{KEPT_SUFFIX}\n"
    )
    head = (
        b"#!/bin/sh\n"
        + MARK
        + f"made by `verifyd install git`, taken back by `verifyd uninstall git`\n{known}".encode()
    )
    return head + BODY.read_bytes()


def digest_of(content: bytes) -> str:
    """Sha256, hex."""
    return hashlib.sha256(content).hexdigest()


def write_hook(path: Path, content: bytes, *, keep: bool) -> None:
    """Write an executable hook whole; what is there is moved aside first where *keep* says so. StoreError when that fails."""
    with refusing(path, "written"):
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(path.name + KEPT_SUFFIX)
        if keep:
            path.rename(aside)
        try:
            with open_folder(path.parent.resolve()) as folder:
                write_into(folder, path.name, content, 0o755)
        except BaseException:
            if keep:
                with suppress(OSError):
                    aside.rename(path)
            raise


def aside_of(path: Path) -> Path:
    """Where the hook that was there before ours lies, if there was one."""
    return path.with_name(path.name.removesuffix(".legacy").removesuffix(".old") + KEPT_SUFFIX)


def has_one_aside(path: Path) -> bool:
    """Whether a hook was there before ours, and would come back."""
    return os.path.lexists(aside_of(path))


def take_back(path: Path) -> None:
    """Remove our hook, under whatever name a runner has put it aside, and put back what was there before it; StoreError when that fails."""
    with refusing(path, "removed"):
        aside = aside_of(path)
        if os.path.lexists(aside):
            aside.rename(path)
        else:
            path.unlink(missing_ok=True)
