"""Commands that change files: whether what they change is the repository's, the machine's, or nobody's."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence
from itertools import pairwise

from verifyd.danger.arguments import has_short_option, operands
from verifyd.pipeline import Manual
from verifyd.shell.script import TEMPORARY, Redirect

HARMLESS_FILES = frozenset({"/dev/null", "/dev/stdout", "/dev/stderr", "/dev/tty", "/dev/zero"})
TEMPORARY_FOLDERS = ("/tmp/", "/var/tmp/", "/dev/fd/", "/private/tmp/")  # noqa: S108 - names to recognise
OUTPUT = re.compile(
    r"\.coverage[\w.-]*|coverage[\w.-]*|junit[\w.-]*|[\w.-]+\.(?:log|tmp|out|pid|sock|lcov|xml|sarif|tap|prof|pyc)",
    re.IGNORECASE,
)
"""Names of files that tools write."""
SECRETS = ".env"
"""Files that a set-up step would write over, and that git does not keep."""


def is_temporary(path: str) -> bool:
    """Whether a path is one that ``mktemp`` made, or stands below the gate's own ``TMPDIR``."""
    return path.startswith(TEMPORARY)


def is_outside(path: str) -> bool:
    """Whether a path leaves the repository for a place that matters: not for a folder of temporary files."""
    if path in HARMLESS_FILES or path.startswith(TEMPORARY_FOLDERS):
        return False
    return path.startswith(("/", "~")) or posixpath.normpath(path).startswith("..")


def place_reasons(path: str) -> frozenset[Manual]:
    """Why writing to a path is not done unasked."""
    if ".git" in path.split("/"):
        return frozenset({Manual.HISTORY})
    if is_outside(path) or posixpath.basename(path).startswith(SECRETS):
        return frozenset({Manual.MACHINE})
    return frozenset()


def redirect_reasons(redirects: Sequence[Redirect]) -> frozenset[Manual]:
    """Why what a command's redirections write to is not written unasked."""
    reasons: set[Manual] = set()
    for redirect in redirects:
        target = redirect.target.text
        if redirect.operator not in ("<", "<&") and not (redirect.operator == ">&" and target in ("1", "2", "-")):
            reasons |= place_reasons(target)
    return frozenset(reasons)


def is_output(path: str) -> bool:
    """Whether a path is by its name what a tool has written: a report, a log."""
    return OUTPUT.fullmatch(posixpath.basename(path)) is not None


def remove_reasons(arguments: Sequence[str]) -> frozenset[Manual]:
    """``rm``: nothing is removed unasked but single reports and logs, and what the script itself made with ``mktemp``."""
    targets = operands(arguments)
    recursive = has_short_option(arguments, "rR") or "--recursive" in arguments
    risky = [
        path for path in targets if not is_temporary(path) and (recursive or not is_output(path) or is_outside(path))
    ]
    if not targets and recursive:
        return frozenset({Manual.HISTORY})
    return frozenset(Manual.MACHINE if is_outside(path) else Manual.HISTORY for path in risky)


def write_reasons(arguments: Sequence[str]) -> frozenset[Manual]:
    """``mkdir``, ``touch``, ``tee``: where they write."""
    return frozenset[Manual]().union(*(place_reasons(path) for path in operands(arguments)))


def copy_reasons(arguments: Sequence[str]) -> frozenset[Manual]:
    """``cp``, ``ln``, ``install``, ``rsync``: where they write, the last operand or ``-t``'s."""
    if any(":" in path.split("/")[0] for path in operands(arguments)):
        return frozenset({Manual.OUTSIDE})
    targets = operands(arguments)[-1:]
    targets += [value for option, value in pairwise(arguments) if option == "-t"]
    return frozenset[Manual]().union(*(place_reasons(path) for path in targets))


def in_place_reasons(arguments: Sequence[str]) -> frozenset[Manual]:
    """``sed``, ``perl`` and ``yq`` that write their input over; awk that starts programs."""
    in_place = any(
        argument.startswith(("-i", "-pi", "-ni", "--in-place", "--inplace", "-Ei", "-ri")) for argument in arguments
    )
    return frozenset({Manual.HISTORY}) if in_place else frozenset()


def awk_reasons(arguments: Sequence[str]) -> frozenset[Manual]:
    """awk that starts programs."""
    return frozenset({Manual.MACHINE}) if any("system(" in argument for argument in arguments) else frozenset()
