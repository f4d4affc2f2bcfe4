"""A page of the shop in a real Chromium, with a screenshot of it when a test fails."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

try:
    from playwright.sync_api import Browser, Page, sync_playwright
except ModuleNotFoundError:
    sync_playwright = None

RESULTS = Path("test-results")
INSTALL = "brew install --cask chromium" if sys.platform == "darwin" else "apt-get install chromium"
FAILED = pytest.StashKey[bool]()


def find_chromium() -> str | None:
    """Find the browser: the program that CHROMIUM names, else the first of the usual names on PATH."""
    wanted = os.environ.get("CHROMIUM")
    names = [wanted] if wanted else ["chromium", "chromium-browser", "google-chrome"]
    return next((path for name in names if (path := shutil.which(name))), None)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say where the page is served; the default is that of ``python -m http.server --directory web``."""
    parser.addoption("--page-url", default="http://127.0.0.1:8000/")


def pytest_configure() -> None:
    """End like a shell that found no such program (127) when there is nothing to test the page with."""
    if sync_playwright is None:
        pytest.exit("playwright: not installed; install it with: pip install playwright", returncode=127)
    if find_chromium() is None:
        pytest.exit(f"playwright: no Chromium found; install it with: {INSTALL}", returncode=127)
    shutil.rmtree(RESULTS, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[Any]:
    """Remember on the test whether its own part failed, for the page's fixture."""
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start one Chromium for all tests (Playwright starts it headless and without a sandbox)."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium())
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Open the shop in a fresh profile, its shelf filled."""
    page = browser.new_page()
    page.set_default_timeout(5_000)
    page.goto(request.config.getoption("--page-url"))
    yield page
    if request.node.stash.get(FAILED, False):
        page.screenshot(path=RESULTS / f"{request.node.name}.png")
    page.close()
