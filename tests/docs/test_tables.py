"""The tables of the reference, held against what the code knows."""

from __future__ import annotations

import re

import pytest

from tests.docs.pages import ROOT, fences, table
from verifyd.doors.cli import FORMATS
from verifyd.edge.environment import MARK_NAME, gate_environment
from verifyd.errors import ExitCode
from verifyd.json_shape import names_of, published_names
from verifyd.pipeline import Door, Gate, Limits, Manual, Scope
from verifyd.plan import Skip
from verifyd.render.document import FindingEntry, GateEntry, ReportDocument, TaskDocument
from verifyd.report import Readiness
from verifyd.snapshot import Source
from verifyd.verdict import Reason, Status
from verifyd.verify_md.attributes import ATTRIBUTES, FIELDS, FLAGS
from verifyd.verify_md.front_matter import SETTINGS

VERIFY_MD, STATUSES, REPORT = (
    f"docs/reference/{name}.md" for name in ("verify-md", "statuses-and-exit-codes", "report")
)
CODE = re.compile(r"`([^`]+)`")
WORDS: dict[str, tuple[object, ...]] = {
    "none": ((), None),
    "off": (False, None),
    "all": (frozenset(Door),),
    "all files": ((),),
    "automatic": (None,),
    "1 if tests are counted": (None,),
}
"""Defaults that the page says in words, with the values in Gate that mean that."""


def coded(cell: str) -> list[str]:
    """The code spans of a cell."""
    return CODE.findall(cell)


def first_cells(page: str, *header: str) -> list[str]:
    """All code spans of a table's first column."""
    return [name for row in table(page, *header) for name in coded(row[0])]


def test_the_page_names_exactly_the_attributes_that_the_reader_knows() -> None:
    """Each attribute has one row, and each row is an attribute."""
    assert sorted(first_cells(VERIFY_MD, "attribute", "value", "default")) == sorted([*ATTRIBUTES, *FLAGS])


@pytest.mark.parametrize("row", table(VERIFY_MD, "attribute", "value", "default"), ids=lambda row: row[0])
def test_the_default_of_each_attribute_is_that_of_a_gate(row: list[str]) -> None:
    """A default in code style is read as the attribute's value; one in words means the value that a plain gate has."""
    name, default = row[0].strip("`"), row[2]
    if name == "slow":  # bears on the estimate alone
        assert default == "off"
        return
    of_gate = getattr(Gate(name="plain", line=1, script="true"), FIELDS.get(name, name))
    if coded(default):
        assert ATTRIBUTES[name][0](coded(default)[0]) == of_gate
    else:
        assert of_gate in WORDS[default]


@pytest.mark.parametrize("row", table(VERIFY_MD, "attribute", "value", "default"), ids=lambda row: row[0])
def test_the_flags_are_called_flags(row: list[str]) -> None:
    """An attribute without a value is called a flag, and no other is."""
    assert (row[1] == "flag") is (row[0].strip("`") in FLAGS)


def test_the_page_names_exactly_the_settings_of_the_front_matter() -> None:
    """Limits and scope by each of their own settings."""
    inner = [*(f"limits.{name}" for name in names_of(Limits)), *(f"scope.{name}" for name in names_of(Scope))]
    expected = [*(name for name in SETTINGS if name not in ("limits", "scope")), *inner]
    assert sorted(first_cells(VERIFY_MD, "setting", "value")) == sorted(expected)


def test_the_page_names_exactly_the_reasons_why_a_gate_never_runs_by_itself() -> None:
    """Word for word as ``verifyd plan`` prints them."""
    rows = table(VERIFY_MD, "it is listed as")
    assert sorted(row[0] for row in rows) == sorted(str(reason) for reason in Manual)


