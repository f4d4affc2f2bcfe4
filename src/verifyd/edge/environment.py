"""The environment this program was started in, and out of it the one that a gate is run in."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from verifyd.errors import UsageError

MARK_NAME = "VERIFYD_RUN"
"""Every process of a gate inherits it: what finds strays where the system cannot name a process's descendants."""

_FIXED: Mapping[str, str] = {
    "CI": "1",
    "NO_COLOR": "1",
    "TERM": "dumb",
    "PAGER": "cat",
    "GIT_OPTIONAL_LOCKS": "0",  # beside a plain `git status` 5 of 200 of the user's own `git add` failed
    "GIT_TERMINAL_PROMPT": "0",
    "SSH_ASKPASS": "",
    "VERIFYD": "1",
}

_REMOVED = frozenset(
    {
        # Colour that is forced wins over NO_COLOR in most tools, and escapes in the output hide file names.
        "FORCE_COLOR",
        "CLICOLOR_FORCE",
        "PY_COLORS",
        # What a hook's git sets beside `git rev-parse --local-env-vars`: with these, a test's own `git add` went into
        # the user's commit.
        "GIT_EDITOR",
        "GIT_EXEC_PATH",
        "GIT_INDEX_FILE",
        "GIT_PAGER",
        "GIT_REFLOG_ACTION",
        "GIT_SEQUENCE_EDITOR",
        "GIT_ASKPASS",
        "GIT_TRACE",
        # What makes a shell read or do something before the script that a person approved: with BASH_ENV naming a file of
        # one line, `exit 0`, every gate passed.
        "BASH_ENV",
        "ENV",
        "ZDOTDIR",
        "SHELLOPTS",
        "BASHOPTS",
        "CDPATH",
        "GLOBIGNORE",
        # A terminal's own features, which a log is not.
        "COLORTERM",
        "COLUMNS",
        "LINES",
    }
)

_EXPORTED_FUNCTION = "BASH_FUNC_"
"""Bash's prefix for functions: one called ``pytest`` runs in place of the program."""


def gate_environment(
    inherited: Mapping[str, str],
    *,
    gate: str,
    tree: str,
    mark: str,
    artifacts: Path,
    temporary: Path,
    remove: frozenset[str] = frozenset(),
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """
    Everything a gate's processes find in their environment.

    Args:
        inherited: The user's own environment; PATH and an activated virtual environment stay as they are.
        tree: Id of the judged tree.
        mark: Of this run alone; see MARK_NAME.
        artifacts: Folder for what should be kept with the run.
        temporary: Folder of this gate alone. Keep it short: the path of a Unix socket in it must stay below 108 bytes.
        remove: Names that tie git to one repository (``git rev-parse --local-env-vars``).
        extra: The gate's own ``env``, and what injects its results; wins over everything but the mark.
    """
    removed = remove | _REMOVED | _FIXED.keys()
    kept = {
        name: value
        for name, value in inherited.items()
        if name not in removed and not name.startswith(_EXPORTED_FUNCTION)
    }
    own = {
        "VERIFYD_GATE": gate,
        "VERIFYD_TREE": tree,
        "VERIFYD_ARTIFACTS": str(artifacts),
        "TMPDIR": str(temporary),
    }
    return {**kept, **_FIXED, **own, **(extra or {}), MARK_NAME: mark}


def inherited_environment() -> dict[str, str]:
    """A copy of the environment this program was started in."""
    return dict(os.environ)


def working_folder() -> Path:
    """
    The folder this program was started in, as the user named it when that is still the same folder, else as it is.

    Raises:
        UsageError: It is gone.
    """
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        remedy = "Change into a folder that is there."
        raise UsageError("it was removed", where="the folder this was started in", remedy=remedy) from error


def home_folder() -> Path:
    """The user's home."""
    return Path.home()
