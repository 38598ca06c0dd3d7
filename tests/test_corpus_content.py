"""The demonstration articles are complete, and its labelled questions are fit to measure with."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from indexer.content.corpus import Corpus, read_corpus
from indexer.content.passages import Splitter, passages_of
from indexer.documents import Document, FaqEntry, Paragraph, Passage, PassageKind
from indexer.labelled import LabelledQuestions, json_lines
from indexer.words.analysis import terms, words
from tests.conftest import ARTICLES, ROOT

QUESTIONS = ROOT / "corpus" / "questions"
SPLITS = ("tuning", "holdout")
PATHS = sorted(path for path in ARTICLES.iterdir() if path.is_file())
each_article = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return read_corpus(ARTICLES)


@pytest.fixture(scope="module")
def documents(corpus: Corpus) -> dict[str, Document]:
    """By path."""
    return {document.path: document for document in corpus.documents}


@pytest.fixture(scope="module")
def labelled() -> dict[str, LabelledQuestions]:
    """By split."""
    return {split: LabelledQuestions.read(QUESTIONS / split) for split in SPLITS}


def words_counted(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


@pytest.fixture(scope="module")
def passages(corpus: Corpus) -> dict[str, Passage]:
    """By id; in a window of 256 words no paragraph of these articles is cut."""
    splitter = Splitter(256, words_counted)
    return {
        passage.passage_id: passage
        for document in corpus.documents
        for passage in passages_of(document, splitter, "en")
    }


@pytest.fixture(scope="module")
def asked(labelled: dict[str, LabelledQuestions]) -> dict[str, str]:
    """All questions, answerable or not, by id."""
    return {key: text for some in labelled.values() for key, text in (some.queries | some.unanswerable).items()}


def entries(document: Document) -> list[FaqEntry]:
    return [block for block in document.blocks if isinstance(block, FaqEntry)]


def spoken(text: str) -> str:
    """The words alone, so that neither case nor punctuation makes two texts differ."""
    return " ".join(words(text))


def test_every_article_is_read(corpus: Corpus, documents: dict[str, Document]) -> None:
    assert corpus.skipped == ()
    assert [path.name for path in PATHS] == sorted(documents)


def test_there_is_enough_to_search(corpus: Corpus, passages: dict[str, Passage]) -> None:
    assert len(corpus.documents) >= 36
    assert len(passages) >= 450
    assert sum(path.suffix == ".txt" for path in PATHS) >= 3
    assert {path.suffix for path in PATHS} == {".md", ".txt"}


@each_article
def test_every_article_has_paragraphs_and_entries_asked_in_several_ways(
    path: Path, documents: dict[str, Document]
) -> None:
    document = documents[path.name]
    assert len(document.blocks) - len(entries(document)) >= 5
    assert len(entries(document)) >= 5
    for entry in entries(document):
        assert entry.question.endswith("?")
        assert entry.answer
        assert entry.alternates
        assert "Also asked" not in entry.answer
        phrasings = [spoken(text) for text in (entry.question, *entry.alternates)]
        assert len(set(phrasings)) == len(phrasings)


@pytest.mark.parametrize("path", [path for path in PATHS if path.suffix == ".md"], ids=lambda path: path.name)
def test_the_front_matter_is_complete(path: Path, documents: dict[str, Document]) -> None:
    _, front_matter, _ = path.read_text("utf-8").split("---\n", 2)
    fields = yaml.safe_load(front_matter)
    assert set(fields) >= {"title", "tags", "lang", "updated"}
    assert isinstance(fields["title"], str)
    assert fields["tags"] == [tag.lower() for tag in fields["tags"]] != []
    assert fields["lang"] == "en"
    assert isinstance(fields["updated"], datetime.date)
    document = documents[path.name]
    assert (document.title, list(document.tags)) == (fields["title"], fields["tags"])
    assert (document.lang, document.updated) == ("en", fields["updated"].isoformat())


def test_titles_and_faq_questions_stand_once(corpus: Corpus) -> None:
    titles = Counter(spoken(document.title) for document in corpus.documents)
    questions = Counter(spoken(entry.question) for document in corpus.documents for entry in entries(document))
    assert [text for text, count in (titles + questions).items() if count > 1] == []


def test_there_are_enough_questions_and_each_is_judged(labelled: dict[str, LabelledQuestions]) -> None:
    assert sum(len(some.queries) for some in labelled.values()) >= 250
    assert sum(len(some.unanswerable) for some in labelled.values()) >= 60
    for some in labelled.values():
        assert some.queries.keys() == some.qrels.keys()
        assert all(max(judged.values()) == 2 for judged in some.qrels.values())
        assert {grade for judged in some.qrels.values() for grade in judged.values()} == {1, 2}


@pytest.mark.parametrize("split", SPLITS)
def test_every_judged_passage_exists(
    split: str, labelled: dict[str, LabelledQuestions], passages: dict[str, Passage]
) -> None:
    labelled[split].check(passages)


def rows(name: str) -> list[tuple[str, dict[str, Any]]]:
    return [(split, row) for split in SPLITS for _, row in json_lines(QUESTIONS / split / name)]


def test_ids_are_unique_and_name_their_split() -> None:
    found = [
        (split, row["_id"]) for name in ("queries.jsonl", "queries_unanswerable.jsonl") for split, row in rows(name)
    ]
    assert [key for key, count in Counter(key for _, key in found).items() if count > 1] == []
    assert [key for split, key in found if not key.startswith(f"{split}-")] == []


def test_no_question_is_asked_twice(asked: dict[str, str]) -> None:
    count = Counter(spoken(text) for text in asked.values())
    assert [(key, text) for key, text in asked.items() if count[spoken(text)] > 1] == []


def test_no_question_is_a_phrasing_of_the_articles(asked: dict[str, str], corpus: Corpus) -> None:
    phrasings = {
        spoken(text)
        for document in corpus.documents
        for block in document.blocks
        for text in ((block.question,) if isinstance(block, FaqEntry) else ()) + block.alternates
    }
    assert [(key, text) for key, text in asked.items() if spoken(text) in phrasings] == []


def runs(text: str) -> set[tuple[str, ...]]:
    """Every three words in a row."""
    found = list(words(text))
    return set(zip(found, found[1:], found[2:], strict=False))


@pytest.fixture(scope="module")
def answered(labelled: dict[str, LabelledQuestions], passages: dict[str, Passage]) -> list[tuple[str, str]]:
    """Each question with the FAQ question or heading of each passage that answers it whole."""
    return [
        (some.queries[key], passages[passage_id].question or passages[passage_id].heading_path[-1])
        for some in labelled.values()
        for key, judged in some.qrels.items()
        for passage_id, grade in judged.items()
        if grade == 2
    ]


def test_no_question_repeats_three_words_of_what_answers_it(answered: list[tuple[str, str]]) -> None:
    assert [(question, heading) for question, heading in answered if runs(question) & runs(heading)] == []


def test_no_question_repeats_most_content_words_of_what_answers_it(answered: list[tuple[str, str]]) -> None:
    pairs = [(question, heading, set(terms(heading, "en"))) for question, heading in answered]
    assert [pair[:2] for pair in pairs if 2 * len(pair[2].intersection(terms(pair[0], "en"))) > len(pair[2])] == []


def test_the_runs_of_a_text() -> None:
    assert runs("Can I, can i see?") == {("can", "i", "can"), ("i", "can", "i"), ("can", "i", "see")}
    assert runs("two words") == set()


def test_what_the_description_counts_is_there(corpus: Corpus, passages: dict[str, Passage]) -> None:
    described = " ".join((ROOT / "corpus" / "README.md").read_text("utf-8").split())
    kinds = Counter(passage.kind for passage in passages.values())
    suffixes = Counter(path.suffix for path in PATHS)
    unanswerable = [row for _, row in rows("queries_unanswerable.jsonl")]
    for said in (
        f"{len(PATHS)} articles",
        f"{kinds[PassageKind.PARAGRAPH]} paragraphs and {kinds[PassageKind.FAQ]} FAQ entries",
        f"{suffixes['.md']} are Markdown with front matter, {suffixes['.txt']} are plain text",
        f"{len(rows('queries.jsonl'))} questions as visitors type them",
        f"{len(unanswerable)} that nothing in the articles answers (half of them near misses)",
    ):
        assert said in described
    assert sum(row["near_miss"] for row in unanswerable) == len(unanswerable) / 2
    assert {len(entry.alternates) for document in corpus.documents for entry in entries(document)} <= {5, 6}
    paragraphs = [block for document in corpus.documents for block in document.blocks if isinstance(block, Paragraph)]
    assert "each entry with six further phrasings, each paragraph with three to eight" in described
    assert {len(paragraph.alternates) for paragraph in paragraphs} <= set(range(3, 9))
