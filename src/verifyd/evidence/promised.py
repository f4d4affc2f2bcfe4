"""A gate's script in, whether a pytest that it runs must have left its results file, out."""

from __future__ import annotations

import re

from verifyd.shell.commands import parse_shell
from verifyd.shell.script import UNKNOWN, ShellSyntaxError, SimpleCommand

NOTHING_LEFT = (
    "pytest left no results, though the gate ended well: something ended it early, as os._exit() in a test does, or it never began; "
    "if its results go elsewhere, declare evidence=junit:FILE, and if none are meant to be, min_tests=0"
)

_ELSEWHERE = re.compile(r"PYTEST_ADDOPTS|<<|\(\s{0,9}\)|\bfunction\b|\balias\b")
"""What makes a pytest another than it looks, or takes its options away."""
_GROUPED = re.compile(r"(?:^|[\n;&|({!])\s*(?:if|case|for|while|until|select|\{|\()(?=[\s(\"'$\w-])")
"""What may stand around a pytest that then does not always run."""
_ENDS_OR_HIDES = frozenset({"exit", "return", "exec", "eval", "trap"})
_PART = re.compile(r"[\n;]")
_CONTINUED = re.compile(r"(?:\\|(?<=&&)|(?<=\|))[ \t]*\n")

_PYTEST = re.compile(
    r"(?:(?:uv run|poetry run|xvfb-run|nice|nohup|timeout [\d.]{1,9}[smhd]?) )?"
    r"(?:(?:\S*/)?python[\d.]* (?:-[XW] \S+ |-\w+ )*-m )?"
    r"(?:(?:\S*venv\S*/bin/)?coverage run (?:\S+ )*?-m )?"
    r"(?:\S*venv\S*/bin/)?(?:pytest|py\.test)(?P<options>(?: .*)?)",
    re.DOTALL,
)
_REPORTS_NOTHING = re.compile(
    r" (?:--(?:version|help|markers|collect-?only|co|fixtures|funcargs|fixtures-per-test|setup-plan|cache-show\S*|junit-?xml\S*)|-[qvxsl]*[hV][qvxslhV]*)(?= |$)"
)


def promises_pytest_file(script: str) -> bool:
    """
    Whether the script, once it ended with 0, has run a pytest that heeds ``PYTEST_ADDOPTS`` and reports to a JUnit file.

    Only what is certain counts: a pytest, ``python -m pytest`` or ``uv run pytest`` that stands where every run of the script
    comes by. One below a condition, in a function, with options that only a run knows or that run no test promises nothing.
    """
    joined = _CONTINUED.sub(" ", script)
    if _ELSEWHERE.search(joined) or _GROUPED.search(joined):
        return False
    try:
        whole = parse_shell(joined)
        if whole.background or any(_may_end_or_hide(command) for command in whole.commands):
            return False
        parts = [part for part in _PART.split(joined) if part.strip() and not part.lstrip().startswith("#")]
        return any(_always_runs_pytest(part, is_last=part is parts[-1]) for part in parts)
    except ShellSyntaxError:
        return False


def _may_end_or_hide(command: SimpleCommand) -> bool:
    """The script may end before its last line, or a file that is read may change the environment."""
    words = [word.text for word in command.words]
    if not words:
        return False
    sources = words[0] in (".", "source") and not words[-1].endswith("/bin/activate")
    return sources or words[0] in _ENDS_OR_HIDES


def _always_runs_pytest(part: str, *, is_last: bool) -> bool:
    """
    What stands first in a part runs whenever the part does; a later link of ``a && b`` only when the part's status is the script's.

    Raises:
        ShellSyntaxError: A quote reaches beyond the part.
    """
    links = part.split("&&") if is_last and "||" not in part else [part]
    return any(_is_pytest(commands[0]) for link in links if (commands := parse_shell(link).commands))


def _is_pytest(command: SimpleCommand) -> bool:
    words = [word.text for word in command.words]
    match = _PYTEST.fullmatch(" ".join(words))
    return match is not None and UNKNOWN not in "".join(words) and not _REPORTS_NOTHING.search(match["options"])
