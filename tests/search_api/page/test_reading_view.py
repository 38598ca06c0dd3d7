"""The reading view: a whole document, with the passage somebody came for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.search_api.page.replies import (
    DOCUMENT,
    FULL,
)


def test_the_reading_view_shows_the_document_in_its_order(page: Page, site_url: str) -> None:
    page.route(DOCUMENT, lambda route: route.fulfill(json=FULL))
    page.goto(f"{site_url}read?document=calm-talks")
    expect(page).to_have_title("Calm talks – Answers")
    headings = page.locator("main :is(h1, h2, h3)")
    levels = headings.evaluate_all("all => all.map(heading => heading.localName + ' ' + heading.textContent)")
    assert levels == [
        "h1 Calm talks",
        "h2 Talking",
        *(f"h3 Part {n}" for n in range(6)),
        "h2 FAQ",
        "h3 What <i>if</i> not?",
        "h3 What now?",
    ]
    expect(page.locator("time")).to_have_text("14 October 2026")
    expect(page.get_by_role("link", name="The original page")).to_have_attribute("href", "https://example.org/calm")
    expect(page.locator(".passage").first.locator("p")).to_have_text(["Line one.", "Line two."])
    expect(page.locator(".passage li")).to_have_text(["one", "two"])
    expect(page.locator(".here")).to_have_count(0)


@pytest.mark.parametrize(("place", "text"), [("faq-one", "Then wait. 💛"), ("夫婦", "What now?")])
def test_the_reading_view_scrolls_to_the_passage_and_marks_it(page: Page, site_url: str, place: str, text: str) -> None:
    page.route(DOCUMENT, lambda route: route.fulfill(json=FULL))
    page.goto(f"{site_url}read?document=calm-talks#calm-talks%2F{place}")
    here = page.locator(".here")
    expect(here).to_contain_text(text)
    expect(here).to_be_in_viewport()
    expect(here).to_be_focused()
    assert page.evaluate("scrollY") > 1000  # six long paragraphs lie above
    expect(page.get_by_role("link", name="Ask a question")).to_have_attribute("href", "./")
    page.goto(f"{site_url}read?document=calm-talks#calm-talks/p0")
    expect(here).to_have_count(1)
    expect(here).to_contain_text("A long paragraph.")


@pytest.mark.parametrize("place", ["%E0%A4%A", "nobody", "content"])
def test_a_place_that_does_not_exist_marks_nothing(page: Page, site_url: str, place: str) -> None:
    page.route(DOCUMENT, lambda route: route.fulfill(json=FULL))
    page.goto(f"{site_url}read?document=calm-talks#{place}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Calm talks")
    expect(page.locator(".here")).to_have_count(0)


def test_a_document_id_keeps_its_slashes_and_escapes_the_rest(page: Page, site_url: str) -> None:
    wanted: list[str] = []

    def answer(route: Route) -> None:
        wanted.append(route.request.url.removeprefix(site_url))
        route.fulfill(json=FULL)

    page.route(DOCUMENT, answer)
    page.goto(f"{site_url}read?document=couples%2Fwhen%20he%20refuses%3F")
    expect(page.get_by_role("heading", level=1)).to_have_text("Calm talks")
    assert wanted == ["documents/couples/when%20he%20refuses%3F"]


def test_a_document_that_does_not_exist_is_told_kindly(
    page: Page, site_url: str, expect_console: Callable[[str], None]
) -> None:
    expect_console("status of 404")
    page.goto(f"{site_url}read?document=no-such-document")
    expect(page.get_by_role("heading", level=1)).to_have_text("This page is no longer here")
    expect(page.get_by_role("main").get_by_role("link", name="Ask a question")).to_have_attribute("href", "./")


@pytest.mark.parametrize("query", ["", "?document=", "?document=../index", "?document=a//b", "?document=./search"])
def test_an_id_that_cannot_be_a_document_asks_for_nothing(page: Page, site_url: str, query: str) -> None:
    wanted: list[str] = []
    page.on("request", lambda request: wanted.append(request.url) if request.resource_type == "fetch" else None)
    page.goto(f"{site_url}read{query}")
    expect(page.get_by_role("heading", level=1)).to_have_text("This page is no longer here")
    assert wanted == []


def test_the_reading_view_can_try_again(page: Page, site_url: str, expect_console: Callable[[str], None]) -> None:
    expect_console("status of 503")
    replies: list[dict[str, Any]] = [{"status": 503, "json": {"detail": "{}"}}, {"json": FULL}]
    page.route(DOCUMENT, lambda route: route.fulfill(**replies.pop(0)))
    page.goto(f"{site_url}read?document=calm-talks#calm-talks/faq-one")
    expect(page.get_by_role("heading", level=1)).to_have_text("The search is busy just now")
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".here")).to_contain_text("Then wait.")
