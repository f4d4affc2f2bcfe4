"""
A verdict in, the same one out, or one that tells the person: the gate's command names a path that was never there.

Only a person may edit VERIFY.md, so an agent must not be sent to mend what the page says. What the change took away is the
change's fault, and what an earlier command or gate may have to make is the code's: those stay as they are.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from verifyd.shell.commands import parse_shell
from verifyd.shell.script import UNKNOWN, ShellSyntaxError, SimpleCommand
from verifyd.verdict import Reason, Status, Verdict

COMPLAINT = re.compile(
    r"no such file|file or directory not found|can(?:no|')t open|can't cd to|cannot read file"
    r"|(?:config file|directory) .* not found|start directory is not importable|cannot find module '",
    re.IGNORECASE,
)
"""What shells and tools say of a file or folder that is not there; as pytest, unittest, ruff, mypy, Python, node and dash say it."""
NOT_PLAIN = re.compile(rf"[*?\[{{~{UNKNOWN}]|^/|^$")
"""A pattern, what only a run could know, or a place outside the tree."""


class NamedPath(Struct, frozen=True, kw_only=True):
    """
    A word of a command that may be a path.

    Attributes:
        word: As the command gets it.
        path: From the root.
        may_be_made: Whether something that ran before may have to make it.
    """

    word: str
    path: str
    may_be_made: bool


def blame_page(verdict: Verdict, *, paths: frozenset[str], changed: frozenset[str]) -> Verdict:
    """
    The verdict, UNPROVEN for PATH_MISSING where the command names a path that neither the tree nor its base has.

    Args:
        paths: All files of the tree.
        changed: Paths that the change touches, deleted ones and old names too.
    """
    if verdict.reason not in (Reason.NO_TESTS_RAN, Reason.EXIT_STATUS) or verdict.outcome is None:
        return verdict
    complaints = [line for line in verdict.outcome.tail.splitlines() if COMPLAINT.search(line)]
    if not complaints:
        return verdict
    for named in named_paths(verdict):
        if named.may_be_made and verdict.reason == Reason.EXIT_STATUS:
            continue
        is_said = re.compile(rf"(?<![\w.-]){re.escape(named.word)}(?!/?[\w-]|\.\w)")
        if any(is_said.search(line) for line in complaints) and not holds((*paths, *changed), named.path):
            says = (
                f"its command names {named.word}, which is not in the tree and did not go with this change; "
                f"correct the command in VERIFY.md, line {verdict.gate.line}, or add what it names"
            )
            return replace(verdict, status=Status.UNPROVEN, reason=Reason.PATH_MISSING, explanation=says)
    return verdict


def holds(paths: Iterable[str], path: str) -> bool:
    """Whether a path is one of the files, or a folder of one."""
    return path == "." or any(one == path or one.startswith(f"{path}/") for one in paths)


def named_paths(verdict: Verdict) -> Iterator[NamedPath]:
    """The words of the gate's script that may be paths; none of a script that cannot be read."""
    gate = verdict.gate
    try:
        commands = parse_shell(gate.script).commands
    except ShellSyntaxError:
        return
    folder, may_be_made = gate.cwd, bool(gate.needs)
    for command in commands:
        for word in plain_words(command):
            path = posixpath.normpath(posixpath.join(folder, word))
            if not path.startswith(".."):
                yield NamedPath(word=word, path=path, may_be_made=may_be_made)
        words = [word.text for word in command.words]
        if words[:1] == ["cd"] and len(words) > 1:
            folder = posixpath.join(folder, words[1])
        else:
            may_be_made = True


def plain_words(command: SimpleCommand) -> Iterator[str]:
    """Arguments and values of options as they stand there; of a test's id, its file."""
    for word in command.words[1:]:
        text = word.text
        if text.startswith("-"):
            text = text.partition("=")[2]
        text = text.partition("::")[0].rstrip("/")
        if not NOT_PLAIN.search(text) and not word.text.startswith("/"):
            yield text
