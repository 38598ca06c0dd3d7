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
from indexer.generation.verdict import HitFeatures, VerdictModel
from indexer.model.encoder import Encoder
from indexer.retrieval import ranking
from indexer.retrieval.candidates import (
    DEFAULT_CUT_OFFS,
    CutOffs,
    NearestRows,
    choose_candidates,
    lexical_scores_of,
    only_allowed,
)
from indexer.retrieval.ranking import DEFAULT_WEIGHTS, Evidence, Weights
from indexer.vectors.top_k import rows_of
from indexer.words.lexicon import LexicalScores
from indexer.words.spelling import DEFAULT_SPELLING_LIMITS, Spelling, SpellingLimits

_CORES = os.cpu_count() or 1
# What the logarithm of a sentence's characters and its place in the passage, from 0 for the first one towards 1, count
# beside its cosine. Fitted on the natural questions for tuning; of the right passages of those kept for measuring it
# chooses a right sentence in 66%, the cosine alone in 48%, always the first in 53%.
SENTENCE_LENGTH, SENTENCE_PLACE = np.float32(0.47), np.float32(0.5)
# Questions searched together: their results fit in a few megabytes.
_BLOCK = 512
# Where there is no hit at all it certainly does not answer.
_NO_HIT = -100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """The candidates of one question, best first.

    Attributes:
        query: embedding of the question, adapted to the corpus; shape (dim,), float32, unit length.
        passages: passage numbers; shape (candidates,), int64.
        scores: shape (candidates,), float32, descending but for passages whose sentences were not compared.
        best_rows: the row of `Generation.vectors` nearest to the question; shape (candidates,), int64.
        features: of the first candidate.
        log_odds: that it answers, by `VerdictModel`; those of `_NO_HIT` without candidates.
    """

    query: FloatArray
    passages: IntArray
    scores: FloatArray
    best_rows: IntArray
    features: HitFeatures
    log_odds: float


