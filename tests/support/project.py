"""A real git repository made from a dict of files, and verifyd run in it as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A Developer",
    "GIT_AUTHOR_EMAIL": "developer@example.invalid",
    "GIT_COMMITTER_NAME": "A Developer",
    "GIT_COMMITTER_EMAIL": "developer@example.invalid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a command printed and ended with."""

    code: int
    out: str
    err: str

    @property
    def both(self) -> str:
        """Everything, for assertion messages."""
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


@dataclass(slots=True)
class Project:
    """
    A repository below a temporary folder, with a state folder of its own: the user's approvals stay untouched.

    Attributes:
        root: The work tree.
        environment: Of every command that is run through it.
    """

    root: Path
    environment: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, folder: Path, files: Mapping[str, str], *, commit: bool = True) -> Project:
        """Write the files into ``folder/repository`` and commit them."""
        root = folder / "repository"
        root.mkdir(parents=True)
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "PYTEST_", "VERIFYD"))
        }
        path = os.pathsep.join([str(Path(sys.executable).parent), inherited.get("PATH", "")])
        environment = {
            **inherited,
            **GIT,
            "PATH": path,
            "XDG_STATE_HOME": str(folder / "state"),
            "HOME": str(folder / "home"),
        }
        project = cls(root=root, environment=environment)
        (folder / "home").mkdir()
        project.git("init", "-q", "-b", "main")
        project.write(files)
        if commit:
            project.commit("Begin")
        return project

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, their folders made."""
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    def commit(self, message: str = "Change") -> str:
        """Commit all there is; the commit's id."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def git(self, *arguments: str) -> str:
        """Run git; what it printed, without the last line end."""
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=self.environment, check=True, capture_output=True, text=True
        )
        return done.stdout.rstrip("\n")

    def tree(self) -> str:
        """The id of the tree that ``git add -A`` would make, found without touching the user's index."""
        index = self.root.parent / "index-of-the-test"
        environment = {**self.environment, "GIT_INDEX_FILE": str(index)}
        for command in (["read-tree", "HEAD"], ["add", "-A"]):
            subprocess.run(["git", *command], cwd=self.root, env=environment, check=True, capture_output=True)
        done = subprocess.run(
            ["git", "write-tree"], cwd=self.root, env=environment, check=True, capture_output=True, text=True
        )
        index.unlink()
        return done.stdout.strip()

    def verifyd(
        self, *arguments: str, expect: int | None = None, extra: Mapping[str, str] | None = None, timeout_s: float = 60
    ) -> Answer:
        """Run verifyd in the repository without a terminal; with *expect*, any other exit code is an assertion error."""
        done = subprocess.run(
            self.command(*arguments),
            cwd=self.root,
            env={**self.environment, **(extra or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
        answer = Answer(
            code=done.returncode, out=done.stdout.decode("utf-8", "replace"), err=done.stderr.decode("utf-8", "replace")
        )
        assert expect is None or answer.code == expect, answer.both
        return answer

    def command(self, *arguments: str) -> Sequence[str]:
        """The command line of verifyd."""
        return [sys.executable, "-m", "verifyd", *arguments]

    def approve(self) -> None:
        """Approve the pipeline as it is written."""
        self.verifyd("approve", "--yes", expect=0)

    def report(self) -> dict[str, Any]:
        """What readiness.json says."""
        found: dict[str, Any] = json.loads((self.root / ".verifyd" / "readiness.json").read_text("utf-8"))
        return found

    def gate(self, name: str) -> dict[str, Any]:
        """One gate's entry of readiness.json."""
        return next(gate for gate in self.report()["gates"] if gate["name"] == name)

    def statuses(self) -> dict[str, tuple[str, str | None]]:
        """Status and reason of every gate, by name."""
        return {gate["name"]: (gate["status"], gate["reason"]) for gate in self.report()["gates"]}


def page(**gates: str) -> str:
    """A VERIFY.md of gates: name to script, or to ``attributes | script``."""
    sections = []
    for name, text in gates.items():
        attributes, bar, script = text.rpartition(" | ")
        sections.append(f"## {name}\n```sh {attributes}\n{script if bar else text}\n```\n")
    return "# Verification\n\n" + "\n".join(sections)
