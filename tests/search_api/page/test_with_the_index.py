"""The search page and the real index understand each other."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Route, expect

from tests.search_api.page.replies import (
    ask,
    field,
    options,
)

QUESTION = "my husband won't see a counsellor"


def test_typing_a_question_and_pressing_enter_shows_passages_of_the_index(page: Page, site_url: str) -> None:
    page.goto(site_url)
    field(page).press_sequentially(QUESTION)
    field(page).press("Enter")
    cards = page.locator(".card")
    expect(cards.first).to_be_attached()
    assert cards.first.get_by_role("heading", include_hidden=True).inner_text().strip()
    assert cards.first.locator(".prose").inner_text().strip()
    expect(page).to_have_url(f"{site_url}?q=my+husband+won%27t+see+a+counsellor")
    expect(page).to_have_title(f"{QUESTION} – Answers")


def test_the_button_searches_too(page: Page, site_url: str) -> None:
    page.goto(site_url)
    field(page).fill("we argue about money")
    page.get_by_role("button", name="Search").click()
    expect(page.locator(".card").first).to_be_attached()


def test_the_index_suggests_questions_while_typing(page: Page, site_url: str) -> None:
    page.goto(site_url)
    field(page).press_sequentially("trust after an affair", delay=5)
    expect(options(page).first).to_be_visible()
    texts = options(page).all_inner_texts()
    assert all(text.strip() for text in texts)
    assert len(texts) == len(set(texts)) <= 6


def test_a_place_in_the_index_opens_in_the_reading_view_and_leads_back(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}?q=how+do+I+sleep+when+I+worry")
    heading = page.locator(".card h3").first.text_content()
    page.locator(".card").first.wait_for(state="attached")
    # An honest "no good answer" keeps its passages folded; the place of the first one is the same either way.
    page.goto(site_url + str(page.locator(".card .source a").first.get_attribute("href")))
    here = page.locator(".passage.here")
    expect(here).to_be_in_viewport()
    assert page.get_by_role("heading", level=1).inner_text().strip()
    assert heading
    page.get_by_role("link", name="Back to your answers").click()
    expect(field(page)).to_have_value("how do I sleep when I worry")
    expect(page.locator(".card").first).to_be_attached()


def test_everything_works_behind_a_path_prefix(page: Page, site_url: str) -> None:
    wanted: list[str] = []
    prefixed = f"{site_url}help/answers/"

    def serve(route: Route) -> None:
        wanted.append(route.request.url)
        route.fulfill(response=route.fetch(url=route.request.url.replace(prefixed, site_url)))

    page.route(re.compile("^" + re.escape(site_url)), serve)
    page.goto(f"{prefixed}?q=how+do+we+stop+arguing")
    expect(page.locator(".card").first).to_be_attached()
    page.goto(prefixed + str(page.locator(".card .source a").first.get_attribute("href")))
    expect(page.locator(".here")).to_be_visible()
    page.get_by_role("link", name="Back to your answers").click()
    expect(page.locator(".card").first).to_be_attached()
    with page.expect_response(lambda response: "offset" in (response.request.post_data or "")) as found:
        ask(page, "money")
    assert found.value.url == f"{prefixed}search"
    expect(page).to_have_url(f"{prefixed}?q=money")
    assert [url for url in wanted if not url.startswith(prefixed)] == []


def test_the_server_forbids_everything_inline(page: Page, site_url: str) -> None:
    for path in ("", "read"):
        response = page.goto(site_url + path)
        assert response is not None
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert page.locator("[style], style, script:not([src])").count() == 0
