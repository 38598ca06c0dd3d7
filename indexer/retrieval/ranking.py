"""Candidates to one ranking: how dense and lexical evidence become a score. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from indexer.arrays import BoolArray, FloatArray, IntArray
from indexer.content.passages import Role
from indexer.generation.verdict import HitFeatures
from indexer.words.lexicon import Coverage


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each feature of a candidate counts in its score; a weight of 0 leaves the feature out.

    Attributes:
        entry: of `Evidence.entry_cosine`, in [0, 1]; `Evidence.best_cosine` has the rest of 1.
        lexical: of `Evidence.lexical`.
        lexical_several: the same for a passage with several questions, whose words say less when they stand together.
        parts: of the three BM25 scores in `Evidence.lexical`: terms, grams of the whole passage, grams of its
            questions; they add up to 1.
        membership: of `Evidence.membership`.
        sentence: of the nearest sentence's cosine, where best and entry cosine together weigh 2.
        has_question: added for an FAQ entry. It has more vectors than a paragraph to be near by chance, and often
            answers a narrower question than the one asked.
        code: added for a passage that has a code of the question: it is meant, and no neighbour of it.
        nearest_questions: the entry cosine is a mean over at most this many questions, 1 or more: one near phrasing may
            be chance.
    """

    # Chosen by nDCG@10 on the own questions for tuning and public sets. Measured again with `make refit`: for entry,
    # lexical_several and nearest_questions these are the best values, and much lower ones lose (.25: -.005, .05: -.003,
    # 1: -.005, each ± .001). The others are flat: no lexical from .1 to .3, no membership or sentence from 0 to .6 and
    # no other parts differ by more than noise, which is .001 to .002.
    entry: float = 0.55
    lexical: float = 0.2
    lexical_several: float = 0.15
    parts: tuple[float, float, float] = (0.5, 0.25, 0.25)
    membership: float = 0.3
    sentence: float = 0.3
    # On the natural questions for tuning -.05 puts 48.0% of the right passages first instead of 43.9% and 73.5% instead
    # of 69.4% among the first three, on the other questions for tuning 88% instead of 90%; public sets are of one kind.
    has_question: float = -0.05
    # Enough to outweigh what two entries differ by that are the same but for their codes. Not fitted: no set has any.
    code: float = 0.3
    nearest_questions: int = 3


