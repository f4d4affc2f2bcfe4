"""One command's words -> why it is never run unasked; the programs that it starts in turn are judged too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from verifyd.danger.arguments import NONE, Reasons, is_assignment, positions, program_name
from verifyd.danger.code import (
    Surroundings,
    eval_reasons,
    file_reasons,
    interpreter_reasons,
    many_scripts_reasons,
    shell_reasons,
    source_reasons,
    trap_reasons,
)
from verifyd.danger.files import (
    awk_reasons,
    copy_reasons,
    in_place_reasons,
    place_reasons,
    remove_reasons,
    write_reasons,
)
from verifyd.danger.git import git_reasons
from verifyd.danger.network import names_remote, parse_curl, parse_wget, request_reasons
from verifyd.danger.subcommand_tables import SUBCOMMANDS
from verifyd.danger.subcommands import is_managers_own, pip_reasons, table_reasons
from verifyd.danger.tables import (
    CARRIED,
    DATA_PROGRAMS,
    DOWNLOADERS,
    GUARDED,
    INTERPRETERS,
    JAVASCRIPT_MANAGERS,
    SHELLS,
    TASK_RUNNERS,
    TOOLS,
    WRAPPERS,
    names,
)
from verifyd.pipeline import Manual
from verifyd.shell.script import UNKNOWN

MOST_STARTS = 40
"""Programs that one command's words may start; ``timeout 5 env A=1 npx playwright test`` starts three."""
MOST_CARRIED = 10
"""Arguments of an unknown program among which another program's name is looked for."""
HELP_OPTIONS = names("--version --help -V")
ADDRESS_NAMES = re.compile(r"INDEX|REGISTRY|PROXY|PUBLIC|SITE|MIRROR|REPO", re.IGNORECASE)
"""Variables whose addresses are where packages come from, or text that a page shows."""


def command_reasons(words: Sequence[str], around: Surroundings) -> Reasons:
    """
    Why a command is not run unasked; empty when it may be.

    Args:
        words: Its name and arguments, quotes removed; UNKNOWN for what only a run could know.
    """
    written = len(words)
    if any(program_name(word) in ("xargs", "parallel") for word in words):
        words = (*words, UNKNOWN)
    waiting, seen, reasons = [0], set[int](), set[Manual]()
    while waiting:
        start = waiting.pop()
        if start in seen or start >= written:
            continue
        seen.add(start)
        if len(seen) > MOST_STARTS:
            return frozenset({*reasons, Manual.NOT_A_COMMAND})
        program, arguments = program_of(words[start:])
        reasons |= program_reasons(program, words[start], arguments, around)
        waiting.extend(len(words) - len(arguments) + offset for offset in inner_starts(program, arguments))
    return frozenset(reasons)


def program_of(words: Sequence[str]) -> tuple[str, list[str]]:
    """A command's program and arguments; ``docker compose`` counts as one program."""
    program, arguments = program_name(words[0]), list(words[1:])
    if program in ("docker", "podman") and arguments[:1] == ["compose"]:
        return "docker-compose", arguments[1:]
    if program == "uv" and arguments[:1] == ["pip"]:
        return "pip", arguments[1:]
    return program, arguments


def inner_starts(program: str, arguments: Sequence[str]) -> list[int]:
    """Where in the arguments another program's name may stand that this one starts."""
    if program in ("python", "pypy"):
        return [position + 1 for position, argument in enumerate(arguments[:8]) if argument == "-m"]
    if program == "find":
        executing = ("-exec", "-execdir", "-ok", "-okdir")
        return [position + 1 for position, argument in enumerate(arguments) if argument in executing]
    if program == "command" and arguments[:1] in (["-v"], ["-V"]):
        return []
    for length in (3, 2, 1):
        own = WRAPPERS.get(" ".join((program, *arguments[: length - 1])))
        if own is not None:
            after = ["--=" if is_assignment(argument) else argument for argument in arguments[length - 1 :]]
            return [length - 1 + own + position for position in positions(after)]
    if program in JAVASCRIPT_MANAGERS and not any(
        is_managers_own(program, arguments[at]) for at in positions(arguments)
    ):
        return list(positions(arguments))
    return carried_starts(arguments) if not is_known(program) else []


def carried_starts(arguments: Sequence[str]) -> list[int]:
    """Where in the arguments of an unknown program another's name may stand: after ``--``, and where a well-known one does."""
    dashes = [position + 1 for position, argument in enumerate(arguments) if argument == "--"]
    return [*dashes, *(position for position, argument in enumerate(arguments[:MOST_CARRIED]) if argument in CARRIED)]


