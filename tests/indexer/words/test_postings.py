"""Postings beside the BM25 library, and across the borders of what is counted at a time."""

from __future__ import annotations

import random
from pathlib import Path

import bm25s
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import IndexDamagedError
from indexer.words.postings import Postings

TEXTS = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=9), min_size=1, max_size=12)


def indexed(texts: list[list[str]], block: int = 1000) -> Postings:
    """Each text, and every other token of it, as its first and second text."""
    return Postings.build(((n, (text, text[::2])) for n, text in enumerate(texts)), len(texts), texts=2, block=block)


def same(one: Postings, other: Postings) -> bool:
    arrays = ("bounds", "passages", "counts", "idf", "norms")
    return list(one.vocabulary) == list(other.vocabulary) and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays
    )


def scores(postings: Postings, tokens: list[str], size: int) -> np.ndarray:
    """Of both texts; shape (2, size)."""
    total = np.zeros((2, size), dtype=np.float32)
    passages, values = postings.of(tokens, 1000)
    for scores, added in zip(total, values, strict=True):
        np.add.at(scores, passages, added)
    return total


@given(TEXTS, st.lists(st.sampled_from("abcdefgh"), max_size=5))
def test_scores_are_those_of_the_library(texts: list[list[str]], question: list[str]) -> None:
    postings = indexed(texts)
    for found, contents in zip(
        scores(postings, question, len(texts)), (texts, [text[::2] for text in texts]), strict=True
    ):
        known = [token for token in question if any(token in text for text in contents)]
        if not known:
            assert not found.any()
            continue
        library = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
        library.index(contents, show_progress=False, create_empty_token=False)
        np.testing.assert_allclose(found, library.get_scores(known), atol=1e-5)


@given(TEXTS)
def test_texts_counted_in_blocks_give_what_they_give_together(texts: list[list[str]]) -> None:
    assert same(indexed(texts, block=5), indexed(texts))


@given(TEXTS, TEXTS, st.randoms(use_true_random=False))
def test_what_stays_of_an_earlier_build_is_not_counted_again(
    before: list[list[str]], added: list[list[str]], chance: random.Random
) -> None:
    """Some texts go, the others stay in another order, new ones come among them."""
    after: list[tuple[int | None, list[str]]] = [(n, text) for n, text in enumerate(before) if chance.random() < 0.7]
    after += [(None, text) for text in added]
    chance.shuffle(after)
    now = np.full(len(before), -1)
    for number, (old, _) in enumerate(after):
        if old is not None:
            now[old] = number
    fresh = [(number, (text, text[::2])) for number, (old, text) in enumerate(after) if old is None]
    step = Postings.build(fresh, len(after), texts=2, earlier=(indexed(before), now))
    assert same(step, indexed([text for _, text in after]))


def test_the_passages_of_a_token_are_ascending() -> None:
    postings = indexed([["a", "b"], ["a"], ["b", "a", "a"]])
    passages, values = postings.of(["a"], 1000)
    assert passages.tolist() == [0, 1, 2]
    assert postings.counts.tolist() == [[1, 1], [1, 1], [2, 1], [1, 0], [1, 1]]
    np.testing.assert_allclose(postings.idf, np.log1p([[0.5 / 3.5, 1.5 / 2.5], [0.5 / 3.5, 2.5 / 1.5]]), rtol=1e-6)
    assert values.dtype == np.float32


def test_nothing_has_no_postings() -> None:
    empty: list[list[list[str]]] = [[], [[]], [[], []]]
    for texts in empty:
        passages, values = indexed(texts).of(["a"], 1000)
        assert (passages.tolist(), values.tolist()) == ([], [[], []])


def test_files_of_other_numbers_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "terms"
    indexed([["a", "b"], ["a"]]).save(folder)
    np.save(folder / "counts.npy", np.zeros(4))
    with pytest.raises(IndexDamagedError, match=r"terms/counts\.npy"):
        Postings.load(folder)
