"""Postings beside the BM25 library, and across the borders of what is counted at a time."""

from __future__ import annotations

import random
from pathlib import Path

import bm25s
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.postings import Postings

TEXTS = st.lists(st.lists(st.sampled_from("abcdefg"), max_size=9), min_size=1, max_size=12)


def indexed(texts: list[list[str]]) -> Postings:
    return Postings.build(enumerate(texts), len(texts))


def same(one: Postings, other: Postings) -> bool:
    arrays = ("bounds", "passages", "counts", "norms")
    return list(one.vocabulary) == list(other.vocabulary) and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays
    )


def scores(postings: Postings, tokens: list[str], size: int) -> np.ndarray:
    total = np.zeros(size, dtype=np.float32)
    np.add.at(total, *postings.of(tokens, 1000))
    return total


@given(TEXTS, st.lists(st.sampled_from("abcdefgh"), max_size=5))
def test_scores_are_those_of_the_library(texts: list[list[str]], question: list[str]) -> None:
    postings = indexed(texts)
    known = [token for token in question if token in postings.vocabulary]
    if not known:
        assert not scores(postings, question, len(texts)).any()
        return
    library = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    library.index(texts, show_progress=False, create_empty_token=False)
    np.testing.assert_allclose(scores(postings, question, len(texts)), library.get_scores(known), atol=1e-5)


@given(TEXTS)
def test_texts_counted_in_blocks_give_what_they_give_together(texts: list[list[str]]) -> None:
    together = indexed(texts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("indexer.postings._BLOCK", 5)
        assert same(indexed(texts), together)


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
    fresh = [(number, text) for number, (old, text) in enumerate(after) if old is None]
    step = Postings.build(fresh, len(after), (indexed(before), now))
    assert same(step, indexed([text for _, text in after]))


def test_the_passages_of_a_token_are_ascending() -> None:
    postings = indexed([["a", "b"], ["a"], ["b", "a", "a"]])
    passages, values = postings.of(["a"], 1000)
    assert passages.tolist() == [0, 1, 2]
    assert postings.counts.tolist() == [1, 1, 2, 1, 1]
    assert values.dtype == np.float32


def test_nothing_has_no_postings() -> None:
    for texts in ([], [[]], [[], []]):
        passages, values = indexed(texts).of(["a"], 1000)
        assert (passages.tolist(), values.tolist()) == ([], [])


def test_files_of_other_numbers_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "terms"
    indexed([["a", "b"], ["a"]]).save(folder)
    np.save(folder / "counts.npy", np.zeros(4))
    with pytest.raises(ValueError, match="terms"):
        Postings.load(folder)
