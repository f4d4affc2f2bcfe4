"""Words of a command as a shell reads them: quoted for it, and told apart into options that are kept and words that are not."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from msgspec import Struct


def quote(word: str) -> str:
    """
    A word for the shell, on one line and printable whatever it holds.

    Control characters and undecodable bytes are written as ``$'…'`` (bash and zsh; in POSIX since 2024).
    """
    if word and re.fullmatch(r"[\w@%+=:,./-]+", word, re.ASCII):
        return word
    if word.isprintable():
        return "'" + word.replace("'", "'\"'\"'") + "'"
    return "$'" + "".join(spelled(character) for character in word) + "'"


def spelled(character: str) -> str:
    """One character inside ``$'…'``."""
    if character in "\\'":
        return "\\" + character
    if character.isprintable():
        return character
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", "surrogateescape"))


def option_name(word: str) -> str:
    """``--cov`` of ``--cov=src``."""
    return word.split("=", 1)[0]


class Options(Struct, frozen=True, kw_only=True):
    """
    What one tool's options do to its words.

    Attributes:
        dropped: Left out: they choose tests, stop early, or report to somewhere else. A name matches what begins with it where
            it ends in ``*``.
        valued: Take the next word as their value when they are written without ``=``.
    """

    dropped: frozenset[str]
    valued: frozenset[str]

    def drops(self, name: str) -> bool:
        """Whether an option is left out."""
        return name in self.dropped or any(name.startswith(known[:-1]) for known in self.dropped if known.endswith("*"))

    def keep(self, words: Sequence[str], is_test: Callable[[str], bool]) -> list[str]:
        """
        The options that matter, in their order; words that are no options are taken for paths of tests, and dropped.

        Args:
            is_test: Tells a path of tests from the value of an option that nobody knows.
        """
        kept: list[str] = []
        waiting = list(words)
        while waiting:
            word = waiting.pop(0)
            name = option_name(word)
            if not word.startswith("-") or word == "-":
                continue
            takes = name == word and bool(waiting) and self.takes_value(name, waiting[0], is_test)
            value = [waiting.pop(0)] if takes else []
            if not self.drops(name):
                kept += [word, *value]
        return kept

    def takes_value(self, name: str, following: str, is_test: Callable[[str], bool]) -> bool:
        """Whether the next word is this option's value: when it is known to take one, or, for a long one, when it is no test."""
        if name in self.valued:
            return True
        return name.startswith("--") and name not in FLAGS and not following.startswith("-") and not is_test(following)


def words_set(text: str) -> frozenset[str]:
    """A set of names, for tables that are to be read."""
    return frozenset(text.split())


FLAGS = words_set(
    "--verbose --quiet --strict-markers --strict-config --strict --doctest-modules --showlocals --no-header --no-summary --runxfail"
    " --full-trace --disable-warnings --cache-clear --run --silent --ci --passWithNoTests --runInBand --no-cache --headed --ui --debug"
    " --workspace --all --lib --bins --release --all-features --all-targets --no-default-features --locked --offline --frozen"
    " --nocapture --no-isolate --globals --failfast --buffer --catch --locals"
)
"""Long options of any tool known to take no value."""
