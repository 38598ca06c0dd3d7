"""The vectors of a generation as they are stored: the one place that reads raw rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from indexer.arrays import ByteArray, FloatArray, IntArray, ShortArray
from indexer.errors import IndexDamagedError, naming
from indexer.files import map_array
from indexer.vectors.rounding import byte_products, from_bytes, from_shorts, short_products

# At most this many are also held as float32: all of them are compared with each question.
_HELD: Final = 5_000
_BLOCK: Final = 65_536


class StoredRows:
    """Unit vectors in two bytes a number, in memory or in a mapped file.

    >>> stored = StoredRows(32767 * np.eye(3, dtype=np.int16))
    >>> stored.products(np.array([2, 0]), np.array([0, 0, 1], dtype=np.float32)).tolist()
    [1.0, 0.0]

    Args:
        rounded: of `to_shorts`; shape (n, dim), int16, C order; it is not copied.
    """

    def __init__(self, rounded: ShortArray) -> None:
        self.rounded = rounded
        self._held: ShortArray | FloatArray = rounded.astype(np.float32) if len(rounded) <= _HELD else rounded

    def __len__(self) -> int:
        return len(self.rounded)

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return int(self.rounded.shape[1])

    @classmethod
    def open(cls, path: Path) -> Self:
        """Map a .npy file whose hash the caller has verified.

        Raises:
            IndexDamagedError: it holds no matrix of int16.
        """
        return cls(_mapped(path, np.int16))

    def vectors(self, rows: IntArray | slice) -> FloatArray:
        """Some rows; shape (len(rows), dim), float32."""
        return from_shorts(self.rounded[rows])

    def products(self, rows: IntArray, queries: FloatArray) -> FloatArray:
        """The inner product of some rows with one query or each of some; shape ([queries,] len(rows)), float32.

        Args:
            rows: row numbers, in any order.
            queries: shape ([queries,] dim), float32; with a unit vector the product is a cosine.
        """
        # To copy a row costs more than to multiply it.
        if queries.ndim == 1 and self._held.dtype == np.float32 and 3 * len(rows) > len(self):
            return short_products(self._held, queries)[rows]
        return short_products(self._held[rows], queries if queries.ndim == 1 else queries[:, None])

    def all_products(self, query: FloatArray) -> FloatArray:
        """The inner product of every row with a query of shape (dim,); shape (n,), float32."""
        blocks = (self._held[start : start + _BLOCK] for start in range(0, len(self), _BLOCK))
        return np.concatenate([np.empty(0, np.float32), *(short_products(block, query) for block in blocks)])


class StoredSentences:
    """Unit vectors in one byte a number; never searched, only compared with the question.

    Args:
        rounded: of `to_bytes`; shape (n, dim), int8.
    """

    def __init__(self, rounded: ByteArray) -> None:
        self.rounded = rounded

    def __len__(self) -> int:
        return len(self.rounded)

    @classmethod
    def open(cls, path: Path) -> Self:
        """Map a .npy file whose hash the caller has verified.

        Raises:
            IndexDamagedError: it holds no matrix of int8.
        """
        return cls(_mapped(path, np.int8))

    def vectors(self, rows: IntArray | slice) -> FloatArray:
        """Some rows; shape (len(rows), dim), float32; NaN where every number is 0."""
        return from_bytes(self.rounded[rows])

    def products(self, rows: IntArray, query: FloatArray) -> FloatArray:
        """The inner product of some rows with a query of shape (dim,); shape (len(rows),), float32."""
        return byte_products(self.rounded[rows], query)


def _mapped(path: Path, dtype: type[np.generic]) -> Any:
    with naming(path, IndexDamagedError, "roll back or rebuild the index"):
        return map_array(path, dtype, (None, None))
