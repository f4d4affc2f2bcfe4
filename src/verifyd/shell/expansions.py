"""A cursor over shell text that reads what has a value: quotes, variables and substitutions, without running any."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

from verifyd.shell.script import TEMPORARY, UNKNOWN, ScriptDraft, ShellSyntaxError

DEEPEST = 40
"""Substitutions and subshells inside each other; scripts that people write stay below five."""

BLANKS = " \t"
SPECIAL_PARAMETERS = "0123456789@*#?$!-_"
NAME = re.compile(r"[A-Za-z_]\w*")
ANSI_C = re.compile(r"\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
ANSI_C_ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
BACKTICKS = re.compile(r"`((?:[^`\\]|\\.)*)`", re.DOTALL)
ESCAPED_IN_BACKTICKS = re.compile(r"\\([\\`$])")
BRACED = re.compile(r"([A-Za-z_]\w*)(?:(:?[-=])([^'\"$`\\]*))?")
BRACED_NAME = re.compile(r"[!#]?([A-Za-z_]\w*)(?=[%#/^,@\[]|$)")


class ExpansionReader(ABC):
    """A cursor over one text; readers of nested texts share one ScriptDraft."""

    def __init__(self, text: str, script: ScriptDraft, depth: int = 0) -> None:
        self.text = text
        self.at = 0
        self.script = script
        self.depth = depth

    @abstractmethod
    def nested(self, text: str) -> ExpansionReader:
        """A reader for a text inside this one, into the same script."""

    @abstractmethod
    def read_all(self) -> None:
        """Read to the end of the text."""

    @abstractmethod
    def read_list(self, *, closer: str, piped: bool = False) -> None:
        """Read commands up to the closing bracket, or to the end when there is none to find."""

    def check_depth(self, depth: int) -> None:
        """Refuse what no person nests, before it exhausts the stack."""
        if depth > DEEPEST:
            raise ShellSyntaxError("nested too deep")

    # --- characters -------------------------------------------------------------------------------------------------

    def peek(self, length: int = 1) -> str:
        """The next characters, fewer at the end."""
        return self.text[self.at : self.at + length]

    def match(self, pattern: re.Pattern[str]) -> str | None:
        """The text that the pattern matches here, not consumed."""
        found = pattern.match(self.text, self.at)
        return found.group() if found else None

    def skip_blanks(self) -> None:
        """Skip spaces, tabs and joined lines."""
        while True:
            if self.peek() and self.peek() in BLANKS:
                self.at += 1
            elif self.peek(2) == "\\\n":
                self.at += 2
            else:
                return

    def skip_comment(self) -> None:
        """Skip to the end of the line."""
        end = self.text.find("\n", self.at)
        self.at = len(self.text) if end < 0 else end

    # --- quotes -----------------------------------------------------------------------------------------------------

    def read_quoted(self) -> str:
        """A quoted piece, without its quotes."""
        if self.peek() == "'":
            end = self.text.find("'", self.at + 1)
            if end < 0:
                raise ShellSyntaxError("a quote is not closed")
            piece, self.at = self.text[self.at + 1 : end], end + 1
            return piece
        if self.peek(2) == "$'":
            return self.read_ansi_c()
        self.at += 2 if self.peek() == "$" else 1
        return self.read_expanding(closer='"')

    def read_ansi_c(self) -> str:
        """A ``$'…'`` piece with its escapes."""
        found = ANSI_C.match(self.text, self.at)
        if found is None:
            raise ShellSyntaxError("a quote is not closed")
        self.at = found.end()
        return ANSI_C_ESCAPE.sub(ansi_c_character, found.group(1))

    def read_expanding(self, *, closer: str) -> str:
        """Text in which only ``$``, backticks and backslashes mean something: inside double quotes, or a here-document."""
        pieces: list[str] = []
        while (char := self.peek()) != closer:
            if not char:
                raise ShellSyntaxError("a quote is not closed")
            if char == "\\":
                escaped = self.peek(2)[1:]
                pieces.append("" if escaped == "\n" else escaped if escaped in '$`"\\' else "\\" + escaped)
                self.at += 2
            elif char in "$`":
                pieces.append(self.read_expansion())
            else:
                pieces.append(char)
                self.at += 1
        self.at += len(closer)
        return "".join(pieces)

    # --- expansions -------------------------------------------------------------------------------------------------

    def read_expansion(self) -> str:
        """The value of what a ``$`` or a backtick starts."""
        if self.peek() == "`":
            return self.read_backticks()
        following = self.peek(2)[1:]
        if following == "(":
            return self.read_substitution()
        if following == "{":
            return self.read_braced()
        self.at += 1
        if name := self.match(NAME):
            self.at += len(name)
            return self.value_of(name)
        if following and following in SPECIAL_PARAMETERS:
            self.at += 1
            return UNKNOWN
        return "$"

    def value_of(self, name: str) -> str:
        """A variable's value as far as the script says it."""
        if name not in self.script.variables:
            self.script.unset_names.add(name)
        return self.script.variables.get(name, UNKNOWN)

    def read_backticks(self) -> str:
        """A command substitution in backticks."""
        found = BACKTICKS.match(self.text, self.at)
        if found is None:
            raise ShellSyntaxError("a backtick is not closed")
        self.at = found.end()
        self.nested(ESCAPED_IN_BACKTICKS.sub(r"\1", found.group(1))).read_all()
        return UNKNOWN

    def read_substitution(self) -> str:
        """A ``$(…)`` with the commands in it, or a ``$((…))`` with those in its sum."""
        if self.peek(3) == "$((" and (end := self.arithmetic_end(self.at + 3)) is not None:
            inside, self.at = self.text[self.at + 3 : end], end + 2
            self.nested(inside).read_expanding(closer="")
            return UNKNOWN
        self.at += 2
        before = len(self.script.commands)
        self.read_list(closer=")")
        inside_commands = self.script.commands[before:]
        if len(inside_commands) == 1 and inside_commands[0].words and inside_commands[0].words[0].text == "mktemp":
            return TEMPORARY
        return UNKNOWN

    def arithmetic_end(self, start: int) -> int | None:
        """Where the ``))`` stands that ends the sum from *start*; None when the brackets say that it is no sum."""
        level = 2
        for position in range(start, len(self.text)):
            char = self.text[position]
            level += {"(": 1, ")": -1}.get(char, 0)
            if char == ")" and level == 1:
                return position if self.text[position + 1 : position + 2] == ")" else None
        return None

    def read_braced(self) -> str:
        """A ``${…}`` with its default and the commands in it."""
        end = self.brace_end(self.at + 2)
        inside, self.at = self.text[self.at + 2 : end], end + 1
        self.nested(inside).read_expanding(closer="")
        if found := BRACED.fullmatch(inside):
            name, operator, default = found.groups()
            return self.script.variables.get(name, default) if operator else self.value_of(name)
        if (found := BRACED_NAME.match(inside)) and found.group(1) not in self.script.variables:
            self.script.unset_names.add(found.group(1))
        return UNKNOWN

    def brace_end(self, start: int) -> int:
        """Where the brace that closes a ``${`` stands."""
        level, position = 1, start
        while position < len(self.text):
            char = self.text[position]
            if char == "\\":
                position += 1
            elif char == "'" and (end := self.text.find("'", position + 1)) > 0 and "}" not in self.text[position:end]:
                position = end
            elif char == '"':
                position = self.quote_end(position + 1)
            elif char in "{}":
                level += 1 if char == "{" else -1
                if level == 0:
                    return position
            position += 1
        raise ShellSyntaxError("a brace is not closed")

    def quote_end(self, start: int) -> int:
        """Where the double quote stands that ends what starts here."""
        position = start
        while position < len(self.text):
            if self.text[position] == '"':
                return position
            position += 2 if self.text[position] == "\\" else 1
        raise ShellSyntaxError("a quote is not closed")


def ansi_c_character(found: re.Match[str]) -> str:
    """The character that an escape inside ``$'…'`` means."""
    escape = found.group(1)
    if escape[0] == "x" and len(escape) > 1:
        return chr(int(escape[1:], 16))
    if escape[0] in "01234567":
        return chr(int(escape, 8))
    return {"n": "\n", "t": "\t", "r": "\r"}.get(escape, escape)
