"""Text in Markdown: nothing breaks out of where it was put."""

from __future__ import annotations

from hypothesis import given

from tests.support.hostile import ACTS_ON_TERMINALS, hostile, long_hostile
from tests.support.markdown import PARSER, read_page
from verifyd.render.markup import code, code_cell, escape, fence, table
from verifyd.render.shown import cut_end, cut_middle, shown, shown_line, shown_path


@given(long_hostile)
def test_what_is_shown_acts_on_no_terminal(text: str) -> None:
    """Escapes, controls, marks that reorder text and lone surrogates are gone or spelled; a line stays a line."""
    assert ACTS_ON_TERMINALS.search(shown(text)) is None
    for line in (shown_line(text), shown_path(text)):
        assert ACTS_ON_TERMINALS.search(line) is None
        assert "\n" not in line


@given(long_hostile)
def test_limits_hold(text: str) -> None:
    """However short they are."""
    for limit in (0, 1, 5, 40, 200):
        assert (
            max(
                len(cut_end(text, limit)),
                len(cut_middle(text, limit)),
                len(shown(text, limit)),
                len(shown_path(text, limit)),
            )
            <= limit
        )


def test_the_middle_is_what_is_left_out() -> None:
    """Both ends of a message tell something; how much is gone is said."""
    short = cut_middle("start" + "x" * 500 + "end", 100)
    assert short.startswith("startxxx")
    assert short.endswith("xxxend")
    assert "[408 or more characters left out]" in short


def test_short_text_is_left_alone() -> None:
    """Cutting starts at the limit, not before."""
    assert (cut_end("abc", 3), cut_middle("abc", 3), cut_end("abcd", 3)) == ("abc", "abc", "ab…")


def test_a_secret_is_masked_before_a_cut_could_halve_it() -> None:
    """Half a token would not be known for one."""
    token = "ghp_0123456789abcdefghijABCDEFGHIJ012345"
    assert "0123" not in shown(f"{token} {'x' * 100}", 60)


def test_file_names_stay_one_recognisable_line() -> None:
    """What cannot be shown is spelled, so that two names stay two."""
    assert shown_path("a\nb\t\x1b[31m\udcff.py") == "a\\nb\\t\\xff.py"


@given(hostile)
def test_an_escaped_line_reads_as_itself(text: str) -> None:
    """No emphasis, links, HTML, headings, lists or quotes come of it."""
    line = shown_line(text)
    page = read_page(escape(line))
    assert page.active == ()
    assert (page.headings, page.fences, page.rows) == ((), (), ())
    assert "".join(page.texts) == line


@given(hostile)
def test_a_code_span_holds_its_text(text: str) -> None:
    """Whatever backticks it has."""
    line = shown_path(text).strip()
    page = read_page(f"x {code(line)} y")
    assert (page.active, page.fences) == ((), ())
    assert " ".join("".join(page.texts).split()) == " ".join(f"x {line} y".split())


@given(hostile)
def test_a_fence_holds_its_text(text: str) -> None:
    """No line of it closes the fence; after it, the page is ours again."""
    block = shown(text)
    page = read_page(f"{fence(block)}\n\n# Ours")
    assert page.headings == ((1, "Ours"),)
    assert [content for _, content in page.fences] == [block]


@given(hostile, hostile)
def test_cells_hold_their_text(left: str, right: str) -> None:
    """A bar in it makes no third column, a line end no second row."""
    cells = (escape(shown_line(left)), code_cell(shown_path(right).strip()))
    page = read_page(table(("a", "b"), [cells]))
    assert page.active == ()
    assert [len(row) for row in page.rows] == [2, 2]
    assert page.rows[1][0] == shown_line(left)


def test_the_parser_of_these_tests_sees_markup() -> None:
    """Otherwise they could not fail."""
    page = read_page("# h\n\n*e* [l](x) <b>\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```sh\nx\n```")
    assert (page.headings, page.fences, page.rows) == (((1, "h"),), (("sh", "x"),), (("a", "b"), ("1", "2")))
    assert set(page.active) == {"em_open", "em_close", "link_open", "link_close", "html_inline"}
    assert PARSER.options["html"]
