"""
A gate's script -> why it is never run unasked, or None when it may be.

Judged over the words that a shell would see (shell_commands.py), inside compound commands, substitutions, ``bash -c`` and
wrappers alike, not over raw text; when unsure, the answer is a reason. What a script of the repository does when it is called
is not looked into: it is the repository's own, like a test.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from verifyd.danger.arguments import Reasons
from verifyd.danger.code import Surroundings
from verifyd.danger.commands import command_reasons, variable_reasons
from verifyd.danger.files import redirect_reasons
from verifyd.danger.tables import names
from verifyd.pipeline import Manual
from verifyd.shell.commands import parse_shell
from verifyd.shell.script import GIVEN_VARIABLES, ShellScript, ShellSyntaxError, SimpleCommand, Word

DEEPEST = 8
"""Scripts inside scripts: ``bash -c "bash -c …"``."""

GRAVEST_FIRST = (
    Manual.POWERSHELL,
    Manual.NOT_A_COMMAND,
    Manual.PLACEHOLDER,
    Manual.HISTORY,
    Manual.OUTSIDE,
    Manual.MACHINE,
    Manual.SERVER,
)
"""Which of several reasons is shown: first those with which the script cannot be run at all."""
CMDLET = re.compile(
    r"(?:Add|Clear|Compare|Compress|Convert\w*|Copy|Disable|Enable|Expand|Export|ForEach|Format|Get|Import|Install|Invoke|Join|"
    r"Measure|Move|New|Out|Read|Register|Remove|Rename|Resolve|Restart|Select|Set|Sort|Split|Start|Stop|Test|Update|Wait|Where|"
    r"Write)-[A-Z]\w+"
)
POWERSHELL_WORD = re.compile(r"\.\\\S+|\S+\.ps1|\$env:\w+.*", re.IGNORECASE)
FILL_IN = re.compile(
    r"PASTE_\w*|\bYOUR[_-]\w+|\byour-[a-z][\w-]*|\w+_HERE\b|REPLACE_?(?:ME|WITH\w*)|CHANGE_?ME|/path/to/|\bpath/to/"
    r"|\bv?X\.Y(?:\.Z)?\b|\bX{3,}\b|\[FILL\]|\bTODO\b",
)
"""Words that stand for something to fill in, wherever they stand."""
ANGLED = re.compile(r"(?<![\w?(\\<])<([A-Za-z][\w.:/-]*(?: [\w.:/-]+)*)>")
BRACED = re.compile(r"(?<![$@\\\w}])\{(?!port\})[A-Za-z_]\w*\}")
AMBIENT = names(
    "PATH HOME USER LOGNAME SHELL PWD OLDPWD LANG LC_ALL TERM TMPDIR HOSTNAME EDITOR CI IFS PS4 RANDOM SECONDS"
)
"""Variables that a shell has without any fence."""
MARKUP = names(
    "a article aside b body br button code dd div dl dt em footer form h1 h2 h3 h4 h5 h6 head header hr html i iframe img input "
    "label li link main meta nav ol option p pre script section select small span strong style svg table tbody td textarea th "
    "thead title tr ul video"
)
"""What stands in angle brackets in quotes without asking to be filled in."""


def manual_reason(script: str, *, foreign_names: frozenset[str] = frozenset()) -> Manual | None:
    """
    Why a script is never run unasked.

    Args:
        foreign_names: Variables that only other fences of the page set; each fence is a shell of its own, so to this one
            they are something to fill in.

    Returns:
        The gravest reason; None when the script may run by itself.
    """
    reasons = script_reasons(script, foreign_names=foreign_names)
    return next((reason for reason in GRAVEST_FIRST if reason in reasons), None)


def script_reasons(
    script: str,
    *,
    foreign_names: frozenset[str] = frozenset(),
    variables: Mapping[str, str] = GIVEN_VARIABLES,
    depth: int = 0,
) -> Reasons:
    """All reasons of a script; *variables* and *depth* are those of the script around it."""
    if depth > DEEPEST:
        return frozenset({Manual.NOT_A_COMMAND})
    try:
        parsed = parse_shell(script, variables)
    except ShellSyntaxError:
        return unreadable_reasons(script)
    reasons = set(whole_reasons(parsed, foreign_names))
    for command in parsed.commands:
        reasons |= single_reasons(command, parsed.variables, depth)
    return frozenset(reasons)


def names_of(script: str) -> tuple[frozenset[str], frozenset[str]]:
    """The variables that a script sets, and those of them that it makes up: not ``PATH=bin:$PATH``; none when it cannot be read."""
    try:
        parsed = parse_shell(script)
    except ShellSyntaxError:
        return frozenset(), frozenset()
    return parsed.set_names, parsed.set_names - parsed.unset_names - AMBIENT


def unreadable_reasons(script: str) -> Reasons:
    """For a text that is no shell script: what else it looks like."""
    words = script.split()
    if any(CMDLET.fullmatch(word) or POWERSHELL_WORD.fullmatch(word) for word in words):
        return frozenset({Manual.POWERSHELL})
    if FILL_IN.search(script) or ANGLED.search(script):
        return frozenset({Manual.PLACEHOLDER})
    return frozenset({Manual.NOT_A_COMMAND})


def whole_reasons(parsed: ShellScript, foreign_names: frozenset[str]) -> Reasons:
    """What is said by the script as a whole."""
    found = {Manual.SERVER} if parsed.background else set()
    if parsed.unset_names & foreign_names:
        found.add(Manual.PLACEHOLDER)
    return frozenset(found)


def single_reasons(command: SimpleCommand, variables: Mapping[str, str], depth: int) -> Reasons:
    """All reasons of one command, with what surrounds it."""
    words = [word.text for word in command.words]
    around = Surroundings(
        script_reasons=lambda text: script_reasons(text, variables=variables, depth=depth + 1),
        inputs=command.inputs,
        reads_pipe=command.reads_pipe,
    )
    reasons = set(command_reasons(words, around)) | redirect_reasons(command.redirects)
    if words:
        reasons.update(*(variable_reasons(name, value.text) for name, value in command.assignments))
    if is_powershell(command):
        reasons.add(Manual.POWERSHELL)
    if asks_to_be_filled_in(command):
        reasons.add(Manual.PLACEHOLDER)
    return frozenset(reasons)


def is_powershell(command: SimpleCommand) -> bool:
    """Whether a command is PowerShell's."""
    if not command.words:
        return False
    name = command.words[0]
    return CMDLET.fullmatch(name.text) is not None or any(POWERSHELL_WORD.fullmatch(word.raw) for word in command.words)


def asks_to_be_filled_in(command: SimpleCommand) -> bool:
    """Whether a word, a value or a file of a command stands for something to fill in."""
    words = [
        *command.words,
        *(value for _, value in command.assignments),
        *(redirect.target for redirect in command.redirects),
    ]
    return any(is_placeholder(word) for word in words) or any(FILL_IN.search(text) for text in command.inputs)


def is_placeholder(word: Word) -> bool:
    """Whether a word stands for something to fill in."""
    if word.text in ("...", "…") or FILL_IN.search(word.text):
        return True
    if not word.quoted:
        return ANGLED.search(word.text) is not None or "<" in word.text or BRACED.search(word.text) is not None
    return "\n" not in word.text and any(not is_markup(found) for found in ANGLED.findall(word.text))


def is_markup(name: str) -> bool:
    """Whether what stands in angle brackets is HTML's."""
    return name.split(" ", maxsplit=1)[0].lower() in MARKUP


def set_elsewhere(scripts: Sequence[str]) -> list[frozenset[str]]:
    """For each script of a page, the variables that others of them set and it does not."""
    found = [names_of(script) for script in scripts]
    everywhere = frozenset[str]().union(*(made_up for _, made_up in found))
    return [everywhere - own for own, _ in found]
