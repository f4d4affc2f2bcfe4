"""Which findings have one cause, and where to look for it."""

from __future__ import annotations

import pytest

from tests.support.builders import a_finding, a_lint_finding
from verifyd.cause import (
    COUNTED,
    FORBIDDEN,
    INNERMOST,
    NAMED_IN_DETAIL,
    NAMED_IN_MESSAGE,
    NAMED_LIKE_TEST,
    ON_THE_WAY,
    ON_THE_WAY_CHANGED,
    ONE_OF_FEW,
    ONLY_CHANGED,
    REPORTED,
    REPORTED_CHANGED,
    Place,
    find_places,
    first_cause,
    is_source,
    is_test_file,
    same_root,
)
from verifyd.evidence.model import Finding, FindingKind

TEST = "tests/test_calc.py"


def changed(*paths: str) -> frozenset[str]:
    """Files that differ from the last ready tree."""
    return frozenset(paths)


def a_place(path: str, line: int | None, why: str) -> Place:
    """A place, shorter."""
    return Place(path=path, line=line, why=why)


@pytest.mark.parametrize(
    "path",
    [
        "tests/a.py",
        "test_a.py",
        "src/a_test.go",
        "web/a.test.ts",
        "web/a.spec.tsx",
        "web/__tests__/a.js",
        "conftest.py",
        "src/CalcTest.java",
        "e2e/page.ts",
        "spec/a_spec.rb",
    ],
)
def test_tests_are_told_by_name_or_folder(path: str) -> None:
    """Every runner has its habit."""
    assert is_test_file(path)
    assert not is_source(path)


@pytest.mark.parametrize("path", ["src/latest.py", "src/testimonials.py", "contest.go", "attest/a.ts", "src/calc.py"])
def test_words_that_merely_hold_test_are_no_tests(path: str) -> None:
    """``latest`` is not a test."""
    assert is_source(path)


def test_documents_and_data_are_no_source() -> None:
    """A changed README is not suspected of a failing test."""
    assert not any(map(is_source, ["README.md", "data.json", "pyproject.toml", "image.png", "Makefile"]))


