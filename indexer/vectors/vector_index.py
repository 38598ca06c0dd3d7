"""Unit vectors to nearest rows. The only file that imports faiss."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Self

import faiss as _faiss
import numpy as np

from indexer.arrays import FloatArray, IntArray, ShortArray
from indexer.errors import IndexDamagedError
from indexer.vectors.rounding import from_shorts, short_products
from indexer.vectors.top_k import highest

# What its stubs say about parameters and selectors is not what it does.
faiss: Any = _faiss

# Candidates beyond the k that are asked for, among which exact cosines decide: 2 bits confuse neighbours.
_SPARE: Final = 96
_BLOCK: Final = 65_536
# Queries given to faiss together.
_TOGETHER: Final = 1024
# How clusters are learned: from so many rows each, in so many rounds. More takes long and finds no more.
_LEARNED, _ROUNDS = 40, 10
# The rows that codes are learned from, if there are so many.
_CODES_LEARNED: Final = 16_384
# Rows from which clusters and codes are learned, at most.
_SAMPLE: Final = 400_000
# The queries by which recall is measured: rows moved until their cosine with themselves is 0.45. Questions are nearer
# to what answers them, at 0.6 or so; by chance alone, a query as near as that would be too easy.
_ASKED, _DEPTH, _MOVED = 200, 10, 2.0
_FIRST_PROBES = 8
# Faiss sums in another order than we do.
_ROUNDING = 1e-5


class SearchKind(StrEnum):
    """How the rows near a query are found; their cosines are exact in any case."""

    EXACT = "exact"
    """Every row is looked at."""
    COMPACT = "2 bit"
    """Every row is looked at, with 2 bits a number."""
    CLUSTERED = "clusters of 2 bit"
    """The rows of the clusters nearest to the query are looked at, with 2 bits a number."""


class VectorIndex:
    """Inner-product search over unit vectors, so a score is a cosine in [-1, 1].

    The vectors stay where they are, in a mapped file for example. With many of them, a faiss index of 2 bits a number
    (product quantisation, 4 bits for each pair; Jégou, Douze and Schmid 2011, summed as André, Kermarrec and Le
    Scouarnec 2015 do) finds candidates, and their exact cosines decide.

    >>> index = VectorIndex.build(32767 * np.eye(3, dtype=np.int16))
    >>> rows, scores = index.search(np.array([0, 1, 0], dtype=np.float32), k=1)
    >>> rows.tolist(), scores.tolist()
    ([1], [1.0])

    Attributes:
        MAX_EXACT: with more rows, candidates are found by 2 bits a number; a filter of more rows likewise.
        MAX_COMPACT: with more rows, clusters are tried first.
        MIN_RECALL: which share of the ten nearest rows must be found, or a costlier kind is taken.
    """

    MAX_EXACT: int = 5_000
    MAX_COMPACT: int = 100_000
    MIN_RECALL: float = 0.99

    def __init__(self, rounded: ShortArray, finder: Any = None) -> None:
        """Over the rows of a matrix, shape (n, dim), of `to_shorts`; the finder is a faiss index of them, or None."""
        self.rounded = rounded
        self._finder = finder
        # Few are looked at all together, for each query.
        all_searched = finder is None and len(rounded) <= self.MAX_EXACT
        self._held: ShortArray | FloatArray = rounded.astype(np.float32) if all_searched else rounded
        self._measured: float | None = 1.0 if finder is None else None

    def __len__(self) -> int:
        return len(self.rounded)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.rounded.shape[1])

    @property
    def kind(self) -> SearchKind:
        """How rows are found."""
        if self._finder is None:
            return SearchKind.EXACT
        return SearchKind.CLUSTERED if self._finder.nlist > 1 else SearchKind.COMPACT

    @classmethod
    def build(cls, rounded: ShortArray) -> Self:
        """Index the rows of a matrix, shape (n, dim), of `to_shorts`, C order; it is not copied."""
        count = len(rounded)
        if count > cls.MAX_EXACT:
            for clusters in (1, int(2 * count**0.5)) if count <= cls.MAX_COMPACT else (int(2 * count**0.5), 1):
                index = cls(rounded, _trained(rounded, clusters))
                if index._widen():
                    return index
        return cls(rounded)

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
        available = len(self) if rows is None else len(rows)
        count = min(k, available)
        if count <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        if self._finder is not None and available > self.MAX_EXACT:
            rows = self._candidates(query, count, rows)
        cosines = self._cosines(query, rows)
        nearest = highest(cosines, count)
        return nearest if rows is None else rows[nearest], cosines[nearest]

    def search_many(self, queries: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """The k rows nearest to each of many queries; many times as fast as `search`.

        Args:
            queries: shape (n, dim), float32, unit length.
            k: at most this many; fewer when there are fewer.

        Returns:
            Row numbers, int64, and their cosines, float32, best first; both of shape (n, min(k, rows)). Of rows that
            tie for the last place, any.
        """
        if self._finder is None:
            return self._exact_many(queries, min(k, len(self)))
        count = min(k, len(self))
        rows = np.empty((len(queries), count), dtype=np.int64)
        cosines = np.empty((len(queries), count), dtype=np.float32)
        for start in range(0, len(queries), _TOGETHER):
            block = slice(start, start + _TOGETHER)
            _, found = self._finder.search(np.ascontiguousarray(queries[block]), min(_wanted(count), len(self)))
            for place, (query, near) in enumerate(zip(queries[block], found, strict=True), start):
                near = near[near >= 0]  # faiss pads what it does not find with -1
                if len(near) < count:  # too few in the clusters it looked into
                    rows[place], cosines[place] = self.search(query, count)
                    continue
                exact = self.products(near, query)
                best = highest(exact, count)
                rows[place], cosines[place] = near[best], exact[best]
        return rows, cosines

    def vectors(self, rows: IntArray | slice) -> FloatArray:
        """The stored vectors of some rows; shape (len(rows), dim), float32."""
        return from_shorts(self.rounded[rows])

    def products(self, rows: IntArray, queries: FloatArray) -> FloatArray:
        """The inner product of some rows with one query or each of some; shape ([queries,] len(rows)), float32.

        Args:
            rows: row numbers, in any order.
            queries: shape ([queries,] dim), float32; with a unit vector the product is a cosine.
        """
        return short_products(self._held[rows], queries if queries.ndim == 1 else queries[:, None])

    def recall(self) -> float:
        """The share of the ten nearest rows that is found, in [0, 1], measured with some rows slightly moved."""
        if self._measured is None:
            self._measured = self._recall(*self._trial())
        return self._measured

    def finder_bytes(self) -> memoryview | None:
        """The faiss index as one block, None where every row is looked at.

        Written by the caller, because faiss takes a full disk for success.
        """
        return None if self._finder is None else memoryview(faiss.serialize_index(self._finder))

    @classmethod
    def open(cls, vectors: Path, finder: Path) -> Self:
        """Map a .npy file of vectors, and what `finder_bytes` made of them if there is such a file.

        The caller has verified their hashes, because faiss does not notice damage.

        Raises:
            IndexDamagedError: they make no index.
        """
        try:
            # A plain array over the mapped memory: a memmap costs microseconds a slice.
            rows = np.asarray(np.load(vectors, mmap_mode="r"))
            found = faiss.read_index(str(finder), faiss.IO_FLAG_MMAP_IFC) if finder.exists() else None
        except (OSError, EOFError, ValueError, RuntimeError) as error:
            raise IndexDamagedError(
                f"{vectors}: the vectors of this index cannot be read ({error}); rebuild it"
            ) from error
        if rows.ndim != 2 or rows.dtype != np.int16 or not rows.flags.c_contiguous:
            raise IndexDamagedError(f"{vectors} holds no matrix of int16; rebuild the index")
        if found is not None and (found.ntotal, found.d) != rows.shape:
            raise IndexDamagedError(f"{finder} is not of the vectors beside it; rebuild the index")
        return cls(rows, found)

    def _cosines(self, query: FloatArray, rows: IntArray | None) -> FloatArray:
        if rows is None:
            blocks = (self._held[start : start + _BLOCK] for start in range(0, len(self), _BLOCK))
            return np.concatenate([short_products(block, query) for block in blocks])
        # To copy a row costs more than to multiply it.
        if self._held.dtype == np.float32 and 3 * len(rows) > len(self):
            return short_products(self._held, query)[rows]
        return self.products(rows, query)

    def _candidates(self, query: FloatArray, count: int, rows: IntArray | None) -> IntArray:
        """At least ``count`` rows that the finder holds for the nearest, ascending."""
        available = len(self) if rows is None else len(rows)
        selector = None
        clusters, probes = self._finder.nlist, self._finder.nprobe
        if rows is not None:
            inside = np.zeros(len(self), dtype=np.bool_)
            inside[rows] = True
            bits = np.packbits(inside, bitorder="little")  # must outlive the selector
            selector = faiss.IDSelectorBitmap(bits)
            # The fewer rows are allowed, the further away are the nearest of them.
            probes = min(probes * len(self) // available, clusters)
        wanted = min(_wanted(count), available)
        while True:
            parameters = faiss.SearchParametersIVF(sel=selector, nprobe=probes)
            scores, found = self._finder.search(query[None, :], wanted, params=parameters)
            valid = found[0] >= 0  # faiss pads what it does not find with -1
            near, rough = found[0][valid], scores[0][valid]
            if len(near) < wanted and probes < clusters:
                probes = min(2 * probes, clusters)
            elif wanted < available and rough[-1] == rough[count - 1]:
                # It keeps any of the rows that tie for the last place: look on until the tie ends.
                wanted = min(2 * wanted, available)
            else:
                return np.sort(near)

    def _widen(self) -> bool:
        """Look into more clusters until enough is found; False if that takes half of them."""
        asked, least = self._trial()
        clusters = self._finder.nlist
        self._finder.nprobe = min(_FIRST_PROBES, clusters)
        while (recall := self._recall(asked, least)) < self.MIN_RECALL:
            if 4 * self._finder.nprobe > clusters:
                return False
            self._finder.nprobe *= 2
        self._measured = recall
        return True

    def _trial(self) -> tuple[FloatArray, FloatArray]:
        """Queries near some of the rows, and the cosine of the tenth nearest row of each."""
        chance = np.random.default_rng(0)
        rows = np.sort(chance.choice(len(self), min(_ASKED, len(self)), replace=False))
        moved = chance.standard_normal((len(rows), self.dim), dtype=np.float32) * np.float32(_MOVED / self.dim**0.5)
        asked = self.vectors(rows) + moved
        asked /= np.linalg.norm(asked, axis=1, keepdims=True)
        return asked, self._exact_many(asked, min(_DEPTH, len(self)))[1][:, -1]

    def _recall(self, asked: FloatArray, least: FloatArray) -> float:
        scores = self.search_many(asked, _DEPTH)[1]
        return float(np.mean(scores >= least[:, None] - _ROUNDING))

    def _exact_many(self, queries: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        rows, scores = np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
        if not k or not len(queries):
            return np.empty((len(queries), k), np.int64), np.empty((len(queries), k), np.float32)
        queries = np.ascontiguousarray(queries)
        for start in range(0, len(self), _BLOCK):
            block = self.vectors(slice(start, start + _BLOCK))
            cosines, found = faiss.knn(queries, block, min(k, len(block)), metric=faiss.METRIC_INNER_PRODUCT)
            rows, scores = np.hstack((rows, found + start)), np.hstack((scores, cosines))
            best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
            rows, scores = np.take_along_axis(rows, best, axis=1), np.take_along_axis(scores, best, axis=1)
        return rows, scores


def _wanted(count: int) -> int:
    return count + max(count // 4, _SPARE)


def _trained(rounded: ShortArray, clusters: int) -> Any:
    count, dim = rounded.shape
    pairs = dim // 2 if dim % 2 == 0 else dim  # of an odd length no pairs can be made: 4 bits for each number
    index = faiss.index_factory(dim, f"IVF{clusters},PQ{pairs}x4fs", faiss.METRIC_INNER_PRODUCT)
    for learning in (index.cp, index.pq.cp):
        learning.min_points_per_centroid = 1  # or it warns on the terminal
    index.cp.niter = _ROUNDS
    sample = min(max(_LEARNED * clusters, _CODES_LEARNED), _SAMPLE, count)
    chosen = np.sort(np.random.default_rng(0).choice(count, sample, replace=False))
    index.train(from_shorts(rounded[chosen]))
    for start in range(0, count, _BLOCK):
        index.add(from_shorts(rounded[start : start + _BLOCK]))
    return index
