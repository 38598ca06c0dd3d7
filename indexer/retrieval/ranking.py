"""Candidates to one ranking: how dense and lexical evidence become a score. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indexer.arrays import BoolArray, FloatArray, IntArray
from indexer.content.passages import Role

# A question asked in several ways is supported by this many of them: one near phrasing may be chance.
_SUPPORTING_QUESTIONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each ingredient of a score counts; a weight of 0 leaves it out.

    Attributes:
        support: of the second opinion, against the best vector's; both together are 1.
        lexical: of what is in common in words.
        lexical_several: the same for a passage with several questions, whose words say less when they stand together.
        parts: of what is in common in words: terms, grams of the whole passage, grams of its questions.
        membership: of `Adaptation.membership`.
        sentence: of the sentence that answers, where best and support together weigh 2.
    """

    support: float = 0.55
    lexical: float = 0.2
    lexical_several: float = 0.15
    parts: tuple[float, float, float] = (0.5, 0.25, 0.25)
    membership: float = 0.3
    sentence: float = 0.3


DEFAULT_WEIGHTS = Weights()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known about each candidate of one question; all arrays have shape (candidates,).

    Attributes:
        passages: passage numbers, int64, ascending.
        best: highest cosine of any of its vectors, float32.
        best_row: the row of `Generation.vectors` which has it, int64.
        support: a second opinion, float32: the highest cosine of its ENTRY vectors, or the mean of its three
            nearest questions where it has several and that is higher.
        membership: from `Adaptation`, float32, near 1 for a text that might be one of the passage's own.
        lexical: from `Lexicon.scores`, float32 in [0, 1].
        several: whether it has several questions, bool.
    """

    passages: IntArray
    best: FloatArray
    best_row: IntArray
    support: FloatArray
    membership: FloatArray
    lexical: FloatArray
    several: BoolArray


def gather(
    *,
    passages: IntArray,
    rows: IntArray,
    starts: IntArray,
    roles: IntArray,
    cosines: FloatArray,
    membership: FloatArray,
    lexical: FloatArray,
) -> Evidence:
    """Collect the evidence of each candidate from all its vectors.

    Args:
        passages: candidates, ascending, each with at least one row; shape (candidates,).
        rows: all rows of all candidates, ascending by passage; shape (rows,).
        starts: where in `rows` those of each candidate begin; shape (candidates,).
        roles: `Role` of each row.
        cosines: of each row with the question.
        membership: of each row.
        lexical: of each candidate; shape (candidates,).
    """
    counts = np.concatenate((starts[1:], [len(rows)])) - starts
    best, place = best_of_each(cosines, starts, counts)
    entry = np.maximum.reduceat(np.where(roles == Role.ENTRY, cosines, np.float32(-1)), starts)
    questions, several = _question_support(roles, cosines, starts, counts)
    support = np.maximum(entry, questions)
    return Evidence(
        passages=passages,
        best=best,
        best_row=rows[place],
        support=np.where(support > -1, support, best),
        membership=np.asarray(np.add.reduceat(membership, starts) / counts, dtype=np.float32),
        lexical=lexical,
        several=several,
    )


def best_of_each(cosines: FloatArray, starts: IntArray, counts: IntArray) -> tuple[FloatArray, IntArray]:
    """The highest cosine of each run of some rows, and the place of the first row that has it.

    >>> cosines = np.array([0.5, 0.9, 0.9, 0.1], dtype=np.float32)
    >>> best, places = best_of_each(cosines, np.array([0, 3]), np.array([3, 1]))
    >>> best.tolist(), places.tolist()
    ([0.8999999761581421, 0.10000000149011612], [1, 3])

    Args:
        cosines: of all rows, shape (rows,).
        starts: where each run begins, ascending; shape (runs,).
        counts: how long it is, 1 or more; shape (runs,).
    """
    best = np.maximum.reduceat(cosines, starts)
    reached = np.flatnonzero(cosines == np.repeat(best, counts))
    return best, reached[np.searchsorted(reached, starts)]


def fuse(evidence: Evidence, weights: Weights = DEFAULT_WEIGHTS) -> FloatArray:
    """One score a candidate, higher is better: dense evidence, anchored by the words in common."""
    lexical = np.where(evidence.several, np.float32(weights.lexical_several), np.float32(weights.lexical))
    dense = _dense(evidence, weights)
    return dense + lexical * evidence.lexical + np.float32(weights.membership) * evidence.membership


def with_sentences(
    scores: FloatArray, evidence: Evidence, sentences: FloatArray, weights: Weights = DEFAULT_WEIGHTS
) -> FloatArray:
    """The scores once the sentences of each text have been heard; they never lower a score.

    Passages that have several questions are known by those; the other ones also by the sentence that answers.

    Args:
        scores: from `fuse`.
        evidence: of the same candidates.
        sentences: highest cosine of a sentence of each candidate's text, -1 without any.
        weights: the same as for `fuse`.
    """
    share = np.float32(weights.sentence / (2 + weights.sentence))
    gain = (np.maximum(sentences, evidence.best) - _dense(evidence, weights)) * share
    return scores + np.where(evidence.several, np.float32(0), gain)


def _dense(evidence: Evidence, weights: Weights) -> FloatArray:
    return evidence.best + np.float32(weights.support) * (evidence.support - evidence.best)


def signal(*, best: float, support: float, sentence: float, lexical: float) -> float:
    """How well a hit answers, before calibration.

    Support weighs most: it keeps out passages that share one phrase with the question. The sentence keeps out those
    on the topic without an answer.

    Args:
        best: see `Evidence`.
        support: see `Evidence`.
        sentence: highest cosine of any sentence of its text.
        lexical: see `Evidence`.
    """
    return 0.2 * best + 0.6 * support + 0.2 * sentence + 0.08 * lexical


def _question_support(
    roles: IntArray, cosines: FloatArray, starts: IntArray, counts: IntArray
) -> tuple[FloatArray, BoolArray]:
    """Mean cosine of each candidate's three nearest questions, -1 for those with fewer than two; and who has two."""
    asked = (roles == Role.QUESTION) | (roles == Role.ALTERNATE)
    count = np.add.reduceat(asked, starts, dtype=np.int64)
    several = count > 1
    mean = np.full(len(starts), -1, dtype=np.float32)
    if several.any():
        own = np.flatnonzero(asked & np.repeat(several, counts))
        width = count[several]
        # One line a candidate, the cosines of its questions from the left, then -2.
        table = np.full((len(width), max(int(width.max()), _SUPPORTING_QUESTIONS)), -2, dtype=np.float32)
        table[np.arange(table.shape[1]) < width[:, None]] = cosines[own]
        nearest = np.sort(table, axis=1)[:, : -_SUPPORTING_QUESTIONS - 1 : -1]
        heard = np.minimum(width, _SUPPORTING_QUESTIONS)
        mean[several] = np.where(nearest > -2, nearest, np.float32(0)).sum(axis=1) / heard.astype(np.float32)
    return mean, several


def order(scores: FloatArray, passages: IntArray) -> IntArray:
    """Positions from best to worst; equal scores in passage order, so that a ranking never depends on chance.

    >>> order(np.array([0.5, 0.9, 0.5], dtype=np.float32), np.array([7, 9, 3])).tolist()
    [1, 2, 0]
    """
    return np.lexsort((passages, -scores))
