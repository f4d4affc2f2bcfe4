"""Hook runners that others use, for the tests of ours beside theirs: requirements/runners.in and tests/runners/ name them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.repository import ROOT

LINT_STAGED = "lint-staged"
NODE_MODULES = ROOT / ".venv" / "runners" / "node_modules"
"""Where scripts/node-packages puts lint-staged."""
SEARCHED = os.pathsep.join((str(Path(sys.executable).parent), str(NODE_MODULES / ".bin"), os.environ["PATH"]))


def runner(name: str) -> str:
    """A hook runner's program: beside this Python, below ``.venv``, or on PATH; empty where there is none."""
    return shutil.which(name, path=SEARCHED) or ""


def needs(name: str) -> pytest.MarkDecorator:
    """Skip where a hook runner is not installed."""
    return pytest.mark.skipif(not runner(name), reason=f"{name} is not installed")
