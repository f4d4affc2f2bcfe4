"""A cursor over shell text that reads words, here-documents and redirections."""

from __future__ import annotations

import re

from verifyd.shell.expansions import ExpansionReader
from verifyd.shell.script import UNKNOWN, CommandDraft, Redirect, ScriptDraft, ShellSyntaxError, Word

WORD_ENDS = " \t\n;&|<>()"
PLACEHOLDER = re.compile(r"<[A-Za-z][\w.:/-]*(?: [\w.:/-]+)*>")
"""``<spec>`` outside quotes: to a shell two redirections, to every reader something to fill in."""
REDIRECTION = re.compile(r"&>>|&>|<<<|<<-|<<|<>|<&|>>|>\||>&|<|>")


class WordReader(ExpansionReader):
    """
    A cursor that reads a command's parts.

    Attributes:
        documents: Here-documents announced on this line: command, delimiter, whether tabs go, whether it expands.
    """

    def __init__(self, text: str, script: ScriptDraft, depth: int = 0) -> None:
        super().__init__(text, script, depth)
        self.documents: list[tuple[CommandDraft, str, bool, bool]] = []

    # --- lines ------------------------------------------------------------------------------------------------------

    def skip_lines(self) -> None:
        """Skip blanks, line ends and comments."""
        while True:
            self.skip_blanks()
            if self.peek() == "\n":
                self.end_line()
            elif self.peek() == "#":
                self.skip_comment()
            else:
                return

    def end_line(self) -> None:
        """Step over the line end, then over the here-documents that were announced before it."""
        self.at += 1
        waiting, self.documents = self.documents, []
        for command, delimiter, strip_tabs, expands in waiting:
            body = self.read_document(delimiter, strip_tabs=strip_tabs)
            command.inputs.append(body)
            if expands:
                self.nested(body).read_expanding(closer="")

    def read_document(self, delimiter: str, *, strip_tabs: bool) -> str:
        """The lines up to the delimiter's own."""
        lines: list[str] = []
        while self.at < len(self.text):
            end = self.text.find("\n", self.at)
            stop = len(self.text) if end < 0 else end
            line = self.text[self.at : stop]
            self.at = min(stop + 1, len(self.text))
            if (line.lstrip("\t") if strip_tabs else line) == delimiter:
                return "\n".join(lines)
            lines.append(line)
        raise ShellSyntaxError(f"the here-document that ends with {delimiter} is not ended")

    # --- words ------------------------------------------------------------------------------------------------------

    def read_words(self) -> list[Word]:
        """One word as written; several, or none, when a variable's value holds blanks or nothing."""
        start = self.at
        fields = [""]
        quoted = False
        while (char := self.peek()) and (char not in WORD_ENDS or self.starts_inside_word()):
            if char in "'\"" or self.peek(2) in ("$'", '$"'):
                quoted = True
                fields[-1] += self.read_quoted()
            elif char in "$`":
                self.add_value(fields, self.read_expansion())
            else:
                fields[-1] += self.read_plain()
        raw = self.text[start : self.at]
        if self.at == start:
            raise ShellSyntaxError(f"{char!r} stands where a command should")
        return [Word(text=text, raw=raw) for text in fields if text or quoted]

    def starts_inside_word(self) -> bool:
        """Whether a character that usually ends a word goes on with it here: ``<spec>``, ``@(a|b)``."""
        if self.peek() == "<":
            return self.match(PLACEHOLDER) is not None
        return self.peek() == "(" and self.at > 0 and self.text[self.at - 1] in "?*+@!"

    def add_value(self, fields: list[str], value: str) -> None:
        """Add an unquoted expansion's value: blanks in it end words."""
        parts = re.split(r"[ \t\n]+", value)
        fields[-1] += parts[0]
        fields.extend(parts[1:])

    def read_plain(self) -> str:
        """The next unquoted piece: an escaped character, a placeholder, a pattern in brackets, or one character."""
        if self.peek() == "\\":
            escaped = self.peek(2)[1:]
            self.at += 2
            return "" if escaped == "\n" else escaped
        if self.peek() == "<" and (placeholder := self.match(PLACEHOLDER)):
            self.at += len(placeholder)
            return placeholder
        if self.peek() == "(":
            return self.read_balanced()
        self.at += 1
        return self.text[self.at - 1]

    def read_balanced(self) -> str:
        """A pattern in round brackets, as written."""
        start, level = self.at, 0
        while char := self.peek():
            level += {"(": 1, ")": -1}.get(char, 0)
            self.at += 2 if char == "\\" else 1
            if level == 0:
                return self.text[start : self.at]
            if char == "\n":
                break
        raise ShellSyntaxError("a bracket is not closed")

    # --- redirections -----------------------------------------------------------------------------------------------

    def read_redirection(self, command: CommandDraft) -> None:
        """A redirection with its operand, a here-document's announcement, or a process substitution as a word."""
        if self.peek(2) in ("<(", ">("):
            command.words.append(self.read_target())
            return
        operator = self.match(REDIRECTION)
        if operator is None:
            raise ShellSyntaxError("a redirection is not complete")
        self.at += len(operator)
        self.skip_blanks()
        target = self.read_target()
        if operator in ("<<", "<<-"):
            self.documents.append((command, target.text, operator == "<<-", target.text == target.raw))
        elif operator == "<<<":
            command.inputs.append(target.text)
        else:
            command.redirects.append(Redirect(operator=operator, target=target))

    def read_target(self) -> Word:
        """The word after a redirection's operator, or a process substitution."""
        if self.peek(2) in ("<(", ">("):
            start = self.at
            self.at += 2
            self.read_list(closer=")")
            return Word(text=UNKNOWN, raw=self.text[start : self.at])
        if not self.peek() or self.peek() in WORD_ENDS:
            raise ShellSyntaxError("a redirection names no file")
        start = self.at
        words = self.read_words()
        return words[0] if words else Word(text=UNKNOWN, raw=self.text[start : self.at])
