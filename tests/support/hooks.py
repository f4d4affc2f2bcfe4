"""A project with verifyd's git hooks, whose gates write down what they see; and commits made in it as a user makes them."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.project import Answer, Project

VERIFY_MD = """# Verification

## seen
```sh
{{ printf '%s ' "$VERIFYD_TREE"; find . -type f ! -path './.git/*' ! -path './.git' | sort | tr '\\n' ' '; echo; }} >> {notes}/seen
env > {notes}/environment
```

## good
```sh
test ! -e bad
```
"""
NOT_A_VARIABLE_OF_THE_HOOK = (
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_WORK_TREE",
    "GIT_PREFIX",
    "GIT_AUTHOR_NAME",
    "GIT_EXEC_PATH",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooked:
    """
    A project whose commits are verified.

    Attributes:
        notes: Folder outside of it where the gate ``seen`` writes a line at each run: the tree, then every file.
    """

    project: Project
    notes: Path

    @classmethod
    def make(cls, folder: Path, files: Mapping[str, str] | None = None, *, install: bool = True) -> Hooked:
        """Approved, hooked unless *install* says no, one commit made before that."""
        notes = folder / "notes"
        notes.mkdir()
        page = VERIFY_MD.format(notes=notes)
        project = Project.make(
            folder, {"calc.py": "A = 1\n", "other.py": "B = 1\n", "VERIFY.md": page, **(files or {})}
        )
        project.approve()
        if install:
            project.verifyd("install", "git", "--yes", expect=0)
        return cls(project=project, notes=notes)

    def git(self, *arguments: str, cwd: Path | None = None, extra: Mapping[str, str] | None = None) -> Answer:
        """Run git as a user does, whatever comes of it."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd or self.project.root,
            env={**self.project.environment, **(extra or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return Answer(code=done.returncode, out=done.stdout, err=done.stderr)

    def done(self, *arguments: str, cwd: Path | None = None) -> Answer:
        """The same where it has to succeed."""
        answer = self.git(*arguments, cwd=cwd)
        assert answer.code == 0, answer.both
        return answer

    @property
    def seen(self) -> list[list[str]]:
        """Of each run of the gate ``seen``: the tree and the files it saw."""
        path = self.notes / "seen"
        return [line.split() for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    @property
    def environment(self) -> dict[str, str]:
        """What the gate found in its environment when it last ran."""
        lines = (self.notes / "environment").read_text("utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def hook(self, name: str = "pre-commit") -> Path:
        """A hook's file."""
        return self.project.root / ".git" / "hooks" / name

    def without_program(self) -> None:
        """Let the hooks find a program that writes down that it was asked, and stops the commit."""
        asked = self.notes / "asked"
        program = self.notes / "verifyd"
        program.write_text(f'#!/bin/sh\necho "$@" >> {asked}\nexit 9\n', "utf-8")
        program.chmod(0o755)
        for name in ("pre-commit", "pre-push"):
            hook = self.hook(name)
            lines = hook.read_text("utf-8").splitlines(keepends=True)
            hook.write_text(
                "".join(f"command={program}\n" if line.startswith("command=") else line for line in lines), "utf-8"
            )

    @property
    def asked(self) -> list[str]:
        """What the program of ``without_program`` was asked."""
        path = self.notes / "asked"
        return path.read_text("utf-8").splitlines() if path.exists() else []

    def verdict_file(self, tree: str) -> Path:
        """Where the verdict on a tree is kept."""
        return self.project.root / ".git" / "verifyd" / "verdicts" / tree


def stamps_of(root: Path) -> dict[str, tuple[int, int, int, int]]:
    """Mode, size, modification and change time of the index and of everything in a work tree but ``.git``."""
    found = {}
    for path in (root, *root.rglob("*"), root / ".git" / "index"):
        if ".git" not in path.relative_to(root).parts or path.name == "index":
            status = path.lstat()
            found[str(path)] = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return found
