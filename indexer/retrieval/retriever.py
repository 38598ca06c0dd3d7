"""A question and its embedding to ranked passages: candidates from vectors and words, then one exact ranking."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Lock

import numpy as np

from indexer.arrays import BoolArray, FloatArray, IntArray
from indexer.content.passages import Role
from indexer.generation.generation import Generation
from indexer.model.encoder import Encoder
from indexer.retrieval import ranking
from indexer.retrieval.ranking import DEFAULT_WEIGHTS, Weights
from indexer.vectors.top_k import highest, rows_of
from indexer.words.spelling import Spelling

Found = tuple[IntArray, FloatArray]

# Candidates from each side; the best of both together are then scored over all their vectors.
_DENSE_ROWS = 200
_LEXICAL_PASSAGES = 60
_CANDIDATES = 100
# Evidence from words of which so little is left that all who have any are looked at.
_LITTLE = 0.01
# So many of the best are looked at once more, sentence by sentence.
_CLOSE = 30
_CORES = os.cpu_count() or 1
# Questions searched together: their results fit in a few megabytes.
_BLOCK = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """The candidates of one question, best first; arrays have shape (candidates,).

    Attributes:
        query: embedding of the question, adapted to the corpus; shape (dim,), float32, unit length.
        passages: passage numbers, int64.
        scores: float32, descending.
        best_rows: the row of `Generation.vectors` nearest to the question, int64.
        signal: how well the first candidate answers, uncalibrated; 0 without candidates.
    """

    query: FloatArray
    passages: IntArray
    scores: FloatArray
    best_rows: IntArray
    signal: float


class Retriever:
    """Ranks the passages of one generation; safe to share between threads.

    Args:
        generation: what is searched.
        encoder: the one it was built with.
        weights: of the ingredients of a score.
    """

    def __init__(self, generation: Generation, encoder: Encoder, *, weights: Weights = DEFAULT_WEIGHTS) -> None:
        self._weights = weights
        self._generation = generation
        self._encoder = encoder
        numbers = np.arange(len(generation.passages) + 1)
        # Columns of their own: side by side in memory, a fraction of the records.
        self._owners = np.ascontiguousarray(generation.rows["passage"])
        self._roles = np.ascontiguousarray(generation.rows["role"])
        self._bounds = np.searchsorted(self._owners, numbers)
        self._sentence_bounds = np.searchsorted(generation.sentence_rows["passage"], numbers)
        # Not a method of this object: a cycle would keep a replaced generation's memory and files for a long time.
        is_whole = partial(_is_whole, encoder, encoder.count_tokens([""])[0])
        self._spelling = Spelling(generation.lexicon.counts, generation.lexicon.languages, is_whole)
        self._helpers = ThreadPoolExecutor(_CORES, thread_name_prefix="words")
        self._ranking, self._counting = 0, Lock()

    def first_row(self, number: int) -> int:
        """The first vector row of a passage."""
        return int(self._bounds[number])

    def have_question(self, numbers: IntArray) -> BoolArray:
        """Which of some passages are FAQ entries; shape (len(numbers),)."""
        have: BoolArray = self._roles[self._bounds[numbers]] == Role.QUESTION
        return have

    def nearest_sentences(self, numbers: IntArray, query: FloatArray) -> Found:
        """The sentence of each passage that is nearest to a question, the first of equals.

        Args:
            numbers: of passages, in any order.
            query: embedding of the question; shape (dim,), float32, unit length.

        Returns:
            Row numbers of `Generation.sentences`, int64, and their cosines, float32, both of shape (len(numbers),);
            both -1 for a passage whose sentences have no vectors: it has one or none.
        """
        nearest, highest = np.full(len(numbers), -1), np.full(len(numbers), -1, dtype=np.float32)
        counts = self._sentence_bounds[numbers + 1] - self._sentence_bounds[numbers]
        several = counts > 0
        rows, starts = rows_of(self._sentence_bounds, numbers[several])
        if len(rows):
            cosines = self._generation.sentences.products(rows, query)
            highest[several], best = ranking.best_of_each(cosines, starts, counts[several])
            nearest[several] = rows[best]
        return nearest, highest

    def rank(self, question: str, allowed: IntArray | None = None) -> Ranked:
        """Rank the passages for a question.

        Args:
            question: its words.
            allowed: only these passages, ascending.
        """
        question = self._spelling.correct(question)
        evidence = partial(self._generation.lexicon.scores, question, self._weights.parts)
        with self._counting:
            self._ranking += 1
            idle = self._ranking < _CORES
        try:
            # While one core embeds. With none idle it would only be one more thread that wants the interpreter.
            words = self._helpers.submit(evidence) if idle else None
            query = self._encoder.encode_query([question])[0]
            return self._rank(query, words.result() if words else evidence(), allowed)
        finally:
            with self._counting:
                self._ranking -= 1

    def rank_many(self, questions: Sequence[str]) -> list[Ranked]:
        """Rank the passages for each of some questions; as `rank`, but embedded together."""
        corrected = [self._spelling.correct(question) for question in questions]
        queries = self._encoder.encode_query(corrected)
        ranked: list[Ranked] = []
        for start in range(0, len(corrected), _BLOCK):
            block = slice(start, start + _BLOCK)
            near_queries = np.stack([self._generation.adaptation.map(query)[0] for query in queries[block]])
            found = zip(*self._generation.nearest.search_many(near_queries, _DENSE_ROWS), strict=True)
            for question, query, nearest in zip(corrected[block], queries[block], found, strict=True):
                words = self._generation.lexicon.scores(question, self._weights.parts)
                ranked.append(self._rank(query, words, None, nearest))
        return ranked

    def _rank(self, query: FloatArray, words: Found, allowed: IntArray | None, found: Found | None = None) -> Ranked:
        """Rank for one question.

        Args:
            query: its embedding.
            words: from `Lexicon.scores`.
            allowed: only these passages, ascending.
            found: its nearest rows, where they are known already.
        """
        generation = self._generation
        near_query, member_query = generation.adaptation.map(query)
        if allowed is not None:
            rows, _ = rows_of(self._bounds, allowed)
            found = generation.nearest.search(near_query, _DENSE_ROWS, rows=rows)
        elif found is None:
            found = generation.nearest.search(near_query, _DENSE_ROWS)
        near, cosines = found
        if allowed is not None:
            words = _among(words, allowed)
        candidates = self._candidates(self._owners[near], cosines, words)
        if not len(candidates):
            none = np.empty(0, dtype=np.float32)
            return Ranked(query=near_query, passages=candidates, scores=none, best_rows=candidates, signal=0.0)
        rows, starts = rows_of(self._bounds, candidates)
        products = generation.vectors.products(rows, np.stack((near_query, member_query)))
        evidence = ranking.gather(
            passages=candidates,
            rows=rows,
            starts=starts,
            roles=self._roles[rows],
            cosines=products[0],
            membership=products[1],
            lexical=_at(words, candidates),
        )
        scores = ranking.fuse(evidence, self._weights)
        order = ranking.order(scores, candidates)
        close, rest = order[:_CLOSE], order[_CLOSE:]
        sentences = np.full(len(candidates), -1, dtype=np.float32)
        sentences[close] = self.nearest_sentences(candidates[close], near_query)[1]
        scores = ranking.with_sentences(scores, evidence, sentences, self._weights)
        order = np.concatenate((close[ranking.order(scores[close], candidates[close])], rest))
        first = int(order[0])
        support = float(evidence.support[first])
        return Ranked(
            query=near_query,
            passages=candidates[order],
            scores=scores[order],
            best_rows=evidence.best_row[order],
            signal=ranking.signal(
                best=float(evidence.best[first]),
                support=support,
                # A text of one sentence stands in its support already.
                sentence=float(sentences[first]) if sentences[first] > -1 else support,
                lexical=float(evidence.lexical[first]),
            ),
        )

    def _candidates(self, owners: IntArray, cosines: FloatArray, words: Found) -> IntArray:
        """The passages worth a closer look, ascending.

        Args:
            owners: passage of each row found, the nearest first.
            cosines: of each row found, descending.
            words: passages with something in common, ascending, and how much; only those that are allowed.
        """
        passages, lexical = words
        found = np.sort(np.concatenate((owners, passages[_most_in_common(lexical)])))
        first = np.ones(len(found), dtype=np.bool_)
        np.not_equal(found[1:], found[:-1], out=first[1:])
        candidates = found[first]
        if len(candidates) > _CANDIDATES:
            # Backwards, so that of a passage's rows the nearest is the one that stays.
            nearest = np.full(len(candidates), cosines.min(initial=1.0), dtype=np.float32)
            nearest[np.searchsorted(candidates, owners[::-1])] = cosines[::-1]
            best = self._weights.lexical * _at(words, candidates) + nearest
            candidates = np.sort(candidates[highest(best, _CANDIDATES)])
        return candidates


def _most_in_common(lexical: FloatArray) -> IntArray:
    """Positions of the best of some scores above 0, in no order."""
    floor = lexical.max(initial=0.0) / 2
    found = np.flatnonzero(lexical > floor)
    # To sort out the few best costs nothing against sorting all of some hundred thousand.
    while len(found) < _LEXICAL_PASSAGES and floor > 0:
        floor = floor / 4 if floor > _LITTLE else 0.0
        found = np.flatnonzero(lexical > floor)
    return found[highest(lexical[found], _LEXICAL_PASSAGES)]


def _at(words: Found, numbers: IntArray) -> FloatArray:
    """What each of some passages has in common with the question, 0 for nothing; shape (len(numbers),), float32."""
    passages, lexical = words
    if not len(passages):
        return np.zeros(len(numbers), dtype=np.float32)
    places = np.minimum(np.searchsorted(passages, numbers), len(passages) - 1)
    return np.where(passages[places] == numbers, lexical[places], np.float32(0))


def _among(words: Found, allowed: IntArray) -> Found:
    """Those of some passages that are allowed; all ascending."""
    passages, lexical = words
    if not len(allowed):
        return passages[:0], lexical[:0]
    places = np.minimum(np.searchsorted(allowed, passages), len(allowed) - 1)
    kept = allowed[places] == passages
    return passages[kept], lexical[kept]


def _is_whole(encoder: Encoder, nothing: int, words: Sequence[str]) -> list[bool]:
    return [count <= nothing + 1 for count in encoder.count_tokens(words)]
