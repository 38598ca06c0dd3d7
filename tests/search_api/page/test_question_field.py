"""The question field: typing, suggestions, keys, touch."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, Page, Route, expect

from tests.search_api.page.replies import (
    SEARCH,
    THREE,
    ask,
    field,
    hit,
    options,
    query_of,
    reply,
    result,
    until,
)


def test_the_field_is_a_combobox_that_starts_closed(page: Page, site_url: str) -> None:
    page.goto(site_url)
    box = field(page)
    expect(box).to_have_attribute("aria-autocomplete", "list")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_attribute("maxlength", "1000")
    assert page.locator(f"#{box.get_attribute('aria-controls')}").get_attribute("role") == "listbox"
    expect(options(page)).to_have_count(0)


def test_arrow_keys_move_through_the_suggestions_and_wrap(page: Page, site_url: str) -> None:
    reply(page, THREE)
    page.goto(site_url)
    box = field(page)
    box.press_sequentially("quest")
    expect(options(page)).to_have_text(["Question 1?", "Question 2?", "Question 3?"])
    expect(box).to_have_attribute("aria-expanded", "true")
    assert box.get_attribute("aria-activedescendant") is None  # manual selection: nothing is chosen by itself
    for key, number in [("ArrowDown", 1), ("ArrowDown", 2), ("ArrowUp", 1), ("ArrowUp", 3), ("ArrowDown", 1)]:
        box.press(key)
        active = page.locator(f"#{box.get_attribute('aria-activedescendant')}")
        expect(active).to_have_text(f"Question {number}?")
        expect(page.locator("[role=option][aria-selected=true]")).to_have_text([f"Question {number}?"])
    expect(box).to_be_focused()
    expect(box).to_have_value("quest")  # moving changes nothing that was typed
    box.press("ArrowLeft")
    assert box.get_attribute("aria-activedescendant") is None


def test_enter_searches_for_the_active_suggestion_or_else_for_what_was_typed(page: Page, site_url: str) -> None:
    asked = reply(page, THREE)
    page.goto(site_url)
    field(page).press_sequentially("quest")
    expect(options(page)).to_have_count(3)
    field(page).press("ArrowUp")
    field(page).press("Enter")
    expect(field(page)).to_have_value("Question 3?")
    expect(page.locator(".card").first).to_be_visible()
    assert asked[-1] == {"q": "Question 3?", "limit": 5, "offset": 0}
    field(page).fill("in my own words")
    expect(options(page)).to_have_count(3)
    field(page).press("Enter")
    expect(page).to_have_title("in my own words – Answers")
    expect(options(page)).to_have_count(0)
    assert asked[-1]["q"] == "in my own words"


def test_escape_closes_the_suggestions_then_clears_the_field(page: Page, site_url: str) -> None:
    reply(page, THREE)
    page.goto(site_url)
    box = field(page)
    box.press_sequentially("quest")
    expect(options(page)).to_have_count(3)
    box.press("Escape")
    expect(options(page)).to_have_count(0)
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_value("quest")
    box.press("ArrowDown")  # opens them again, on the first
    expect(page.locator("[role=option][aria-selected=true]")).to_have_text(["Question 1?"])
    box.press("Escape")
    box.press("Escape")
    expect(box).to_have_value("")


def test_alt_arrow_opens_without_choosing_and_closes(page: Page, site_url: str) -> None:
    reply(page, THREE)
    page.goto(site_url)
    box = field(page)
    box.fill("quest")
    expect(options(page)).to_have_count(3)
    box.press("Alt+ArrowUp")
    expect(options(page)).to_have_count(0)
    box.press("Alt+ArrowDown")
    expect(options(page)).to_have_count(3)
    assert box.get_attribute("aria-activedescendant") is None


def test_leaving_the_field_closes_the_suggestions(page: Page, site_url: str) -> None:
    reply(page, THREE)
    page.goto(site_url)
    field(page).fill("quest")
    expect(options(page)).to_have_count(3)
    field(page).press("Tab")
    expect(options(page)).to_have_count(0)


def test_a_suggestion_can_be_clicked(page: Page, site_url: str) -> None:
    asked = reply(page, THREE)
    page.goto(site_url)
    field(page).press_sequentially("quest")
    options(page).nth(1).click()
    expect(page).to_have_title("Question 2? – Answers")
    assert asked[-1]["q"] == "Question 2?"


def test_a_suggestion_can_be_touched(browser: Browser, site_url: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    phone = context.new_page()
    reply(phone, THREE)
    phone.goto(site_url)
    field(phone).tap()
    field(phone).press_sequentially("quest")
    options(phone).nth(2).tap()
    expect(phone).to_have_title("Question 3? – Answers")
    # The keyboard of a phone covers the answer for as long as the field has the focus.
    expect(field(phone)).not_to_be_focused()
    context.close()


def test_suggestions_wait_for_three_characters_and_for_a_pause(page: Page, site_url: str) -> None:
    asked = reply(page, THREE)
    page.goto(site_url)
    page.clock.install(time=0)
    page.clock.pause_at(1000)  # a busy machine makes no pause of its own
    field(page).press_sequentially("wh")
    page.clock.run_for(1000)
    field(page).press_sequentially("y do we argue")
    page.clock.run_for(100)
    assert asked == []
    page.clock.run_for(200)
    expect(options(page)).to_have_count(3)
    assert asked == [{"q": "why do we argue", "limit": 6, "kind": "faq"}]  # one request for all the keys
    field(page).fill("wh")
    expect(options(page)).to_have_count(0)


def test_suggestions_are_questions_each_only_once(page: Page, site_url: str) -> None:
    reply(
        page, result(hit("a", "Why?", "…"), hit("b", None, "a paragraph"), hit("c", "Why?", "…"), hit("d", "How?", "…"))
    )
    page.goto(site_url)
    field(page).fill("why or how")
    expect(options(page)).to_have_text(["Why?", "How?"])


def test_nothing_is_suggested_or_searched_while_characters_are_composed(page: Page, site_url: str) -> None:
    asked = reply(page, THREE)
    page.goto(site_url)
    field(page).focus()
    keyboard = page.context.new_cdp_session(page)
    keyboard.send("Input.imeSetComposition", {"text": "ふうふげんか", "selectionStart": 6, "selectionEnd": 6})
    page.wait_for_timeout(300)
    field(page).dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    field(page).dispatch_event("keydown", {"key": "Enter", "keyCode": 229})
    assert asked == []
    keyboard.send("Input.insertText", {"text": "夫婦げんか"})
    expect(options(page)).to_have_count(3)
    assert [request["q"] for request in asked] == ["夫婦げんか"]


def test_a_stale_suggestion_reply_is_dropped(page: Page, site_url: str) -> None:
    held: list[Route] = []

    def answer(route: Route) -> None:
        if query_of(route)["q"] == "slow":
            held.append(route)
        else:
            route.fulfill(json=result(hit("new", "The newer one?", "…")))

    page.route(SEARCH, answer)
    page.goto(site_url)
    field(page).fill("slow")
    until(page, lambda: len(held) == 1)
    field(page).fill("slower")
    expect(options(page)).to_have_text(["The newer one?"])
    held[0].fulfill(json=result(hit("old", "The older one?", "…")))
    page.wait_for_timeout(200)
    expect(options(page)).to_have_text(["The newer one?"])


def test_failing_suggestions_are_not_worth_a_word(
    page: Page, site_url: str, expect_console: Callable[[str], None]
) -> None:
    expect_console("status of 503")
    page.route(SEARCH, lambda route: route.fulfill(status=503, json={"detail": "no"}))
    page.goto(site_url)
    with page.expect_response(SEARCH):
        field(page).fill("quest")
    expect(options(page)).to_have_count(0)
    expect(page.get_by_text("busy")).to_have_count(0)


def test_an_empty_question_is_answered_with_a_hint_and_no_request(page: Page, site_url: str) -> None:
    asked = reply(page, THREE)
    page.goto(site_url)
    ask(page, "   ")
    expect(page.locator("#question-hint")).to_have_text("Type a question first, in your own words.")
    expect(field(page)).to_be_focused()
    assert asked == []


def test_the_longest_question_has_a_thousand_characters(page: Page, site_url: str) -> None:
    reply(page, result())
    page.goto(site_url)
    field(page).fill("a" * 899)
    expect(page.locator("#question-hint")).to_be_empty()
    field(page).fill("a" * 963)
    expect(page.locator("#question-hint")).to_have_text("About 40 characters left")  # 1000 - 963 = 37, in tens
    field(page).press_sequentially("b" * 50)
    expect(field(page)).to_have_value("a" * 963 + "b" * 37)
    expect(page.locator("#question-hint")).to_have_text("A question can have up to 1000 characters.")


def test_the_field_can_be_cleared_with_one_touch(page: Page, site_url: str) -> None:
    reply(page, THREE)
    page.goto(site_url)
    clear = page.get_by_role("button", name="Clear the question")
    expect(clear).to_be_hidden()
    field(page).fill("quest")
    clear.click()
    expect(field(page)).to_have_value("")
    expect(field(page)).to_be_focused()
