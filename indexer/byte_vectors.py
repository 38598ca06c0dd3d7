"""Unit vectors in one byte a number, for what is read often and needs no more: sentences."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
ByteArray = npt.NDArray[np.int8]


def to_bytes(vectors: FloatArray) -> ByteArray:
    """Round unit vectors so that the largest number of each becomes 127 or -127; shape (n, dim), int8.

    Cosines change by about 0.001. What `from_bytes` gives rounds to the same bytes again.
    """
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
    rounded: ByteArray = np.rint(vectors * (127 / np.maximum(largest, 1e-9))).astype(np.int8)
    return rounded


def from_bytes(rounded: ByteArray) -> FloatArray:
    """The unit vectors; shape (n, dim), float32; NaN where every number is 0.

    No scale is kept, for the length of each is known: 1.
    """
    vectors = rounded.astype(np.float32)
    with np.errstate(invalid="ignore"):
        vectors /= np.sqrt(np.vecdot(vectors, vectors))[:, None]
    return vectors