def test_the_error_that_the_page_shows_is_the_one_that_is_raised() -> None:
    """Place, problem and remedy of the example are the reader's own."""
    from verifyd.errors import ConfigurationError
    from verifyd.verify_md.reader import parse_verify_md

    shown = next(fence for fence in fences(VERIFY_MD) if "timout" in fence.content)
    with pytest.raises(ConfigurationError) as raised:
        parse_verify_md(b"# Verification\n## unit\n```sh timout=5m\npytest\n```\n")
    assert str(raised.value) == shown.content.strip()


def test_the_page_names_exactly_the_statuses_and_readings() -> None:
    """Those of a gate and those of a tree."""
    assert first_cells(STATUSES, "status", "means") == [str(status) for status in Status]
    assert first_cells(STATUSES, "readiness", "when") == [str(readiness) for readiness in Readiness]


def test_the_page_names_exactly_the_reasons_of_a_verdict() -> None:
    """Every Reason stands in one of the tables."""
    failed = first_cells(STATUSES, "reason of `failed`")
    unproven = first_cells(STATUSES, "reason of `unproven`")
    of_tree = first_cells(STATUSES, "reason of the tree")
    assert sorted([*failed, *unproven, *of_tree]) == sorted(map(str, Reason))


def test_the_page_names_exactly_the_reasons_of_a_skip() -> None:
    """Those of the plan, and the one that is made while gates run."""
    assert sorted(first_cells(STATUSES, "reason of `skipped`")) == sorted([*(str(skip) for skip in Skip), "needs:GATE"])


def test_the_page_names_exactly_the_exit_codes() -> None:
    """Each once, in order."""
    assert [int(row[0]) for row in table(STATUSES, "code", "means")] == sorted(int(code) for code in ExitCode)


def test_what_to_do_is_said_for_each_unproven_reason() -> None:
    """docs/how-to/deal-with-unproven.md has a row for each reason of an unproven gate or tree."""
    reasons = {*first_cells(STATUSES, "reason of `unproven`"), *first_cells(STATUSES, "reason of the tree")}
    assert set(first_cells("docs/how-to/deal-with-unproven.md", "reason", "what to do")) == reasons


@pytest.mark.parametrize(
    "model, header",
    [
        (ReportDocument, ("key", "what")),
        (GateEntry, ("key", "what")),
        (FindingEntry, ("key", "what")),
        (TaskDocument, ("key", "what")),
    ],
)
def test_the_page_names_exactly_the_keys_of_each_document(
    model: type[ReportDocument | GateEntry | FindingEntry | TaskDocument], header: tuple[str, ...]
) -> None:
    """One of the tables of keys has each key of the model and no other; a task's schema name stands in the text."""
    from tests.docs.pages import tables

    named = set(published_names(model))
    wanted = named - {"schema"} if model is TaskDocument else named
    found = [
        {name for row in rows[1:] for name in coded(row[0])} for rows in tables(REPORT) if tuple(rows[0][:2]) == header
    ]
    assert wanted in found, f"missing or too many: {[sorted(wanted ^ keys) for keys in found]}"


def test_the_page_names_exactly_the_formats_and_sources() -> None:
    """The formats of ``--format``, and where a tree may come from."""
    assert sorted(first_cells(REPORT, "format", "for")) == sorted(FORMATS)
    source = next(row for row in table_of_report() if row[0] == "`source`")
    assert coded(source[1]) == [str(one) for one in Source]


def table_of_report() -> list[list[str]]:
    """The table of readiness.json's own keys."""
    from tests.docs.pages import tables

    return next(rows for rows in tables(REPORT) if any(row[0] == "`readiness`" for row in rows))


def test_the_page_names_what_a_gate_finds_in_its_environment() -> None:
    """Every variable that is set for a gate stands in the table; what only results need is named there too."""
    own = gate_environment({}, gate="a", tree="b", mark="c", artifacts=ROOT, temporary=ROOT)
    injected = ["PYTEST_ADDOPTS", "RUFF_OUTPUT_FORMAT", "TY_OUTPUT_FORMAT"]
    assert MARK_NAME in own
    assert sorted(first_cells(REPORT, "variable", "value")) == sorted([*own, *injected])
