"""The page of faults says what the tests say."""

from __future__ import annotations

import subprocess
import sys

from tests.support.repository import ROOT


def test_every_fault_has_a_test_and_the_page_is_fresh() -> None:
    """``scripts/faults --check`` finds nothing to say; refresh the page with: scripts/faults."""
    command = [sys.executable, "scripts/faults", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
