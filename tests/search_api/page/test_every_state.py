"""Every state of the page, for everyone's eyes and hands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.search_api.page.replies import (
    ANSWER,
    DOCUMENT,
    FULL,
    INDEX,
    INDEX_REPLY,
    SEARCH,
    SECOND,
    field,
    hit,
    options,
    reply,
    result,
)

Scheme = Literal["light", "dark"]


def start_state(page: Page, site_url: str) -> None:
    page.route(INDEX, lambda route: route.fulfill(json=INDEX_REPLY))
    page.goto(site_url)
    expect(page.locator("#examples a").first).to_be_visible()


def suggestions_state(page: Page, site_url: str) -> None:
    start_state(page, site_url)
    reply(
        page,
        result(
            *(hit(f"s{n}", f"Question number {n} of quite some length, to be read at night?", "…") for n in range(6))
        ),
    )
    field(page).fill("quest")
    expect(options(page).first).to_be_visible()
    field(page).press("ArrowDown")


LONG = "Schwangerschaftskonfliktberatungsstellenverzeichnis " + "words that fill a line of the page. " * 30


def results_state(page: Page, site_url: str, answered: str = "high") -> None:
    long = hit("long", "A question with Schwangerschaftskonfliktberatungsstellenverzeichnis in it?", LONG)
    alternate = {**ANSWER, "matched": {"by": "alternate", "text": "Once more?"}}
    page.route(INDEX, lambda route: route.fulfill(json=INDEX_REPLY))
    reply(
        page,
        result(
            alternate,
            {**SECOND, "highlight": {"start": 0, "end": 18}},
            long,
            answered=answered,
            total=9,
            related=["Why?"],
        ),
    )
    page.goto(f"{site_url}?q=anything&tag=topic-9")
    expect(page.locator("#results h2").first).to_be_visible()


def partial_state(page: Page, site_url: str) -> None:
    results_state(page, site_url, "partial")


def none_state(page: Page, site_url: str) -> None:
    results_state(page, site_url, "none")
    page.get_by_role("button", name="Show the closest passages anyway").click()


def error_state(page: Page, site_url: str) -> None:
    page.route(SEARCH, lambda route: route.fulfill(body="not JSON"))
    page.goto(f"{site_url}?q={'anything' * 120}")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def waiting_state(page: Page, site_url: str) -> None:
    page.route(SEARCH, lambda route: None)
    page.goto(f"{site_url}?q=anything")
    expect(page.locator(".skeleton")).to_be_visible()


def reading_state(page: Page, site_url: str) -> None:
    page.route(DOCUMENT, lambda route: route.fulfill(json=FULL))
    page.goto(f"{site_url}read?document=calm-talks#calm-talks/faq-one")
    expect(page.locator(".here")).to_be_visible()


def missing_state(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}read")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


STATES = [
    start_state,
    suggestions_state,
    results_state,
    partial_state,
    none_state,
    error_state,
    waiting_state,
    reading_state,
    missing_state,
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(page: Page, site_url: str, state: Callable[[Page, str], None], scheme: Scheme) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    state(page, site_url)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    # The rules were really applied: an empty page would pass too.
    assert {"color-contrast", "region", "page-has-heading-one"} <= {rule["id"] for rule in found.response["passes"]}


@pytest.mark.parametrize("state", STATES)
def test_a_narrow_phone_needs_no_sideways_scrolling_and_no_small_targets(
    page: Page, site_url: str, state: Callable[[Page, str], None]
) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    state(page, site_url)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    # What may be pressed is at least 44 pixels high, and wide unless it is a link of few letters.
    sizes = page.locator("a:visible, button:visible, [role=option]:visible, input:visible").evaluate_all(
        """all => all.filter(one => !one.matches('.skip')).map(one => {
             const { width, height } = one.getBoundingClientRect();
             return [one.textContent || one.id, Math.round(width), Math.round(height)];
           })"""
    )
    assert sizes
    assert [size for size in sizes if size[2] < 44 or size[1] < 44] == []


@pytest.mark.parametrize("state", STATES)
def test_text_twice_as_large_still_fits(page: Page, site_url: str, state: Callable[[Page, str], None]) -> None:
    # 1280 pixels at 200% zoom are 640 of the page's own, twice as dense.
    page.set_viewport_size({"width": 640, "height": 450})
    state(page, site_url)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 640


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_focus_can_be_seen_on_every_control(page: Page, site_url: str, scheme: Scheme) -> None:
    page.emulate_media(color_scheme=scheme)
    none_state(page, site_url)
    page.get_by_role("link", name="Skip to the answers").focus()
    seen: list[str] = []
    for _ in range(30):
        page.keyboard.press("Tab")
        name, outline = page.evaluate(
            """() => {
                 const one = document.activeElement;
                 const ringed = one.closest('.field') && one.matches('input') ? one.closest('.field') : one;
                 const style = getComputedStyle(ringed);
                 const name = one.localName + ' ' + (one.textContent || one.id);
                 return [name, style.outlineStyle + ' ' + style.outlineWidth];
               }"""
        )
        if name.startswith("body"):
            break
        seen.append(name)
        assert outline == "solid 3px", name
    assert len(seen) >= 15  # brand, field, two buttons, topics, the panel's button, questions, places


def test_no_motion_where_none_is_wanted(page: Page, site_url: str) -> None:
    waiting_state(page, site_url)
    moving = "[...document.querySelectorAll('*')].filter(one => getComputedStyle(one).animationName !== 'none').length"
    assert page.evaluate(moving) == 0
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate(moving) > 0