class Retriever:
    """Ranks the passages of one generation; safe to share between threads.

    Args:
        generation: what is searched.
        encoder: the one it was built with.
        weights: of the features of a candidate.
        cut_offs: how many are looked at.
        spelling_limits: which words of a question may be corrected.
    """

    def __init__(
        self,
        generation: Generation,
        encoder: Encoder,
        *,
        weights: Weights = DEFAULT_WEIGHTS,
        cut_offs: CutOffs = DEFAULT_CUT_OFFS,
        spelling_limits: SpellingLimits = DEFAULT_SPELLING_LIMITS,
    ) -> None:
        self._weights = weights
        self._cut_offs = cut_offs
        self._verdict = VerdictModel.default()
        self._generation = generation
        self._encoder = encoder
        numbers = np.arange(len(generation.passages) + 1)
        # Columns of their own: side by side in memory, a fraction of the records.
        self._owners = np.ascontiguousarray(generation.rows["passage"])
        self._roles = np.ascontiguousarray(generation.rows["role"])
        self._bounds = np.searchsorted(self._owners, numbers)
        self._sentence_bounds = np.searchsorted(generation.sentence_rows["passage"], numbers)
        # Not a method of this object: a cycle would keep a replaced generation's memory and files for a long time.
        are_single_tokens = partial(_are_single_tokens, encoder, encoder.count_tokens([""])[0])
        lexicon = generation.lexicon
        self._spelling = Spelling(lexicon.counts, lexicon.languages, are_single_tokens, spelling_limits)
        self._helpers = ThreadPoolExecutor(_CORES, thread_name_prefix="words")
        self._ranking, self._counting = 0, Lock()

    def first_row(self, number: int) -> int:
        """The first row of `Generation.vectors` that is of the passage with this number."""
        return int(self._bounds[number])

    def have_question(self, numbers: IntArray) -> BoolArray:
        """Which of some passages are FAQ entries.

        Args:
            numbers: of passages, int64; shape (n,).

        Returns:
            bool, shape (n,).
        """
        have: BoolArray = self._roles[self._bounds[numbers]] == Role.QUESTION
        return have

    def nearest_sentences(self, numbers: IntArray, query: FloatArray) -> FloatArray:
        """How near the sentence of each passage is that is nearest to a question.

        Args:
            numbers: of passages, int64, in any order; shape (n,).
            query: embedding of the question; shape (dim,), float32, unit length.

        Returns:
            Cosines, float32 in [-1, 1], -1 for a passage whose sentences have no vectors: it has one or none; (n,).
        """
        highest = np.full(len(numbers), -1, dtype=np.float32)
        several, rows, starts = self._sentences(numbers)
        if len(rows):
            highest[several] = np.maximum.reduceat(self._generation.sentences.products(rows, query), starts)
        return highest

    def answering_sentences(self, numbers: IntArray, query: FloatArray) -> IntArray:
        """The sentence of each passage that answers a question, the first of equals: rows of `Generation.sentences`.

        The one that is nearest often only says again what was asked; see `SENTENCE_LENGTH`.

        Args:
            numbers: of passages, int64, in any order; shape (n,).
            query: embedding of the question; shape (dim,), float32, unit length.

        Returns:
            int64, -1 for a passage whose sentences have no vectors: it has one or none; shape (n,).
        """
        found = np.full(len(numbers), -1)
        several, rows, starts = self._sentences(numbers)
        if len(rows):
            counts = np.diff(np.append(starts, len(rows)))
            records = self._generation.sentence_rows[rows]
            places = (np.arange(len(rows)) - np.repeat(starts, counts)) / np.repeat(counts, counts)
            lengths = np.log(records["end"] - records["start"])
            scores = self._generation.sentences.products(rows, query) + SENTENCE_LENGTH * lengths
            _, best = ranking.best_of_each((scores - SENTENCE_PLACE * places).astype(np.float32), starts, counts)
            found[several] = rows[best]
        return found

    def _sentences(self, numbers: IntArray) -> tuple[BoolArray, IntArray, IntArray]:
        """Which of some passages have several sentences, the rows of these, and where those of each begin."""
        several = self._sentence_bounds[numbers + 1] > self._sentence_bounds[numbers]
        return several, *rows_of(self._sentence_bounds, numbers[several])

    def rank(self, question: str, allowed: IntArray | None = None) -> Ranked:
        """Rank the passages for a question.

        Args:
            question: its words.
            allowed: numbers of the only passages that may be found, int64, ascending; shape (n,).
        """
        question = self._spelling.correct(question)
        lexical_scores = partial(self._lexical_scores, question)
        with self._counting:
            self._ranking += 1
            idle = self._ranking < _CORES
        try:
            # While one core embeds. With none idle it would only be one more thread that wants the interpreter.
            pending = self._helpers.submit(lexical_scores) if idle else None
            query = self._encoder.encode_query([question])[0]
            return self._rank(question, query, pending.result() if pending else lexical_scores(), allowed)
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
            nearest = zip(*self._generation.nearest.search_many(near_queries, self._cut_offs.dense_rows), strict=True)
            for question, query, found in zip(corrected[block], queries[block], nearest, strict=True):
                ranked.append(self._rank(question, query, self._lexical_scores(question), None, NearestRows(*found)))
        return ranked

    def _rank(
        self,
        question: str,
        query: FloatArray,
        lexical: LexicalScores,
        allowed: IntArray | None,
        nearest: NearestRows | None = None,
    ) -> Ranked:
        """Rank for one question.

        Args:
            question: its words, corrected.
            query: its embedding.
            lexical: of all passages.
            allowed: see `rank`.
            nearest: its nearest rows, where they are known already.
        """
        near_query, member_query = self._generation.adaptation.map(query)
        if allowed is not None:
            lexical = only_allowed(lexical, allowed)
        if nearest is None:
            nearest = self._nearest_rows(near_query, allowed)
        candidates = choose_candidates(
            self._owners[nearest.rows],
            nearest.cosines,
            lexical,
            lexical_weight=self._weights.lexical,
            cut_offs=self._cut_offs,
        )
        if not len(candidates):
            return _nothing(near_query)
        evidence = self._evidence(question, candidates, near_query, member_query, lexical)
        scores = ranking.fuse(evidence, self._weights)
        order = ranking.order(scores, candidates)
        close, rest = np.split(order, [self._cut_offs.sentence_passages])
        sentences = np.full(len(candidates), -1, dtype=np.float32)
        sentences[close] = self.nearest_sentences(candidates[close], near_query)
        scores = ranking.with_sentences(scores, evidence, sentences, self._weights)
        order = np.concatenate((close[ranking.order(scores[close], candidates[close])], rest))
        coverage = self._generation.lexicon.coverage(question, int(candidates[order[0]]))
        features = ranking.hit_features(evidence, sentences, scores, order, coverage, len(self._bounds) - 1)
        return Ranked(
            query=near_query,
            passages=candidates[order],
            scores=scores[order],
            best_rows=evidence.best_row[order],
            features=features,
            log_odds=self._verdict.log_odds(features, self._generation.confidence.level),
        )

    def _nearest_rows(self, near_query: FloatArray, allowed: IntArray | None) -> NearestRows:
        rows = None if allowed is None else rows_of(self._bounds, allowed)[0]
        return NearestRows(*self._generation.nearest.search(near_query, self._cut_offs.dense_rows, rows=rows))

    def _lexical_scores(self, question: str) -> LexicalScores:
        return self._generation.lexicon.scores(question, self._weights.parts, self._cut_offs.postings)

    def _evidence(
        self,
        question: str,
        candidates: IntArray,
        near_query: FloatArray,
        member_query: FloatArray,
        lexical: LexicalScores,
    ) -> Evidence:
        rows, starts = rows_of(self._bounds, candidates)
        cosines, membership = self._generation.vectors.products(rows, np.stack((near_query, member_query)))
        return ranking.gather(
            passages=candidates,
            rows=rows,
            starts=starts,
            roles=self._roles[rows],
            cosines=cosines,
            membership=membership,
            lexical=lexical_scores_of(candidates, lexical),
            has_code=np.isin(candidates, self._generation.lexicon.with_codes_of(question)),
            nearest_questions=self._weights.nearest_questions,
        )


def _nothing(query: FloatArray) -> Ranked:
    none = np.empty(0, dtype=np.int64)
    scores = np.empty(0, dtype=np.float32)
    return Ranked(query=query, passages=none, scores=scores, best_rows=none, features=HitFeatures(), log_odds=_NO_HIT)


def _are_single_tokens(encoder: Encoder, special_tokens: int, words: Sequence[str]) -> list[bool]:
    return [count <= special_tokens + 1 for count in encoder.count_tokens(words)]
