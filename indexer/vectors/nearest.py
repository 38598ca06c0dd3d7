"""The search for the stored rows nearest to a query, as a protocol, and the plain one that looks at every row."""

from __future__ import annotations

from enum import StrEnum
from typing import Final, Protocol

import numpy as np

from indexer.arrays import FloatArray, IntArray
from indexer.vectors.faiss_library import faiss
from indexer.vectors.stored_rows import StoredRows
from indexer.vectors.top_k import highest

_BLOCK: Final = 65_536


class SearchKind(StrEnum):
    """How the rows near a query are found; their cosines are exact in any case."""

    EXACT = "exact"
    """Every row is looked at."""
    COMPACT = "2 bit"
    """Every row is looked at, with 2 bits a number."""
    CLUSTERED = "clusters of 2 bit"
    """The rows of the clusters nearest to the query are looked at, with 2 bits a number."""


class NearestNeighbours(Protocol):
    """Inner-product search over stored unit vectors, so that a score is a cosine in [-1, 1]."""

    @property
    def kind(self) -> SearchKind:
        """How rows are found."""
        ...

    def search(self, query: FloatArray, k: int, *, rows: IntArray | None = None) -> tuple[IntArray, FloatArray]:
        """The k rows nearest to a query, best first; equal scores in row order.

        Args:
            query: shape (dim,), float32, unit length.
            k: at most this many; fewer when there are fewer.
            rows: search only these, ascending.

        Returns:
            Row numbers, int64, and their cosines, float32; both of the same length, never padded.

        Raises:
            ValueError: the query has another length than the vectors.
        """
        ...

    def search_many(self, queries: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """The k rows nearest to each of many queries; many times as fast as `search`.

        Args:
            queries: shape (n, dim), float32, unit length.
            k: at most this many; fewer when there are fewer.

        Returns:
            Row numbers, int64, and their cosines, float32, best first; both of shape (n, min(k, rows)). Of rows that
            tie for the last place, any.
        """
        ...

    def recall(self) -> float:
        """The share of the ten nearest rows that is found, in [0, 1]."""
        ...

    def to_bytes(self) -> memoryview | None:
        """What it keeps on disk beside the rows, as one block; None for nothing."""
        ...


class ExactNeighbours:
    """Looks at every row.

    >>> nearest = ExactNeighbours(StoredRows(32767 * np.eye(3, dtype=np.int16)))
    >>> rows, scores = nearest.search(np.array([0, 1, 0], dtype=np.float32), k=1)
    >>> rows.tolist(), scores.tolist()
    ([1], [1.0])
    """

    kind = SearchKind.EXACT

    def __init__(self, stored: StoredRows) -> None:
        self._stored = stored

    def search(self, query: FloatArray, k: int, *, rows: IntArray | None = None) -> tuple[IntArray, FloatArray]:
        """See `NearestNeighbours`."""
        stored = self._stored
        if query.shape != (stored.dim,):
            raise ValueError(f"query has shape {query.shape}, this index holds vectors of {stored.dim}")
        cosines = stored.all_products(query) if rows is None else stored.products(rows, query)
        best = highest(cosines, k)
        return best if rows is None else rows[best], cosines[best]

    def search_many(self, queries: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """See `NearestNeighbours`."""
        stored, k = self._stored, max(0, min(k, len(self._stored)))
        rows, scores = np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        if not k or not len(queries):
            return np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
        queries = np.ascontiguousarray(queries)
        for start in range(0, len(stored), _BLOCK):
            block = stored.vectors(slice(start, start + _BLOCK))
            cosines, found = faiss.knn(queries, block, min(k, len(block)), metric=faiss.METRIC_INNER_PRODUCT)
            rows, scores = np.hstack((rows, found + start)), np.hstack((scores, cosines))
            best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
            rows, scores = np.take_along_axis(rows, best, axis=1), np.take_along_axis(scores, best, axis=1)
        return rows, scores

    def recall(self) -> float:
        """All are found."""
        return 1.0

    def to_bytes(self) -> None:
        """Nothing: the rows are all it needs."""
