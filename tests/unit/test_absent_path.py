"""A command that names what was never there is told to the person; whatever else may be the reason stays a task."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.support.builders import a_failure, a_gate, an_unproven
from verifyd.absent_path import blame_page
from verifyd.verdict import Reason, Status, Verdict

PATHS = frozenset({"src/a.py", "tests/test_a.py", "web/package.json"})
PYTEST = "no tests ran in 0.01s\nERROR: file or directory not found: tets\n"


def failed(script: str, tail: str, reason: Reason = Reason.EXIT_STATUS, **fields: Any) -> Verdict:
    """A gate that ended with 2 and printed something."""
    verdict = a_failure(gate=a_gate(script=script, **fields), exit_code=2, tail=tail)
    status = Status.UNPROVEN if reason is Reason.NO_TESTS_RAN else Status.FAILED
    return replace(verdict, status=status, reason=reason)


def judged(verdict: Verdict, *changed: str) -> Verdict:
    """With a change of these paths."""
    return blame_page(verdict, paths=PATHS, changed=frozenset(changed))


@pytest.mark.parametrize(
    "script,tail",
    [
        ("mypy srcc", "srcc: error: Cannot read file: No such file or directory\nFound 1 error in 1 file"),
        ("mypy srcc", "mypy: can't read file 'srcc': No such file or directory"),
        ("ruff check srcc", "srcc:1:1: E902 No such file or directory (os error 2)\nFound 1 error."),
        ("ruff format --check srcc", "srcc: io: /r/srcc: No such file or directory (os error 2)"),
        ("python3 scripts/x.py", "python3: can't open file '/r/scripts/x.py': [Errno 2] No such file or directory"),
        ("sh scripts/x.sh", "sh: 0: cannot open scripts/x.sh: No such file"),
        ("pytest -q -c nope.ini", "ERROR: Config file '/r/nope.ini' not found. Check your '-c/--config-file' option."),
        ("pytest --rootdir=nope", "ERROR: Directory '/r/nope' not found. Check your '--rootdir' option."),
        ("cd nope && pytest", "sh: 1: cd: can't cd to nope"),
        ("node x.js", "Error: Cannot find module '/r/x.js'\n    at Module._resolveFilename (node:internal/modules)"),
        ("python -m unittest discover -s tets", "ImportError: Start directory is not importable: 'tets'"),
        ("cd web && node src/x.js", "Error: Cannot find module '/r/web/src/x.js'"),
    ],
)
def test_a_path_that_was_never_there_is_the_pages_fault(script: str, tail: str) -> None:
    """Whichever tool says so."""
    verdict = judged(failed(script, tail))
    assert (verdict.status, verdict.reason, verdict.makes_task) == (Status.UNPROVEN, Reason.PATH_MISSING, False)


def test_the_person_is_told_what_to_correct_and_where() -> None:
    """Word and line, and both ways out."""
    verdict = judged(failed("ruff check\npytest -q tests tets", PYTEST, Reason.NO_TESTS_RAN))
    assert (verdict.status, verdict.reason, verdict.explanation) == (
        Status.UNPROVEN,
        Reason.PATH_MISSING,
        (
            "its command names tets, which is not in the tree and did not go with this change; "
            "correct the command in VERIFY.md, line 31, or add what it names"
        ),
    )


@pytest.mark.parametrize(
    "verdict,changed",
    [
        pytest.param(failed("pytest tets", PYTEST, Reason.NO_TESTS_RAN), "tets/test_a.py", id="deleted by the change"),
        pytest.param(failed("pytest tets", PYTEST, Reason.NO_TESTS_RAN), "tets", id="a file that was deleted"),
        pytest.param(failed("pytest", PYTEST, Reason.NO_TESTS_RAN), "", id="not named by the command"),
        pytest.param(failed("pytest tests", PYTEST.replace("tets", "tests"), Reason.NO_TESTS_RAN), "", id="there"),
        pytest.param(failed("pytest tets", "no tests ran in 0.01s", Reason.NO_TESTS_RAN), "", id="nobody complains"),
        pytest.param(failed("pytest 'te*s' $X/tets /tets ../tets", PYTEST), "", id="only a run could know"),
        pytest.param(failed("make out\ncat out/x", "cat: out/x: No such file or directory"), "", id="made before"),
        pytest.param(
            failed("cat out/x", "cat: out/x: No such file or directory", needs=("b",)), "", id="made by a gate"
        ),
        pytest.param(failed("pytest 'tets", PYTEST), "", id="no shell script"),
        pytest.param(failed("app tets", "error: command 'tets' not found"), "", id="no complaint about a file"),
        pytest.param(failed("pytest tets", PYTEST, Reason.TESTS_FAILED), "", id="another reason"),
    ],
)
def test_any_other_reason_stays_as_it_is(verdict: Verdict, changed: str) -> None:
    """What the change took away, what is made by what ran before, and what nobody can tell."""
    assert judged(verdict, *filter(None, [changed])) is verdict


def test_a_gate_that_was_not_run_stays_as_it_is() -> None:
    """There is nothing that it printed."""
    verdict = an_unproven(reason=Reason.NO_TESTS_RAN)
    assert judged(verdict) is verdict
