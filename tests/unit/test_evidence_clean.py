"""Text of tools is made safe to show: fault 48's escapes, controls and marks that reorder or hide."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hostile import ACTS_ON_TERMINALS, long_hostile
from verifyd.evidence.clean import clean_line, clean_text, strip_sequences


@pytest.mark.parametrize(
    "written, shown",
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;5;246mgrey\x1b[K", "grey"),
        ("\x9b31mred", "red"),
        ("a\x1b]0;title\x07b", "ab"),
        ("a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\b", "alinkb"),
        ("a\x1b]52;c;ZXZpbA==\x07b", "ab"),
        ("a\x1bPdevice\x1b\\b", "ab"),
        ("a\x1b(Bb\x1b7c", "abc"),
        ("ends with \x1b", "ends with "),
        ("unterminated \x1b]0;title\nnext line", "unterminated \nnext line"),
        ("10%\r20%\rdone\r\nnext", "10%\n20%\ndone\nnext"),
    ],
)
def test_escape_sequences_are_gone(written: str, shown: str) -> None:
    """Colours, titles, links and clipboard writes leave nothing; an unterminated one does not swallow the next line."""
    assert strip_sequences(written) == clean_text(written) == shown


@pytest.mark.parametrize(
    "written, shown",
    [
        ("bell \x07", "bell \\x07"),
        ("nul \0", "nul \\x00"),
        ("user\u202etxt.exe", "user\\u202etxt.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("lone \udcff", "lone \\udcff"),
        ("next\u0085line", "next\\x85line"),
        ("tab\there", "tab    here"),
        ("kept: é 日本 🙂\nline", "kept: é 日本 🙂\nline"),
    ],
)
def test_other_unsafe_characters_are_spelled_out(written: str, shown: str) -> None:
    """What could act on a terminal, reorder or hide text is visible as what it is."""
    assert clean_text(written) == shown


def test_a_limit_cuts_and_says_so() -> None:
    """The mark for what was left out is part of the limit."""
    assert [clean_text("abcdef", 6), clean_text("abcdefg", 6), clean_text("\x07" * 10, 6)] == [
        "abcdef",
        "abcde…",
        "\\x07\\…",
    ]


def test_a_line_has_no_line_ends() -> None:
    """Rule names and selectors stay on one line."""
    assert clean_line(" a\nb\r\nc ") == "a b c"


@given(long_hostile | st.text(st.characters(codec="utf-8")) | st.text(alphabet="\x1b[]\\0;\x07mP\n"))
def test_nothing_that_acts_on_a_terminal_is_left(text: str) -> None:
    """Whatever a tool prints, what is shown holds no control character; cleaning twice changes nothing more."""
    shown = clean_text(text)
    assert (ACTS_ON_TERMINALS.search(shown.replace("\n", "").replace("\t", "")), clean_text(shown)) == (None, shown)
