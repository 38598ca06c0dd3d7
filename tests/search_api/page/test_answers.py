"""How answers are shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.search_api.page.replies import (
    ANSWER,
    SEARCH,
    SECOND,
    ask,
    field,
    hit,
    options,
    query_of,
    reply,
    result,
    until,
)


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
        offset = query_of(route)["offset"]
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
    expect(cards.nth(5).get_by_role("heading")).to_be_focused()
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
        if query_of(route)["offset"] == 0:
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
    until(page, lambda: len(held) == 1)
    held[0].fulfill(json=result(ANSWER))
    expect(page.get_by_role("heading", name="The answer")).to_be_focused()
    ask(page, "second")
    until(page, lambda: len(held) == 2)
    field(page).press_sequentially(" and more")
    held[1].fulfill(json=result(hit("b", "Another?", "…")))
    expect(page.get_by_role("heading", name="Another?")).to_be_visible()
    expect(field(page)).to_be_focused()
    expect(field(page)).to_have_value("second and more")
