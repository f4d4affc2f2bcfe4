"""The VERIFY.md pages that the documentation shows, read by the reader itself."""

from __future__ import annotations

import pytest

from tests.docs.pages import ROOT, Fence, fences, pages
from verifyd.verify_md.reader import parse_verify_md

# ```markdown fences are whole VERIFY.md pages, or sections of one; other Markdown is marked ```md.
SHOWN = [fence for page in pages() for fence in fences(page) if fence.language == "markdown"]


@pytest.mark.parametrize("shown", SHOWN, ids=lambda fence: fence.place)
def test_every_page_shown_declares_gates_that_run_by_themselves(shown: Fence) -> None:
    """A page that the documentation shows is read without an error, and none of its gates is held back as dangerous."""
    pipeline = parse_verify_md(shown.content.encode())
    assert pipeline.gates
    assert {gate.name: gate.manual for gate in pipeline.gates if gate.manual is not None} == {}


def test_the_documentation_shows_pages() -> None:
    """README.md, the reference and the how-to pages each show at least one: the test above has something to read."""
    shown = {fence.page for fence in SHOWN}
    assert {"README.md", "docs/reference/verify-md.md", "docs/how-to/verify-a-page-in-a-browser.md"} <= shown


@pytest.mark.parametrize("page", ["VERIFY.md", "examples/verify/VERIFY.md"])
def test_the_pages_of_this_repository_run_by_themselves(page: str) -> None:
    """The gates that verifyd and its example declare for themselves are all such as may run."""
    pipeline = parse_verify_md((ROOT / page).read_bytes(), file=page)
    assert [gate.name for gate in pipeline.gates if gate.manual is not None] == []


def test_the_foreign_page_of_the_reference_has_the_gates_it_says() -> None:
    """What docs/reference/verify-md.md says of its foreign page is what the reader finds there."""
    foreign = next(fence for fence in SHOWN if fence.content.startswith("# Before you push"))
    assert [gate.name for gate in parse_verify_md(foreign.content.encode()).gates] == [
        "pytest-q",
        "ruff-check",
        "mypy-src",
    ]
