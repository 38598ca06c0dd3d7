"""What the numbers of a ranking are worth: the order of the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from indexer.arrays import DoubleArray
from indexer.model.encoder import Encoder
from search_api.evaluation.metrics import score_run
from tests.fitting.comparison import Outcome, report
from tests.fitting.labelled_sets import LabelledSet
from tests.fitting.variants import Sweep, Variant

_DEPTH = 10


class OrderComparison:
    """Compares the values of one number after another by nDCG@10 and MRR@10; the present ones are ranked once.

    Args:
        sets: that are asked.
        encoder: they are built with.
    """

    def __init__(self, sets: Sequence[LabelledSet], encoder: Encoder) -> None:
        self._sets, self._encoder = sets, encoder
        self._present = self._outcome(None, Variant())

    def report(self, sweep: Sweep) -> str:
        """A table of all values of a number."""
        outcomes = [
            replace(self._present, value=value)
            if value == sweep.present
            else self._outcome(value, sweep.variant(value))
            for value in sweep.values
        ]
        return report(sweep.name, "nDCG@10", outcomes, sweep.present)

    def _outcome(self, value: Any, variant: Variant) -> Outcome:
        scored = {one.name: _score(one, variant, self._encoder) for one in self._sets}
        mrr = float(np.mean([ranks.mean() for _, ranks in scored.values()]))
        return Outcome(value=value, scores={name: gains for name, (gains, _) in scored.items()}, more={"MRR@10": mrr})


def _score(of: LabelledSet, variant: Variant, encoder: Encoder) -> tuple[DoubleArray, DoubleArray]:
    """NDCG@10 and the reciprocal rank of each question, in their order; shape (questions,)."""
    ranked = variant.retriever(of, encoder).rank_many(list(of.queries.values()))
    run = {
        key: {of.passage_ids[number]: float(-place) for place, number in enumerate(one.passages[:_DEPTH])}
        for key, one in zip(of.queries, ranked, strict=True)
    }
    metrics = score_run(run, of.qrels)
    return metrics["nDCG@10"], metrics["MRR@10"]