def program_reasons(program: str, word: str, arguments: Sequence[str], around: Surroundings) -> Reasons:
    """The reasons of one program, without those that it starts."""
    if UNKNOWN in program:
        return frozenset({Manual.PLACEHOLDER})
    if len(arguments) == 1 and arguments[0] in HELP_OPTIONS:
        return NONE
    reasons = table_reasons(program, arguments) | interpreter_reasons(program, arguments, around)
    if rule := ARGUMENT_RULES.get(program):
        reasons |= rule(arguments)
    if surrounded_rule := SURROUNDED_RULES.get(program):
        reasons |= surrounded_rule(arguments, around)
    if not is_known(program) or word.startswith("./"):
        reasons |= file_reasons(word, arguments)
    return reasons | addresses_reasons(program, arguments)


def is_known(program: str) -> bool:
    """Whether a table or a rule knows the program."""
    return program in KNOWN_PROGRAMS


def addresses_reasons(program: str, arguments: Sequence[str]) -> Reasons:
    """For a program that is given another machine's address; text programs and package managers only name one."""
    reasons = NONE
    if program in ("env", "cross-env", "cross-env-shell"):
        reasons = NONE.union(*(variable_reasons(*word.split("=", 1)) for word in arguments if is_assignment(word)))
    if program in DATA_PROGRAMS | DOWNLOADERS or program in ARGUMENT_RULES or any(map(program.__eq__, WRAPPERS)):
        return reasons
    return reasons | {Manual.OUTSIDE} if any(names_remote(argument) for argument in arguments) else reasons


def variable_reasons(name: str, value: str) -> Reasons:
    """For a variable that a command is given: the address of another machine that it is to work on."""
    return frozenset({Manual.OUTSIDE}) if names_remote(value) and not ADDRESS_NAMES.search(name) else NONE


# --- programs with rules of their own ---------------------------------------------------------------------------------


def curl_reasons(arguments: Sequence[str]) -> Reasons:
    """curl: what it sends, to whom, and where it writes."""
    request = parse_curl(arguments)
    return request_reasons(request).union(*(place_reasons(path) for path in request.files))


def wget_reasons(arguments: Sequence[str]) -> Reasons:
    """wget: as curl."""
    request = parse_wget(arguments)
    return request_reasons(request).union(*(place_reasons(path) for path in request.files if path != "-"))


def patch_reasons(arguments: Sequence[str]) -> Reasons:
    """patch: it changes files, but for a dry run."""
    return NONE if "--dry-run" in arguments else frozenset({Manual.HISTORY})


def playbook_reasons(arguments: Sequence[str]) -> Reasons:
    """ansible-playbook: only its syntax check stays here."""
    return NONE if {"--syntax-check", "--list-tasks"} & set(arguments) else frozenset({Manual.OUTSIDE})


def cmake_reasons(arguments: Sequence[str]) -> Reasons:
    """cmake: the target ``install`` writes where the machine's programs are."""
    return frozenset({Manual.MACHINE}) if "install" in arguments else NONE


def powershell_reasons(arguments: Sequence[str]) -> Reasons:
    """PowerShell itself, called with a script."""
    return frozenset({Manual.POWERSHELL}) if arguments else NONE


def find_reasons(arguments: Sequence[str]) -> Reasons:
    """find: the files that it writes lists to."""
    written = [at + 1 for at, argument in enumerate(arguments) if argument.startswith(("-fprint", "-fls"))]
    return NONE.union(*(place_reasons(arguments[at]) for at in written if at < len(arguments)))


ARGUMENT_RULES: Mapping[str, Callable[[Sequence[str]], Reasons]] = {
    "git": git_reasons,
    "rm": remove_reasons,
    **dict.fromkeys(("rmdir", "mkdir", "touch", "tee"), write_reasons),
    **dict.fromkeys(("cp", "install", "ln", "rsync"), copy_reasons),
    **dict.fromkeys(("sed", "perl", "yq"), in_place_reasons),
    **dict.fromkeys(("awk", "gawk"), awk_reasons),
    "find": find_reasons,
    "patch": patch_reasons,
    "cmake": cmake_reasons,
    "curl": curl_reasons,
    "wget": wget_reasons,
    "pip": pip_reasons,
    "ansible-playbook": playbook_reasons,
    **dict.fromkeys(("powershell", "pwsh"), powershell_reasons),
}
SURROUNDED_RULES: Mapping[str, Callable[[Sequence[str], Surroundings], Reasons]] = {
    "eval": eval_reasons,
    "trap": trap_reasons,
    "concurrently": many_scripts_reasons,
    **dict.fromkeys(("source", "."), source_reasons),
    **dict.fromkeys(SHELLS, shell_reasons),
}
KNOWN_PROGRAMS: frozenset[str] = (
    DATA_PROGRAMS
    | TOOLS
    | TASK_RUNNERS
    | SHELLS
    | INTERPRETERS
    | JAVASCRIPT_MANAGERS
    | set(SUBCOMMANDS)
    | set(ARGUMENT_RULES)
    | set(SURROUNDED_RULES)
    | {head.split(" ")[0] for head in WRAPPERS}
    | {program for programs in GUARDED.values() for program in programs}
)
