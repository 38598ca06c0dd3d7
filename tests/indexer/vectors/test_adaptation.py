"""What a corpus teaches about its own embeddings, where the arithmetic can be seen."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.vectors.adaptation import Adaptation
from indexer.vectors.rounding import from_shorts, to_shorts


def unit(*rows: list[float]) -> np.ndarray:
    matrix = np.array(rows, dtype=np.float32)
    # Such as are kept in two bytes a number.
    return from_shorts(to_shorts(matrix / np.linalg.norm(matrix, axis=1, keepdims=True)))


def random_corpus(passages: int = 40, dim: int = 12, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """One to five texts a passage, around a direction of its own."""
    chance = np.random.default_rng(seed)
    owners = np.repeat(np.arange(passages), chance.integers(1, 6, passages))
    centres = chance.normal(size=(passages, dim))
    return unit(*(centres[owners] + 0.5 * chance.normal(size=(len(owners), dim)))), owners


def test_where_the_texts_of_a_passage_never_differ_the_query_stays_as_it_is() -> None:
    vectors = unit([1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1])
    maps = Adaptation.fit(to_shorts(vectors), np.array([0, 0, 1, 2]))
    np.testing.assert_allclose(maps.nearness, np.eye(3), atol=1e-6)
    query = unit([0.2, 0.5, 0.1])[0]
    np.testing.assert_allclose(maps.map(query)[0], query, atol=1e-4)


def test_a_direction_in_which_the_texts_of_one_passage_differ_counts_less() -> None:
    # Both passages have one text to either side of the third axis: it says nothing about which passage is meant.
    vectors = unit([1, 0, 0.5], [1, 0, -0.5], [0, 1, 0.5], [0, 1, -0.5])
    maps = Adaptation.fit(to_shorts(vectors), np.array([0, 0, 1, 1]))
    near, _ = maps.map(unit([1, 0, 1])[0])
    assert 0 < near[2] < near[0]
    assert np.linalg.norm(near) == pytest.approx(1, abs=1e-6)
    # All the variance is there: 3 times the mean of the three axes, so the axis is divided by 1 + 3 / 60.
    assert maps.nearness[0, 0] / maps.nearness[2, 2] == pytest.approx(1 + 3 / 60, rel=1e-5)


def test_membership_is_ridge_regression_on_who_owns_a_text() -> None:
    vectors, owners = random_corpus()
    maps = Adaptation.fit(to_shorts(vectors), owners)
    texts, count = vectors.astype(np.float64), np.bincount(owners)
    weights = 1 / count[owners]
    ridge = 0.1 * np.trace((texts * weights[:, None]).T @ texts) / texts.shape[1]
    belongs = np.eye(len(count))[owners]
    # Weighted least squares with an L2 penalty: (X'WX + rI) B = X'WY, one column of B a passage.
    gram = (texts * weights[:, None]).T @ texts + ridge * np.eye(texts.shape[1])
    expected = np.linalg.solve(gram, (texts * weights[:, None]).T @ belongs)
    query = unit(np.random.default_rng(5).normal(size=12).tolist())[0]
    products = vectors @ maps.map(query)[1]
    found = np.bincount(owners, weights=products) / count
    np.testing.assert_allclose(found, query @ expected, atol=1e-5)


def test_a_text_of_the_corpus_belongs_to_its_own_passage_most() -> None:
    vectors, owners = random_corpus(passages=8)
    maps = Adaptation.fit(to_shorts(vectors), owners)
    products = vectors @ maps.membership.T @ vectors.T
    shares = np.stack([products[owners == number].mean(axis=0) for number in range(8)])
    assert (shares.argmax(axis=0) == owners).mean() > 0.9
    assert shares[owners, np.arange(len(owners))].mean() > 0.5 > 0.2 > np.abs(shares).mean()


def test_how_many_texts_a_passage_has_does_not_make_it_heavier() -> None:
    vectors, owners = random_corpus()
    once = Adaptation.fit(to_shorts(vectors), owners)
    again = np.concatenate((vectors, vectors[owners == 39]))
    twice = Adaptation.fit(to_shorts(again), np.concatenate((owners, owners[owners == 39])))
    np.testing.assert_allclose(once.membership, twice.membership, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("block", [1, 2, 7, 50, 10_000])
def test_blocks_are_for_memory_and_change_nothing(block: int) -> None:
    vectors, owners = random_corpus()
    whole = Adaptation.fit(to_shorts(vectors), owners)
    parts = Adaptation.fit(to_shorts(vectors), owners, block=block)
    np.testing.assert_allclose(parts.nearness, whole.nearness, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(parts.membership, whole.membership, rtol=1e-5, atol=1e-6)


def test_the_same_corpus_gives_the_same_bytes_and_comes_back_from_one_array() -> None:
    vectors, owners = random_corpus()
    maps = Adaptation.fit(to_shorts(vectors), owners)
    assert maps.to_array().tobytes() == Adaptation.fit(to_shorts(vectors), owners).to_array().tobytes()
    assert maps.to_array().dtype == np.float32
    read = Adaptation(*maps.to_array())
    query = unit(np.ones(12).tolist())[0]
    for one, other in zip(read.map(query), maps.map(query), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("rows", [1, 2])
def test_a_corpus_of_one_passage_has_maps_of_finite_numbers(rows: int) -> None:
    vectors = unit(*[[1.0, 0.3 * row] for row in range(rows)])
    maps = Adaptation.fit(to_shorts(vectors), np.zeros(rows, dtype=np.int64))
    assert np.isfinite(maps.to_array()).all()
