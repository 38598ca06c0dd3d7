"""Replies written for the tests, and the hands of a visitor.

With replies written here each test says by itself what must be seen.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, Route

SEARCH = re.compile(r"/search$")
INDEX = re.compile(r"/index$")
DOCUMENT = re.compile(r"/documents/")


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
THREE = result(*(hit(f"s{n}", f"Question {n}?", "…") for n in (1, 2, 3)))
INDEX_REPLY = {
    "tags": [{"tag": f"topic-{n}", "passages": n} for n in range(1, 11)],
    "examples": ["What is first?", "What <b>is</b> second?"],
}
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


def query_of(route: Route) -> dict[str, Any]:
    """What a search asks: in its body, as JSON, and nowhere else."""
    assert route.request.method == "POST"
    assert route.request.headers["content-type"] == "application/json"
    asked = route.request.post_data_json
    assert isinstance(asked, dict)
    return asked


def reply(page: Page, answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Every search is answered with this; the parameters of each search are collected in the list returned."""
    asked: list[dict[str, Any]] = []

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


def until(page: Page, condition: Callable[[], bool]) -> None:
    """Let the page go on until this holds, however busy the machine is."""
    for _ in range(1_200):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never came to be")
