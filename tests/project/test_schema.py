"""scripts/schema keeps the published schemas as the code writes them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.repository import ROOT

NAMES = ("report.schema.json", "task.schema.json", "plan.schema.json", "status.schema.json")


def run_schema(*arguments: str) -> tuple[int, str, str]:
    """Run the script; exit status, stdout and stderr."""
    command = [sys.executable, str(ROOT / "scripts" / "schema"), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout, ended.stderr


def test_the_stored_schemas_are_those_of_the_code() -> None:
    """Refresh them with: python scripts/schema."""
    assert run_schema("--check") == (0, "", "")


def test_a_stale_schema_is_named_with_the_command_that_refreshes_it(tmp_path: Path) -> None:
    """Changed by a byte, or not there: the check fails, writing mends it, and the check passes."""
    for name in (*NAMES[:2], NAMES[3]):
        shutil.copy(ROOT / "docs" / "reference" / name, tmp_path)
    with (tmp_path / NAMES[0]).open("a") as file:
        file.write(" ")
    remedy = "  Refresh it with: python scripts/schema\n"
    folder = f"--folder={tmp_path}"
    assert run_schema("--check", folder) == (1, "", f"{NAMES[0]}: stale\n{remedy}{NAMES[2]}: stale\n{remedy}")
    assert run_schema(folder) == (0, f"wrote {NAMES[0]}\nwrote {NAMES[2]}\n", "")
    assert run_schema("--check", folder) == (0, "", "")
