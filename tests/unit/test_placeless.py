"""Where to look when a failure names no place."""

from __future__ import annotations

from verifyd.cause import Place
from verifyd.placeless import EQUAL_TO_BASE, NOT_NAMED, changed_inputs


def changed(*paths: str) -> frozenset[str]:
    """Files that differ from the last ready tree."""
    return frozenset(paths)


def a_place(path: str, line: int | None, why: str) -> Place:
    """A place, shorter."""
    return Place(path=path, line=line, why=why)


def test_a_failure_that_names_no_place_points_at_the_changed_inputs() -> None:
    """A gate that hangs, hangs most likely in what was just edited; documents do not hang."""
    files = changed("tests/test_calc.py", "src/calc.py", "README.md", "web/page.js")
    assert changed_inputs(files, ()) == (
        a_place("src/calc.py", None, NOT_NAMED),
        a_place("web/page.js", None, NOT_NAMED),
        a_place("tests/test_calc.py", None, NOT_NAMED),
    )
    assert changed_inputs(files, ("web/**",)) == (a_place("web/page.js", None, NOT_NAMED),)


def test_where_no_code_changed_the_settings_that_did_are_suspected() -> None:
    """A gate that reads one data file, which was edited, names it."""
    files = changed("pyproject.toml", "data/list.xml")
    assert changed_inputs(files, ("*.xml",)) == (a_place("data/list.xml", None, NOT_NAMED),)
    assert [place.path for place in changed_inputs(files, ())] == ["data/list.xml", "pyproject.toml"]


def test_a_file_that_was_put_back_to_the_base_is_no_place() -> None:
    """It differs from the last ready tree alone; what is edited now is what hangs."""
    files = changed("src/remark.py", "tests/test_calc.py")
    assert changed_inputs(files, (), since_base=changed("tests/test_calc.py")) == (
        a_place("tests/test_calc.py", None, NOT_NAMED),
    )


def test_settings_edited_now_come_before_code_that_equals_the_base() -> None:
    """Code committed since the last ready tree may still be to blame."""
    files = changed("src/calc.py", "pyproject.toml")
    assert changed_inputs(files, (), since_base=changed("pyproject.toml")) == (
        a_place("pyproject.toml", None, NOT_NAMED),
        a_place("src/calc.py", None, EQUAL_TO_BASE),
    )


def test_where_nothing_differs_from_the_base_commits_since_the_ready_tree_are_named() -> None:
    """A hang that was committed is found all the same."""
    assert changed_inputs(changed("src/calc.py", "README.md"), (), since_base=changed()) == (
        a_place("src/calc.py", None, NOT_NAMED),
    )


def test_the_page_that_declares_the_gate_is_no_place() -> None:
    """An agent that is sent there would rewrite the gate."""
    assert changed_inputs(changed("VERIFY.md"), ()) == ()
    assert changed_inputs(changed("VERIFY.md", "a.toml"), ()) == (a_place("a.toml", None, NOT_NAMED),)


def test_a_gate_that_cannot_run_a_test_suspects_none() -> None:
    """Unless its own inputs name it."""
    files = changed("tests/test_calc.py")
    assert changed_inputs(files, (), runs_tests=False) == ()
    assert changed_inputs(files, ("tests/**",), runs_tests=False) == (a_place("tests/test_calc.py", None, NOT_NAMED),)
