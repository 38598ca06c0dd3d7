"""The questions as people type them: judged whole, and what answers stands in its passage word for word."""

from __future__ import annotations

from collections import Counter

import pytest

from indexer.documents import Passage
from indexer.labelled import LabelledQuestions, json_lines
from tests.conftest import ROOT
from tests.test_corpus_content import QUESTIONS, corpus, documents, passages, spoken

__all__ = ["corpus", "documents", "passages"]

NATURAL = QUESTIONS / "natural"
SPLITS = ("tuning", "holdout")
KINDS = {"keywords", "plain", "story", "misspelt", "misleading", "near_miss", "stranger"}


@pytest.mark.parametrize("split", SPLITS)
def test_every_question_is_judged_and_every_judged_passage_exists(split: str, passages: dict[str, Passage]) -> None:
    questions = LabelledQuestions.read(NATURAL / split)
    assert questions.queries.keys() == questions.qrels.keys()
    assert {grade for judged in questions.qrels.values() for grade in judged.values()} == {1, 2}
    questions.check(passages)
    assert len(questions.queries) + len(questions.unanswerable) == 150


@pytest.mark.parametrize("split", SPLITS)
def test_the_sentences_that_answer_stand_in_their_passages(split: str, passages: dict[str, Passage]) -> None:
    questions = LabelledQuestions.read(NATURAL / split)
    found = [row for _, row in json_lines(NATURAL / split / "sentences.jsonl")]
    whole = {(key, label) for key, judged in questions.qrels.items() for label, grade in judged.items() if grade == 2}
    assert {(row["query_id"], row["passage_id"]) for row in found} == whole
    for row in found:
        text = " ".join(passages[row["passage_id"]].text.split())
        assert row["sentences"]
        assert [sentence for sentence in row["sentences"] if " ".join(sentence.split()) not in text] == []


def test_no_question_stands_twice_and_each_has_its_kind() -> None:
    rows = [
        row
        for split in SPLITS
        for name in ("queries.jsonl", "queries_unanswerable.jsonl")
        for _, row in json_lines(NATURAL / split / name)
    ]
    assert [key for key, count in Counter(row["_id"] for row in rows).items() if count > 1] == []
    assert [text for text, count in Counter(spoken(row["text"]) for row in rows).items() if count > 1] == []
    assert {row["kind"] for row in rows} == KINDS


def test_what_the_description_counts_is_there() -> None:
    described = " ".join((ROOT / "corpus" / "README.md").read_text("utf-8").split())
    both = [LabelledQuestions.read(NATURAL / split) for split in SPLITS]
    answerable, not_answerable = (sum(len(getattr(one, part)) for one in both) for part in ("queries", "unanswerable"))
    assert f"{answerable} questions that the articles answer and {not_answerable} that they do not" in described