DEFAULT_WEIGHTS = Weights()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The features of each candidate of one question; all arrays have shape (candidates,).

    Attributes:
        passages: passage numbers, int64, ascending.
        best_cosine: the highest cosine of any of its vectors, float32 in [-1, 1].
        best_row: the row of `Generation.vectors` which has it, int64.
        entry_cosine: how near the passage is as a whole, float32 in [-1, 1]: the highest cosine of its ENTRY vectors,
            or, where it has several questions and that is higher, the mean cosine of those nearest to the question.
        membership: mean product of its vectors with the query mapped by `Adaptation.membership`, float32, near 1 for a
            text that might be one of the passage's own and near 0 for another.
        lexical: from `Lexicon.scores`, float32 in [0, 1].
        has_code: whether it has a code of the question, bool; see `codes`.
        has_question: whether it is an FAQ entry, bool.
        has_several_questions: whether it has two questions or more, bool.
    """

    passages: IntArray
    best_cosine: FloatArray
    best_row: IntArray
    entry_cosine: FloatArray
    membership: FloatArray
    lexical: FloatArray
    has_code: BoolArray
    has_question: BoolArray
    has_several_questions: BoolArray


def gather(
    *,
    passages: IntArray,
    rows: IntArray,
    starts: IntArray,
    roles: IntArray,
    cosines: FloatArray,
    membership: FloatArray,
    lexical: FloatArray,
    has_code: BoolArray,
    nearest_questions: int,
) -> Evidence:
    """Collect the evidence of each candidate from all its vectors.

    Args:
        passages: numbers of the candidates, int64, ascending, each with at least one row; shape (candidates,).
        rows: all rows of all candidates, int64, ascending by passage; shape (rows,).
        starts: where in `rows` those of each candidate begin, int64; shape (candidates,).
        roles: `Role` of each row; shape (rows,).
        cosines: of each row with the question, float32 in [-1, 1]; shape (rows,).
        membership: product of each row with the query mapped for membership, float32; shape (rows,).
        lexical: of each candidate, float32 in [0, 1]; shape (candidates,).
        has_code: see `Evidence`; shape (candidates,), bool.
        nearest_questions: see `Weights`.
    """
    counts = np.concatenate((starts[1:], [len(rows)])) - starts
    best_cosine, place = best_of_each(cosines, starts, counts)
    entry = np.maximum.reduceat(np.where(roles == Role.ENTRY, cosines, np.float32(-1)), starts)
    questions, has_several_questions = _mean_of_nearest_questions(roles, cosines, starts, counts, nearest_questions)
    entry_cosine = np.maximum(entry, questions)
    return Evidence(
        passages=passages,
        best_cosine=best_cosine,
        best_row=rows[place],
        # A passage without an ENTRY vector and with one question at most is known by its nearest vector alone.
        entry_cosine=np.where(entry_cosine > -1, entry_cosine, best_cosine),
        membership=np.asarray(np.add.reduceat(membership, starts) / counts, dtype=np.float32),
        lexical=lexical,
        has_code=has_code,
        has_question=roles[starts] == Role.QUESTION,
        has_several_questions=has_several_questions,
    )


def best_of_each(cosines: FloatArray, starts: IntArray, counts: IntArray) -> tuple[FloatArray, IntArray]:
    """The highest cosine of each run of some rows, and the place of the first row that has it.

    >>> cosines = np.array([0.5, 0.9, 0.9, 0.1], dtype=np.float32)
    >>> best, places = best_of_each(cosines, np.array([0, 3]), np.array([3, 1]))
    >>> best.tolist(), places.tolist()
    ([0.8999999761581421, 0.10000000149011612], [1, 3])

    Args:
        cosines: of all rows, float32; shape (rows,).
        starts: where each run begins, int64, ascending; shape (runs,).
        counts: how long it is, int64, 1 or more; shape (runs,).

    Returns:
        The highest cosines, float32, and their places in `cosines`, int64; both of shape (runs,).
    """
    best = np.maximum.reduceat(cosines, starts)
    reached = np.flatnonzero(cosines == np.repeat(best, counts))
    return best, reached[np.searchsorted(reached, starts)]


def fuse(evidence: Evidence, weights: Weights = DEFAULT_WEIGHTS) -> FloatArray:
    """One score a candidate, higher is better: dense and lexical evidence added up; shape (candidates,), float32."""
    lexical = np.where(evidence.has_several_questions, np.float32(weights.lexical_several), np.float32(weights.lexical))
    dense = _dense(evidence, weights)
    scores = dense + lexical * evidence.lexical + np.float32(weights.membership) * evidence.membership
    codes = np.float32(weights.code) * evidence.has_code
    return scores + np.float32(weights.has_question) * evidence.has_question + codes


def with_sentences(
    scores: FloatArray, evidence: Evidence, sentences: FloatArray, weights: Weights = DEFAULT_WEIGHTS
) -> FloatArray:
    """The scores with the nearest sentence of each text counted in; no score becomes lower.

    Passages that have several questions are known by those; the other ones also by the sentence that answers.

    Args:
        scores: from `fuse`; shape (candidates,), float32.
        evidence: of the same candidates.
        sentences: highest cosine of a sentence of each candidate's text, -1 without any; shape (candidates,), float32.
        weights: the same as for `fuse`.

    Returns:
        shape (candidates,), float32.
    """
    share = np.float32(weights.sentence / (2 + weights.sentence))
    gain = (np.maximum(sentences, evidence.best_cosine) - _dense(evidence, weights)) * share
    return scores + np.where(evidence.has_several_questions, np.float32(0), gain)


def _dense(evidence: Evidence, weights: Weights) -> FloatArray:
    """Best and entry cosine together; shape (candidates,), float32 in [-1, 1]."""
    return evidence.best_cosine + np.float32(weights.entry) * (evidence.entry_cosine - evidence.best_cosine)


def hit_features(
    evidence: Evidence, sentences: FloatArray, scores: FloatArray, order: IntArray, coverage: Coverage, passages: int
) -> HitFeatures:
    """What tells whether the first hit answers.

    Args:
        evidence: of all candidates.
        sentences: as for `with_sentences`.
        scores: of all candidates; shape (candidates,), float32.
        order: places of the candidates, the best first; shape (candidates,), int64.
        coverage: how much of the question's words the first has.
        passages: how many the site has.
    """
    first, others = int(order[0]), scores[order[1:6]]
    score, entry = float(scores[first]), float(evidence.entry_cosine[first])
    return HitFeatures(
        best=float(evidence.best_cosine[first]),
        entry=entry,
        # A text of one sentence stands in its entry vector already.
        sentence=float(sentences[first]) if sentences[first] > -1 else entry,
        lexical=float(evidence.lexical[first]),
        membership=float(evidence.membership[first]),
        lead=score - float(others[0]) if len(others) else score,
        lead_of_five=score - float(others.mean()) if len(others) else score,
        share=coverage.share,
        unknown=coverage.unknown,
        has_question=float(evidence.has_question[first]),
        passages=math.log(passages),
    )


def _mean_of_nearest_questions(
    roles: IntArray, cosines: FloatArray, starts: IntArray, counts: IntArray, nearest_questions: int
) -> tuple[FloatArray, BoolArray]:
    """Mean cosine of each candidate's nearest questions, -1 for those with fewer than two; and which have two."""
    is_question = (roles == Role.QUESTION) | (roles == Role.ALTERNATE)
    questions = np.add.reduceat(is_question, starts, dtype=np.int64)
    several = questions > 1
    mean = np.full(len(starts), -1, dtype=np.float32)
    if several.any():
        rows = np.flatnonzero(is_question & np.repeat(several, counts))
        width = questions[several]
        # One line a candidate, the cosines of its questions from the left, then -2.
        table = np.full((len(width), max(int(width.max()), nearest_questions)), -2, dtype=np.float32)
        table[np.arange(table.shape[1]) < width[:, None]] = cosines[rows]
        nearest = np.sort(table, axis=1)[:, : -nearest_questions - 1 : -1]
        averaged = np.minimum(width, nearest_questions)
        mean[several] = np.where(nearest > -2, nearest, np.float32(0)).sum(axis=1) / averaged.astype(np.float32)
    return mean, several


def order(scores: FloatArray, passages: IntArray) -> IntArray:
    """Positions from best to worst; equal scores in passage order, so that a ranking never depends on chance.

    >>> order(np.array([0.5, 0.9, 0.5], dtype=np.float32), np.array([7, 9, 3])).tolist()
    [1, 2, 0]

    Args:
        scores: shape (candidates,), float32, without NaN.
        passages: their numbers; shape (candidates,), int64.

    Returns:
        shape (candidates,), int64.
    """
    return np.lexsort((passages, -scores))