class TestPlaces:
    """Where to look, most likely first."""

    def test_the_innermost_changed_frame_comes_first(self) -> None:
        """Frames outside of the change are on the way; those in it are where somebody has just been."""
        finding = a_finding(frames=((TEST, 5), ("src/calc.py", 3), ("src/deep.py", 9), ("src/lib.py", 1)))
        assert find_places([finding], changed("src/calc.py", "src/deep.py")) == (
            a_place("src/deep.py", 9, INNERMOST),
            a_place("src/calc.py", 3, ON_THE_WAY_CHANGED),
            a_place(TEST, 5, REPORTED),
            a_place("src/lib.py", 1, ON_THE_WAY),
        )

    def test_changed_code_comes_before_the_changed_test_that_calls_it(self) -> None:
        """Code is more often wrong than its test, even where the test's own frame is the innermost."""
        finding = a_finding(
            frames=((TEST, 5), ("src/calc.py", 3), ("tests/helper.py", 2)), path="tests/helper.py", line=2
        )
        assert [
            (place.path, place.line)
            for place in find_places([finding], changed(TEST, "src/calc.py", "tests/helper.py"))
        ] == [
            ("src/calc.py", 3),
            ("tests/helper.py", 2),
            (TEST, 5),
        ]

    def test_a_changed_test_comes_before_code_that_is_only_suspected(self) -> None:
        """``assert total == 480`` in a new test of new code: the line is known, the code is a guess, and says so."""
        finding = a_finding(path=TEST, line=16, frames=((TEST, 16),))
        assert find_places([finding], changed(TEST, "src/calc.py", "src/other.py")) == (
            a_place(TEST, 16, INNERMOST),
            a_place("src/calc.py", None, NAMED_LIKE_TEST),
        )

    def test_suspected_code_comes_before_a_test_that_was_not_touched(self) -> None:
        """``assert add(1, 2) == 3`` fails in the test alone, and yet the test was right a minute ago."""
        assert find_places([a_finding(frames=((TEST, 5),))], changed("src/calc.py", "src/other.py")) == (
            a_place("src/calc.py", None, NAMED_LIKE_TEST),
            a_place(TEST, 5, REPORTED),
        )

    def test_the_only_changed_source_is_suspected_whatever_it_is_called(self) -> None:
        """Documents beside it do not count."""
        finding = a_finding(frames=((TEST, 5),))
        assert find_places([finding], changed("src/engine.py", "README.md"))[0] == a_place(
            "src/engine.py", None, ONLY_CHANGED
        )

    def test_a_few_changed_sources_come_before_a_test_that_was_not_touched(self) -> None:
        """The test passed before: what it tests was edited. Many changed files prove nothing, nor does one named by its name."""
        finding = a_finding(frames=((TEST, 5),))
        assert find_places([finding], changed("src/engine.py", "src/wheel.py")) == (
            a_place("src/engine.py", None, ONE_OF_FEW),
            a_place("src/wheel.py", None, ONE_OF_FEW),
            a_place(TEST, 5, REPORTED),
        )
        many = changed(*(f"src/{name}.py" for name in ("engine", "wheel", "door", "roof")))
        assert find_places([finding], many) == (a_place(TEST, 5, REPORTED),)

    def test_a_file_that_the_message_names_is_suspected_first(self) -> None:
        """``cannot import name 'sub' from 'shop.offers'`` tells where the name should be."""
        finding = a_finding(
            message="ImportError: cannot import name 'sub' from 'shop.offers'", kind=FindingKind.COLLECTION
        )
        assert find_places([finding], changed("src/shop/offers.py", "src/shop/calc.py")) == (
            a_place("src/shop/offers.py", None, NAMED_IN_MESSAGE),
            a_place("src/shop/calc.py", None, NAMED_LIKE_TEST),
            a_place(TEST, 5, REPORTED),
        )

    def test_a_file_that_the_failing_lines_use_is_suspected(self) -> None:
        """``assert money.pence(3)`` uses money.py; ``monetary`` does not, and ``app`` is everywhere."""
        finding = a_finding(detail=">   assert money.pence(3) == monetary(app)", path="tests/test_all.py")
        assert find_places([finding], changed("src/money.py", "src/mon.py", "src/app.py"))[0] == a_place(
            "src/money.py", None, NAMED_IN_DETAIL
        )

    def test_a_type_error_in_an_untouched_file_points_at_the_module_it_names(self) -> None:
        """The caller is reported; what it calls has changed."""
        finding = a_lint_finding(
            kind=FindingKind.TYPE, message='Module "shop.offers" has no attribute "sub"', path="src/shop/page.py"
        )
        assert find_places([finding], changed("src/shop/offers.py")) == (
            a_place("src/shop/offers.py", None, NAMED_IN_MESSAGE),
            a_place("src/shop/page.py", 1, REPORTED),
        )

    def test_a_path_in_the_message_names_its_file(self) -> None:
        """Whole, or below the root; not as the end of another name."""
        finding = a_finding(
            message="SyntaxError in /repository/src/calc.py, line 3",
            path="tests/test_all.py",
            subject="tests/test_all.py::test_x",
        )
        assert find_places([finding], changed("src/calc.py", "rc/calc.py"))[0] == a_place(
            "src/calc.py", None, NAMED_IN_MESSAGE
        )

    def test_a_linter_is_believed_about_the_place(self) -> None:
        """What it reports, it saw there; nothing else is suspected."""
        assert find_places([a_lint_finding()], changed("src/calc.py", "src/other.py")) == (
            a_place("src/calc.py", 1, REPORTED_CHANGED),
        )
        assert find_places([a_lint_finding()], changed("src/other.py")) == (a_place("src/calc.py", 1, REPORTED),)

    def test_each_place_is_named_once_and_five_at_most(self) -> None:
        """The first reason given for a place is the strongest."""
        findings = [a_lint_finding(line=line) for line in (1, 1, 2, 3, 4, 5, 6)]
        assert [place.line for place in find_places(findings, changed("src/calc.py"))] == [1, 2, 3, 4, 5]

    def test_a_limit_points_at_what_it_counts_and_at_what_is_forbidden(self) -> None:
        """Its frames are the heaviest files, and lines mean nothing to it."""
        counted = a_finding(path=None, line=None, kind=FindingKind.LIMIT, frames=(("src/b.py", 1), ("src/calc.py", 1)))
        forbidden = a_lint_finding(path="VERIFY.md", line=None, kind=FindingKind.LIMIT)
        assert find_places([counted, forbidden], changed("src/b.py", "src/calc.py", "VERIFY.md")) == (
            a_place("src/calc.py", None, COUNTED),
            a_place("src/b.py", None, COUNTED),
            a_place("VERIFY.md", None, FORBIDDEN),
        )

    def test_a_file_that_was_put_back_is_not_suspected_of_a_wrong_value(self) -> None:
        """One source file differs from the base: it is the only one, whatever was tried before."""
        finding = a_finding(
            path="tests/test_all.py", frames=(("tests/test_all.py", 5),), message="assert 1 == 2", detail=""
        )
        files = changed("src/engine.py", "src/remark.py")
        assert find_places([finding], files, changed("src/engine.py"))[0] == a_place(
            "src/engine.py", None, ONLY_CHANGED
        )

    def test_a_failure_without_any_file_has_no_place(self) -> None:
        """Nothing is made up."""
        assert (
            find_places([a_finding(path=None, line=None, subject=None, kind=FindingKind.OTHER)], changed("src/calc.py"))
            == ()
        )


