"""What the page says when something goes wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.search_api.page.replies import (
    ANSWER,
    SEARCH,
    ask,
    field,
    reply,
    result,
)


@pytest.mark.parametrize(
    ("status", "headers", "body", "title", "text"),
    [
        (
            503,
            {"Retry-After": "7"},
            {"detail": "index"},
            "The search is busy just now",
            "Please try again in about 7 seconds.",
        ),
        (503, {}, {"detail": "index"}, "The search is busy just now", "Please try again in a moment."),
        (422, {}, {"detail": "q is too long."}, "That question didn’t go through", "q is too long."),
        (422, {}, {"detail": "q: is too long"}, "That question didn’t go through", "The question is too long"),
        (400, {}, {"detail": '[{"loc": 1}]'}, "That question didn’t go through", "Please ask it in other words"),
        (422, {}, {"detail": [{"loc": "q"}]}, "That question didn’t go through", "Please ask it in other words"),
        (500, {}, None, "Something went wrong on our side", "nothing to do with what you asked"),
    ],
)
def test_errors_are_told_in_plain_words(
    page: Page,
    site_url: str,
    expect_console: Callable[[str], None],
    status: int,
    headers: dict[str, str],
    body: object,
    title: str,
    text: str,
) -> None:
    expect_console(f"status of {status}")
    page.route(SEARCH, lambda route: route.fulfill(status=status, headers=headers, body=json.dumps(body)))
    page.goto(f"{site_url}?q=anything")
    expect(page.locator("#results h2")).to_have_text(title)
    expect(page.locator("#results p")).to_contain_text(text)
    expect(page.locator("#status")).to_contain_text(title)
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    assert not re.search(r"[{}\[\]]|undefined|null", page.locator("#results").inner_text())
    expect(field(page)).to_have_value("anything")


def test_a_lost_connection_can_be_tried_again(page: Page, site_url: str, expect_console: Callable[[str], None]) -> None:
    expect_console("ERR_INTERNET_DISCONNECTED")
    page.goto(site_url)
    page.route(SEARCH, lambda route: route.abort("internetdisconnected"))
    ask(page, "anything")
    expect(page.get_by_role("heading", name="We couldn’t reach the search")).to_be_focused()
    page.unroute(SEARCH)
    reply(page, result(ANSWER))
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="The answer")).to_be_focused()
    expect(page.get_by_text("We couldn’t reach the search")).to_have_count(0)


def test_a_reply_that_is_not_json_is_a_failure_and_not_a_crash(page: Page, site_url: str) -> None:
    page.route(SEARCH, lambda route: route.fulfill(body="<html>Please log in to the café’s network</html>"))
    page.goto(f"{site_url}?q=anything")
    expect(page.get_by_role("heading", name="We couldn’t reach the search")).to_be_visible()


def test_after_a_refused_question_trying_again_means_changing_it(
    page: Page, site_url: str, expect_console: Callable[[str], None]
) -> None:
    expect_console("status of 422")
    page.route(SEARCH, lambda route: route.fulfill(status=422, json={"detail": "This question is too long."}))
    page.goto(f"{site_url}?q=anything")
    page.get_by_role("button", name="Try again").click()
    expect(field(page)).to_be_focused()
    assert page.evaluate("getSelection().toString()") == "anything"


def test_a_question_beyond_the_limit_in_the_address_is_refused_kindly(
    page: Page, site_url: str, expect_console: Callable[[str], None]
) -> None:
    expect_console("status of 4")
    page.goto(f"{site_url}?q={'a' * 5000}")
    expect(page.get_by_role("heading", name="That question didn’t go through")).to_be_visible()
