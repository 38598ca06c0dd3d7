"""Unit vectors to nearest rows. The only file that imports faiss."""

from __future__ import annotations

from typing import Self

import faiss
import numpy as np
import numpy.typing as npt

from indexer.errors import IndexDamagedError

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


class VectorIndex:
    """Exact inner-product search over unit vectors, so a score is a cosine in [-1, 1].

    >>> index = VectorIndex.build(np.eye(3, dtype=np.float32))
    >>> rows, scores = index.search(np.array([0, 1, 0], dtype=np.float32), k=1)
    >>> rows.tolist(), scores.tolist()
    ([1], [1.0])
    """

    def __init__(self, index: faiss.IndexFlat) -> None:
        self._index = index
        # The index's own memory as an array: reading rows through faiss copies them under a pool of threads.
        size = index.ntotal * index.d
        values: FloatArray = faiss.rev_swig_ptr(index.get_xb(), size) if size else np.empty(0, np.float32)
        self._rows = values.reshape(index.ntotal, index.d)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    @classmethod
    def build(cls, vectors: FloatArray) -> Self:
        """Index the rows of a matrix, shape (n, dim), float32, unit length."""
        index = faiss.IndexFlatIP(vectors.shape[1])
        index.add(np.ascontiguousarray(vectors, dtype=np.float32))
        return cls(index)

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
        if query.shape != (self.dim,):
            raise ValueError(f"query has shape {query.shape}, this index holds vectors of {self.dim}")
        count = min(k, len(self) if rows is None else len(rows))
        if count <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        parameters = None
        if rows is not None:
            parameters = faiss.SearchParameters()
            parameters.sel = faiss.IDSelectorBatch(rows)
        # faiss keeps any of the rows that tie for the last place: look on until the tie ends, then take the lowest.
        available = len(self) if rows is None else len(rows)
        wanted = min(count + 1, available)
        while True:
            scores, found = self._index.search(query[None, :], wanted, params=parameters)
            valid = found[0] >= 0  # faiss pads what it does not find with -1
            nearest, best = found[0][valid], scores[0][valid]
            if wanted == available or best[-1] < best[count - 1]:
                break
            wanted = min(2 * wanted, available)
        order = np.lexsort((nearest, -best))[:count]
        return nearest[order], best[order]

    def search_many(self, queries: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """The k rows nearest to each of many queries; many times as fast as `search`, which settles ties.

        Args:
            queries: shape (n, dim), float32, unit length.
            k: at most this many; fewer when there are fewer.

        Returns:
            Row numbers, int64, and their cosines, float32, best first; both of shape (n, min(k, rows)). Of rows that
            tie for the last place, any.
        """
        scores, found = self._index.search(np.ascontiguousarray(queries), min(k, len(self)))
        return found, scores

    def vectors(self, rows: IntArray | slice) -> FloatArray:
        """The stored vectors of some rows; shape (len(rows), dim), float32."""
        return self._rows[rows]

    def products(self, rows: IntArray, queries: FloatArray) -> FloatArray:
        """The inner product of some rows with each of some queries; shape (queries, len(rows)), float32.

        Args:
            rows: row numbers, in any order.
            queries: shape (queries, dim), float32; with a unit vector the product is a cosine.
        """
        # einsum: a product this small is done before BLAS has woken its threads.
        vectors = self._rows[rows]
        return np.stack([np.einsum("ij,j->i", vectors, query, dtype=np.float32) for query in queries])

    def to_bytes(self) -> bytes:
        """The index as one block; written by the caller, because faiss takes a full disk for success."""
        return bytes(faiss.serialize_index(self._index))

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read what `to_bytes` made; the caller has verified its hash, because faiss does not notice damage.

        Raises:
            IndexDamagedError: these bytes are no index.
        """
        try:
            index = faiss.deserialize_index(np.frombuffer(content, dtype=np.uint8))
        except RuntimeError as error:
            raise IndexDamagedError("the vectors of this index cannot be read; rebuild it") from error
        if not isinstance(index, faiss.IndexFlat):
            raise IndexDamagedError("the vectors of this index are of a kind this version cannot read; rebuild it")
        return cls(index)
