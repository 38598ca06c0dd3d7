"""Ranked passages and confidences to figures: how often the right one is first, and whether "no answer" is honest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from indexer.arrays import BoolArray, DoubleArray
from indexer.errors import FaqError
from search_api.thresholds import Thresholds

# By query id the score of each passage id.
Run = dict[str, dict[str, float]]

METRICS = ("P@1", "MRR@10", "nDCG@10", "R@10", "R@100")
DEPTH = 100
_RESAMPLES = 1000
_BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class NoAnswer:
    """How well confidence tells answered from unanswered questions; all in [0, 1].

    Attributes:
        auroc: probability that an answerable question gets the higher confidence than an unanswerable one.
        coverage_at_5, coverage_at_10: share of the answerable questions whose confidence is above that of all but
            5% or 10% of the unanswerable ones.
        ece: expected calibration error of "the first hit answers", ten bins of equal width.
        high_when_unanswerable: share of the unanswerable questions told `high`.
        none_when_answerable: share of the answerable questions told `none`.
        high: share of all questions told `high`; `high_right`: the share of these whose first hit answers, None without
            any.
    """

    auroc: float
    coverage_at_5: float
    coverage_at_10: float
    ece: float
    high_when_unanswerable: float
    none_when_answerable: float
    high: float
    high_right: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFigures:
    """How well one site answers, and how honest it is; all but the counts in [0, 1].

    Attributes:
        queries: how many questions it answers; `near_misses`: how many of the others.
        p1, ndcg10: P@1 and nDCG@10 of the first.
        auroc: probability that a question whose first hit is right gets a higher confidence than one whose first hit is
            wrong, near misses among them; None where there are not both.
        ece: expected calibration error of "the first hit is right".
        high: share of all questions told `high`; `high_right`: the share of these that are right, None without any.
        near_miss_high: share of the near misses told `high`, None without any.
        right_none: share of the questions with the right first hit told `none`, None without any.
    """

    queries: int
    near_misses: int
    p1: float
    ndcg10: float
    auroc: float | None
    ece: float
    high: float
    high_right: float | None
    near_miss_high: float | None
    right_none: float | None


def score_run(run: Run, qrels: dict[str, dict[str, int]]) -> dict[str, DoubleArray]:
    """Each metric of each question, in the order of qrels; a question without hits scores 0."""
    try:
        import ir_measures
    except ImportError as error:
        raise FaqError(f"evaluating needs the extra: pip install 'semantic-faq-search[evaluate]' ({error})") from error

    names = {"MRR@10": "RR@10"}
    measures = {ir_measures.parse_measure(names.get(metric, metric)): metric for metric in METRICS}
    order = {key: place for place, key in enumerate(qrels)}
    values = {metric: np.zeros(len(qrels)) for metric in METRICS}
    for result in ir_measures.iter_calc(list(measures), qrels, run):
        values[measures[result.measure]][order[result.query_id]] = result.value
    return values


def interval(values: DoubleArray) -> tuple[float, float]:
    """The 95% confidence interval of a mean, by the bootstrap (Efron 1979)."""
    samples = np.random.default_rng(0).choice(values, (_RESAMPLES, len(values))).mean(axis=1)
    low, high = np.percentile(samples, (2.5, 97.5))
    return float(low), float(high)


def judge_verdicts(
    confidences: dict[str, float], correct: dict[str, bool], unanswerable: Sequence[float], thresholds: Thresholds
) -> NoAnswer:
    """How honest the verdicts are.

    Args:
        confidences: of each answerable question, in [0, 1], by its id.
        correct: whether its first hit answers it.
        unanswerable: confidences of the questions that nothing answers, at least one.
        thresholds: from which confidence on a question is told what.
    """
    from sklearn.metrics import roc_auc_score

    answerable = np.array(list(confidences.values()))
    none = np.array(unanswerable)
    labels = np.concatenate((np.ones(len(answerable)), np.zeros(len(none))))
    predicted = np.concatenate((answerable, none))
    truth = np.concatenate((np.array(list(correct.values()), dtype=float), np.zeros(len(none))))
    high = predicted >= thresholds.high
    return NoAnswer(
        auroc=float(roc_auc_score(labels, predicted)),
        coverage_at_5=float((answerable > np.quantile(none, 0.95)).mean()),
        coverage_at_10=float((answerable > np.quantile(none, 0.90)).mean()),
        ece=calibration_error(predicted, truth),
        high_when_unanswerable=float((none >= thresholds.high).mean()),
        none_when_answerable=float((answerable < thresholds.partial).mean()),
        high=float(high.mean()),
        high_right=_share(truth[high]),
    )


def judge_site(
    run: Run,
    qrels: dict[str, dict[str, int]],
    confidences: dict[str, float],
    unanswerable: Sequence[float],
    thresholds: Thresholds,
) -> SiteFigures:
    """The figures of one site; the arguments are those of `score_run` and `judge_verdicts`."""
    from sklearn.metrics import roc_auc_score

    scores = score_run(run, qrels)
    right = np.array([max(run[key], key=run[key].__getitem__, default="") in qrels[key] for key in qrels])
    truth = np.concatenate((right, np.zeros(len(unanswerable), dtype=np.bool_)))
    predicted = np.array([*(confidences[key] for key in qrels), *unanswerable])
    high, none = predicted >= thresholds.high, predicted < thresholds.partial
    return SiteFigures(
        queries=len(qrels),
        near_misses=len(unanswerable),
        p1=float(scores["P@1"].mean()),
        ndcg10=float(scores["nDCG@10"].mean()),
        auroc=float(roc_auc_score(truth, predicted)) if truth.any() and not truth.all() else None,
        ece=calibration_error(predicted, truth),
        high=float(high.mean()),
        high_right=_share(truth[high]),
        near_miss_high=_share(high[len(qrels) :]),
        right_none=_share(none[truth]),
    )


def _share(of: BoolArray) -> float | None:
    return float(of.mean()) if len(of) else None


def calibration_error(predicted: DoubleArray, truth: DoubleArray | BoolArray) -> float:
    """Expected calibration error (Naeini, Cooper and Hauskrecht 2015): |confidence - accuracy|, weighted by bin."""
    bins = np.minimum((predicted * _BINS).astype(int), _BINS - 1)
    error = 0.0
    for number in range(_BINS):
        inside = bins == number
        if inside.any():
            error += inside.mean() * abs(predicted[inside].mean() - truth[inside].mean())
    return float(error)
