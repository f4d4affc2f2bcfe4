"""What is staged while a commit's gates run would be in the commit: git reads the index again after its hook."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.daemons import wait_for
from tests.support.project import Project, page


def test_what_is_staged_while_the_gates_run_is_not_committed_unverified(tmp_path: Path) -> None:
    """No commit: the tree that passed is not the one that git would commit now."""
    started, go = tmp_path / "started", tmp_path / "go"
    script = f"touch {started}\nwhile ! test -e {go}; do sleep 0.01; done\ntest ! -e bad"
    project = Project.make(tmp_path, {"calc.py": "A = 1\n", "VERIFY.md": page(good=script)})
    project.approve()
    project.verifyd("install", "git", "--yes", expect=0)
    project.write({"calc.py": "A = 2\n"})
    project.git("add", "calc.py")
    commit = subprocess.Popen(
        ["git", "commit", "-m", "good"],
        cwd=project.root,
        env=project.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    wait_for(started.exists, "the gate has started")
    project.write({"bad": "never verified\n"})
    project.git("add", "bad")
    go.touch()
    said, _ = commit.communicate(timeout=60)
    assert commit.returncode == 1, said
    assert "Commit again." in said
    assert "bad" not in project.git("ls-tree", "--name-only", "HEAD").split()
