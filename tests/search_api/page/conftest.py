"""The search page and the reading view, used as a visitor uses them: in Debian's chromium, against the real server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


class StrictPage:
    """Collects what a page should never do: errors on the console, uncaught exceptions, breaches of its own CSP."""

    def __init__(self, page: Page) -> None:
        self.complaints: list[str] = []
        self.allowed: list[str] = []
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} {message.location['url']}")

    def unexpected(self) -> list[str]:
        return [text for text in self.complaints if not any(part in text for part in self.allowed)]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    # Where CI runs, a missing browser is a failure: else the page would go untested without a word.
    if not CHROMIUM.exists() and "CI" not in os.environ:
        pytest.skip("needs Debian's chromium: apt-get install chromium")
    # For this folder only: the event loop of the synchronous API would stay in the way of other tests.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def strict() -> list[StrictPage]:
    return []


@pytest.fixture
def page(browser: Browser, strict: list[StrictPage]) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce", locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(10_000)
    strict.append(StrictPage(page))
    yield page
    page.unroute_all(behavior="ignoreErrors")  # replies still under way when the test is over
    context.close()
    assert strict[0].unexpected() == []


@pytest.fixture
def expect_console(strict: list[StrictPage], page: Page) -> Callable[[str], None]:
    """Chromium itself logs every failed request; a test that provokes one says so."""
    return strict[0].allowed.append
