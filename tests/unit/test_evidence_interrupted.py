"""Which test hung, as far as an interrupted pytest tells."""

from __future__ import annotations

import io

import pytest

from tests.support.evidence import a_tree, junit, read, told
from verifyd.evidence.model import FindingKind, TestCounts
from verifyd.evidence.select import EvidenceRequest, read_evidence

BANNER = "!!!!!!!!!!!!!!!!!!!!!! KeyboardInterrupt !!!!!!!!!!!!!!!!!!!!!!!"
HINT = "(to show a full traceback on KeyboardInterrupt use --full-trace)"
INSIDE = "/home/user/project/tests/test_a.py:7: KeyboardInterrupt"
LIBRARY = "/usr/lib/python3.11/threading.py:327: KeyboardInterrupt"
HUNG = "the test was still running when it was interrupted"
ONE_HUNG = "a test of this file was still running when it was interrupted"


@pytest.mark.parametrize(
    "progress, place, expected",
    [
        ((".",), INSIDE, ("tests/test_a.py", 7, HUNG, None)),
        (("tests/test_a.py .",), INSIDE, ("tests/test_a.py", 7, ONE_HUNG, None)),
        (("tests/test_a.py .",), LIBRARY, ("tests/test_a.py", None, ONE_HUNG, None)),
        (
            ("tests/test_a.py::test_a PASSED   [ 50%]", "tests/test_a.py::test_b "),
            INSIDE,
            ("tests/test_a.py", 7, HUNG, "tests/test_a.py::test_b"),
        ),
        (
            ("tests/test_a.py::test_a PASSED   [ 50%]", "tests/test_a.py::TestB::test_b[a b]"),
            LIBRARY,
            ("tests/test_a.py", None, HUNG, "tests/test_a.py::TestB::test_b[a b]"),
        ),
        (
            ("tests/test_a.py::test_b it said this",),
            LIBRARY,
            ("tests/test_a.py", None, HUNG, "tests/test_a.py::test_b"),
        ),
        ((".",), LIBRARY, (None, None, f"/usr/lib/python3.11/threading.py:327: {HUNG}", None)),
        (("tests/test_a.py::test_a PASSED   [ 50%]",), INSIDE, ("tests/test_a.py", 7, HUNG, None)),
    ],
)
def test_the_test_that_hung_is_named(
    progress: tuple[str, ...], place: str, expected: tuple[str | None, int | None, str, str | None]
) -> None:
    """By its node with ``-v``, by its file without, by the place it was interrupted at in any case."""
    evidence = read(*progress, "", BANNER, place, HINT, "1 passed in 3.02s")
    assert told(evidence, "path", "line", "message", "subject") == [expected]
    assert told(evidence, "code", "kind", "tool") == [("interrupted", FindingKind.TEST, "pytest")]


def test_reports_of_failures_stand_between_progress_and_the_interrupt() -> None:
    """The line of progress is sought above them."""
    evidence = read(
        "============================= test session starts ==============================",
        "tests/test_a.py::test_a FAILED   [ 50%]",
        "tests/test_a.py::test_b ",
        "",
        "=================================== FAILURES ===================================",
        "____________________________________ test_a ____________________________________",
        "tests/test_a.py:3: AssertionError",
        "=========================== short test summary info ============================",
        "FAILED tests/test_a.py::test_a - assert 1 == 2",
        BANNER,
        INSIDE,
        "1 failed in 3.02s",
    )
    assert told(evidence, "subject", "code") == [
        ("tests/test_a.py::test_a", None),
        ("tests/test_a.py::test_b", "interrupted"),
    ]


def test_the_results_file_does_not_hide_it() -> None:
    """pytest writes its file when it is interrupted, without the test that was running."""
    case = '<testcase classname="tests.test_a" name="test_a" file="tests/test_a.py" line="0"/>'
    file = junit(f'<testsuite name="pytest">{case}</testsuite>', attributes='name="pytest tests"')
    log = "\n".join([".", BANNER, INSIDE, HINT, "1 passed in 3.02s"])
    request = EvidenceRequest(tree=a_tree(), log=io.BytesIO(log.encode()), files={"pytest": file})
    evidence = read_evidence(request)
    assert (evidence.tests, told(evidence, "path", "line", "code")) == (
        TestCounts(total=1),
        [("tests/test_a.py", 7, "interrupted")],
    )
