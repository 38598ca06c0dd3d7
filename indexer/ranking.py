"""Candidates to one ranking: how dense and lexical evidence become a score. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.passages import Role

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

# Weight of what is in common in words, beside cosines.
LEXICAL_WEIGHT = 0.2
# A question asked in several ways is supported by this many of them: one near phrasing may be chance.
_SUPPORTING_QUESTIONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known about each candidate of one question; all arrays have shape (candidates,).

    Attributes:
        passages: passage numbers, int64, ascending.
        best: highest cosine of any of its vectors, float32.
        best_row: the row of `VectorIndex` which has it, int64.
        support: a second opinion, float32: the highest cosine of its ENTRY vectors, or the mean of its three
            nearest questions where it has alternates and that is higher.
        lexical: from `Lexicon.evidence`, float32 in [0, 1].
    """

    passages: IntArray
    best: FloatArray
    best_row: IntArray
    support: FloatArray
    lexical: FloatArray


def gather(
    passages: IntArray, rows: IntArray, owners: IntArray, roles: IntArray, cosines: FloatArray, lexical: FloatArray
) -> Evidence:
    """Collect the evidence of each candidate from all its vectors.

    Args:
        passages: candidates, ascending, each with at least one row; shape (candidates,).
        rows: all rows of all candidates, ascending by passage; shape (rows,).
        owners: passage number of each row.
        roles: `Role` of each row.
        cosines: of each row with the question.
        lexical: of each candidate; shape (candidates,).
    """
    if not len(passages):
        return Evidence(passages=passages, best=lexical, best_row=passages, support=lexical, lexical=lexical)
    starts = np.searchsorted(owners, passages)
    best = np.maximum.reduceat(cosines, starts)
    # The first row that reaches the best cosine: rows are in a fixed order, so the choice is too.
    is_best = cosines >= np.repeat(best, np.diff(np.append(starts, len(rows))))
    positions = np.where(is_best, np.arange(len(rows)), len(rows))
    best_row = rows[np.minimum.reduceat(positions, starts)]
    entry = np.maximum.reduceat(np.where(roles == Role.ENTRY, cosines, -1.0).astype(np.float32), starts)
    support = np.maximum(entry, _question_support(passages, owners, roles, cosines))
    return Evidence(
        passages=passages,
        best=best,
        best_row=best_row,
        support=np.where(support > -1.0, support, best).astype(np.float32),
        lexical=lexical,
    )


def fuse(evidence: Evidence) -> FloatArray:
    """One score a candidate, higher is better: dense evidence, anchored by the words in common."""
    scores = (evidence.best + evidence.support) / 2 + LEXICAL_WEIGHT * evidence.lexical
    return np.asarray(scores, dtype=np.float32)


def signal(score: float, support: float, sentence: float) -> float:
    """How well a hit answers, before calibration: the mean of three opinions.

    Args:
        score: from `fuse`.
        support: see `Evidence`; keeps out passages that merely repeat the question's words.
        sentence: highest cosine of any sentence of its text; keeps out passages on the topic without an answer.
    """
    return (score + support + sentence) / 3


def _question_support(passages: IntArray, owners: IntArray, roles: IntArray, cosines: FloatArray) -> FloatArray:
    """Mean cosine of each candidate's three nearest questions; -1 for those without alternates."""
    support: FloatArray = np.full(len(passages), -1.0, dtype=np.float32)
    asked = np.flatnonzero((roles == Role.QUESTION) | (roles == Role.ALTERNATE))
    asked = asked[np.lexsort((-cosines[asked], owners[asked]))]
    present, first, count = np.unique(owners[asked], return_index=True, return_counts=True)
    several = count > 1
    present, first, count = present[several], first[several], np.minimum(count[several], _SUPPORTING_QUESTIONS)
    sums = np.concatenate(([0.0], np.cumsum(cosines[asked], dtype=np.float64)))
    support[np.searchsorted(passages, present)] = (sums[first + count] - sums[first]) / count
    return support


def order(scores: FloatArray, passages: IntArray) -> IntArray:
    """Positions from best to worst; equal scores in passage order, so that a ranking never depends on chance.

    >>> order(np.array([0.5, 0.9, 0.5], dtype=np.float32), np.array([7, 9, 3])).tolist()
    [1, 2, 0]
    """
    return np.lexsort((passages, -scores))
