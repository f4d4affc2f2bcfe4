"""Histories as hosts make them, checked out as their runners do, with the variables that a job finds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.project import Answer, Project

NONE = "0" * 40
PULL = "refs/pull/12/merge"


@dataclass(slots=True)
class Forge:
    """
    A host's repository, and the jobs that it runs.

    Attributes:
        origin: Its work tree stands for everybody who pushes.
        folder: Where jobs are checked out.
    """

    origin: Project
    folder: Path
    jobs: int = 0

    @classmethod
    def make(cls, folder: Path, files: Mapping[str, str]) -> Forge:
        """A repository whose branch ``main`` holds these files."""
        origin = Project.make(folder / "origin", files)
        origin.git("config", "uploadpack.allowAnySHA1InWant", "true")
        return cls(origin=origin, folder=folder)

    def commit(self, branch: str, files: Mapping[str, str], *, since: str | None = None, remove: str = "") -> str:
        """A commit on a branch, which begins at *since* when it is not there yet; its id."""
        if since is not None:
            self.origin.git("branch", branch, since)
        self.origin.git("checkout", "-q", branch)
        if remove:
            self.origin.git("rm", "-q", remove)
        self.origin.write(files)
        return self.origin.commit(f"Change {branch}")

    def merged(self, target: str, source: str, reference: str) -> str:
        """What the host makes of a merge request: target and source merged, under a name of its own; the commit's id."""
        self.origin.git("checkout", "-q", "--detach", target)
        self.origin.git("merge", "-q", "--no-ff", "-m", "Merge", source)
        commit = self.origin.git("rev-parse", "HEAD")
        self.origin.git("update-ref", reference, commit)
        self.origin.git("checkout", "-q", "main")
        return commit

    def checkout(self, commit: str, *, depth: int = 0, branches: bool = True) -> Job:
        """
        An empty repository into which a runner fetched one commit, detached.

        Args:
            depth: 0 for the whole history.
            branches: Whether the remote's branches were fetched too, as both great hosts do with the whole history.
        """
        self.jobs += 1
        job = Project.make(self.folder / f"job{self.jobs}", {}, commit=False)
        job.git("remote", "add", "origin", self.origin.root.as_uri())
        how = [f"--depth={depth}"] if depth else []
        what = ["+refs/heads/*:refs/remotes/origin/*"] if branches and not depth else []
        job.git("fetch", "-q", "--no-tags", *how, "origin", *what, f"+{commit}:refs/remotes/job")
        job.git("checkout", "-q", "--detach", commit)
        return Job(project=job)


@dataclass(slots=True)
class Job:
    """A job's checkout and the host's files for it."""

    project: Project
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def files(self) -> Path:
        """Where the host keeps what the step writes."""
        return self.project.root.parent

    @property
    def report(self) -> Path:
        """The folder to be uploaded."""
        return self.project.root / "verifyd-report"

    def readiness(self) -> dict[str, Any]:
        """The report in that folder."""
        found: dict[str, Any] = json.loads((self.report / "readiness.json").read_text("utf-8"))
        return found

    def statuses(self) -> dict[str, tuple[str, str | None]]:
        """Status and reason of each gate."""
        return {gate["name"]: (gate["status"], gate["reason"]) for gate in self.readiness()["gates"]}

    def github(self, event: str, reference: str, payload: object, **more: str) -> Job:
        """Let GitHub run it."""
        (self.files / "event.json").write_text(json.dumps(payload), "utf-8")
        self.environment = {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(self.files / "event.json"),
            "GITHUB_REF": reference,
            "GITHUB_SHA": self.project.git("rev-parse", "HEAD"),
            "GITHUB_OUTPUT": str(self.files / "output"),
            "GITHUB_STEP_SUMMARY": str(self.files / "summary.md"),
            "GITHUB_ENV": str(self.files / "env"),
            **more,
        }
        return self

    def gitlab(self, **more: str) -> Job:
        """Let GitLab run it."""
        head = self.project.git("rev-parse", "HEAD")
        known = {"CI_COMMIT_SHA": head, "CI_COMMIT_BEFORE_SHA": NONE, "CI_DEFAULT_BRANCH": "main"}
        self.environment = {"CI": "true", "GITLAB_CI": "true", **known, **more}
        return self

    def ci(self, *arguments: str, expect: int, **more: str) -> Answer:
        """``verifyd ci`` in it."""
        return self.project.verifyd("ci", *arguments, expect=expect, extra={**self.environment, **more})

    def outputs(self) -> dict[str, str]:
        """The step's outputs, read as the runner reads them."""
        found, lines = {}, iter((self.files / "output").read_text("utf-8").splitlines())
        for line in lines:
            name, _, mark = line.partition("<<")
            value = []
            while (text := next(lines)) != mark:
                value.append(text)
            found[name] = "\n".join(value)
        return found


def pull_payload(*, base: str, head: str, fork: bool = False, number: int = 12) -> dict[str, Any]:
    """What GitHub says of a pull request into main."""
    ours = {"full_name": "acme/shop", "default_branch": "main"}
    theirs = {"full_name": "stranger/shop", "default_branch": "main"} if fork else ours
    return {
        "action": "synchronize",
        "number": number,
        "pull_request": {
            "number": number,
            "base": {"ref": "main", "sha": base, "repo": ours},
            "head": {"ref": "fix", "sha": head, "repo": theirs},
        },
        "repository": ours,
    }


def push_payload(reference: str, *, before: str, **fields: Any) -> dict[str, Any]:
    """What GitHub says of a push."""
    return {
        "ref": reference,
        "before": before,
        "repository": {"full_name": "acme/shop", "default_branch": "main"},
        **fields,
    }


def a_pull(forge: Forge, files: dict[str, str], *, depth: int = 0, fork: bool = False, remove: str = "") -> Job:
    """A pull request with these files, on a main that has gone on since, checked out as GitHub merges it."""
    base = forge.origin.git("rev-parse", "main")
    head = forge.commit("fix", files, since="main", remove=remove)
    forge.commit("main", {"OTHER": "Somebody else's.\n"})
    commit = forge.merged("main", "fix", PULL)
    payload = pull_payload(base=base, head=head, fork=fork)
    return forge.checkout(commit, depth=depth).github("pull_request", PULL, payload, GITHUB_BASE_REF="main")
