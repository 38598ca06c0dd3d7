"""Vectors of one or two bytes a number: nearly the same cosines, and the same bytes however often they are rounded."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.vectors.rounding import from_bytes, from_shorts, to_bytes, to_shorts
from tests.indexer.vectors.test_nearest import unit_vectors


@pytest.mark.parametrize("dim", [2, 16, 384])
def test_cosines_stay_and_rounding_again_changes_nothing(dim: int) -> None:
    vectors = unit_vectors(500, dim=dim)
    rounded = to_bytes(vectors)
    assert (rounded.dtype, rounded.shape) == (np.int8, vectors.shape)
    assert set(np.abs(rounded).max(axis=1).tolist()) == {127}
    again = from_bytes(rounded)
    np.testing.assert_allclose(np.linalg.norm(again, axis=1), 1, atol=1e-6)
    (query,) = unit_vectors(1, seed=1, dim=dim)
    np.testing.assert_allclose(again @ query, vectors @ query, atol=0.01 if dim < 100 else 0.002)
    np.testing.assert_array_equal(to_bytes(again), rounded)


def test_two_bytes_a_number_are_nearly_exact() -> None:
    vectors = np.random.default_rng(0).standard_normal((500, 384), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    rounded = to_shorts(vectors)
    assert (rounded.dtype, rounded.shape) == (np.int16, vectors.shape)
    again = from_shorts(rounded)
    np.testing.assert_allclose(again @ vectors[0], vectors @ vectors[0], atol=5e-5)
    np.testing.assert_array_equal(to_shorts(again), rounded)
    assert from_shorts(to_shorts(np.eye(3, dtype=np.float32))).tolist() == np.eye(3).tolist()


@pytest.mark.parametrize("number", [np.nan, np.inf, 1.01, -2.0, 1e9])
def test_what_is_no_unit_vector_becomes_nothing(number: float) -> None:
    vectors = np.array([[0.6, 0.8], [0.6, number]], dtype=np.float32)
    assert to_shorts(vectors).tolist() == [[19660, 26214], [0, 0]]


def test_nothing_has_no_direction() -> None:
    assert np.isnan(from_bytes(np.zeros((1, 4), dtype=np.int8))).all()
    assert to_bytes(np.empty((0, 4), dtype=np.float32)).shape == (0, 4)
