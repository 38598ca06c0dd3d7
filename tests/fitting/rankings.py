"""What the numbers of a ranking are worth: the order of the answers, and the signal that tells if there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from indexer.arrays import BoolArray, DoubleArray
from indexer.model.encoder import Encoder
from indexer.retrieval.retriever import Ranked
from search_api.evaluation.metrics import score_run
from tests.fitting.comparison import Outcome, report
from tests.fitting.labelled_sets import LabelledSet
from tests.fitting.variants import Sweep, Variant

_DEPTH = 10


@dataclass(frozen=True, slots=True)
class Signals:
    """The signals of one set's questions.

    Attributes:
        answerable: of those with an answer; shape (n,), float64.
        right: whether the best hit answers it; shape (n,), bool.
        unanswerable: of those without; shape (m,), float64.
    """

    answerable: DoubleArray
    right: BoolArray
    unanswerable: DoubleArray


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


def compare_signals(sweep: Sweep, sets: Sequence[LabelledSet], encoder: Encoder) -> str:
    """A report, over the sets with unanswerable questions, of how well the signal tells them from the others."""
    outcomes = [
        Outcome(
            value=value,
            scores={one.name: placements(signals_of(one, encoder, sweep.variant(value))) for one in sets},
            more={},
        )
        for value in sweep.values
    ]
    return report(sweep.name, "AUROC", outcomes, sweep.present)


def signals_of(of: LabelledSet, encoder: Encoder, variant: Variant | None = None) -> Signals:
    """Ask all questions of a set."""
    retriever = (variant or Variant()).retriever(of, encoder)
    ranked = retriever.rank_many(list(of.queries.values()))
    return Signals(
        np.array([one.signal for one in ranked]),
        np.array([_best(of, one) in of.qrels[key] for key, one in zip(of.queries, ranked, strict=True)]),
        np.array([one.signal for one in retriever.rank_many(of.unanswerable)]),
    )


def placements(signals: Signals) -> DoubleArray:
    """For each answerable question the share of the unanswerable ones with a lower signal; their mean is the AUROC.

    >>> placements(Signals(np.array([0.9, 0.3]), np.array([True, True]), np.array([0.2, 0.4]))).tolist()
    [1.0, 0.5]
    """
    lower = signals.answerable[:, None] > signals.unanswerable
    equal = signals.answerable[:, None] == signals.unanswerable
    return np.asarray((lower + 0.5 * equal).mean(axis=1), dtype=np.float64)


def _best(of: LabelledSet, ranked: Ranked) -> str:
    return of.passage_ids[ranked.passages[0]] if len(ranked.passages) else ""


def _score(of: LabelledSet, variant: Variant, encoder: Encoder) -> tuple[DoubleArray, DoubleArray]:
    """NDCG@10 and the reciprocal rank of each question, in their order; shape (questions,)."""
    ranked = variant.retriever(of, encoder).rank_many(list(of.queries.values()))
    run = {
        key: {of.passage_ids[number]: float(-place) for place, number in enumerate(one.passages[:_DEPTH])}
        for key, one in zip(of.queries, ranked, strict=True)
    }
    metrics = score_run(run, of.qrels)
    return metrics["nDCG@10"], metrics["MRR@10"]
