"""VERIFY.md and scripts/check declare the same gates, and scripts/check tells a failure."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.repository import ROOT, read_text

# Read without verifyd's own reader on purpose: a heading, prose, and one fence of a shell script.
GATE = re.compile(
    r"^## (?P<name>[a-z]+)\n(?:(?!##|```)[^\n]*\n)*```sh[^\n]*\n(?P<script>.*?)\n```$", re.MULTILINE | re.DOTALL
)


def run_check(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run scripts/check of the repository at *root*."""
    command = [sys.executable, str(root / "scripts" / "check"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def make_repository(root: Path, ruff: str) -> Path:
    """Make a repository of nothing but scripts/check and a ruff with the given body."""
    (root / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "check", root / "scripts" / "check")
    (root / ".venv" / "bin").mkdir(parents=True)
    program = root / ".venv" / "bin" / "ruff"
    program.write_text(f"#!/bin/sh\n{ruff}\n")
    program.chmod(0o755)
    return root


def test_both_lists_are_equal() -> None:
    """scripts/check runs exactly the commands that VERIFY.md declares, in the same order."""
    declared = [(match["name"], match["script"]) for match in GATE.finditer(read_text("VERIFY.md"))]
    assert list(json.loads(run_check(ROOT, "--json").stdout).items()) == declared


def test_every_fence_of_verify_md_is_read_here() -> None:
    """The simple reading above misses no fence of VERIFY.md."""
    text = read_text("VERIFY.md")
    assert len(GATE.findall(text)) == text.count("```") / 2


def test_a_failed_gate_fails_the_check(tmp_path: Path) -> None:
    """One failed gate gives exit status 1 and is named on stderr; the gates after it run all the same."""
    root = make_repository(tmp_path, '[ "$1" = format ]')
    ended = run_check(root, "lint", "format")
    assert (ended.returncode, ended.stderr) == (
        1,
        "scripts/check: failed: lint\n  Run one alone: scripts/check lint\n",
    )
    assert "── format: .venv/bin/ruff format --check\n" in ended.stdout


def test_passed_gates_pass_the_check(tmp_path: Path) -> None:
    """Exit status 0 and a silent stderr when every gate passes."""
    ended = run_check(make_repository(tmp_path, "exit 0"), "lint", "format")
    assert (ended.returncode, ended.stderr) == (0, "")


def test_an_unknown_gate_is_refused() -> None:
    """A gate that is not there is an error, not a pass."""
    ended = run_check(ROOT, "lnit")
    assert ended.returncode == 2
    assert ended.stderr.endswith("error: no such gate: lnit\n")
