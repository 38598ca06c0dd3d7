"""Questions about all sorts of things, in several languages: most of them are answered by no one site."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib.resources import files
from typing import Final

_FILE = "off_topic_questions.json"
_MOST_LANGUAGES = 3
_FALLBACK = "en"


class _QuestionLists(Mapping[str, tuple[str, ...]]):
    """The lists of the file beside this module, which is read when one is first asked for."""

    @cached_property
    def _lists(self) -> dict[str, tuple[str, ...]]:
        raw = json.loads(files("indexer.model").joinpath(_FILE).read_bytes())
        return {language: tuple(questions) for language, questions in raw.items()}

    def __getitem__(self, language: str) -> tuple[str, ...]:
        return self._lists[language]

    def __iter__(self) -> Iterator[str]:
        return iter(self._lists)

    def __len__(self) -> int:
        return len(self._lists)


# By ISO 639-1 code. All but English ask about the same 40 of its 90 subjects, in the same order.
OFF_TOPIC_QUESTIONS: Final[Mapping[str, tuple[str, ...]]] = _QuestionLists()


def off_topic_questions(languages: Iterable[str]) -> list[str]:
    """The questions of the first three languages that have some, in the given order; English ones if none has.

    Args:
        languages: ISO 639-1 codes of the content's languages, the most important first; one given twice counts once.
    """
    known = [language for language in dict.fromkeys(languages) if language in OFF_TOPIC_QUESTIONS]
    return [
        question for language in known[:_MOST_LANGUAGES] or [_FALLBACK] for question in OFF_TOPIC_QUESTIONS[language]
    ]
