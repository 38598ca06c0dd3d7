"""The sentence that answers, as offsets into the passage's text."""

from __future__ import annotations

import pytest

from indexer.content.passages import sentence_spans
from search_api.searcher import Searcher
from tests.conftest import SmallSite

FEW_WORDS = "Roses need much water. Cats sleep all day. 🙂 Owls hunt at night."
ENTRY = "# FAQ\n\n## What do they do?\n\n{}\n"


def marked(searcher: Searcher, question: str) -> str:
    (hit,) = searcher.search(question, 1).hits
    assert hit.highlight is not None
    return hit.passage.text[hit.highlight.start : hit.highlight.end]


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("roses water", "Roses need much water."),
        ("where cats sleep", "Cats sleep all day."),
        ("owls at night", "Owls hunt at night."),
    ],
)
def test_the_sentence_with_the_words_of_the_question_is_marked(site: SmallSite, question: str, sentence: str) -> None:
    site.write("faq.md", ENTRY.format(FEW_WORDS))
    site.build()
    assert marked(site.searcher(), question).endswith(sentence)


def test_the_first_of_equal_sentences_is_marked(site: SmallSite) -> None:
    site.write("faq.md", ENTRY.format("Cats sleep. Owls hunt. Cats sleep."))
    site.build()
    (hit,) = site.searcher().search("cats sleep").hits
    assert hit.highlight is not None
    assert (hit.highlight.start, hit.highlight.end) == (0, 11)


def test_one_sentence_is_marked_whole(site: SmallSite) -> None:
    site.write("faq.md", ENTRY.format("Cats sleep all day."))
    site.build()
    assert marked(site.searcher(), "anything") == "Cats sleep all day."


def test_a_passage_without_text_has_nothing_to_mark(site: SmallSite) -> None:
    site.write("faq.csv", "question,answer,url\nWhere do cats sleep?,,https://example.org/cats\n")
    site.build()
    (hit,) = site.searcher().search("cats").hits
    assert (hit.passage.text, hit.highlight) == ("", None)


QUESTIONS = ["does he fear blame", "twenty minutes", "payer", "多长时间", "zebra", "🙂"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_mark_is_one_sentence_of_its_passage(searcher: Searcher, question: str) -> None:
    hits = searcher.search(question, 100).hits
    assert len(hits) == searcher.generation.manifest.passages
    for hit in hits:
        assert hit.highlight is not None
        span = (hit.highlight.start, hit.highlight.end)
        assert span in sentence_spans(hit.passage.text, hit.passage.lang)
