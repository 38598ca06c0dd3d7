"""Exact nearest neighbours, checked against plain NumPy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from indexer.errors import IndexDamagedError
from indexer.vectors import VectorIndex

FloatArray = npt.NDArray[np.float32]
DIM = 8


def unit_vectors(count: int, seed: int = 0, dim: int = DIM) -> FloatArray:
    vectors = np.random.default_rng(seed).standard_normal((count, dim), dtype=np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def brute_force(vectors: FloatArray, query: FloatArray, k: int, rows: npt.NDArray[np.int64]) -> list[int]:
    cosines = vectors[rows].astype(np.float64) @ query.astype(np.float64)
    return rows[np.lexsort((rows, -cosines))][:k].tolist()


@pytest.mark.parametrize("count", [1, 7, 1000])
@pytest.mark.parametrize("k", [1, 5, 2000])
def test_search_finds_what_brute_force_finds(count: int, k: int) -> None:
    vectors = unit_vectors(count)
    index = VectorIndex.build(vectors)
    for query in unit_vectors(10, seed=1):
        rows, scores = index.search(query, k)
        assert rows.tolist() == brute_force(vectors, query, k, np.arange(count))
        np.testing.assert_allclose(scores, vectors[rows] @ query, atol=1e-6)


@given(st.sets(st.integers(0, 49)), st.integers(0, 60))
def test_a_filter_searches_its_rows_only(chosen: set[int], k: int) -> None:
    vectors = unit_vectors(50)
    (query,) = unit_vectors(1, seed=2)
    rows = np.array(sorted(chosen), dtype=np.int64)
    found, scores = VectorIndex.build(vectors).search(query, k, rows=rows)
    assert found.tolist() == brute_force(vectors, query, k, rows)
    assert len(scores) == len(found) == min(k, len(chosen))


@given(hnp.arrays(np.int64, st.integers(1, 40), elements=st.integers(0, 2)), st.integers(1, 45))
def test_equal_scores_come_in_row_order(axes: npt.NDArray[np.int64], k: int) -> None:
    # Rows are axes, so the cosine with the first axis is exactly 1 or 0, and most rows tie.
    index = VectorIndex.build(np.eye(DIM, dtype=np.float32)[axes])
    rows, scores = index.search(np.eye(DIM, dtype=np.float32)[0], k)
    ones = int((axes == 0).sum())
    assert scores.tolist() == ([1.0] * ones + [0.0] * (len(axes) - ones))[:k]
    assert rows.tolist() == sorted(rows.tolist(), key=lambda row: (axes[row] != 0, row))


def test_the_first_of_equal_rows_get_the_last_places() -> None:
    index = VectorIndex.build(np.eye(DIM, dtype=np.float32)[[1, 1, 0]])
    rows, _ = index.search(np.eye(DIM, dtype=np.float32)[0], 2)
    assert rows.tolist() == [2, 0]


def test_nothing_is_padded_when_k_is_larger_than_the_index() -> None:
    rows, scores = VectorIndex.build(unit_vectors(3)).search(unit_vectors(1)[0], 10)
    assert sorted(rows.tolist()) == [0, 1, 2]
    assert scores.shape == (3,)


@pytest.mark.parametrize("shape", [(DIM - 1,), (DIM + 1,), (1, DIM), (0,)])
def test_a_query_of_another_length_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=f"this index holds vectors of {DIM}"):
        VectorIndex.build(unit_vectors(3)).search(np.zeros(shape, dtype=np.float32), 1)


def test_bytes_give_back_the_same_index() -> None:
    vectors = unit_vectors(20)
    again = VectorIndex.from_bytes(VectorIndex.build(vectors).to_bytes())
    assert (len(again), again.dim) == (20, DIM)
    np.testing.assert_array_equal(again.vectors(np.arange(20)), vectors)
    assert again.to_bytes() == VectorIndex.build(vectors).to_bytes()


def test_some_rows_can_be_read_back_in_any_order() -> None:
    vectors = unit_vectors(6)
    np.testing.assert_array_equal(VectorIndex.build(vectors).vectors(np.array([4, 0, 4])), vectors[[4, 0, 4]])


@pytest.mark.parametrize("content", [b"", b"x", b"not an index at all", b"IxFI\x08\x00\x00\x00"])
def test_bytes_that_are_no_index_are_refused(content: bytes) -> None:
    with pytest.raises(IndexDamagedError, match="rebuild"):
        VectorIndex.from_bytes(content)


def test_an_index_cut_short_is_refused() -> None:
    content = VectorIndex.build(unit_vectors(20)).to_bytes()
    with pytest.raises(IndexDamagedError, match="rebuild"):
        VectorIndex.from_bytes(content[: len(content) // 2])
