"""Which passages are scored for a question: those of the nearest rows, and those with the most words in common."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from indexer.arrays import FloatArray, IntArray
from indexer.vectors.top_k import highest
from indexer.words.lexicon import LexicalScores, PostingLimits

# For speed alone, whatever its value: below it, all that have any word in common are sorted.
_LOWEST_FLOOR = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOffs:
    """How many are looked at, at most, at each step of a ranking; fewer take less time and may miss the answer.

    Attributes:
        dense_rows: rows nearest to the question.
        lexical_passages: passages with the most words in common with it.
        candidates: passages of both kinds that are scored over all their vectors.
        sentence_passages: of these the best, whose sentences are compared with the question, too.
        postings: of the words of the question.
    """

    # Chosen by time: 100 candidates of 200 rows for 150 of 250 left nDCG@10 on seven public sets as it was, and R@100
    # went from .991 to .990. `make refit`, on sets of at most 719 passages: half of the rows, passages and candidates
    # give the same to four digits; 10 sentence_passages lose .0007 ± .0005, 60 gain nothing.
    dense_rows: int = 200
    lexical_passages: int = 60
    candidates: int = 100
    sentence_passages: int = 30
    postings: PostingLimits = field(default_factory=PostingLimits)


DEFAULT_CUT_OFFS = CutOffs()


class NearestRows(NamedTuple):
    """The rows nearest to a query, best first.

    Attributes:
        rows: of `Generation.vectors`, int64; shape (k,).
        cosines: float32 in [-1, 1], descending; shape (k,).
    """

    rows: IntArray
    cosines: FloatArray


def choose_candidates(
    owners: IntArray, cosines: FloatArray, lexical: LexicalScores, *, lexical_weight: float, cut_offs: CutOffs
) -> IntArray:
    """The passages that are scored, ascending.

    Args:
        owners: passage number of each of the nearest rows, the nearest first, int64; shape (k,).
        cosines: of each of these rows, float32 in [-1, 1], descending; shape (k,).
        lexical: of all passages that may be found.
        lexical_weight: of a lexical score where a cosine weighs 1, for the choice among too many.
        cut_offs: say how many are taken.

    Returns:
        Passage numbers, int64; shape (n,), where n is `CutOffs.candidates` at most.
    """
    by_words = lexical.passages[_highest_positive(lexical.scores, cut_offs.lexical_passages)]
    found = np.sort(np.concatenate((owners, by_words)))
    first = np.ones(len(found), dtype=np.bool_)
    np.not_equal(found[1:], found[:-1], out=first[1:])
    candidates = found[first]
    if len(candidates) > cut_offs.candidates:
        # Backwards, so that of a passage's rows the nearest is the one that stays.
        nearest = np.full(len(candidates), cosines.min(initial=1.0), dtype=np.float32)
        nearest[np.searchsorted(candidates, owners[::-1])] = cosines[::-1]
        scores = lexical_weight * lexical_scores_of(candidates, lexical) + nearest
        candidates = np.sort(candidates[highest(scores, cut_offs.candidates)])
    return candidates


def lexical_scores_of(passages: IntArray, lexical: LexicalScores) -> FloatArray:
    """The lexical score of each of some passages, 0 for those with nothing in common with the question.

    >>> lexical = LexicalScores(np.array([2, 7]), np.array([0.5, 1], dtype=np.float32))
    >>> lexical_scores_of(np.array([7, 3]), lexical).tolist()
    [1.0, 0.0]

    Args:
        passages: their numbers, int64, in any order; shape (n,).
        lexical: of all passages.

    Returns:
        float32 in [0, 1]; shape (n,).
    """
    if not len(lexical.passages):
        return np.zeros(len(passages), dtype=np.float32)
    places = np.minimum(np.searchsorted(lexical.passages, passages), len(lexical.passages) - 1)
    return np.where(lexical.passages[places] == passages, lexical.scores[places], np.float32(0))


def only_allowed(lexical: LexicalScores, allowed: IntArray) -> LexicalScores:
    """The lexical scores of those passages that are allowed.

    >>> lexical = LexicalScores(np.array([2, 7]), np.array([0.5, 1], dtype=np.float32))
    >>> only_allowed(lexical, np.array([1, 7])).passages.tolist()
    [7]

    Args:
        lexical: of all passages.
        allowed: passage numbers, int64, ascending; shape (n,).
    """
    if not len(allowed):
        return LexicalScores(lexical.passages[:0], lexical.scores[:0])
    places = np.minimum(np.searchsorted(allowed, lexical.passages), len(allowed) - 1)
    kept = allowed[places] == lexical.passages
    return LexicalScores(lexical.passages[kept], lexical.scores[kept])


def _highest_positive(scores: FloatArray, count: int) -> IntArray:
    """Places of the highest of some scores, at most `count`, in no order; only of those above 0."""
    floor = scores.max(initial=0.0) / 2
    found = np.flatnonzero(scores > floor)
    # To sort out the few best costs nothing against sorting all of some hundred thousand.
    while len(found) < count and floor > 0:
        floor = floor / 4 if floor > _LOWEST_FLOOR else 0.0
        found = np.flatnonzero(scores > floor)
    return found[highest(scores[found], count)]
