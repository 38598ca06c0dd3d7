"""Real answers over the demonstration content, for the API's documentation."""

from __future__ import annotations

from typing import Any

PASSAGE: dict[str, Any] = {
    "passage_id": "repair-after-a-fight/what-can-i-do-if-my-partner-never-says-sorry",
    "kind": "faq",
    "document": {"id": "repair-after-a-fight", "title": "Repairing things after a fight", "url": None},
    "url": None,
    "heading": "FAQ",
    "heading_path": ["FAQ"],
    "question": "What can I do if my partner never says sorry?",
    "alternates": [
        "husband refuses to apologise",
        "she hurts me and then carries on as though nothing happened, not one word of regret",
        "how do I live with someone who can't admit being in the wrong",
    ],
    "text": "Look first at whether they apologise in another form, such as fixing the thing, cooking, or being "
    "extra gentle. You can tell them that the words matter to you too and explain why. Some people grew "
    "up where admitting fault brought punishment, and saying sorry feels dangerous. If they deny plain "
    "facts or blame you each time they hurt you, a therapist or helpline can help you think about what "
    "that is doing to you.",
    "tags": ["conflict", "couples", "trust"],
    "lang": "en",
}

SEARCH: dict[str, Any] = {
    "query": "my partner never says sorry",
    "answered": "high",
    "confidence": 0.9088,
    "hits": [
        PASSAGE
        | {
            "score": 0.897429,
            "matched": {"by": "question", "text": "What can I do if my partner never says sorry?"},
            "highlight": {"start": 0, "end": 111},
        }
    ],
    "related": [
        {
            "passage_id": "shutting-down-in-conflict/should-i-keep-apologising-until-my-partner-speaks-to-me",
            "question": "Should I keep apologising until my partner speaks to me?",
            "document": {
                "id": "shutting-down-in-conflict",
                "title": "Shutting down, silence and the need for space",
                "url": None,
            },
        }
    ],
    "total": 284,
    "generation": "000001",
    "processing_time_ms": 4.8,
}

PROBLEM: dict[str, Any] = {
    "type": "about:blank",
    "title": "Unprocessable Content",
    "status": 422,
    "code": "invalid_parameter",
    "detail": "limit: must be less than or equal to 100",
    "field": "limit",
}
