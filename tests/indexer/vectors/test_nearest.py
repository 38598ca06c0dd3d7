"""Nearest neighbours, checked against plain NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from indexer.arrays import FloatArray
from indexer.errors import IndexDamagedError
from indexer.files import write_array, write_file
from indexer.vectors.engines import DEFAULT_LIMITS, SearchLimits, build_neighbours, open_neighbours
from indexer.vectors.nearest import NearestNeighbours, SearchKind
from indexer.vectors.rounding import from_shorts, to_shorts
from indexer.vectors.stored_rows import StoredRows

DIM = 64


def unit_vectors(count: int, seed: int = 0, dim: int = DIM) -> FloatArray:
    """Around a few centres, as texts are around topics, and such as are kept in two bytes a number."""
    chance = np.random.default_rng(seed)
    vectors = np.random.default_rng(99).standard_normal((50, dim), dtype=np.float32)[chance.integers(50, size=count)]
    vectors += 0.7 * chance.standard_normal((count, dim), dtype=np.float32)
    return from_shorts(to_shorts(vectors / np.linalg.norm(vectors, axis=1, keepdims=True)))


def neighbours(vectors: FloatArray, limits: SearchLimits = DEFAULT_LIMITS) -> NearestNeighbours:
    return build_neighbours(StoredRows(to_shorts(vectors)), limits)


def brute_force(vectors: FloatArray, query: FloatArray, k: int, rows: npt.NDArray[np.int64]) -> list[int]:
    cosines = vectors[rows].astype(np.float64) @ query.astype(np.float64)
    return rows[np.lexsort((rows, -cosines))][:k].tolist()


@pytest.mark.parametrize("count", [1, 7, 1000])
@pytest.mark.parametrize("k", [1, 5, 2000])
def test_search_finds_what_brute_force_finds(count: int, k: int) -> None:
    vectors = unit_vectors(count)
    index = neighbours(vectors)
    for query in unit_vectors(10, seed=1):
        rows, scores = index.search(query, k)
        assert rows.tolist() == brute_force(vectors, query, k, np.arange(count))
        np.testing.assert_allclose(scores, vectors[rows] @ query, atol=1e-6)


@given(st.sets(st.integers(0, 49)), st.integers(0, 60))
def test_a_filter_searches_its_rows_only(chosen: set[int], k: int) -> None:
    vectors = unit_vectors(50)
    (query,) = unit_vectors(1, seed=2)
    rows = np.array(sorted(chosen), dtype=np.int64)
    found, scores = neighbours(vectors).search(query, k, rows=rows)
    assert found.tolist() == brute_force(vectors, query, k, rows)
    assert len(scores) == len(found) == min(k, len(chosen))


@given(hnp.arrays(np.int64, st.integers(1, 40), elements=st.integers(0, 2)), st.integers(1, 45))
def test_equal_scores_come_in_row_order(axes: npt.NDArray[np.int64], k: int) -> None:
    # Rows are axes, so the cosine with the first axis is exactly 1 or 0, and most rows tie.
    index = neighbours(np.eye(DIM, dtype=np.float32)[axes])
    rows, scores = index.search(np.eye(DIM, dtype=np.float32)[0], k)
    ones = int((axes == 0).sum())
    assert scores.tolist() == ([1.0] * ones + [0.0] * (len(axes) - ones))[:k]
    assert rows.tolist() == sorted(rows.tolist(), key=lambda row: (axes[row] != 0, row))


def test_the_first_of_equal_rows_get_the_last_places() -> None:
    index = neighbours(np.eye(DIM, dtype=np.float32)[[1, 1, 0]])
    rows, _ = index.search(np.eye(DIM, dtype=np.float32)[0], 2)
    assert rows.tolist() == [2, 0]


def test_nothing_is_padded_when_k_is_larger_than_the_index() -> None:
    rows, scores = neighbours(unit_vectors(3)).search(unit_vectors(1)[0], 10)
    assert sorted(rows.tolist()) == [0, 1, 2]
    assert scores.shape == (3,)


@pytest.mark.parametrize("shape", [(DIM - 1,), (DIM + 1,), (1, DIM), (0,)])
def test_a_query_of_another_length_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=f"this index holds vectors of {DIM}"):
        neighbours(unit_vectors(3)).search(np.zeros(shape, dtype=np.float32), 1)


def test_some_rows_can_be_read_back_in_any_order() -> None:
    vectors = unit_vectors(6)
    np.testing.assert_array_equal(StoredRows(to_shorts(vectors)).vectors(np.array([4, 0, 4])), vectors[[4, 0, 4]])


def test_products_are_those_of_numpy_for_each_query() -> None:
    vectors, queries, rows = unit_vectors(6), unit_vectors(2, seed=1), np.array([5, 0])
    expected = queries @ vectors[rows].T
    np.testing.assert_allclose(StoredRows(to_shorts(vectors)).products(rows, queries), expected, atol=1e-6)


COMPACT = SearchLimits(max_exact=100)
CLUSTERED = SearchLimits(max_exact=100, max_compact=100)
KINDS = [
    pytest.param(DEFAULT_LIMITS, SearchKind.EXACT, id="exact"),
    pytest.param(COMPACT, SearchKind.COMPACT, id="compact"),
    pytest.param(CLUSTERED, SearchKind.CLUSTERED, id="clustered"),
]


@pytest.mark.parametrize(("limits", "kind"), KINDS)
def test_every_kind_finds_the_ten_nearest(limits: SearchLimits, kind: SearchKind) -> None:
    vectors = unit_vectors(3000)
    index = neighbours(vectors, limits)
    assert index.kind is kind
    assert index.recall() >= limits.min_recall
    found = total = 0
    for query in unit_vectors(50, seed=1):
        rows, scores = index.search(query, 10)
        expected = brute_force(vectors, query, 10, np.arange(3000))
        found += len(set(rows.tolist()) & set(expected))
        total += 10
        np.testing.assert_allclose(scores, vectors[rows] @ query, atol=1e-6)  # exact, not of 2 bits
        assert scores.tolist() == sorted(scores.tolist(), reverse=True)
    assert found >= 0.98 * total


@pytest.mark.parametrize(("limits", "kind"), KINDS)
@pytest.mark.parametrize("share", [0.02, 0.5, 1])
def test_every_kind_searches_allowed_rows_only(limits: SearchLimits, kind: SearchKind, share: float) -> None:
    vectors = unit_vectors(2000)
    index = neighbours(vectors, limits)
    rows = np.flatnonzero(np.random.default_rng(3).random(2000) < share)
    found = 0
    for query in unit_vectors(20, seed=1):
        nearest, scores = index.search(query, 10, rows=rows)
        assert len(nearest) == len(scores) == 10
        assert set(nearest.tolist()) <= set(rows.tolist())
        found += len(set(nearest.tolist()) & set(brute_force(vectors, query, 10, rows)))
    # 2% are 40 rows, fewer than 100: then every one of them is looked at.
    assert found == 200 if share < 0.1 or kind is SearchKind.EXACT else found >= 196


@pytest.mark.parametrize(("limits", "kind"), KINDS)
def test_every_kind_finds_as_many_as_are_asked_for(limits: SearchLimits, kind: SearchKind) -> None:
    index = neighbours(unit_vectors(500), limits)
    (query,) = unit_vectors(1, seed=1)
    for k in (1, 400, 500, 600):
        rows, _ = index.search(query, k)
        assert len(rows) == len(set(rows.tolist())) == min(k, 500)
    every = index.search(query, 500)[0]
    assert sorted(every.tolist()) == list(range(500))


@pytest.mark.parametrize(("limits", "kind"), KINDS)
def test_the_first_of_many_equal_rows_are_found(limits: SearchLimits, kind: SearchKind) -> None:
    vectors = np.repeat(unit_vectors(4), 200, axis=0)  # each of four vectors stands two hundred times
    index = neighbours(vectors, limits)
    rows, scores = index.search(vectors[400], 30)
    assert rows.tolist() == list(range(400, 430))
    assert len(set(scores.tolist())) == 1


@pytest.mark.parametrize(("limits", "kind"), KINDS)
def test_many_queries_are_answered_as_one_by_one(limits: SearchLimits, kind: SearchKind) -> None:
    index, queries = neighbours(unit_vectors(500), limits), unit_vectors(7, seed=1)
    rows, scores = index.search_many(queries, 10)
    for query, near, cosines in zip(queries, rows, scores, strict=True):
        alone, expected = index.search(query, 10)
        assert near.tolist() == alone.tolist()
        np.testing.assert_allclose(cosines, expected, atol=1e-6)


def test_where_too_little_is_found_every_row_is_looked_at() -> None:
    index = neighbours(unit_vectors(500), SearchLimits(max_exact=100, max_compact=100, min_recall=1.1))
    assert (index.kind, index.recall(), index.to_bytes()) == (SearchKind.EXACT, 1.0, None)


def saved(index: NearestNeighbours, vectors: FloatArray, folder: Path) -> tuple[Path, Path]:
    rows, ann_index = folder / "vectors.npy", folder / "vectors.faiss"
    write_array(rows, to_shorts(vectors))
    if (content := index.to_bytes()) is not None:
        write_file(ann_index, content)
    return rows, ann_index


@pytest.mark.parametrize(("limits", "kind"), KINDS)
def test_files_give_back_the_same_index(tmp_path: Path, limits: SearchLimits, kind: SearchKind) -> None:
    vectors = unit_vectors(500)
    index = neighbours(vectors, limits)
    rows, ann_index = saved(index, vectors, tmp_path)
    stored = StoredRows.open(rows)
    again = open_neighbours(stored, ann_index, kind, limits)
    assert (len(stored), stored.dim, again.kind) == (500, DIM, kind)
    assert again.recall() == index.recall()
    np.testing.assert_array_equal(stored.vectors(slice(None)), vectors)
    for query in unit_vectors(5, seed=1):
        assert again.search(query, 20)[0].tolist() == index.search(query, 20)[0].tolist()


@pytest.mark.parametrize("content", [b"", b"x", b"not an index at all", b"\x93NUMPY\x01\x00"])
def test_vectors_that_are_no_array_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vectors.npy").write_bytes(content)
    with pytest.raises(IndexDamagedError, match="rebuild"):
        StoredRows.open(tmp_path / "vectors.npy")


@pytest.mark.parametrize("array", [np.zeros(3, np.int16), np.zeros((3, 2)), np.zeros((3, 2), np.int16).T], ids=str)
def test_an_array_of_another_kind_is_refused(tmp_path: Path, array: npt.NDArray[np.generic]) -> None:
    np.save(tmp_path / "vectors.npy", array)
    with pytest.raises(IndexDamagedError, match="rebuild"):
        StoredRows.open(tmp_path / "vectors.npy")


def test_an_ann_index_cut_short_or_of_other_vectors_is_refused(tmp_path: Path) -> None:
    vectors = unit_vectors(500)
    rows, ann_index = saved(neighbours(vectors, COMPACT), vectors, tmp_path)
    stored, content = StoredRows.open(rows), ann_index.read_bytes()
    for damaged in (content[: len(content) // 2], b"", b"IxFI\x08\x00\x00\x00"):
        ann_index.write_bytes(damaged)
        with pytest.raises(IndexDamagedError, match="rebuild"):
            open_neighbours(stored, ann_index, SearchKind.COMPACT)
    ann_index.write_bytes(content)
    with pytest.raises(IndexDamagedError, match="is not of the vectors beside it"):
        open_neighbours(StoredRows(to_shorts(vectors[:400])), ann_index, SearchKind.COMPACT)
