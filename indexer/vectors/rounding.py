"""Unit vectors in fewer bytes: two a number for what is searched, one for what needs no more, such as sentences."""

from __future__ import annotations

import numpy as np

from indexer.arrays import ByteArray, FloatArray, ShortArray

_LARGEST_SHORT, _LARGEST_BYTE = np.float32(32767), np.float32(127)


def to_shorts(vectors: FloatArray) -> ShortArray:
    """Round unit vectors to steps of 1/32767; shape (n, dim), int16.

    Cosines change by about 0.00001. What `from_shorts` gives rounds to the same numbers again. A vector with NaN or a
    number beyond 1 becomes all 0, which verifying a generation finds.
    """
    steps = np.rint(vectors * _LARGEST_SHORT)
    steps[~(np.abs(steps).max(axis=1, initial=0) <= _LARGEST_SHORT)] = 0
    rounded: ShortArray = steps.astype(np.int16)
    return rounded


def from_shorts(rounded: ShortArray) -> FloatArray:
    """The vectors; shape (n, dim), float32."""
    vectors = rounded.astype(np.float32)
    vectors /= _LARGEST_SHORT
    return vectors


def short_products(rounded: ShortArray | FloatArray, queries: FloatArray) -> FloatArray:
    """The inner products of the vectors with a query each, or of all of them with one; float32.

    Args:
        rounded: of `to_shorts`, or the same numbers as float32; shape (n, dim).
        queries: of a shape that goes with it, such as (dim,) or (queries, 1, dim).
    """
    # One dot product a row: equal rows score equal wherever they stand, and BLAS wakes no threads.
    products: FloatArray = np.vecdot(rounded.astype(np.float32, copy=False), queries) / _LARGEST_SHORT
    return products


def to_bytes(vectors: FloatArray) -> ByteArray:
    """Round unit vectors so that the largest number of each becomes 127 or -127; shape (n, dim), int8.

    Cosines change by about 0.001. What `from_bytes` gives rounds to the same bytes again.
    """
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
    rounded: ByteArray = np.rint(vectors * (_LARGEST_BYTE / np.maximum(largest, 1e-9))).astype(np.int8)
    return rounded


def from_bytes(rounded: ByteArray) -> FloatArray:
    """The unit vectors; shape (n, dim), float32; NaN where every number is 0.

    No scale is kept, for the length of each is known: 1.
    """
    vectors = rounded.astype(np.float32)
    with np.errstate(invalid="ignore"):
        vectors /= np.sqrt(np.vecdot(vectors, vectors))[:, None]
    return vectors


def byte_products(rounded: ByteArray, query: FloatArray) -> FloatArray:
    """The inner product of each vector of `to_bytes` with a query, of shape (dim,); shape (n,), float32."""
    rows = rounded.astype(np.float32)
    products: FloatArray = np.vecdot(rows, query) / np.sqrt(np.vecdot(rows, rows))
    return products
