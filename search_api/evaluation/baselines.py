"""What usual engines would find among the same passages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from indexer.arrays import FloatArray
from indexer.content.passages import Role
from search_api.evaluation.metrics import DEPTH, Run
from search_api.searcher import Searcher

_RRF_K = 60  # Cormack, Clarke and Buettcher 2009


def baseline_runs(searcher: Searcher, asked: dict[str, str], ids: Sequence[str]) -> dict[str, Run]:
    """BM25 alone; one vector a passage (question and answer together); both by reciprocal rank."""
    generation = searcher.generation
    roles, passages = generation.rows["role"], generation.rows["passage"]
    # An entry without an answer is its question.
    are_whole = (roles == Role.ENTRY) | ((roles == Role.QUESTION) & ~np.isin(passages, passages[roles == Role.ENTRY]))
    entries = np.flatnonzero(are_whole)
    owners = generation.rows["passage"][entries]
    matrix = generation.vectors.vectors(entries)
    runs: dict[str, Run] = {"bm25": {}, "single-vector": {}, "rrf": {}}
    queries = searcher.encoder.encode_query(list(asked.values()))
    for (key, text), query in zip(asked.items(), queries, strict=True):
        cosines = np.full(len(ids), -1.0, dtype=np.float32)
        np.maximum.at(cosines, owners, matrix @ query)
        words = generation.lexicon.bm25(text)
        dense = _best(cosines, -1.0)
        lexical = _best(words, 0.0)
        fused: dict[int, float] = {}
        for ranking in (dense, lexical):
            for place, number in enumerate(ranking, 1):
                fused[number] = fused.get(number, 0.0) + 1 / (_RRF_K + place)
        for name, ranking in (
            ("bm25", lexical),
            ("single-vector", dense),
            ("rrf", sorted(fused, key=lambda number: (-fused[number], number))[:DEPTH]),
        ):
            runs[name][key] = {ids[number]: float(DEPTH - place) for place, number in enumerate(ranking)}
    return runs


def _best(scores: FloatArray, above: float) -> list[int]:
    best = np.argsort(-scores, kind="stable")[:DEPTH]
    return [int(number) for number in best[scores[best] > above]]
