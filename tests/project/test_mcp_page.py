"""scripts/mcp-tools keeps the page about the MCP tools as the code declares them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.repository import ROOT


def run_script(*arguments: str) -> tuple[int, str, str]:
    """Run the script; exit status, stdout and stderr."""
    command = [sys.executable, str(ROOT / "scripts" / "mcp-tools"), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def test_the_stored_page_is_that_of_the_code() -> None:
    """Refresh it with: python scripts/mcp-tools."""
    assert run_script("--check") == (0, "", "")


def test_a_stale_page_is_named_with_the_command_that_refreshes_it(tmp_path: Path) -> None:
    """Not there or changed: the check fails, writing mends it, and the check passes."""
    page = f"--page={tmp_path / 'mcp-tools.md'}"
    assert run_script("--check", page) == (1, "", "mcp-tools.md: stale\n  Refresh it with: python scripts/mcp-tools\n")
    assert run_script(page) == (0, "wrote mcp-tools.md\n", "")
    assert run_script("--check", page) == (0, "", "")
