"""How the extra ``verifyd[mcp]`` is installed into the Python that runs this."""

from __future__ import annotations

import shlex
import sys
from pathlib import PurePath

NOT_IMPLEMENTED = 501
"""Status of an answer that only the extra could give."""


def how_to_install(prefix: str = sys.prefix, executable: str = sys.executable) -> str:
    """One sentence with the command, by the way verifyd itself was installed, and what to do after it."""
    return f"Install it: {install_command(prefix, executable)}; then: verifyd stop"


def install_command(prefix: str, executable: str) -> str:
    """
    The command.

    Args:
        prefix: ``sys.prefix``: below ``pipx/venvs`` and ``uv/tools`` these two keep their environments.
    """
    parts = PurePath(prefix).parts
    if "pipx" in parts and "venvs" in parts:
        return "pipx inject verifyd 'verifyd[mcp]'"
    if "uv" in parts and "tools" in parts:
        return "uv tool install 'verifyd[mcp]'"
    return f"{shlex.quote(executable)} -m pip install 'verifyd[mcp]'"
