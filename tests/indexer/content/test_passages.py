"""Documents to passages: which there are, what they are called, and what of them is embedded."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.content import readers
from indexer.content.corpus import read_corpus
from indexer.content.passages import (
    Role,
    Splitter,
    embedding_texts,
    lexical_text,
    passages_of,
    sentence_spans,
)
from indexer.documents import Document, FaqEntry, Paragraph, Passage, PassageKind
from indexer.model.encoder import Encoder

SAMPLE = Path(__file__).parents[2] / "data" / "sample" / "when-he-says-no.txt"
LONG_CJK = "我们每周都会见面一次，谈谈彼此的感受和需要" * 120


def count_tokens(texts: Sequence[str]) -> list[int]:
    """Two special tokens, and one for every four characters of a word begun."""
    return [2 + sum((len(word) + 3) // 4 for word in text.split()) for text in texts]


SMALL = Splitter(24, count_tokens)


def made_of(*blocks: Paragraph | FaqEntry, title: str = "Title", **more: str | tuple[str, ...]) -> list[Passage]:
    document = Document(document_id="doc", path="doc.md", title=title, blocks=blocks, **more)  # type: ignore[arg-type]
    return passages_of(document, SMALL, "en")


def test_an_article_with_headings_and_a_faq_becomes_exactly_its_passages() -> None:
    (document,) = read_corpus(SAMPLE).documents
    passages = passages_of(document, Splitter(256, count_tokens), "en")
    assert [passage.passage_id for passage in passages] == [
        "when-he-says-no/why-some-people-say-no",
        "when-he-says-no/bringing-it-up-gently",
        "when-he-says-no/trying-something-smaller",
        "when-he-says-no/knowing-your-own-limits",
        "when-he-says-no/looking-after-yourself",
        "when-he-says-no/why-won-t-my-husband-come-to-therapy",
        "when-he-says-no/how-do-i-raise-the-subject-without-a-fight",
        "when-he-says-no/can-i-see-a-counsellor-on-my-own",
        "when-he-says-no/what-could-we-try-at-home-instead",
        "when-he-says-no/when-should-i-stop-waiting-for-a-change",
    ]
    assert [passage.kind.value for passage in passages] == ["paragraph"] * 5 + ["faq"] * 5
    lines = SAMPLE.read_text("utf-8").splitlines()
    assert passages[3].heading_path == ("Knowing Your Own Limits",) == (lines[6],)
    assert passages[3].text == lines[7]
    assert passages[7].question == "Can I see a counsellor on my own?"
    assert passages[7].text == lines[lines.index("3. Can I see a counsellor on my own?") + 1]
    assert {passage.document_title for passage in passages} == {"When he says no"}


def test_an_entry_inserted_before_others_changes_no_id() -> None:
    entries = [FaqEntry(question=f"{word}?", answer="Yes.") for word in ("Why", "When", "Where")]
    before = {p.question: p.passage_id for p in made_of(*entries)}
    after = {p.question: p.passage_id for p in made_of(FaqEntry(question="Who?", answer="You."), *entries)}
    assert {question: after[question] for question in before} == before


def test_equal_names_are_numbered_in_reading_order() -> None:
    entry = FaqEntry(question="Why?", answer="So.")
    assert [p.passage_id for p in made_of(entry, entry, entry)] == ["doc/why", "doc/why-2", "doc/why-3"]


def test_a_number_already_taken_by_a_heading_is_passed_over() -> None:
    blocks = [Paragraph(text="words", heading_path=(name,)) for name in ("Step 2", "Step", "Step")]
    assert [p.passage_id for p in made_of(*blocks)] == ["doc/step-2", "doc/step", "doc/step-3"]


def test_the_authors_own_id_comes_before_the_question() -> None:
    assert made_of(FaqEntry(question="Why?", answer="So.", entry_id="Q 7"))[0].passage_id == "doc/q-7"


def test_a_paragraph_without_heading_is_named_after_the_document() -> None:
    assert made_of(Paragraph(text="words"), title="Better sleep")[0].passage_id == "doc/better-sleep"


def test_tags_links_and_dates_are_inherited() -> None:
    entry = FaqEntry(question="Why?", answer="So.", tags=("b",), anchor="why")
    (passage,) = made_of(entry, tags=("c", "a"), url="https://example.org/x", updated="2026-01-02", lang="fr")
    assert passage.tags == ("a", "b", "c")
    assert (passage.url, passage.document_url) == ("https://example.org/x#why", "https://example.org/x")
    assert (passage.updated, passage.lang) == ("2026-01-02", "fr")


def test_an_entrys_own_address_wins() -> None:
    (passage,) = made_of(FaqEntry(question="Why?", answer="So.", url="https://a/b"), url="https://example.org")
    assert (passage.url, passage.document_url) == ("https://a/b", "https://example.org")


def test_a_long_paragraph_is_cut_at_sentence_ends() -> None:
    # A window of 24 less 2 special tokens and the title's 3 (itself with 2 special tokens: 4) holds 20 with its own 2.
    text = " ".join(f"Here are five words {n}." for n in range(12))
    passages = made_of(Paragraph(text=text, heading_path=("Head",)))
    assert [p.passage_id for p in passages[:3]] == ["doc/head", "doc/head-2", "doc/head-3"]
    assert all(p.text.endswith(".") and p.text.startswith("Here") for p in passages)
    assert " ".join(p.text for p in passages) == text


def test_what_a_paragraph_answers_is_embedded_and_stays_with_its_first_part() -> None:
    asked = ("what now", "and then?")
    first, *others = made_of(Paragraph(text="One two three four. " * 12, alternates=asked, heading_path=("Head",)))
    assert others
    assert [passage.alternates for passage in (first, *others)] == [asked, *(() for _ in others)]
    assert [text.text for text in embedding_texts(first, SMALL) if text.role is Role.ALTERNATE] == list(asked)
    assert not [text for text in embedding_texts(first, SMALL) if text.role is Role.QUESTION]
    words = lexical_text(first)
    assert words.questions == "what now\nand then?"
    assert words.text.startswith("Title\nHead\nwhat now\nand then?\nOne two")


def test_a_faq_entry_stays_one_passage_however_long() -> None:
    answer = " ".join(f"Sentence number {n} of the answer." for n in range(50))
    (passage,) = made_of(FaqEntry(question="Why?", answer=answer))
    assert passage.text == answer
    parts = [t for t in embedding_texts(passage, SMALL) if t.role is Role.ANSWER]
    assert len(parts) > 5
    assert " ".join(t.text for t in parts) == answer


WORDS = st.lists(st.text("abcdeéß夫婦", min_size=1, max_size=9), max_size=120)


@given(WORDS, st.sampled_from([" ", "\n", ". "]), st.integers(16, 40))
def test_cutting_keeps_every_word_and_fits_the_window(words: list[str], between: str, window: int) -> None:
    text = between.join(words)
    splitter = Splitter(window, count_tokens)
    parts = [text[start:end] for start, end in splitter.spans(text, "en", context="A title")]
    assert [word for part in parts for word in part.split()] == text.split()
    room = window - count_tokens(["A title"])[0]
    assert all(count <= room for count in count_tokens(parts))


@given(st.text(max_size=400))
def test_cutting_loses_no_character_of_any_text(text: str) -> None:
    spans = SMALL.spans(text, "en")
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
    assert spans == sorted(spans)


@given(st.text(max_size=300), st.sampled_from(["en", "fr", "de", "zh", "ja", "ar", "th", "xx", ""]))
def test_sentences_cover_all_words_in_order(text: str, lang: str) -> None:
    spans = sentence_spans(text, lang)
    assert "".join("".join(text[start:end].split()) for start, end in spans) == "".join(text.split())
    assert all(end <= start for (_, end), (start, _) in pairwise(spans))
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in spans)


@pytest.mark.parametrize(
    ("text", "lang", "sentences"),
    [
        ("Ask Dr. Jones. She helps.", "en", ["Ask Dr. Jones.", "She helps."]),
        ("One line\nand another", "en", ["One line", "and another"]),
        ("今天很好。明天呢？", "zh", ["今天很好。", "明天呢？"]),
        ("  \n ", "en", []),
    ],
)
def test_sentences_end_where_a_reader_ends_them(text: str, lang: str, sentences: list[str]) -> None:
    assert [text[start:end] for start, end in sentence_spans(text, lang)] == sentences


HARD: dict[str, Paragraph | FaqEntry] = {
    "a word of 10,000 characters": Paragraph(text="a" * 10_000, heading_path=("Head",)),
    "a text without spaces": Paragraph(text=LONG_CJK, heading_path=("标题",)),
    "headings that alone would fill the window": Paragraph(
        text="Short text under long headings. " * 60, heading_path=tuple(f"{n} " + "heading words " * 90 for n in "abc")
    ),
    "a question longer than the window": FaqEntry(question="why oh why " * 300, answer="Because it is so. " * 200),
    "emoji and combining marks": FaqEntry(question="🙂" * 600, answer="é" * 3000, alternates=("🤷🏽‍♀️" * 300,)),
}


@pytest.mark.parametrize("name", HARD)
def test_no_embedded_text_is_cut_off_by_the_real_window(name: str, encoder: Encoder) -> None:
    splitter = Splitter(encoder.max_tokens, encoder.count_tokens)
    document = Document(document_id="doc", path="doc.md", title="Title", blocks=(HARD[name],))
    passages = passages_of(document, splitter, "en")
    texts = [text for passage in passages for text in embedding_texts(passage, splitter)]
    assert max(encoder.count_tokens([text.text for text in texts])) <= encoder.max_tokens
    block = HARD[name]
    words = block.text if isinstance(block, Paragraph) else block.answer
    answers = [text.text for text in texts if text.role is Role.ANSWER]
    assert "".join("".join(answers).split()) == "".join(words.split())


def test_a_context_too_long_keeps_its_innermost_parts() -> None:
    # Half of 24 is 12: "Inner part" takes 2 + 2 + 1, "Middle words - Inner part" 2 + 2 + 2 + 1 + 2 + 1.
    assert SMALL.context(("A very long outer title", "Middle words", "Inner part")) == "Middle words - Inner part"
    assert SMALL.context(("", "Inner")) == "Inner"
    assert SMALL.context(()) == ""


def test_an_entry_is_embedded_as_questions_answer_both_and_sentences() -> None:
    (passage,) = made_of(FaqEntry(question="Why?", alternates=("How come?",), answer="Of fear. Of shame."))
    assert [(text.role.name, text.text, text.span) for text in embedding_texts(passage, SMALL)] == [
        ("QUESTION", "Why?", (0, 0)),
        ("ALTERNATE", "How come?", (0, 0)),
        ("ANSWER", "Of fear. Of shame.", (0, 18)),
        ("ENTRY", "Title - Why?\nOf fear. Of shame.", (0, 18)),
        ("SENTENCE", "Of fear.", (0, 8)),
        ("SENTENCE", "Of shame.", (9, 18)),
    ]


def test_a_paragraph_is_embedded_alone_and_under_its_headings() -> None:
    (passage,) = made_of(Paragraph(text="Go home.", heading_path=("Late",)))
    assert [(text.role.name, text.text) for text in embedding_texts(passage, SMALL)] == [
        ("ANSWER", "Go home."),
        ("ENTRY", "Title - Late\nGo home."),
    ]


def test_an_answer_of_links_only_still_has_its_question() -> None:
    (passage,) = made_of(FaqEntry(question="Why?", answer="", url="https://a/b"))
    assert [text.role for text in embedding_texts(passage, SMALL)] == [Role.QUESTION]


def test_a_passage_can_be_found_by_all_its_words() -> None:
    passage = replace(made_of(Paragraph(text="body", heading_path=("one", "two")))[0], question="q", alternates=("r",))
    found = lexical_text(passage)
    assert found.text.split() == ["Title", "one", "two", "q", "r", "body"]
    assert found.questions.split() == ["q", "r"]
    assert lexical_text(replace(passage, question="", alternates=())).questions == "body"
    assert passage.kind is PassageKind.PARAGRAPH


def test_the_numbers_of_many_parts_below_one_heading_are_found_in_one_go() -> None:
    blocks = tuple(Paragraph(text=f"Text {n}.", heading_path=("Heading",)) for n in range(30_000))
    document = Document(document_id="a", path="a.md", title="A", blocks=blocks)
    started = time.process_time()
    passages = passages_of(document, Splitter(256, lambda texts: [1 for _ in texts]), "en")
    assert time.process_time() - started < 60  # trying every number for every part takes minutes
    assert [passage.passage_id for passage in passages[:3]] == ["a/heading", "a/heading-2", "a/heading-3"]
    assert len({passage.passage_id for passage in passages}) == 30_000


def test_a_sentence_without_end_is_not_counted_again_and_again() -> None:
    counted = 0

    def count(texts: Sequence[str]) -> list[int]:
        nonlocal counted
        counted += sum(map(len, texts))
        return [len(text.split()) for text in texts]

    text = "word " * 40_000
    spans = Splitter(256, count).spans(text, "en")
    assert " ".join(text[slice(*span)] for span in spans) == text.strip()
    assert counted < 100 * len(text)


def test_what_stands_with_every_passage_is_of_bounded_length() -> None:
    heading = "H" * 5_000
    text = f"---\ntitle: {'T' * 5_000}\nurl: /{'u' * 5_000}\ntags: [{', '.join(f't{n}' for n in range(500))}]\n---\n"
    document = readers.read("a.md", f"{text}\n# {heading}\n\n## {heading}\n\nWords.\n".encode())
    (block,) = document.blocks
    assert len(document.title) == 501
    assert [len(part) <= 501 for part in block.heading_path] == [True] * len(block.heading_path)
    assert (document.url, len(document.tags)) == ("", 100)
