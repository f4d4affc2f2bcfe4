"""What a shell script would run, as values: its simple commands with their words, redirections and inputs."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

UNKNOWN = "\0"
"""Stands in a word for text that only a run could know."""
TEMPORARY = f"/tmp/{UNKNOWN}"  # noqa: S108 - a name to recognise, not a file that is made
"""Stands for a path that ``mktemp`` made, or the gate's own ``TMPDIR``."""
GIVEN_VARIABLES: Mapping[str, str] = {"HOME": "~", "TMPDIR": TEMPORARY, "PWD": "."}
"""Variables that every gate has, with what is known of them."""


class ShellSyntaxError(ValueError):
    """The text is no complete shell script: a quote, bracket or here-document stays open, or it is nested too deep."""


class Word(Struct, frozen=True, kw_only=True):
    """
    One word as a command gets it.

    Attributes:
        text: Quotes removed, variables that the script itself sets put in, everything else that varies as UNKNOWN.
        raw: As written.
    """

    text: str
    raw: str

    @property
    def quoted(self) -> bool:
        """Whether any part of it stands in quotes."""
        return "'" in self.raw or '"' in self.raw


class Redirect(Struct, frozen=True, kw_only=True):
    """One redirection: its operator (``>``, ``>>``, ``&>``, ``<`` …) and the file or descriptor after it."""

    operator: str
    target: Word


class SimpleCommand(Struct, frozen=True, kw_only=True):
    """
    One command: what an ``exec`` would get, and where its input comes from.

    Attributes:
        words: Name and arguments; empty for a bare assignment or redirection.
        assignments: Names and values before the name.
        inputs: Texts of its here-documents and here-strings.
        reads_pipe: Whether another command's output is its input.
    """

    words: tuple[Word, ...] = ()
    assignments: tuple[tuple[str, Word], ...] = ()
    redirects: tuple[Redirect, ...] = ()
    inputs: tuple[str, ...] = ()
    reads_pipe: bool = False


class ShellScript(Struct, frozen=True, kw_only=True):
    """
    What a script would run.

    Attributes:
        commands: In the order they are read, those in substitutions, functions and subshells too.
        background: Whether anything is started with a trailing ``&``.
        set_names: Variables that the script sets itself.
        unset_names: Variables that it uses before it sets them, and for which it gives no default.
        variables: Values of variables as far as the script says them.
        has_test: Whether it holds a ``[[ … ]]`` or a ``(( … ))``, which are no commands here and decide all the same.
        has_keyword: Whether it holds a reserved word, such as ``if``.
    """

    commands: tuple[SimpleCommand, ...]
    background: bool
    set_names: frozenset[str]
    unset_names: frozenset[str]
    variables: Mapping[str, str]
    has_test: bool = False
    has_keyword: bool = False


class CommandDraft(Struct, kw_only=True):
    """A SimpleCommand while it is being read."""

    words: list[Word] = field(default_factory=list)
    assignments: list[tuple[str, Word]] = field(default_factory=list)
    redirects: list[Redirect] = field(default_factory=list)
    inputs: list[str] = field(default_factory=list)
    reads_pipe: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether nothing was read into it yet."""
        return not (self.words or self.assignments or self.redirects or self.inputs)

    def finished(self) -> SimpleCommand:
        """The command as a value."""
        return SimpleCommand(
            words=tuple(self.words),
            assignments=tuple(self.assignments),
            redirects=tuple(self.redirects),
            inputs=tuple(self.inputs),
            reads_pipe=self.reads_pipe,
        )


class ScriptDraft(Struct, kw_only=True):
    """
    A ShellScript while it is being read.

    Attributes:
        variables: Values as far as the script says them, and the given ones.
    """

    commands: list[CommandDraft] = field(default_factory=list)
    background: bool = False
    set_names: set[str] = field(default_factory=set)
    unset_names: set[str] = field(default_factory=set)
    variables: dict[str, str] = field(default_factory=lambda: dict(GIVEN_VARIABLES))
    has_test: bool = False
    has_keyword: bool = False

    def assign(self, name: str, value: str) -> None:
        """Remember a variable; one that gets two different values is UNKNOWN: which branch is taken is not followed."""
        known = self.variables.get(name) if name in self.set_names else value
        self.variables[name] = value if known == value else UNKNOWN
        self.set_names.add(name)

    def finished(self) -> ShellScript:
        """The script as a value."""
        return ShellScript(
            commands=tuple(command.finished() for command in self.commands),
            background=self.background,
            set_names=frozenset(self.set_names),
            unset_names=frozenset(self.unset_names),
            variables=dict(self.variables),
            has_test=self.has_test,
            has_keyword=self.has_keyword,
        )
