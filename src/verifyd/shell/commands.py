"""
Shell text -> the simple commands in it, wherever they stand: the part of a shell's grammar that says what would be run.

A reader of our own because none on the package index is fit (tried in 2026-11): tree-sitter-bash took ``>out 2>&1 git push``
for one long redirection, without an error, and needed minutes and gigabytes for 300 KB of ``<<A``; bashlex is GPL and
refuses ``[[``, ``case`` and much else. This one leaves out structure (which command runs when) and keeps what danger.py asks.
It never runs anything, and never guesses: what it cannot follow is a ShellSyntaxError or UNKNOWN.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from verifyd.shell.expansions import NAME
from verifyd.shell.script import (
    GIVEN_VARIABLES,
    UNKNOWN,
    CommandDraft,
    ScriptDraft,
    ShellScript,
    ShellSyntaxError,
    Word,
)
from verifyd.shell.words import PLACEHOLDER, REDIRECTION, WORD_ENDS, WordReader

TRANSPARENT = frozenset({"if", "then", "else", "elif", "fi", "while", "until", "do", "done", "{", "}", "!", "coproc"})
"""Reserved words after which a command may follow."""
DECLARERS = frozenset({"export", "local", "declare", "typeset", "readonly"})
READERS = frozenset({"read", "mapfile", "readarray", "getopts", "unset"})
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*(?:\[[^\]\n]*\])?\+?=")
FILE_DESCRIPTOR = re.compile(r"(?:\d+|\{[A-Za-z_]\w*\})(?=[<>])")
FUNCTION_BRACKETS = re.compile(r"[ \t]*\([ \t]*\)")
LOOP_IN = re.compile(r"in(?=[ \t\n;])")
CASE_IN = re.compile(r"in(?=[ \t\n])")
CASE_END = re.compile(r"esac(?![\w-])")
TEST_END = re.compile(r"\]\](?![^\s;&|)])")


def parse_shell(text: str, variables: Mapping[str, str] = GIVEN_VARIABLES) -> ShellScript:
    """
    Read a script.

    Args:
        variables: What is known of variables before it starts.

    Raises:
        ShellSyntaxError: It is not complete, or nested deeper than people write.
    """
    draft = ScriptDraft(variables=dict(variables))
    CommandReader(text, draft).read_all()
    return draft.finished()


class CommandReader(WordReader):
    """A cursor over shell text that reads lists of commands."""

    def nested(self, text: str) -> CommandReader:
        """A reader for a text inside this one, into the same script."""
        self.check_depth(self.depth + 1)
        return CommandReader(text, self.script, self.depth + 1)

    def read_all(self) -> None:
        """Read to the end of the text."""
        self.read_list(closer="")
        if self.documents:
            raise ShellSyntaxError("a here-document is not ended")

    def read_list(self, *, closer: str, piped: bool = False) -> None:
        """Read commands up to the closing bracket, or to the end when there is none to find."""
        self.depth += 1
        self.check_depth(self.depth)
        CommandList(self, closer=closer, piped=piped).read()
        self.depth -= 1


class CommandList:
    """One list of commands being read: up to a closing bracket, or to the end of the text."""

    def __init__(self, reader: CommandReader, *, closer: str, piped: bool) -> None:
        self.reader = reader
        self.closer = closer
        self.piped = piped
        self.command = CommandDraft(reads_pipe=piped)
        self.cases: list[str] = []
        """For each ``case`` that is open: whether its next pattern or its body is read now."""

    def read(self) -> None:
        """Read command after command."""
        reader = self.reader
        while True:
            reader.skip_blanks()
            char = reader.peek()
            if self.cases and self.cases[-1] == "pattern" and self.command.is_empty and char:
                self.read_pattern()
            elif not char or char == ")":
                self.finish()
                return self.close(char)
            elif char == "\n":
                self.finish()
                reader.end_line()
            elif char == "#":
                reader.skip_comment()
            elif char in ";&|" and reader.match(REDIRECTION) is None:
                self.read_operator()
            elif char == "(":
                self.read_bracket()
            else:
                self.read_part()

    def close(self, char: str) -> None:
        """Step over the closing bracket, which must be the one that was looked for."""
        if char != self.closer:
            raise ShellSyntaxError("a bracket is not closed" if self.closer else "a bracket closes nothing")
        if self.cases:
            raise ShellSyntaxError("a case is not ended")
        self.reader.at += len(char)

    def finish(self, *, into_pipe: bool = False) -> None:
        """Keep the command read so far and start the next."""
        if not self.command.is_empty:
            self.keep_assignments()
            self.reader.script.commands.append(self.command)
        self.command = CommandDraft(reads_pipe=into_pipe or self.piped)

    def keep_assignments(self) -> None:
        """Remember the variables that the command sets for those after it."""
        script, words = self.reader.script, self.command.words
        if not words:
            for name, assigned in self.command.assignments:
                script.assign(name, assigned.text)
        elif words[0].text in DECLARERS:
            for word in words[1:]:
                name, equals, value = word.text.partition("=")
                if NAME.fullmatch(name) and (equals or name not in script.set_names):
                    script.assign(name, value if equals else UNKNOWN)
        elif words[0].text in READERS:
            for word in words[1:]:
                if NAME.fullmatch(word.text):
                    script.assign(word.text, UNKNOWN)

    def read_operator(self) -> None:
        """What stands between commands."""
        reader = self.reader
        two = reader.peek(2)
        if two in (";;", ";&") and self.cases:
            reader.at += 3 if reader.peek(3) == ";;&" else 2
            self.finish()
            self.cases[-1] = "pattern"
        elif two in ("&&", "||", "|&"):
            reader.at += 2
            self.finish(into_pipe=two == "|&")
        else:
            reader.script.background = reader.script.background or reader.peek() == "&"
            into_pipe = reader.peek() == "|"
            reader.at += 1
            self.finish(into_pipe=into_pipe)
        if two in ("&&", "||", "|&") or two[0] == "|":
            piped = self.command.reads_pipe
            reader.skip_lines()
            self.command.reads_pipe = piped

    def read_bracket(self) -> None:
        """A subshell, a sum, or the brackets of a function's definition."""
        reader = self.reader
        if self.command.is_empty:
            if reader.peek(2) == "((" and (end := reader.arithmetic_end(reader.at + 2)) is not None:
                reader.nested(reader.text[reader.at + 2 : end]).read_expanding(closer="")
                reader.at = end + 2
                reader.script.has_test = True
                return
            piped = self.command.reads_pipe
            reader.at += 1
            reader.read_list(closer=")", piped=piped)
            return
        found = FUNCTION_BRACKETS.match(reader.text, reader.at)
        if len(self.command.words) != 1 or found is None:
            raise ShellSyntaxError("a bracket stands in the middle of a command")
        reader.at = found.end()
        self.command = CommandDraft(reads_pipe=self.piped)

    def read_part(self) -> None:
        """A redirection, an assignment or a word of the command."""
        reader = self.reader
        if descriptor := reader.match(FILE_DESCRIPTOR):
            reader.at += len(descriptor)
        if reader.peek() in ("<", ">") or reader.peek(2) == "&>":
            if reader.match(PLACEHOLDER) is None:
                return reader.read_redirection(self.command)
        elif not self.command.words and (assigned := reader.match(ASSIGNMENT)):
            return self.read_assignment(assigned)
        words = reader.read_words()
        if not self.command.words and words and self.read_keyword(words[0].raw):
            return None
        self.command.words.extend(words)
        return None

    def read_assignment(self, assigned: str) -> None:
        """``NAME=value`` before a command, or an array."""
        reader = self.reader
        start = reader.at
        reader.at += len(assigned)
        name = NAME.match(assigned)
        value = UNKNOWN
        if reader.peek() == "(":
            reader.at += 1
            reader.skip_lines()
            while reader.peek() != ")":
                if not reader.peek() or reader.peek() in ";&|":
                    raise ShellSyntaxError("an array is not closed")
                self.read_array_item()
                reader.skip_lines()
            reader.at += 1
        elif reader.peek() and (reader.peek() not in WORD_ENDS or reader.starts_inside_word()):
            value = " ".join(word.text for word in reader.read_words())
        else:
            value = ""
        if "[" in assigned or "+" in assigned:
            value = UNKNOWN
        if name is not None:
            self.command.assignments.append((name.group(), Word(text=value, raw=reader.text[start : reader.at])))

    def read_array_item(self) -> None:
        """One item of an array; only the substitutions in it matter."""
        if self.reader.peek() in "<>":
            self.reader.read_redirection(CommandDraft())
        else:
            self.reader.read_words()

    def read_keyword(self, raw: str) -> bool:
        """Act on a reserved word where a command may start; False when it is none."""
        if self.command.assignments or self.command.redirects:
            return False
        if raw in TRANSPARENT:
            self.reader.script.has_keyword = True
            self.piped = self.piped or self.command.reads_pipe
            return True
        if raw == "esac" and self.cases:
            self.cases.pop()
            return True
        heads = {
            "time": self.read_time,
            "for": self.read_loop_head,
            "select": self.read_loop_head,
            "function": self.read_function_head,
            "case": self.read_case_head,
            "[[": self.read_test,
        }
        if raw not in heads:
            return False
        self.reader.script.has_keyword = True
        heads[raw]()
        return True

    def read_time(self) -> None:
        """The option that ``time`` may have."""
        self.reader.skip_blanks()
        if self.reader.peek(3) == "-p ":
            self.reader.at += 3

    def read_function_head(self) -> None:
        """The name of a function and its brackets; its body follows as commands."""
        reader = self.reader
        reader.skip_blanks()
        reader.read_words()
        if found := FUNCTION_BRACKETS.match(reader.text, reader.at):
            reader.at = found.end()

    def read_loop_head(self) -> None:
        """The variable of a loop and the words it goes through."""
        reader = self.reader
        reader.skip_blanks()
        if reader.peek(2) == "((":
            return
        name = reader.match(NAME)
        if name is None:
            raise ShellSyntaxError("a loop has no variable")
        reader.at += len(name)
        reader.skip_lines()
        values: list[Word] = []
        if reader.match(LOOP_IN):
            reader.at += 2
            reader.skip_blanks()
            while reader.peek() and reader.peek() not in "\n;":
                values.extend(reader.read_words())
                reader.skip_blanks()
        only_value = values[0].text if len(values) == 1 else "*"
        reader.script.assign(name, UNKNOWN if set("*?[") & set(only_value) else only_value)

    def read_case_head(self) -> None:
        """The word that a ``case`` is about, and the ``in`` after it."""
        reader = self.reader
        reader.skip_blanks()
        if reader.peek() and reader.peek() not in WORD_ENDS:
            reader.read_words()
        reader.skip_lines()
        if reader.match(CASE_IN) is None:
            raise ShellSyntaxError("a case has no 'in'")
        reader.at += 2
        self.cases.append("pattern")

    def read_pattern(self) -> None:
        """A pattern of a ``case`` up to its bracket, or the ``esac``."""
        reader = self.reader
        reader.skip_lines()
        if reader.match(CASE_END):
            reader.at += 4
            self.cases.pop()
            return
        if reader.peek() == "(":
            reader.at += 1
        while reader.peek() != ")":
            reader.skip_blanks()
            if reader.peek() == "|":
                reader.at += 1
            elif not reader.peek() or (reader.peek() in "\n;&<>(" and not reader.starts_inside_word()):
                raise ShellSyntaxError("a case's pattern is not ended")
            elif reader.peek() != ")":
                reader.read_words()
        reader.at += 1
        self.cases[-1] = "body"

    def read_test(self) -> None:
        """A ``[[ … ]]``: only the substitutions in it matter."""
        reader = self.reader
        reader.script.has_test = True
        while True:
            reader.skip_lines()
            char = reader.peek()
            if not char:
                raise ShellSyntaxError("a [[ is not closed")
            if reader.match(TEST_END):
                reader.at += 2
                return
            if char in "<>()&|;" and not reader.starts_inside_word():
                reader.at += 1
            else:
                reader.read_words()
