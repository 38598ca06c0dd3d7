"""Approximate nearest neighbours: a faiss index proposes candidates, their exact cosines decide."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from indexer.arrays import FloatArray, IntArray
from indexer.errors import IndexDamagedError, naming
from indexer.vectors.faiss_library import faiss
from indexer.vectors.nearest import ExactNeighbours, SearchKind
from indexer.vectors.stored_rows import StoredRows
from indexer.vectors.top_k import highest

# Candidates beyond the k that are asked for, among which exact cosines decide: 2 bits confuse neighbours.
_SPARE: Final = 96
_BLOCK: Final = 65_536
# Queries given to faiss together.
_TOGETHER: Final = 1024
# How clusters are learned: from this many rows each, in this many rounds. More takes long and finds no more.
_LEARNED, _ROUNDS = 40, 10
# The rows that codes are learned from, if there are as many.
_CODES_LEARNED: Final = 16_384
# Rows from which clusters and codes are learned, at most.
_SAMPLE: Final = 400_000
# The queries by which recall is measured: rows moved until their cosine with themselves is 0.45. Questions are nearer
# to what answers them, at 0.6 or so; by chance alone, a query as near as that would be too easy.
_ASKED, _DEPTH, _MOVED = 200, 10, 2.0
_FIRST_PROBES = 8
# Faiss sums in another order than we do.
_ROUNDING = 1e-5


class AnnNeighbours:
    """A faiss index of 2 bits a number finds candidates; see `indexer.vectors.nearest.NearestNeighbours`.

    Product quantisation, 4 bits for each pair of numbers (Jégou, Douze and Schmid 2011), summed as André, Kermarrec
    and Le Scouarnec (2015) do; in clusters where there are very many rows.

    Args:
        stored: all rows.
        ann_index: a faiss index of them.
        max_exact: a filter of at most this many rows is looked at row by row.
    """

    def __init__(self, stored: StoredRows, ann_index: Any, *, max_exact: int) -> None:
        self._stored = stored
        self._ann_index = ann_index
        self._max_exact = max_exact
        self._exact = ExactNeighbours(stored)
        self._measured: float | None = None

    @property
    def kind(self) -> SearchKind:
        """How rows are found."""
        return SearchKind.CLUSTERED if self._ann_index.nlist > 1 else SearchKind.COMPACT

    @classmethod
    def build(cls, stored: StoredRows, *, clusters: int, max_exact: int) -> Self:
        """Learn clusters and codes from the rows, and index all of them."""
        count, dim = len(stored), stored.dim
        pairs = dim // 2 if dim % 2 == 0 else dim  # of an odd length no pairs can be made: 4 bits for each number
        index = faiss.index_factory(dim, f"IVF{clusters},PQ{pairs}x4fs", faiss.METRIC_INNER_PRODUCT)
        for learning in (index.cp, index.pq.cp):
            learning.min_points_per_centroid = 1  # or it warns on the terminal
        index.cp.niter = _ROUNDS
        sample = min(max(_LEARNED * clusters, _CODES_LEARNED), _SAMPLE, count)
        chosen = np.sort(np.random.default_rng(0).choice(count, sample, replace=False))
        index.train(stored.vectors(chosen))
        for start in range(0, count, _BLOCK):
            index.add(stored.vectors(slice(start, start + _BLOCK)))
        return cls(stored, index, max_exact=max_exact)

    @classmethod
    def open(cls, stored: StoredRows, path: Path, *, max_exact: int) -> Self:
        """Map what `to_bytes` gave; the caller has verified its hash, because faiss does not notice damage.

        Raises:
            IndexDamagedError: it is no index of these rows.
        """
        with naming(path, IndexDamagedError, "roll back or rebuild the index"):
            found = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
            if not isinstance(found, faiss.IndexIVFPQFastScan) or found.metric_type != faiss.METRIC_INNER_PRODUCT:
                raise ValueError("it is no index of product codes")
            if (found.ntotal, found.d) != (len(stored), stored.dim):
                raise IndexDamagedError(f"{path} is not of the vectors beside it; rebuild the index")
            if not 1 <= found.nprobe <= found.nlist or _rows_of(found) != len(stored):
                raise ValueError("its clusters do not hold each of its rows once")
            return cls(stored, found, max_exact=max_exact)

    def to_bytes(self) -> memoryview:
        """The faiss index; written by the caller, because faiss takes a full disk for success."""
        return memoryview(faiss.serialize_index(self._ann_index))

    def search(self, query: FloatArray, k: int, *, rows: IntArray | None = None) -> tuple[IntArray, FloatArray]:
        """See `NearestNeighbours`."""
        available = len(self._stored) if rows is None else len(rows)
        count = min(k, available)
        if available > self._max_exact and count > 0 and query.shape == (self._stored.dim,):
            rows = self._candidates(query, count, rows)
        return self._exact.search(query, count, rows=rows)

    def search_many(self, queries: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        """See `NearestNeighbours`."""
        count = max(0, min(k, len(self._stored)))
        rows = np.empty((len(queries), count), dtype=np.int64)
        cosines = np.empty((len(queries), count), dtype=np.float32)
        for start in range(0, len(queries), _TOGETHER):
            block = slice(start, start + _TOGETHER)
            wanted = min(_wanted(count), len(self._stored))
            _, found = self._ann_index.search(np.ascontiguousarray(queries[block]), wanted)
            for place, (query, near) in enumerate(zip(queries[block], found, strict=True), start):
                near = near[near >= 0]  # faiss pads what it does not find with -1
                if len(near) < count:  # too few in the clusters it looked into
                    rows[place], cosines[place] = self.search(query, count)
                    continue
                exact = self._stored.products(near, query)
                best = highest(exact, count)
                rows[place], cosines[place] = near[best], exact[best]
        return rows, cosines

    def recall(self) -> float:
        """Measured with some rows slightly moved."""
        if self._measured is None:
            self._measured = self._recall(*self._trial())
        return self._measured

    def tune_nprobe(self, min_recall: float) -> bool:
        """Look into more clusters until enough is found; False if that takes half of them."""
        asked, least = self._trial()
        clusters = self._ann_index.nlist
        self._ann_index.nprobe = min(_FIRST_PROBES, clusters)
        while (recall := self._recall(asked, least)) < min_recall:
            if 4 * self._ann_index.nprobe > clusters:
                return False
            self._ann_index.nprobe *= 2
        self._measured = recall
        return True

    def _candidates(self, query: FloatArray, count: int, rows: IntArray | None) -> IntArray:
        """At least ``count`` rows that the faiss index holds for the nearest, ascending."""
        available = len(self._stored) if rows is None else len(rows)
        selector = None
        clusters, nprobe = self._ann_index.nlist, self._ann_index.nprobe
        if rows is not None:
            inside = np.zeros(len(self._stored), dtype=np.bool_)
            inside[rows] = True
            bits = np.packbits(inside, bitorder="little")  # must outlive the selector
            selector = faiss.IDSelectorBitmap(bits)
            # The fewer rows are allowed, the further away are the nearest of them.
            nprobe = min(nprobe * len(self._stored) // available, clusters)
        wanted = min(_wanted(count), available)
        while True:
            parameters = faiss.SearchParametersIVF(sel=selector, nprobe=nprobe)
            scores, found = self._ann_index.search(query[None, :], wanted, params=parameters)
            valid = found[0] >= 0  # faiss pads what it does not find with -1
            near, rough = found[0][valid], scores[0][valid]
            if len(near) < wanted and nprobe < clusters:
                nprobe = min(2 * nprobe, clusters)
            elif wanted < available and rough[-1] == rough[count - 1]:
                # It keeps any of the rows that tie for the last place: look on until the tie ends.
                wanted = min(2 * wanted, available)
            else:
                return np.sort(near)

    def _trial(self) -> tuple[FloatArray, FloatArray]:
        """Queries near some of the rows, and the cosine of the tenth nearest row of each."""
        chance = np.random.default_rng(0)
        count, dim = len(self._stored), self._stored.dim
        rows = np.sort(chance.choice(count, min(_ASKED, count), replace=False))
        moved = chance.standard_normal((len(rows), dim), dtype=np.float32) * np.float32(_MOVED / dim**0.5)
        asked = self._stored.vectors(rows) + moved
        asked /= np.linalg.norm(asked, axis=1, keepdims=True)
        return asked, self._exact.search_many(asked, _DEPTH)[1][:, -1]

    def _recall(self, asked: FloatArray, least: FloatArray) -> float:
        scores = self.search_many(asked, _DEPTH)[1]
        return float(np.mean(scores >= least[:, None] - _ROUNDING))


def _rows_of(ann_index: Any) -> int:
    """How many rows its clusters hold, if each is there once and none that is not; else -1."""
    seen = np.zeros(ann_index.ntotal, dtype=np.bool_)
    lists, held = ann_index.invlists, 0
    for cluster in range(ann_index.nlist):
        if size := int(lists.list_size(cluster)):
            rows = faiss.rev_swig_ptr(lists.get_ids(cluster), size)
            if rows.min() < 0 or rows.max() >= len(seen):
                return -1
            seen[rows] = True
            held += size
    return held if seen.all() else -1


def _wanted(count: int) -> int:
    return count + max(count // 4, _SPARE)
