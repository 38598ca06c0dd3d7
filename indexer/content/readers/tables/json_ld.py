"""schema.org FAQPage as JSON-LD, on its own or inside HTML."""

from __future__ import annotations

from collections.abc import Mapping

from indexer.content.readers.prose.blocks import joined_text
from indexer.content.readers.prose.html_blocks import blocks_of


def faq_questions(value: object) -> list[dict[str, object]]:
    """The questions of every FAQPage or QAPage in a JSON-LD value, as fields with their answers as text.

    >>> faq_questions({"@type": "FAQPage", "mainEntity": [{"@type": "Question", "name": "Why?",
    ...                "acceptedAnswer": {"@type": "Answer", "text": "<p>So.</p>"}}]})
    [{'question': 'Why?', 'answer': 'So.', 'url': ''}]
    """
    found: list[dict[str, object]] = []
    waiting: list[object] = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += reversed(part)
        elif isinstance(part, Mapping) and (entry := _question(part)) is not None:
            found.append(entry)
        elif isinstance(part, Mapping):
            waiting += [part[key] for key in ("hasPart", "mainEntity", "@graph") if key in part]
    return found


def _question(part: Mapping[str, object]) -> dict[str, object] | None:
    kind = part.get("@type")
    kinds = kind if isinstance(kind, list) else [kind]
    if "Question" not in [str(each).rpartition("/")[2].rpartition(":")[2] for each in kinds]:
        return None
    answer = part.get("acceptedAnswer") or part.get("suggestedAnswer")
    name = part.get("name") or part.get("text")
    return {"question": _text(name), "answer": _answer(answer), "url": part.get("url") or ""}


def _answer(answer: object) -> str:
    answers = answer if isinstance(answer, list) else [answer]
    return "\n\n".join(_text(each.get("text") if isinstance(each, Mapping) else each) for each in answers if each)


def _text(value: object) -> str:
    return joined_text(blocks_of(value)[0]) if isinstance(value, str) else ""