class TestCause:
    """Findings of one cause."""

    def test_the_most_blocking_kind_comes_first(self) -> None:
        """Nothing is linted or tested before it parses."""
        syntax = a_lint_finding(kind=FindingKind.SYNTAX, code="invalid-syntax", message="expected ':'")
        assert first_cause([a_finding(), a_lint_finding(line=3), syntax], changed()) == (syntax,)

    def test_failures_through_the_same_changed_line_have_one_cause(self) -> None:
        """However different their messages are."""
        through = [
            a_finding(subject=f"{TEST}::test_{n}", message=f"E{n}", frames=((TEST, n), ("src/calc.py", 3)))
            for n in (1, 2)
        ]
        other = a_finding(subject=f"{TEST}::test_9", frames=((TEST, 9), ("src/calc.py", 8)))
        assert first_cause([other, *through], changed("src/calc.py")) == tuple(through)

    def test_assertions_that_the_same_changed_file_is_suspected_of_have_one_cause(self) -> None:
        """Ten wrong sums of one broken function are one task."""
        sums = [
            a_finding(subject=f"{TEST}::test_{n}", line=n, message=f"assert {n} == 4", frames=((TEST, n),))
            for n in range(3)
        ]
        assert first_cause(sums, changed("src/calc.py", "src/other.py")) == tuple(sums)

    def test_a_failure_of_another_sort_is_not_alike(self) -> None:
        """
        Fifteen tests that lacked a browser before the edit are not its doing, though only one source file was edited.

        The four that its name points at come first, alone.
        """
        before = [
            a_finding(
                subject=f"tests/page.test.ts > {n}",
                path="tests/page.test.ts",
                message="ReferenceError: document is gone",
            )
            for n in range(15)
        ]
        own = [
            a_finding(
                subject=f"tests/shallow.test.ts > {n}", path="tests/shallow.test.ts", message=f"AssertionError: {n}"
            )
            for n in range(4)
        ]
        assert first_cause([*before, *own], changed("src/shallow.ts")) == tuple(own)

    def test_the_best_founded_of_failures_alike_comes_first(self) -> None:
        """The test that is called like the edited file, before another that fails in the same way."""
        routing = a_finding(
            subject="tests/test_routing.py::test_y", path="tests/test_routing.py", message="assert 404 == 200"
        )
        own = a_finding(message="AssertionError: assert 404 == 200")
        assert first_cause([routing, own], changed("src/calc.py")) == (own, routing)

    def test_a_cause_in_the_change_comes_before_a_larger_one_outside(self) -> None:
        """What was just edited is what can be mended."""
        outside = [
            a_finding(subject=f"t/test_b.py::test_{n}", path="t/test_b.py", message="ConnectionError: no network")
            for n in (1, 2, 3)
        ]
        inside = a_finding(subject="t/test_c.py::test_x", path="t/test_c.py", frames=(("src/a.py", 3),))
        assert first_cause([*outside, inside], changed("src/a.py", "src/b_b.py")) == (inside,)

    def test_the_same_exception_in_many_untouched_files_is_one_cause(self) -> None:
        """Numbers and addresses in it may differ."""
        errors = [
            a_finding(
                subject=f"t/test_{n}.py::test_x", path=f"t/test_{n}.py", message=f"ConnectionError: port {n} at 0x{n}f"
            )
            for n in (1, 2)
        ]
        assert first_cause(errors, changed()) == tuple(errors)

    def test_assertions_alike_in_different_files_are_not_taken_for_one_cause(self) -> None:
        """``assert 1 == 2`` says too little."""
        errors = [
            a_finding(subject=f"t/test_{n}.py::test_x", path=f"t/test_{n}.py", message=f"assert {n} == 9")
            for n in (1, 2)
        ]
        assert len(first_cause(errors, changed())) == 1

    def test_a_linters_findings_in_one_file_are_one_cause(self) -> None:
        """One edit of one file."""
        here = [a_lint_finding(line=line) for line in (1, 2)]
        elsewhere = [a_lint_finding(path="src/z.py", line=line) for line in (1, 2, 3)]
        assert first_cause([*elsewhere, *here], changed("src/calc.py")) == tuple(here)

    def test_all_that_breaks_one_bound_is_one_cause(self) -> None:
        """Three protected files are one question to a person."""
        protected = [
            a_lint_finding(path=f"{name}.md", code="scope.protected", kind=FindingKind.LIMIT) for name in "abc"
        ]
        too_many = a_finding(path=None, code="changed_files", kind=FindingKind.LIMIT)
        assert first_cause([too_many, *protected], changed()) == tuple(protected)

    def test_which_cause_comes_first_does_not_depend_on_line_numbers(self) -> None:
        """An edit above both must not make the agent drop what it is doing for the other."""

        def failures(shift: int) -> list[Finding]:
            return [
                a_finding(subject=f"{TEST}::test_{n}", frames=((TEST, n), ("src/calc.py", line + shift)))
                for n, line in ((1, 9), (2, 10))
            ]

        chosen = [first_cause(failures(shift), changed("src/calc.py"))[0].subject for shift in (0, 1, 90)]
        assert len(set(chosen)) == 1


def test_a_file_that_does_not_parse_is_at_the_root_of_all_that_is_said_of_it() -> None:
    """ruff, mypy and pytest each report it in their way."""
    cause = [a_lint_finding(kind=FindingKind.SYNTAX, line=3)]
    assert same_root(a_lint_finding(line=40), cause)
    assert same_root(a_finding(kind=FindingKind.COLLECTION, frames=((TEST, 1), ("src/calc.py", 3))), cause)
    assert not same_root(a_lint_finding(path="src/other.py", line=3), cause)


def test_otherwise_only_the_same_line_is_the_same_root() -> None:
    """Two tools on one line see one mistake; two lines may be two."""
    assert same_root(a_lint_finding(kind=FindingKind.TYPE), [a_lint_finding()])
    assert not same_root(a_lint_finding(line=2), [a_lint_finding()])
