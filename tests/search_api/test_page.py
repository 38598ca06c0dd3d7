"""The search page and the reading view, used as a visitor uses them: in Debian's chromium, against the real server.

What the page must do with a reply is tested with replies written here, so that each test says by itself what must be
seen; that the page and the real index understand each other is tested with the project's own articles.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Route, expect, sync_playwright

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
SEARCH = re.compile(r"/search\?")
INDEX = re.compile(r"/index$")
DOCUMENT = re.compile(r"/documents/")
Scheme = Literal["light", "dark"]
QUESTION = "my husband won't see a counsellor"

# Where CI runs, a missing browser is a failure: else the page would go untested without a word.
pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists() and "CI" not in os.environ, reason="needs Debian's chromium: apt-get install chromium"
)


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # Not for the whole session: the event loop of the synchronous API would stay in the way of other tests.
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


# Replies written here


def hit(place: str, question: str | None, text: str, **more: Any) -> dict[str, Any]:
    return {
        "passage_id": f"calm-talks/{place}",
        "kind": "faq" if question else "paragraph",
        "document": {"id": "calm-talks", "title": "Calm talks", "url": None},
        "url": None,
        "heading": "Asking",
        "heading_path": ["Talking", "Asking"],
        "question": question,
        "text": text,
        "tags": ["couples"],
        "lang": "en",
        "score": 0.8,
        "matched": {"by": "question", "text": question or text},
        "highlight": None,
        **more,
    }


def result(
    *hits: dict[str, Any], answered: str = "high", total: int | None = None, related: list[str] | None = None
) -> dict[str, Any]:
    return {
        "query": "",
        "answered": answered,
        "confidence": 0.9,
        "hits": list(hits),
        "related": [{"passage_id": f"r/{n}", "question": text, "document": {}} for n, text in enumerate(related or [])],
        "total": len(hits) if total is None else total,
        "generation": "000001",
        "processing_time_ms": 1.0,
    }


ANSWER = hit("one", "How do I ask again?", "Wait for a quiet hour. Then ask once.", highlight={"start": 23, "end": 37})
SECOND = hit("two", None, "Walk side by side.")


def query_of(route: Route) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(route.request.url).query).items()}


def reply(page: Page, answer: dict[str, Any]) -> list[dict[str, str]]:
    """Every search is answered with this; the parameters of each search are collected in the list returned."""
    asked: list[dict[str, str]] = []

    def fulfil(route: Route) -> None:
        asked.append(query_of(route))
        route.fulfill(json=answer)

    page.route(SEARCH, fulfil)
    return asked


def field(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Your question")


def options(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Suggested questions").get_by_role("option")


def ask(page: Page, question: str) -> None:
    field(page).fill(question)
    field(page).press("Enter")


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.textContent"))


# The page and the real index


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
    with page.expect_response(re.compile(r"/search\?q=money&.*offset")):
        ask(page, "money")
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


# The question field


def test_the_field_is_a_combobox_that_starts_closed(page: Page, site_url: str) -> None:
    page.goto(site_url)
    box = field(page)
    expect(box).to_have_attribute("aria-autocomplete", "list")
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_have_attribute("maxlength", "1000")
    assert page.locator(f"#{box.get_attribute('aria-controls')}").get_attribute("role") == "listbox"
    expect(options(page)).to_have_count(0)


THREE = result(*(hit(f"s{n}", f"Question {n}?", "…") for n in (1, 2, 3)))


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
    assert asked[-1] == {"q": "Question 3?", "limit": "5", "offset": "0"}
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
    field(page).press_sequentially("wh")
    page.wait_for_timeout(400)
    assert asked == []
    field(page).press_sequentially("y do we argue", delay=10)
    expect(options(page)).to_have_count(3)
    assert asked == [{"q": "why do we argue", "limit": "6", "kind": "faq"}]  # one request for all the keys
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
    page.wait_for_timeout(400)
    assert len(held) == 1
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


# Answers


def test_a_sure_answer_is_presented_as_the_answer(page: Page, site_url: str) -> None:
    reply(page, result(ANSWER, SECOND, total=2))
    page.goto(f"{site_url}?q=anything")
    best = page.locator(".best")
    expect(best.get_by_role("heading", level=2)).to_have_text("The answer")
    expect(best.get_by_role("heading", level=3)).to_have_text("How do I ask again?")
    expect(best.locator("mark")).to_have_text("Then ask once.")  # characters 23 to 37 of the text
    expect(page.locator(".cards .card h3")).to_have_text(["Talking › Asking"])
    expect(page.get_by_role("status").filter(has_text="passages")).to_have_text("2 passages found")
    expect(best.locator(".source")).to_have_text("Calm talks › Talking › Asking")


def test_a_partial_answer_claims_no_more_than_it_is(page: Page, site_url: str) -> None:
    reply(page, result(ANSWER, answered="partial"))
    page.goto(f"{site_url}?q=anything")
    expect(page.locator(".best h2")).to_have_text("This may help")
    expect(page.get_by_text("The answer", exact=True)).to_have_count(0)
    expect(page.locator("#status")).to_have_text("One passage found")


def test_no_good_answer_is_said_and_the_closest_passages_wait_behind_a_button(page: Page, site_url: str) -> None:
    asked = reply(page, result(ANSWER, SECOND, answered="none", related=["What about us?", "How do I ask again?"]))
    page.goto(f"{site_url}?q=the+moon")
    expect(page.get_by_role("heading", name="No good answer here")).to_be_visible()
    expect(page.locator("#status")).to_have_text("No good answer here")
    button = page.get_by_role("button", name="Show the closest passages anyway")
    expect(button).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_text("Walk side by side.")).to_be_hidden()
    expect(page.get_by_text("You may have meant…")).to_be_hidden()
    button.click()
    expect(page.locator(".panel button")).to_have_attribute("aria-expanded", "true")
    expect(page.get_by_text("Walk side by side.")).to_be_visible()
    near = page.locator("#results .questions a")
    expect(near).to_have_text(["What about us?", "How do I ask again?"])  # related first, none twice
    near.first.click()
    expect(page).to_have_title("What about us? – Answers")
    assert asked[-1]["q"] == "What about us?"


def test_no_hits_at_all_are_no_good_answer_either(page: Page, site_url: str) -> None:
    reply(page, result(answered="none"))
    page.goto(f"{site_url}?q=the+moon")
    expect(page.get_by_role("heading", name="No good answer here")).to_be_visible()
    expect(page.get_by_role("button", name="Show the closest")).to_have_count(0)


def test_offsets_count_code_points_so_emoji_before_the_sentence_do_not_shift_the_mark(
    page: Page, site_url: str
) -> None:
    text = "Breathe 💛💛 first.\n\nBring:\n- a 🧣 scarf\n- one question. Ask it 👩‍👧.\nThe end."
    sentence = "Ask it 👩‍👧."
    start = text.index(sentence)  # Python counts code points, as the service does
    reply(page, result(hit("e", "What now?", text, highlight={"start": start, "end": start + len(sentence)})))
    page.goto(f"{site_url}?q=anything")
    prose = page.locator(".best .prose")
    expect(prose.locator("mark")).to_have_text([sentence])
    expect(prose.locator("p")).to_have_text(["Breathe 💛💛 first.", "Bring:", "The end."])
    expect(prose.locator("li")).to_have_text(["a 🧣 scarf", f"one question. {sentence}"])


def test_markup_in_content_stays_text(page: Page, site_url: str) -> None:
    evil = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'
    bad = hit(
        "x",
        f"Question {evil}",
        f"Answer {evil}",
        document={"id": "x", "title": f"Title {evil}", "url": None},
        heading_path=[f"Heading {evil}"],
        matched={"by": "alternate", "text": f"Alternate {evil}"},
        highlight={"start": 0, "end": 12},
    )
    reply(page, result(bad, answered="none", related=[f"Related {evil}"]))
    page.goto(f"{site_url}?q={evil}")
    page.get_by_role("button", name="Show the closest passages anyway").click()
    for word in ("Question", "Answer", "Title", "Heading", "Alternate", "Related"):
        expect(page.locator("#results").get_by_text(f"{word} {evil}").first).to_be_visible()
    field(page).fill("something else")
    expect(options(page)).to_have_text([f"Question {evil}"])
    assert page.locator("#results img, #results script, #suggestions img").count() == 0
    assert page.title() == f"{evil} – Answers"


@pytest.mark.parametrize(
    ("url", "href"),
    [
        ("https://example.org/talks#ask", "https://example.org/talks#ask"),
        ("/talks#ask", "/talks#ask"),
        (None, "read?document=calm-talks#calm-talks%2Fone"),
        ("javascript:alert(1)", "read?document=calm-talks#calm-talks%2Fone"),
        (" javascript:alert(1)", "read?document=calm-talks#calm-talks%2Fone"),
        ("//evil.example/", "read?document=calm-talks#calm-talks%2Fone"),
        ("/\\evil.example/", "read?document=calm-talks#calm-talks%2Fone"),
        ("data:text/html,hello", "read?document=calm-talks#calm-talks%2Fone"),
    ],
)
def test_only_web_addresses_are_followed(page: Page, site_url: str, url: str | None, href: str) -> None:
    reply(page, result({**ANSWER, "url": url}))
    page.goto(f"{site_url}?q=anything")
    expect(page.locator(".source a")).to_have_attribute("href", href)


def test_another_phrasing_is_named_when_it_matched(page: Page, site_url: str) -> None:
    reply(page, result({**ANSWER, "matched": {"by": "alternate", "text": "How can I raise it once more?"}}, SECOND))
    page.goto(f"{site_url}?q=anything")
    expect(page.locator(".alternate")).to_have_text(["also asked as: How can I raise it once more?"])


def test_a_long_answer_is_folded_after_a_whole_sentence_that_never_hides_the_answer(page: Page, site_url: str) -> None:
    sentences = [f"Sentence number {n} says something that fills a line of this page nicely." for n in range(1, 31)]
    text = " ".join(sentences)
    target = sentences[17]
    marked = hit("m", "Marked?", text, highlight={"start": text.index(target), "end": text.index(target) + len(target)})
    reply(page, result(ANSWER, hit("l", "Long?", text), marked))
    page.goto(f"{site_url}?q=anything")
    cards = page.locator(".cards .card")
    expect(cards).to_have_count(2)
    plain, late = cards.all()
    shown = plain.locator(".prose").inner_text()
    assert shown.endswith("nicely. …")
    assert text.startswith(shown.removesuffix(" …"))
    assert len(shown) < 400
    expect(late.locator("mark")).to_have_text([target])
    button = plain.get_by_role("button", name="Show all")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    expect(plain.locator(".prose")).to_have_text(text)
    expect(plain.get_by_role("button", name="Show less")).to_be_focused()
    expect(page.locator(".best").get_by_role("button")).to_have_count(0)  # a short answer needs no folding


def test_more_passages_are_appended_until_there_are_no_more(page: Page, site_url: str) -> None:
    every = [hit(f"p{n}", f"Question {n}?", "…") for n in range(12)]

    def answer(route: Route) -> None:
        offset = int(query_of(route)["offset"])
        # One passage repeats, as when a new index is published in between.
        repeated = every[offset - 1 : offset] if offset == 5 else []
        route.fulfill(json=result(*repeated, *every[offset : offset + 5 - len(repeated)], total=12))

    page.route(SEARCH, answer)
    page.goto(f"{site_url}?q=anything")
    cards = page.locator(".card")
    expect(cards).to_have_count(5)
    expect(page.locator("#status")).to_have_text("Showing 5 of 12 passages")
    page.get_by_role("button", name="More passages").click()
    expect(cards).to_have_count(9)  # 5 + 5, one of them already shown
    assert focused(page) == "Question 5?"
    page.get_by_role("button", name="More passages").click()
    expect(cards).to_have_count(11)
    expect(page.get_by_role("button", name="More passages")).to_be_hidden()
    headings = page.locator(".card h3").all_inner_texts()
    assert len(headings) == len(set(headings))


def test_more_passages_that_fail_to_come_can_be_asked_for_again(
    page: Page, site_url: str, expect_console: Callable[[str], None]
) -> None:
    expect_console("status of 500")
    failures = [1]

    def answer(route: Route) -> None:
        if query_of(route)["offset"] == "0":
            route.fulfill(json=result(ANSWER, SECOND, total=3))
        elif failures:
            failures.pop()
            route.fulfill(status=500, body="{oops")
        else:
            route.fulfill(json=result(hit("three", "The third?", "…"), total=3))

    page.route(SEARCH, answer)
    page.goto(f"{site_url}?q=anything")
    page.get_by_role("button", name="More passages").click()
    page.get_by_role("button", name="That didn’t work. Try again").click()
    expect(page.get_by_role("heading", name="The third?")).to_be_focused()


def test_a_newer_question_wins_over_the_late_answer_of_an_older_one(page: Page, site_url: str) -> None:
    held: list[Route] = []

    def answer(route: Route) -> None:
        if query_of(route)["q"] == "old question" and "offset" in query_of(route):
            held.append(route)
        else:
            route.fulfill(json=result(hit("new", "The newer one?", "…")))

    page.route(SEARCH, answer)
    page.goto(site_url)
    ask(page, "old question")
    expect(page.get_by_text("Looking through the pages…")).to_be_visible()
    ask(page, "new question")
    expect(page.locator(".card h3")).to_have_text(["The newer one?"])
    held[0].fulfill(json=result(hit("old", "The older one?", "…")))
    page.wait_for_timeout(200)
    expect(page.locator(".card h3")).to_have_text(["The newer one?"])


def test_waiting_shows_only_after_a_moment_and_is_announced(page: Page, site_url: str) -> None:
    held: list[Route] = []
    page.route(SEARCH, lambda route: held.append(route))
    page.goto(site_url)
    page.clock.install(time=0)
    page.clock.pause_at(1000)
    ask(page, "anything")
    results = page.locator("#results")
    expect(results).to_have_attribute("aria-busy", "true")
    page.clock.run_for(150)
    expect(page.locator(".skeleton")).to_have_count(0)
    page.clock.run_for(100)
    expect(page.locator(".skeleton")).to_be_visible()
    expect(page.locator("#status")).to_have_text("Looking through the pages…")
    [search] = [route for route in held if "offset" in query_of(route)]
    search.fulfill(json=result(ANSWER))
    expect(page.locator(".card")).to_be_visible()
    expect(results).to_have_attribute("aria-busy", "false")
    expect(page.locator(".skeleton")).to_have_count(0)


def test_reading_goes_on_at_the_answer_unless_somebody_is_typing_again(page: Page, site_url: str) -> None:
    held: list[Route] = []
    page.route(
        SEARCH, lambda route: held.append(route) if "offset" in query_of(route) else route.fulfill(json=result())
    )
    page.goto(site_url)
    ask(page, "first")
    page.wait_for_function("document.querySelector('#results').ariaBusy === 'true'")
    page.wait_for_timeout(100)
    held[0].fulfill(json=result(ANSWER))
    expect(page.get_by_role("heading", name="The answer")).to_be_focused()
    ask(page, "second")
    page.wait_for_timeout(100)
    field(page).press_sequentially(" and more")
    held[1].fulfill(json=result(hit("b", "Another?", "…")))
    expect(page.get_by_role("heading", name="Another?")).to_be_visible()
    expect(field(page)).to_be_focused()
    expect(field(page)).to_have_value("second and more")


# Address, history, topics, examples


def test_an_address_with_a_question_runs_it(page: Page, site_url: str) -> None:
    page.goto(f"{site_url}?q=how+do+we+stop+arguing")
    expect(field(page)).to_have_value("how do we stop arguing")
    expect(page.locator(".card").first).to_be_attached()
    expect(page).to_have_title("how do we stop arguing – Answers")


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


INDEX_REPLY = {
    "tags": [{"tag": f"topic-{n}", "passages": n} for n in range(1, 11)],
    "examples": ["What is first?", "What <b>is</b> second?"],
}


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
    assert asked[-1] == {"q": "anything", "limit": "5", "offset": "0", "tag": "topic-9"}
    topics.get_by_text("All").click()
    expect(page).to_have_url(f"{site_url}?q=anything")
    page.goto(f"{site_url}?q=anything&tag=topic-1")  # rare, but asked for
    expect(page.locator("[aria-pressed=true]")).to_have_text(["topic-1"])


def test_no_answer_within_a_topic_offers_all_of_them(page: Page, site_url: str) -> None:
    asked = reply(page, result(answered="none"))
    page.goto(f"{site_url}?q=anything&tag=sleep")
    page.get_by_role("link", name="in all topics").click()
    expect(page).to_have_url(f"{site_url}?q=anything")
    page.wait_for_timeout(100)
    assert "tag" not in asked[-1]


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


# Trouble


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


# The reading view

FULL = {
    "id": "calm-talks",
    "title": "Calm talks",
    "url": "https://example.org/calm",
    "tags": [],
    "lang": "en",
    "updated": "2026-10-14",
    "passages": [
        hit("intro", None, "Line one.\n\nLine two.", heading_path=["Talking"]),
        *(hit(f"p{n}", None, "A long paragraph. " * 60, heading_path=["Talking", f"Part {n}"]) for n in range(6)),
        hit("faq-one", "What <i>if</i> not?", "Then wait. 💛", heading_path=["FAQ"]),
        hit("夫婦", "What now?", "- one\n- two", heading_path=["FAQ"]),
    ],
}


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


# Every state: for everyone's eyes and hands


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
