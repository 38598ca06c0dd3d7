"""Vectors of one byte a number: nearly the same cosines, and the same bytes however often they are rounded."""

from __future__ import annotations

import numpy as np
import pytest

from indexer.byte_vectors import from_bytes, to_bytes
from tests.indexer.test_vectors import unit_vectors


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


def test_nothing_has_no_direction() -> None:
    assert np.isnan(from_bytes(np.zeros((1, 4), dtype=np.int8))).all()
    assert to_bytes(np.empty((0, 4), dtype=np.float32)).shape == (0, 4)
