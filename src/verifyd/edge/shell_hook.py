"""``verifyd hook pre-commit`` as a hook runner calls it: handed to the script that the installed hooks are, before anything is imported."""

from __future__ import annotations

import os
import sys

from verifyd.edge.daemon_place import state_folder

NAMES = ("pre-commit", "commit-msg", "pre-push")
ASKED = "--asked"
"""What the script itself says when it asks the program."""
STARTED = 'hook=$1 key_file=$2 command=$3 kept= body=$4; shift 4; . "$body"'


def is_for_the_shell(arguments: list[str]) -> bool:
    """Whether these are the words of a git hook that the script has not looked at yet."""
    return len(arguments) >= 2 and arguments[0] == "hook" and arguments[1] in NAMES and ASKED not in arguments[2:3]


def become_the_shell(arguments: list[str]) -> None:
    """Run the script in place of this process; only returns, by OSError, when there is no shell."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    body = f"{package}/edge/git-hook.sh"
    name, rest = arguments[1], arguments[2:]
    os.execv(
        "/bin/sh", ["sh", "-c", STARTED, "verifyd", name, f"{state_folder()}/verdicts.key", program(), body, *rest]
    )


def program() -> str:
    """How this process was called, as a path; the script looks on PATH where it is none."""
    called = os.path.abspath(sys.argv[0])
    return called if os.path.basename(called) == "verifyd" else os.path.join(os.path.dirname(sys.executable), "verifyd")
