"""scripts/api keeps the page about the daemon's API as the code describes it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.repository import ROOT


def run_api(*arguments: str) -> tuple[int, str, str]:
    """Run the script; exit status, stdout and stderr."""
    command = [sys.executable, str(ROOT / "scripts" / "api"), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def test_the_stored_page_is_that_of_the_code() -> None:
    """Refresh it with: python scripts/api."""
    assert run_api("--check") == (0, "", "")


def test_a_stale_page_is_named_with_the_command_that_refreshes_it(tmp_path: Path) -> None:
    """Not there or changed: the check fails, writing mends it, and the check passes."""
    page = f"--page={tmp_path / 'api.md'}"
    assert run_api("--check", page) == (1, "", "api.md: stale\n  Refresh it with: python scripts/api\n")
    assert run_api(page) == (0, "wrote api.md\n", "")
    assert run_api("--check", page) == (0, "", "")
