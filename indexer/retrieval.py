"""A question and its embedding to ranked passages: candidates from vectors and words, then one exact ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat

import numpy as np
import numpy.typing as npt

from indexer import ranking
from indexer.encoder import Encoder
from indexer.generation import Generation
from indexer.spelling import Spelling

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]

# Candidates from each side; every one is then scored over all its vectors.
_DENSE_ROWS = 600
_LEXICAL_PASSAGES = 100
# Questions searched together: their results fit in a few megabytes.
_BLOCK = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """The candidates of one question, best first; arrays have shape (candidates,).

    Attributes:
        query: embedding of the question; shape (dim,), float32.
        passages: passage numbers, int64.
        scores: float32, descending.
        best_rows: the row of `VectorIndex` nearest to the question, int64.
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
    """

    def __init__(self, generation: Generation, encoder: Encoder) -> None:
        self._generation = generation
        self._encoder = encoder
        self._owners = generation.rows["passage"].astype(np.int64)
        self._roles = generation.rows["role"].astype(np.int64)
        self._bounds = np.searchsorted(self._owners, np.arange(len(generation.passages) + 1))
        self._spelling = Spelling(generation.lexicon.counts, generation.lexicon.languages, self._is_whole)

    def first_row(self, number: int) -> int:
        """The first vector row of a passage."""
        return int(self._bounds[number])

    def rank(self, question: str, allowed: IntArray | None = None) -> Ranked:
        """Rank the passages for a question.

        Args:
            question: its words.
            allowed: only these passages, ascending.
        """
        question = self._spelling.correct(question)
        return self._rank(question, self._encoder.encode_query([question])[0], allowed)

    def rank_many(self, questions: Sequence[str]) -> list[Ranked]:
        """Rank the passages for each of some questions; as `rank`, but embedded together."""
        corrected = [self._spelling.correct(question) for question in questions]
        queries = self._encoder.encode_query(corrected)
        ranked: list[Ranked] = []
        for start in range(0, len(corrected), _BLOCK):
            block = slice(start, start + _BLOCK)
            near, _ = self._generation.vectors.search_many(queries[block], _DENSE_ROWS)
            ranked += map(self._rank, corrected[block], queries[block], repeat(None), near)
        return ranked

    def _is_whole(self, words: Sequence[str]) -> list[bool]:
        counts = self._encoder.count_tokens(["", *words])
        return [count <= counts[0] + 1 for count in counts[1:]]

    def _rank(self, question: str, query: FloatArray, allowed: IntArray | None, near: IntArray | None = None) -> Ranked:
        """Rank for one question; `near` are its nearest rows, where they are known already."""
        lexical = self._generation.lexicon.evidence(question)
        if allowed is not None:
            inside = np.zeros(len(lexical), dtype=bool)
            inside[allowed] = True
            lexical = np.where(inside, lexical, np.float32(0))
            near, _ = self._generation.vectors.search(query, _DENSE_ROWS, rows=self._rows_of(allowed))
        elif near is None:
            near, _ = self._generation.vectors.search(query, _DENSE_ROWS)
        count = min(_LEXICAL_PASSAGES, len(lexical))
        by_words = np.argpartition(-lexical, count - 1)[:count]
        candidates = np.union1d(self._owners[near], by_words[lexical[by_words] > 0])
        rows = self._rows_of(candidates)
        evidence = ranking.gather(
            passages=candidates,
            rows=rows,
            owners=self._owners[rows],
            roles=self._roles[rows],
            cosines=self._generation.vectors.cosines(rows, query),
            lexical=lexical[candidates],
        )
        scores = ranking.fuse(evidence)
        order = ranking.order(scores, candidates)
        return Ranked(
            query=query,
            passages=candidates[order],
            scores=scores[order],
            best_rows=evidence.best_row[order],
            signal=self._signal(evidence, scores, int(order[0]), query) if len(order) else 0.0,
        )

    def _signal(self, evidence: ranking.Evidence, scores: FloatArray, best: int, query: FloatArray) -> float:
        _, sentences = self._generation.sentences_of(int(evidence.passages[best]))
        support = float(evidence.support[best])
        # A text of one sentence stands in its support already.
        sentence = float((sentences @ query).max()) if len(sentences) else support
        return ranking.signal(float(scores[best]), support, sentence)

    def _rows_of(self, numbers: IntArray) -> IntArray:
        """All vector rows of some passages (ascending), ascending."""
        starts, stops = self._bounds[numbers], self._bounds[numbers + 1]
        counts = stops - starts
        ends = np.cumsum(counts)
        rows: IntArray = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - counts), counts)
        return rows
