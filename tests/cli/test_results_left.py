"""What a gate's real tools leave behind, and what verifyd says of it: no pass without results, no alarm without a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.project import Project, page
from verifyd.evidence.promised import NOTHING_LEFT

FILES = {
    "test_good.py": "def test_good():\n    pass\n",
    "test_bad.py": "def test_bad():\n    assert False\n",
    "test_leaves.py": "import os\n\n\ndef test_leaves():\n    os._exit(0)\n",
    ".gitignore": "__pycache__/\n",
}


def statuses(folder: Path, files: dict[str, str], **gates: str) -> dict[str, tuple[str, str | None, str]]:
    """Status, reason and explanation of each gate on its first run."""
    project = Project.make(folder, {**files, "VERIFY.md": page(**gates)})
    project.approve()
    project.verifyd("run")
    return {gate["name"]: (gate["status"], gate["reason"], gate["explanation"]) for gate in project.report()["gates"]}


def test_a_pytest_that_reports_nothing_proves_nothing(tmp_path: Path) -> None:
    """On the very first run: a test that ends the process with 0, and a pytest that cannot start behind ``|| true``."""
    found = statuses(
        tmp_path,
        FILES,
        leaves="python -m pytest -q -p no:cacheprovider test_leaves.py",
        silenced="pytest -q -p no:junitxml test_bad.py |tail -1 || true",
        second="true\npytest -q -p no:cacheprovider test_leaves.py > /dev/null",
    )
    unproven = ("unproven", "evidence_missing", NOTHING_LEFT)
    assert {name: found[name] for name in ("leaves", "silenced", "second")} == dict.fromkeys(
        ("leaves", "silenced", "second"), unproven
    )


def test_a_pytest_that_owes_no_results_raises_no_alarm(tmp_path: Path) -> None:
    """It runs no test, was told to report elsewhere or not at all, or never sees what verifyd tells it."""
    quiet = "-q -p no:cacheprovider test_good.py > /dev/null"
    gates = {
        "version": "pytest --version",
        "help": "pytest --help",
        "short": "pytest -qh",
        "markers": "pytest --markers",
        "elsewhere": f'pytest --junitxml="$TMPDIR/own.xml" {quiet}',
        "unset": f"env -u PYTEST_ADDOPTS pytest {quiet}",
        "cleared": f'env -i PATH="$PATH" pytest {quiet}',
        "own": f"PYTEST_ADDOPTS=-x pytest {quiet}",
        "exported": f"export PYTEST_ADDOPTS=-x\npytest {quiet}",
        "conditional": f"false && pytest {quiet} || true",
        "declared": "min_tests=0 | python -m pytest -q -p no:cacheprovider test_leaves.py",
        "ordinary": "python -m pytest -q -p no:cacheprovider test_good.py > /dev/null",
    }
    found = statuses(tmp_path, FILES, **gates)
    assert {name: found[name] for name in gates} == dict.fromkeys(gates, ("passed", None, ""))


def test_results_that_a_conftest_sends_elsewhere_are_no_alarm(tmp_path: Path) -> None:
    """pytest's last line in the log tells that it came to its end."""
    conftest = (
        "import os\nimport pytest\n\n\n@pytest.hookimpl(tryfirst=True)\ndef pytest_configure(config):\n"
        "    config.option.xmlpath = os.environ['TMPDIR'] + '/own.xml'\n"
    )
    script = 'pytest -q -p no:cacheprovider test_good.py\ntest -f "$TMPDIR/own.xml"'
    found = statuses(tmp_path, {**FILES, "conftest.py": conftest}, tests=script)
    assert found["tests"] == ("passed", None, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_nobody_s_failure(tmp_path: Path) -> None:
    """A program that cannot write, and a test; a test that makes the same error up is a failure like any other."""
    real = "def test_full():\n    with open('/dev/full', 'w') as file:\n        file.write('x' * 100_000)\n"
    made_up = "def test_full():\n    raise OSError(28, 'No space left on device')\n"
    found = statuses(
        tmp_path,
        {
            **FILES,
            "write.py": real.replace("def test_full():\n", "if True:\n"),
            "test_real.py": real,
            "test_made_up.py": made_up,
        },
        program="python write.py",
        inline="python -c \"open('/dev/full', 'w').write('x' * 100_000)\"",
        tests="pytest -q -p no:cacheprovider test_real.py",
        invented="pytest -q -p no:cacheprovider test_made_up.py",
    )
    said = "the disk is full (OSError: [Errno 28] No space left on device); free some space and run again"
    unproven = ("unproven", "tool_missing", said)
    assert {name: found[name] for name in ("program", "inline", "tests")} == dict.fromkeys(
        ("program", "inline", "tests"), unproven
    )
    assert found["invented"] == ("failed", "tests_failed", "1 of 1 test failed")


def test_the_test_that_hangs_is_named_when_time_is_over(tmp_path: Path) -> None:
    """The line it waits at when that is in the tree, and the test's own name when pytest printed it."""
    hangs = "import threading\nimport time\n\n\ndef test_sleeps():\n    time.sleep(600)\n\n\n"
    hangs += "def test_waits():\n    threading.Event().wait()\n"
    project = Project.make(
        tmp_path,
        {
            **FILES,
            "test_hangs.py": hangs,
            "VERIFY.md": page(
                quiet="timeout=4s | pytest -q -p no:cacheprovider -k sleeps",
                verbose="timeout=4s | pytest -v -p no:cacheprovider test_hangs.py -k waits",
            ),
        },
    )
    project.approve()
    project.verifyd("run", expect=1)
    found = {
        name: [(finding["path"], finding["line"], finding["subject"]) for finding in project.gate(name)["findings"]]
        for name in ("quiet", "verbose")
    }
    assert project.statuses()["quiet"] == ("failed", "timed_out")
    assert found == {
        "quiet": [("test_hangs.py", 6, None)],
        "verbose": [("test_hangs.py", None, "test_hangs.py::test_waits")],
    }
