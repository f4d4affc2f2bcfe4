"""Shells and other languages' interpreters: the script, module or code that they are given."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec import Struct

from verifyd.danger.arguments import NONE, Reasons, first_word, name_reasons, positions
from verifyd.danger.subcommands import subcommand_reasons
from verifyd.danger.tables import CODE_OPTIONS, INTERPRETERS
from verifyd.pipeline import Manual
from verifyd.shell.script import UNKNOWN

CHANGING_CODE = re.compile(
    r"\bsystem\s*\(|\bpopen\b|subprocess|rmtree|os\.(?:remove|unlink|rmdir|kill)\b|child_process|execSync|spawnSync|unlinkSync|rmSync"
    r"|\.unlink\(|(?:requests|httpx)\.(?:post|put|patch|delete)|method\s*[:=]\s*['\"](?:POST|PUT|PATCH|DELETE)"
)
"""In another language's code on the page: what starts programs, removes files or sends something."""


class Surroundings(Struct, frozen=True, kw_only=True):
    """
    What bears on a command beside its words.

    Attributes:
        script_reasons: Judges a script inside the command: ``bash -c …``.
        inputs: Texts of its here-documents.
        reads_pipe: Whether another command's output is its input.
    """

    script_reasons: Callable[[str], Reasons]
    inputs: tuple[str, ...] = ()
    reads_pipe: bool = False


def interpreter_reasons(program: str, arguments: Sequence[str], around: Surroundings) -> Reasons:
    """For a language's interpreter; a module that Python runs with ``-m`` is judged as a program of that name elsewhere."""
    if program not in INTERPRETERS:
        return NONE
    for position, argument in enumerate(arguments):
        if argument in CODE_OPTIONS:
            return code_reasons(" ".join(arguments[position + 1 : position + 2]))
        if argument == "-m" or not argument.startswith("-"):
            break
    given = [position for position in positions(arguments) if arguments[position] != "-"]
    scripts = [position for position in given if position == 0 or set("./") & set(arguments[position])]
    if scripts or "-m" in arguments:
        return NONE.union(*(file_reasons(arguments[position], arguments[position + 1 :]) for position in scripts))
    unseen = around.reads_pipe and not around.inputs
    return frozenset({Manual.MACHINE}) if unseen else NONE.union(*(code_reasons(text) for text in around.inputs))


def code_reasons(code: str) -> Reasons:
    """For code of another language on the page."""
    return frozenset({Manual.MACHINE}) if CHANGING_CODE.search(code) or code == UNKNOWN else NONE


def file_reasons(script: str, after: Sequence[str]) -> Reasons:
    """For a script of the repository, or a program that no table knows: its name, and the verb after it."""
    name = script.rsplit("/", 1)[-1]
    return name_reasons(name) | subcommand_reasons(name, after) | name_reasons(first_word(after))


def shell_reasons(arguments: Sequence[str], around: Surroundings) -> Reasons:
    """For a shell: the script that it is given as text, as a file, or by a pipe."""
    for position, argument in enumerate(arguments):
        if re.fullmatch(r"-[a-z]*c", argument):
            return around.script_reasons(" ".join(arguments[position + 1 : position + 2]))
        before = arguments[position - 1] if position else ""
        if not argument.startswith(("-", "+")) and before not in ("-o", "+o", "-O", "+O"):
            return NONE if argument == UNKNOWN else file_reasons(argument, arguments[position + 1 :])
    if around.inputs:
        return NONE.union(*(around.script_reasons(text) for text in around.inputs))
    return frozenset({Manual.MACHINE}) if around.reads_pipe else NONE


def eval_reasons(arguments: Sequence[str], around: Surroundings) -> Reasons:
    """eval: the text that it runs, when it stands there."""
    text = " ".join(arguments)
    return frozenset({Manual.NOT_A_COMMAND}) if UNKNOWN in text else around.script_reasons(text)


def trap_reasons(arguments: Sequence[str], around: Surroundings) -> Reasons:
    """trap: the command that it keeps for later."""
    given = [argument for argument in arguments if argument != "--"]
    return around.script_reasons(given[0]) if len(given) > 1 and not given[0].startswith("-") else NONE


def source_reasons(arguments: Sequence[str], around: Surroundings) -> Reasons:
    """``source`` runs a script of the repository in this shell."""
    del around
    return NONE.union(*(name_reasons(argument.rsplit("/", 1)[-1]) for argument in arguments[:1] if argument != UNKNOWN))


def many_scripts_reasons(arguments: Sequence[str], around: Surroundings) -> Reasons:
    """concurrently: each argument is a script."""
    return NONE.union(*(around.script_reasons(argument) for argument in arguments if not argument.startswith("-")))
