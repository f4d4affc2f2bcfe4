"""The environment that makes tools leave readable results, with what the user has set already left as it is."""

from __future__ import annotations

import shlex

import pytest

from verifyd.evidence.injection import inject, result_files
from verifyd.pipeline import EvidenceKind, EvidenceSource


def test_pytest_ruff_ty_and_mypy_are_told() -> None:
    """A JUnit file with files and lines; one line for each finding, which people read too, however long it is."""
    assert inject({"PATH": "/bin"}, "/run/1") == {
        "PYTEST_ADDOPTS": "--junitxml=/run/1/pytest.xml -o junit_family=xunit1",
        "RUFF_OUTPUT_FORMAT": "concise",
        "TY_OUTPUT_FORMAT": "concise",
        "MYPY_FORCE_TERMINAL_WIDTH": "10000",
    }


def test_options_of_the_user_are_kept() -> None:
    """Ours come after them."""
    added = inject({"PYTEST_ADDOPTS": "-q --maxfail=1"}, "/run/1")
    assert added["PYTEST_ADDOPTS"] == "-q --maxfail=1 --junitxml=/run/1/pytest.xml -o junit_family=xunit1"


@pytest.mark.parametrize("folder", ["/run/with space", "/run/it's", '/run/"x"', "/run/$HOME"])
def test_any_folder_survives_the_splitting(folder: str) -> None:
    """pytest splits the variable as a shell does."""
    assert shlex.split(inject({}, folder)["PYTEST_ADDOPTS"])[0] == f"--junitxml={folder}/pytest.xml"


@pytest.mark.parametrize("options", ["--junitxml=mine.xml", "-q --junit-xml mine.xml"])
def test_a_users_own_file_is_not_taken_away(options: str) -> None:
    """Something else waits for it."""
    assert "PYTEST_ADDOPTS" not in inject({"PYTEST_ADDOPTS": options}, "/run/1")


def test_a_gate_that_declares_its_junit_file_keeps_it() -> None:
    """It may be set in pytest's configuration, which our option would overrule; other kinds do not matter."""
    declared = [EvidenceSource(kind=kind, pattern="x") for kind in (EvidenceKind.JUNIT, EvidenceKind.SARIF)]
    assert ["PYTEST_ADDOPTS" in inject({}, "/run/1", source) for source in declared] == [False, True]


def test_formats_of_the_user_are_kept() -> None:
    """An empty value is none."""
    own = {"RUFF_OUTPUT_FORMAT": "full", "TY_OUTPUT_FORMAT": "", "MYPY_FORCE_TERMINAL_WIDTH": "80"}
    added = inject(own, "/run/1")
    assert {name: added.get(name) for name in own} == {
        "RUFF_OUTPUT_FORMAT": None,
        "TY_OUTPUT_FORMAT": "concise",
        "MYPY_FORCE_TERMINAL_WIDTH": None,
    }


def test_result_files_are_where_tools_were_told() -> None:
    """By the tool that leaves them."""
    assert result_files("/run/1/") == {"pytest": "/run/1/pytest.xml"}
