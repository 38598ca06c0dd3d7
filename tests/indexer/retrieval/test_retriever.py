"""A question to ranked passages: one by one or together, filtered, misspelt."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from indexer.model.encoder import Encoder
from indexer.retrieval.candidates import CutOffs
from indexer.retrieval.ranking import Weights
from indexer.retrieval.retriever import Ranked, Retriever
from indexer.store.index_store import IndexStore
from search_api.searcher import Searcher
from tests.conftest import SmallSite

QUESTIONS = [
    "roses want water",
    "when do owls hunt mice",
    "silently",
    "nothing in common",
    "Roses?",
    "🙂",
    "owls roses",
]


@pytest.fixture
def retriever(site: SmallSite, fake_encoder: Encoder) -> Retriever:
    """Over three paragraphs and two FAQ entries, one of them with another phrasing."""
    site.write("garden.md", "# Garden\n\nRoses want water in summer\n\n## Night\n\nOwls hunt mice silently\n")
    site.write("faq.csv", "question,answer,alternates\nWhen do owls hunt?,At night.,owls at work\nWhy water?,Roses.,\n")
    site.write("zoo.md", "# Zoo\n\nOwls sleep all day\n")
    site.build()
    return Retriever(IndexStore(site.index).load(), fake_encoder)


def numbers(ranked: Ranked) -> list[int]:
    return ranked.passages.tolist()


def test_questions_are_ranked_together_as_they_are_one_by_one(retriever: Retriever) -> None:
    for question, together in zip(QUESTIONS, retriever.rank_many(QUESTIONS), strict=True):
        alone = retriever.rank(question)
        assert numbers(alone) == numbers(together)
        np.testing.assert_allclose(alone.scores, together.scores, atol=1e-6)
        np.testing.assert_allclose(alone.query, together.query, atol=1e-6)
        assert alone.best_rows.tolist() == together.best_rows.tolist()
        assert alone.log_odds == pytest.approx(together.log_odds, abs=1e-6)


def test_a_failure_to_embed_is_told_and_the_next_question_is_answered(
    site: SmallSite, fake_encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.publish("Roses want water")
    retriever = Retriever(site.store.load(), fake_encoder)
    with monkeypatch.context() as broken:
        broken.setattr(fake_encoder, "encode_query", lambda texts: 1 / 0)
        for _ in range(20):  # more than there are helpers
            with pytest.raises(ZeroDivisionError):
                retriever.rank("roses")
    assert numbers(retriever.rank("roses")) == [0]


def test_many_at_once_are_ranked_as_one_by_one(retriever: Retriever) -> None:
    asked = QUESTIONS * 30
    with ThreadPoolExecutor(8) as threads:
        for question, ranked in zip(asked, threads.map(retriever.rank, asked), strict=True):
            alone = retriever.rank(question)
            assert numbers(ranked) == numbers(alone)
            np.testing.assert_array_equal(ranked.scores, alone.scores)


def test_no_questions_have_no_rankings(retriever: Retriever) -> None:
    assert retriever.rank_many([]) == []


def test_a_ranking_is_of_every_passage_once_best_first(retriever: Retriever) -> None:
    for question in QUESTIONS:
        ranked = retriever.rank(question)
        assert sorted(numbers(ranked)) == [0, 1, 2, 3, 4]
        assert ranked.scores.tolist() == sorted(ranked.scores.tolist(), reverse=True)
        assert (ranked.passages.dtype, ranked.scores.dtype, ranked.best_rows.dtype) == (np.int64, np.float32, np.int64)


def test_the_best_row_of_a_passage_is_one_of_its_own(retriever: Retriever) -> None:
    for question in QUESTIONS:
        ranked = retriever.rank(question)
        for number, row in zip(numbers(ranked), ranked.best_rows.tolist(), strict=True):
            assert retriever.first_row(number) <= row < retriever.first_row(number + 1)


def test_the_same_words_give_a_better_signal_than_none_in_common(retriever: Retriever) -> None:
    assert retriever.rank("When do owls hunt?").log_odds > retriever.rank("nothing in common").log_odds


@pytest.mark.parametrize("allowed", [[0], [4], [1, 3], [0, 2, 4], [0, 1, 2, 3, 4]], ids=str)
def test_a_filter_keeps_what_is_allowed_with_order_and_scores(retriever: Retriever, allowed: list[int]) -> None:
    for question in QUESTIONS:
        whole, kept = retriever.rank(question), retriever.rank(question, np.array(allowed, dtype=np.int64))
        expected = [number in allowed for number in numbers(whole)]
        assert numbers(kept) == whole.passages[expected].tolist()
        np.testing.assert_allclose(kept.scores, whole.scores[expected], atol=1e-6)
        assert kept.best_rows.tolist() == whole.best_rows[expected].tolist()


def test_where_nothing_is_allowed_nothing_is_found(retriever: Retriever) -> None:
    ranked = retriever.rank("owls", np.empty(0, dtype=np.int64))
    assert numbers(ranked) == ranked.scores.tolist() == ranked.best_rows.tolist() == []
    assert ranked.log_odds == -100


@pytest.mark.parametrize(
    ("misspelt", "right"),
    [
        ("Does cofee in the aftrnoon keep me awake?", "Does coffee in the afternoon keep me awake?"),
        ("why wont my husbnad come to theraphy", "why wont my husband come to therapy"),
        ("can I see a counsellr alone", "can I see a counsellor alone"),
        ("Puis-je payer en plusiuers fois ?", "Puis-je payer en plusieurs fois ?"),
    ],
)
def test_a_misspelt_question_finds_what_the_right_one_finds(searcher: Searcher, misspelt: str, right: str) -> None:
    retriever = Retriever(searcher.generation, searcher.encoder)
    ranked, expected = retriever.rank(misspelt), retriever.rank(right)
    assert numbers(ranked) == numbers(expected)
    assert ranked.scores.tolist() == expected.scores.tolist()
    assert ranked.log_odds == expected.log_odds
    np.testing.assert_allclose(retriever.rank_many([misspelt])[0].scores, expected.scores, atol=1e-5)
    assert searcher.search(misspelt).query == misspelt  # what the visitor typed is what is shown


def test_cut_offs_say_how_many_passages_are_ranked(
    site: SmallSite, retriever: Retriever, fake_encoder: Encoder
) -> None:
    generation = IndexStore(site.index).load()
    few = Retriever(generation, fake_encoder, cut_offs=CutOffs(candidates=2))
    nearest = Retriever(generation, fake_encoder, cut_offs=CutOffs(dense_rows=1, lexical_passages=0))
    for question in QUESTIONS:
        assert len(numbers(few.rank(question))) == 2
        assert set(numbers(few.rank(question))) <= set(numbers(retriever.rank(question)))
        assert len(numbers(nearest.rank(question))) == 1


def test_each_weight_counts_its_own_feature(site: SmallSite, retriever: Retriever, fake_encoder: Encoder) -> None:
    bare = Weights(entry=0, lexical=0, lexical_several=0, membership=0, sentence=0, has_question=0)
    alone = Retriever(IndexStore(site.index).load(), fake_encoder, weights=bare)
    for question in QUESTIONS:
        ranked = alone.rank(question)
        rows = alone._generation.vectors.products(ranked.best_rows, ranked.query)
        np.testing.assert_allclose(ranked.scores, rows, atol=1e-6)  # nothing but the best cosine is left
        assert ranked.features.best == pytest.approx(float(rows[0]), abs=1e-6)
