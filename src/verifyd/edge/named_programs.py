"""A shell script in, the programs it names out; what only a run could tell is said as a doubt."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct, field

from verifyd.shell.commands import parse_shell
from verifyd.shell.script import UNKNOWN, ShellSyntaxError, SimpleCommand, Word

BUILTINS = frozenset(
    [
        *(
            ":",
            "[",
            "alias",
            "bg",
            "bind",
            "break",
            "builtin",
            "caller",
            "cd",
            "compgen",
            "complete",
            "continue",
            "declare",
        ),
        *(
            "dirs",
            "disown",
            "echo",
            "enable",
            "exit",
            "export",
            "false",
            "fc",
            "fg",
            "getopts",
            "hash",
            "help",
            "history",
        ),
        *("jobs", "kill", "let", "local", "logout", "mapfile", "popd", "printf", "pushd", "pwd", "read", "readarray"),
        *("readonly", "return", "set", "setopt", "shift", "shopt", "suspend", "test", "times", "trap", "true", "type"),
        *("typeset", "ulimit", "umask", "unalias", "unset", "wait"),
    ]
)
"""What bash, zsh or sh does itself."""
STARTERS = {"command": 0, "exec": 0, "env": 0, "nohup": 0, "nice": 0, "xvfb-run": 0, "time": 0, "timeout": 1}
"""What starts the program that stands after it, past that many arguments of its own."""
NOT_PROGRAMS = frozenset({"command", "exec", "time"})
HIDING = frozenset(["xargs", "sudo", "parallel", "stdbuf", "find", "watch", "ssh", "docker", "podman"])
"""Programs that start others in ways that are not followed here."""
FUNCTION = re.compile(r"(?<![\w.:-])([\w.:-]++)[ \t]{0,9}\([ \t]{0,9}\)|\bfunction[ \t]{1,9}([\w.:-]++)")


class Named(Struct):
    """
    What a script names.

    Attributes:
        programs: First words of its commands, each once; builtins and the script's own functions left out.
        path_folders: Folders that an ``activate`` script puts before ``PATH``, relative to the gate's folder or absolute.
        doubts: A phrase for each thing that was not followed.
    """

    programs: list[str] = field(default_factory=list)
    path_folders: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def add_program(self, program: str) -> None:
        """Note a program once."""
        if program not in self.programs:
            self.programs.append(program)

    def add_doubt(self, doubt: str) -> None:
        """Note a doubt once."""
        if doubt not in self.doubts:
            self.doubts.append(doubt)


def named_programs(script: str) -> Named:
    """
    Find the programs that a script names.

    Only a run knows them all. A wrong guess would cost reuse or, worse, its soundness, so a word that is computed, a program
    that starts others, and a script that cannot be read come back as doubts.
    """
    named = Named()
    try:
        commands = parse_shell(script).commands
    except ShellSyntaxError as error:
        named.add_doubt(f"a script that cannot be read: {error}")
        return named
    for command in commands:
        note_command(command, named)
    own = {name for found in FUNCTION.finditer(script) for name in found.groups()}
    named.programs[:] = [program for program in named.programs if program not in own]
    return named


def note_command(command: SimpleCommand, named: Named) -> None:
    """Take one command in."""
    if any(name == "PATH" for name, _ in command.assignments) or any(
        word.text.startswith("PATH=") for word in command.words
    ):
        named.add_doubt("a changed PATH")
    if command.words:
        note_words(command.words, named)


def note_words(words: Sequence[Word], named: Named) -> None:
    """Take the words of one command in."""
    name, arguments = words[0].text, words[1:]
    if UNKNOWN in name or set(name) & set("*?"):
        named.add_doubt(f"{words[0].raw}: computed")
    elif name in (".", "source"):
        note_sourced(arguments, named)
    elif name in STARTERS:
        note_started(name, arguments, named)
    elif name in ("eval", "cd", "pushd"):
        named.add_doubt("what eval does" if name == "eval" else "a changed folder")
    elif name and name not in BUILTINS:
        named.add_program(name)
        if name in HIDING:
            named.add_doubt(f"what {name} starts")


def note_sourced(arguments: Sequence[Word], named: Named) -> None:
    """A file that the shell reads as its own: an ``activate`` script is known to change PATH, others do who knows what."""
    file = arguments[0].text if arguments else ""
    if file.endswith("/bin/activate") and UNKNOWN not in file:
        named.path_folders.append(file.removesuffix("/activate"))
    else:
        named.add_doubt(f"what {arguments[0].raw if arguments else 'a sourced file'} does")


def note_started(name: str, arguments: Sequence[Word], named: Named) -> None:
    """``env A=b program``: the program counts too, unless an option stands before it."""
    if name not in NOT_PROGRAMS:
        named.add_program(name)
    own, rest = arguments[: STARTERS[name]], list(arguments[STARTERS[name] :])
    while rest and "=" in rest[0].text and name == "env":
        rest.pop(0)
    if any(argument.text.startswith("-") for argument in (*own, *rest[:1])):
        named.add_doubt(f"what {name} starts")
    elif rest:
        note_words(rest, named)
