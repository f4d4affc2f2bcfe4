"""A shell script in, the programs it names out; what only a shell could tell is said as a doubt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import takewhile

TOKEN = re.compile(
    r"""
      (?P<blank> [ \t\r]+ | \\\n )
    | (?P<comment> \#[^\n]* )
    | (?P<redirect> [0-9]*(?:<<<|<<-?|<>|>>|>\||[<>]&?|&>>?) )
    | (?P<operator> \n | \(\( | \)\) | ;;&? | ;& | && | \|\|? | [;&()] )
    | (?P<word> (?: [^\s'"\\;&|()<>] | \\. | '[^']*' | "(?:[^"\\]|\\.)*" )+ )
    """,
    re.VERBOSE | re.DOTALL,
)
"""Each alternative begins with other characters, so a script is read in one pass."""

ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")
DYNAMIC = re.compile(r"[$`*?\[]|^~")
KEYWORDS = frozenset(
    ["if", "then", "else", "elif", "fi", "while", "until", "do", "done", "esac", "{", "}", "!", "time"]
)
"""After these comes another command, or none."""
BUILTINS = frozenset(
    [
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
        "jobs",
        "kill",
        "let",
        "local",
        "logout",
        "mapfile",
        "popd",
        "printf",
        "pushd",
        "pwd",
        "read",
        "readarray",
        "readonly",
        "return",
        "set",
        "setopt",
        "shift",
        "shopt",
        "suspend",
        "test",
        "times",
        "trap",
        "true",
        "type",
        "typeset",
        "ulimit",
        "umask",
        "unalias",
        "unset",
        "wait",
        "for",
        "select",
        "function",
    ]
)
"""What the shell does itself; ``for`` and its like are here because what follows them is no command."""
STARTERS = {"command": 0, "exec": 0, "env": 0, "nohup": 0, "nice": 0, "xvfb-run": 0, "timeout": 1}
"""What starts the program that stands after it, past that many arguments of its own."""
GRAMMAR = frozenset({"eval", "case", "[[", "coproc"})
"""Parts of the shell that can hide a command from us, or make one of what is none."""
HIDING = frozenset(["xargs", "sudo", "parallel", "stdbuf", "find", "watch", "ssh", "docker", "podman"])
"""Programs that start others in ways that are not followed here."""


@dataclass(slots=True)
class Named:
    """
    What a script names.

    Attributes:
        programs: First words of simple commands, in their order, each once; builtins and the script's own functions left out.
        path_folders: Folders that an ``activate`` script puts before ``PATH``, relative to the gate's folder or absolute.
        doubts: Phrases for what was not followed.
    """

    programs: list[str] = field(default_factory=list)
    path_folders: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    def add_doubt(self, doubt: str) -> None:
        """Note a doubt once."""
        if doubt not in self.doubts:
            self.doubts.append(doubt)


Token = tuple[str, str]
"""Kind (a group of TOKEN) and text."""


def read_tokens(script: str, named: Named) -> Iterator[Token]:
    """The script's tokens; bodies of here-documents are left out, and what cannot be read ends it with a doubt."""
    position, ends = 0, list[str]()
    before = "\n"
    while position < len(script):
        match = TOKEN.match(script, position)
        if match is None:
            named.add_doubt("a quote that does not end")
            return
        kind, text = str(match.lastgroup), match.group()
        position = match.end()
        if kind == "word" and before in ("<<", "<<-"):
            ends.append(plain(text))
        if text == "\n" and ends:
            position = after_documents(script, position, ends)
        if kind not in ("blank", "comment"):
            before = text
            yield kind, text


def after_documents(script: str, position: int, ends: list[str]) -> int:
    """Where the script goes on after the here-documents that were announced; *ends* is emptied."""
    for end in ends:
        found = re.compile(rf"^\t*{re.escape(end)}$", re.MULTILINE).search(script, position)
        position = found.end() if found is not None else len(script)
    ends.clear()
    return position


def plain(word: str) -> str:
    """A word as the shell hands it on, where that can be told without running anything."""
    return re.sub(
        r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"|\\(.)",
        lambda part: part[1] or part[2] or part[3] or "",
        word,
        flags=re.DOTALL,
    )


def named_programs(script: str) -> Named:
    """
    Find the programs that a POSIX or bash script names.

    Only a shell knows them all. Wrong guesses would cost reuse or, worse, its soundness, so a word that is computed, a
    program that starts others, and whatever else is not followed comes back as a doubt.
    """
    named = Named()
    tokens = list(read_tokens(script, named))
    for command in commands_in(tokens, named):
        note_command(command, named)
    own = frozenset(functions_in(tokens))
    named.programs[:] = [program for program in dict.fromkeys(named.programs) if program not in own]
    return named


def commands_in(tokens: list[Token], named: Named) -> Iterator[list[str]]:
    """The words of each simple command, redirections and keywords left out."""
    command: list[str] = []
    before: Token = ("operator", "\n")
    for kind, text in tokens:
        if kind == "operator":
            if (text == "(" and (before[0] == "redirect" or before[1].endswith("$"))) or text == "((":
                named.add_doubt("a command inside a word")
            yield command
            command = []
        elif kind == "word" and before[0] != "redirect" and (command or text not in KEYWORDS):
            command.append(text)
        before = (kind, text)
    yield command


def functions_in(tokens: list[Token]) -> Iterator[str]:
    """Names that the script gives to functions of its own."""
    for (kind, text), (_, after), (_, last) in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if kind == "word" and (after, last) == ("(", ")"):
            yield text
        if text == "function":
            yield after


def note_command(words: list[str], named: Named) -> None:
    """Take one simple command's words in."""
    if any("$(" in word or "`" in word for word in words):
        named.add_doubt("a command inside a word")
    count = len(list(takewhile(ASSIGNMENT.match, words)))
    if any(word.startswith("PATH=") for word in words):
        named.add_doubt("a changed PATH")
    if words[count:]:
        note_first(words[count], words[count + 1 :], named)


def note_first(first: str, arguments: list[str], named: Named) -> None:
    """Take the first word of a command in."""
    name = plain(first)
    if name in ("cd", "pushd"):
        named.add_doubt("a changed folder")
    if name in BUILTINS or not name:
        return
    if name in (".", "source"):
        note_sourced(arguments, named)
    elif name in STARTERS:
        note_started(name, arguments, named)
    elif name in GRAMMAR:
        named.add_doubt(f"what {name} does")
    elif DYNAMIC.search(first) and not first.startswith("'"):
        named.add_doubt(f"{first}: computed")
    else:
        named.programs.append(name)
        if name in HIDING:
            named.add_doubt(f"what {name} starts")


def note_sourced(arguments: list[str], named: Named) -> None:
    """A file that the shell reads as its own: an ``activate`` script is known to change PATH, others do who knows what."""
    file = plain(arguments[0]) if arguments else ""
    if file.endswith("/bin/activate") and not DYNAMIC.search(file):
        named.path_folders.append(file.removesuffix("/activate"))
    else:
        named.add_doubt(f"what {file or 'a sourced file'} does")


def note_started(name: str, arguments: list[str], named: Named) -> None:
    """``env A=b program``: the program counts too, unless an option stands before it."""
    if name not in ("command", "exec"):
        named.programs.append(name)
    if any(argument.startswith("-") for argument in arguments[: STARTERS[name] + 1]):
        named.add_doubt(f"what {name} starts")
    else:
        note_command(arguments[STARTERS[name] :], named)
