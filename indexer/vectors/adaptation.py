"""What a corpus says about its own embeddings: two maps of the query, in closed form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from indexer.arrays import DoubleArray, FloatArray, IntArray, ShortArray
from indexer.errors import IndexDamagedError, naming
from indexer.files import read_array
from indexer.vectors.rounding import from_shorts

# Rows that are read at a time.
_BLOCK = 16_384


@dataclass(frozen=True, slots=True, kw_only=True)
class Ridges:
    """How strongly each map of `Adaptation` is held near the identity, in units of the mean variance; above 0."""

    # Chosen on the own questions for tuning and public sets. `make refit`: nearness from 15 to 120 is within
    # noise (30: +.0005 ± .0012), 1,000, nearly the identity, loses .0032 ± .0012; membership is flat from .01 to 1.
    nearness: float = 60.0
    membership: float = 0.1


DEFAULT_RIDGES = Ridges()


@dataclass(frozen=True, slots=True, eq=False)
class Adaptation:
    """Two linear maps of a query's embedding, learned from the texts of each passage without any label.

    Attributes:
        nearness: shape (dim, dim), float32. Directions in which the texts of one passage differ among themselves say
            little about which passage is meant, so they count less: within-class covariance normalisation (Hatch,
            Kajarekar and Stolcke 2006), with each passage as a class, on the query's side only.
        membership: shape (dim, dim), float32. The ridge regression that tells the texts of each passage from those
            of all others: the mean product of a passage's vectors with the mapped query is near 1 for a text of this
            passage and near 0 for a text of another (Hoerl and Kennard 1970).
    """

    nearness: FloatArray
    membership: FloatArray

    @classmethod
    def fit(
        cls, rounded: ShortArray, owners: IntArray, *, ridges: Ridges = DEFAULT_RIDGES, block: int = _BLOCK
    ) -> Self:
        """Learn from a corpus; memory does not grow with it.

        Args:
            rounded: all embedded texts, of `to_shorts`; shape (rows, dim), int16.
            owners: passage number of each row, ascending; shape (rows,), int64.
            ridges: of the two maps.
            block: rows that are read at a time; more take more memory and change nothing else.
        """
        dim = rounded.shape[1]
        within, total = np.zeros((dim, dim)), np.zeros((dim, dim))
        for rows in _blocks(owners, block):
            texts = np.asarray(from_shorts(rounded[rows]), dtype=np.float64)
            _, first, place, count = np.unique(owners[rows], return_index=True, return_inverse=True, return_counts=True)
            means = np.add.reduceat(texts, first) / count[:, None]
            apart = texts - means[place]
            # Each passage weighs the same, however many texts it has.
            within += (apart / np.maximum(count - 1, 1)[place, None]).T @ apart
            total += (texts / count[place, None]).T @ texts
        return cls(
            nearness=_inverse(within, ridges.nearness, scale=ridges.nearness),
            membership=_inverse(total, ridges.membership, scale=1 / max(np.trace(total) / dim, 1e-9)),
        )

    def to_array(self) -> FloatArray:
        """Both maps, shape (2, dim, dim), float32, for one file."""
        return np.stack((self.nearness, self.membership))

    @classmethod
    def open(cls, path: Path, dim: int) -> Self:
        """Read what `to_array` gave; the caller has verified its hash.

        Raises:
            IndexDamagedError: it holds no maps for embeddings of this length.
        """
        with naming(path, IndexDamagedError, "roll back or rebuild the index"):
            maps = read_array(path, np.float32, (2, dim, dim))
            if not np.isfinite(maps).all():
                raise ValueError("holds numbers that are not finite")
            return cls(*maps)

    def map(self, query: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The query for cosines, of unit length, and the query for membership; both of shape (dim,), float32.

        >>> maps = Adaptation.fit(32767 * np.eye(2, dtype=np.int16), np.array([0, 1]))
        >>> maps.map(np.array([0.6, 0.8], dtype=np.float32))[0].tolist()
        [0.6000000238418579, 0.800000011920929]

        Args:
            query: embedding of a question; shape (dim,), float32, unit length.
        """
        # Not a BLAS product: that wakes threads.
        near, member = np.vecdot(self.nearness, query), np.vecdot(self.membership, query)
        return near / np.float32(max(float(np.linalg.norm(near)), 1e-9)), member


def _inverse(scatter: DoubleArray, ridge: float, *, scale: float) -> FloatArray:
    """``scale`` x (scatter / its mean variance + ridge I)^-1; the identity x scale / ridge where nothing varies."""
    dim = len(scatter)
    mean = np.trace(scatter) / dim
    normal = scatter / mean if mean > 0 else scatter
    return np.asarray(scale * np.linalg.inv(normal + ridge * np.eye(dim)), dtype=np.float32)


def _blocks(owners: IntArray, block: int) -> Iterator[slice]:
    """Runs of about `block` rows that hold whole passages."""
    start = 0
    while start < len(owners):
        stop = min(start + block, len(owners))
        if stop < len(owners):
            stop = max(int(np.searchsorted(owners, owners[stop])), start)
            if stop == start:  # one passage of more texts than a block
                stop = int(np.searchsorted(owners, owners[start], side="right"))
        yield slice(start, stop)
        start = stop
