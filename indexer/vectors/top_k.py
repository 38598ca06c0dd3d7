"""The best of many scores, and the rows of some passages."""

from __future__ import annotations

import numpy as np

from indexer.arrays import FloatArray, IntArray


def highest(scores: FloatArray, count: int) -> IntArray:
    """Places of the highest scores, best first; equal scores by place, also those that tie for the last one.

    >>> highest(np.array([0.5, 0.9, 0.5, 0.1], dtype=np.float32), 2).tolist()
    [1, 0]

    Args:
        scores: shape (n,), without NaN.
        count: at most this many, 0 or more; fewer when there are fewer.

    Returns:
        int64, shape (min(count, n),).
    """
    if count >= len(scores):
        return np.argsort(-scores, kind="stable")
    if count <= 0:
        return np.empty(0, dtype=np.int64)
    # Not partition: where many are equal it takes fifteen times as long.
    last = scores[np.argpartition(scores, len(scores) - count)[len(scores) - count]]
    better = np.flatnonzero(scores > last)
    equal = np.flatnonzero(scores == last)[: count - len(better)]
    return np.concatenate((better[np.argsort(-scores[better], kind="stable")], equal))


def rows_of(bounds: IntArray, numbers: IntArray) -> tuple[IntArray, IntArray]:
    """All rows of some passages, in their order, and where in them those of each passage begin.

    Args:
        bounds: the first row of every passage, and the number of rows; int64, shape (passages + 1,).
        numbers: of passages, int64, shape (n,).

    Returns:
        Row numbers, int64, shape (rows,), and where in them each passage begins, int64, shape (n,).
    """
    begins = bounds[numbers]
    counts = bounds[numbers + 1] - begins
    ends = np.cumsum(counts)
    starts = ends - counts
    rows: IntArray = np.arange(ends[-1] if len(ends) else 0) + np.repeat(begins - starts, counts)
    return rows, starts
