"""Links between the repository's pages."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest

from tests.docs.pages import ROOT, Inline, inlines, pages, text_of

ELSEWHERE = re.compile(r"[a-z][a-z+.-]*:|//|#")
ROLE = re.compile(r"\{(?:doc|download)\}`(?:[^`<]*<)?([^`>]+)>?`")

LINKS = [link for page in pages() for link in inlines(page, "link_open", "href") if not ELSEWHERE.match(link.text)]


def headings_of(page: str) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    titles = re.findall(r"^#+ +(.*)$", text_of(page), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("link", LINKS, ids=lambda link: f"{link.place} {link.text}")
def test_every_relative_link_leads_somewhere(link: Inline) -> None:
    """The file that a page links to is there, below the root, and so is the heading."""
    path, _, anchor = unquote(link.text).partition("#")
    target = (ROOT / link.page).parent / path
    assert target.resolve().is_relative_to(ROOT)
    assert target.exists()
    assert not anchor or anchor in headings_of(str(target.resolve().relative_to(ROOT)))


@pytest.mark.parametrize("page", [page for page in pages() if ROLE.search(text_of(page))])
def test_every_cross_reference_leads_to_a_page(page: str) -> None:
    """What ``{doc}`` and ``{download}`` name lies beside the page that names it."""
    for name in ROLE.findall(text_of(page)):
        beside = (ROOT / page).parent / name
        assert beside.is_file() or beside.with_name(f"{beside.name}.md").is_file(), name


def test_there_are_links_to_follow() -> None:
    """README.md, AGENTS.md and CONTRIBUTING.md link to other pages: the tests above have something to look at."""
    assert {"README.md", "AGENTS.md", "CONTRIBUTING.md"} <= {link.page for link in LINKS}
