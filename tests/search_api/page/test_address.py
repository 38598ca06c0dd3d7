"""The address, the history, topics and examples."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.search_api.page.replies import (
    ANSWER,
    INDEX,
    INDEX_REPLY,
    SEARCH,
    ask,
    field,
    hit,
    query_of,
    reply,
    result,
    until,
)


def test_back_and_forward_restore_question_and_answer(page: Page, site_url: str) -> None:
    page.route(SEARCH, lambda route: route.fulfill(json=result(hit("h", f"About {query_of(route)['q']}?", "…"))))
    page.goto(site_url)
    ask(page, "first")
    expect(page.locator(".card h3")).to_have_text("About first?")
    ask(page, "second")
    expect(page.locator(".card h3")).to_have_text("About second?")
    ask(page, "second")  # the same again is no new step in the history
    page.go_back()
    expect(page.locator(".card h3")).to_have_text("About first?")
    expect(field(page)).to_have_value("first")
    page.go_back()
    expect(page.locator(".card")).to_have_count(0)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page).to_have_title("Answers")
    page.go_forward()
    expect(page.locator(".card h3")).to_have_text("About first?")


def test_the_eight_commonest_topics_can_be_chosen_and_stay_in_the_address(page: Page, site_url: str) -> None:
    asked = reply(page, result(ANSWER))
    page.route(INDEX, lambda route: route.fulfill(json=INDEX_REPLY))
    page.goto(site_url)
    topics = page.get_by_role("group", name="Show only one topic").get_by_role("button")
    expect(topics).to_have_text(["All", *(f"topic-{n}" for n in range(10, 2, -1))])
    ask(page, "anything")
    expect(page.locator(".card")).to_be_visible()
    topics.get_by_text("topic-9").click()
    expect(page).to_have_url(f"{site_url}?q=anything&tag=topic-9")
    expect(page.locator("[aria-pressed=true]")).to_have_text(["topic-9"])
    expect(topics.get_by_text("topic-9")).to_be_focused()
    assert asked[-1]["tag"] == "topic-9"
    page.reload()
    expect(page.locator("[aria-pressed=true]")).to_have_text(["topic-9"])
    assert asked[-1] == {"q": "anything", "limit": 5, "offset": 0, "tag": "topic-9"}
    topics.get_by_text("All").click()
    expect(page).to_have_url(f"{site_url}?q=anything")
    page.goto(f"{site_url}?q=anything&tag=topic-1")  # rare, but asked for
    expect(page.locator("[aria-pressed=true]")).to_have_text(["topic-1"])


def test_no_answer_within_a_topic_offers_all_of_them(page: Page, site_url: str) -> None:
    asked = reply(page, result(answered="none"))
    page.goto(f"{site_url}?q=anything&tag=sleep")
    page.get_by_role("link", name="in all topics").click()
    expect(page).to_have_url(f"{site_url}?q=anything")
    until(page, lambda: "tag" not in asked[-1])


def test_example_questions_are_links_that_search(page: Page, site_url: str) -> None:
    reply(page, result(ANSWER))
    page.route(INDEX, lambda route: route.fulfill(json=INDEX_REPLY))
    page.goto(site_url)
    examples = page.locator("#examples a")
    expect(examples).to_have_text(["What is first?", "What <b>is</b> second?"])
    assert examples.first.get_attribute("href") == "?q=What+is+first%3F"
    examples.first.click()
    expect(page.locator(".card")).to_be_visible()
    expect(examples.first).to_be_hidden()


def test_the_page_works_when_the_index_says_nothing_about_itself(
    page: Page, site_url: str, expect_console: Callable[[str], None]
) -> None:
    expect_console("status of 500")
    reply(page, result(ANSWER))
    page.route(INDEX, lambda route: route.fulfill(status=500, body="<h1>oops</h1>"))
    page.goto(site_url)
    expect(page.locator("#start")).to_be_hidden()
    expect(page.locator("#topics")).to_be_hidden()
    ask(page, "anything")
    expect(page.locator(".card")).to_be_visible()


def test_skipping_to_the_answers_does_not_search_again(page: Page, site_url: str) -> None:
    asked = reply(page, result(ANSWER))
    page.goto(f"{site_url}?q=anything")
    expect(page.locator(".card")).to_be_visible()
    page.locator("body").press("Tab")
    skip = page.get_by_role("link", name="Skip to the answers")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    skip.press("Enter")
    page.wait_for_timeout(200)
    assert page.evaluate("document.activeElement.id") == "content"
    assert len(asked) == 1


def test_without_javascript_the_page_says_what_it_needs(browser: Browser, site_url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site_url)
    # Playwright's text selectors pass over <noscript>, a plain selector does not.
    expect(page.locator("noscript .notice")).to_be_visible()
    page.get_by_label("Your question").fill("anything")
    page.get_by_label("Your question").press("Enter")
    expect(page).to_have_url(f"{site_url}?q=anything")
    context.close()
