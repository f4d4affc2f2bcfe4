"""Real git repositories made from dicts of files, beyond the reach of this machine's own git settings."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from verifyd.app.ports import Repository
from verifyd.edge.git import GitBinary

Files = Mapping[str, str | bytes]

FILES = {"a.py": "a = 1\n", "src/b.py": "b = 2\n", "src/deep/c.py": "c = 3\n", ".gitignore": "*.log\nbuild/\n"}
"""What most tests need: files in folders, and something that is ignored."""

FIXED = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A Developer",
    "GIT_AUTHOR_EMAIL": "developer@example.invalid",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00+00:00",
    "GIT_COMMITTER_NAME": "A Developer",
    "GIT_COMMITTER_EMAIL": "developer@example.invalid",
    "GIT_COMMITTER_DATE": "2026-01-01T00:00:00+00:00",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRepository:
    """
    A work tree and how to use git in it as its user would.

    Attributes:
        root: Its top folder.
        environment: Of every git command, with a home folder of its own: settings written with ``--global`` stay there.
    """

    root: Path
    environment: Mapping[str, str] = field(repr=False)

    @property
    def git_dir(self) -> Path:
        """Its git folder; a file's target for linked work trees and submodules."""
        return Path(self.git("rev-parse", "--absolute-git-dir").strip())

    @property
    def home(self) -> Path:
        """The user's home folder."""
        return Path(self.environment["HOME"])

    def binary(self, **variables: str) -> GitBinary:
        """What is tested, as if it were started by this user with these variables besides."""
        return GitBinary({**self.environment, **variables})

    def open(self) -> Repository:
        """The repository as our own code sees it."""
        return self.binary().open_repository(self.root)

    def git(self, *arguments: str, content: bytes | None = None) -> str:
        """Run git in it; what it printed."""
        done = self.attempt(*arguments, content=content)
        assert done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace')}"
        return done.stdout.decode("utf-8", "surrogateescape")

    def attempt(self, *arguments: str, content: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        """Run git in it, whatever its status."""
        return subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            env=self.environment,
            input=content,
            stdin=subprocess.DEVNULL if content is None else None,
            capture_output=True,
        )

    def write(self, files: Files) -> None:
        """Write files, their folders made."""
        for name, content in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)

    def remove(self, *names: str) -> None:
        """Delete files or whole folders."""
        for name in names:
            path = self.root / name
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def commit(self, files: Files | None = None, message: str = "Change") -> str:
        """Commit all there is, after these files were written; the commit's id."""
        self.write(files or {})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD").strip()

    def tree_on_disk(self) -> str:
        """The id that ``git add --all`` and ``git write-tree`` give, found without a trace."""
        scratch = self.home / "scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        (scratch / "objects").mkdir(parents=True)
        index = self.git_dir / "index"
        if index.exists():
            shutil.copy2(index, scratch / "index")
        objects = self.root / self.git("rev-parse", "--git-path", "objects").strip()
        aside = {
            "GIT_INDEX_FILE": str(scratch / "index"),
            "GIT_OBJECT_DIRECTORY": str(scratch / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects),
        }
        apart = SampleRepository(root=self.root, environment={**self.environment, **aside})
        apart.git("add", "--all")
        return apart.git("write-tree").strip()

    def state(self) -> dict[str, tuple[str, int, int]]:
        """
        Everything of the git folder but what is ours: kind or hash, mode and time of each path.

        A folder's time is left out for the git folder itself, in which our own folder comes to be.
        """
        top = self.git_dir
        found: dict[str, tuple[str, int, int]] = {}
        for folder, folders, names in os.walk(top):
            if Path(folder) == top:
                folders[:] = [name for name in folders if name != "verifyd"]
            for name in [*folders, *names]:
                path = Path(folder) / name
                seen = path.lstat()
                content = hashlib.sha256(path.read_bytes()).hexdigest() if stat.S_ISREG(seen.st_mode) else "not a file"
                found[str(path.relative_to(top))] = content, seen.st_mode, seen.st_mtime_ns
        return found


def make_repository(
    folder: Path, files: Files | None = None, *, commit: bool = True, arguments: tuple[str, ...] = ()
) -> SampleRepository:
    """
    Make ``folder/repository`` with these files committed in it.

    Args:
        commit: False leaves HEAD unborn and the files untracked.
        arguments: Of ``git init``.
    """
    root, home = folder / "repository", folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    root.mkdir(parents=True)
    repository = SampleRepository(root=root, environment=user_environment(home))
    repository.git("init", "--quiet", "--initial-branch=main", *arguments)
    repository.write(files or {})
    if commit:
        repository.commit(message="Begin")
    return repository


def user_environment(home: Path) -> dict[str, str]:
    """The variables of a user whose only git settings are those in *home*."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "XDG_", "VERIFYD"))}
    return {**kept, **FIXED, "HOME": str(home), "GIT_CONFIG_GLOBAL": str(home / ".gitconfig")}


def nested_in(
    outer: SampleRepository, name: str, files: Files | None = None, *, commit: bool = True
) -> SampleRepository:
    """A repository of its own inside a work tree, declared nowhere."""
    root = outer.root / name
    root.mkdir(parents=True)
    nested = SampleRepository(root=root, environment=outer.environment)
    nested.git("init", "--quiet", "--initial-branch=main")
    nested.write(files or {})
    if commit:
        nested.commit(message="Begin")
    return nested


def with_submodule(outer: SampleRepository, name: str, files: Files) -> SampleRepository:
    """A submodule, committed in *outer*; its origin is a repository beside it."""
    origin = make_repository(outer.root.parent / "origins" / name, files)
    outer.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(origin.root), name)
    outer.commit(message="Add a submodule")
    return SampleRepository(root=outer.root / name, environment=outer.environment)


def run_while_read(repository: SampleRepository, script: str) -> None:
    """Let a shell script run in the middle of each reading of the whole tree: as the clean filter of a file that changed."""
    repository.git("config", "filter.busy.clean", f"{script}; cat")
    repository.commit({".gitattributes": "*.busy filter=busy\n"})
    repository.write({"x.busy": "x\n"})
