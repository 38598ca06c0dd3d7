"""The numbers of `Confidence`: the built-in curve, the level of off-topic questions, the strength of the prior."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from indexer.arrays import BoolArray, DoubleArray
from indexer.generation.confidence import OFF_TOPIC_LEVEL, PRIOR_STRENGTH, Confidence
from indexer.model.encoder import Encoder
from indexer.model.off_topic_questions import OFF_TOPIC_QUESTIONS
from tests.fitting.comparison import Outcome, report, table
from tests.fitting.labelled_sets import LabelledSet
from tests.fitting.rankings import Signals
from tests.fitting.variants import Variant

# So weak that only the questions count, and still enough for a set that a threshold divides without error.
_HARDLY_ANY_PRIOR = 0.01
_STRENGTHS = (1.0, 3.0, 10.0, 30.0, 100.0)
_LABELLED = (20, 100)
_SPLITS = 20


def compare_curves(signals: Mapping[str, Signals]) -> str:
    """The curve that each set fits alone, all together, and all but one, with the log loss of each and of the built-in.

    Args:
        signals: of each set with unanswerable questions.
    """
    rows = [["fitted on", "slope", "intercept", "questions", "log loss", "built-in's", "others'"]]
    labelled = {name: _labelled(each) for name, each in signals.items()}
    for name, (own, answered) in labelled.items():
        others = [other for other in labelled if other != name]
        from_others = f"{_loss(_fit(labelled, others), own, answered):.3f}" if others else ""
        rows.append([*_row(name, labelled, [name]), from_others])
    rows.append([*_row("all", labelled, list(labelled)), ""])
    return "Confidence.slope, Confidence.intercept\n" + table(rows) + "\n"


def off_topic_levels(sets: Sequence[LabelledSet], encoder: Encoder) -> str:
    """The signals that off-topic questions reach in each set; their median beside the level it is given at most."""
    rows = [["off-topic questions in", "median signal", "nine tenths below"]]
    for one in sets:
        signals = [ranked.signal for ranked in Variant().retriever(one, encoder).rank_many(OFF_TOPIC_QUESTIONS)]
        rows.append([one.name, f"{np.median(signals):.3f}", f"{np.quantile(signals, 0.9):.3f}"])
    return f"confidence.OFF_TOPIC_LEVEL, at present {OFF_TOPIC_LEVEL}\n{table(rows)}\n"


def compare_prior_strengths(signals: Mapping[str, Signals], sets: Sequence[LabelledSet], seed: int) -> str:
    """How well a curve fitted on a few questions of a set predicts the others, at each strength; higher is better."""
    placed = {one.name: one.generation.confidence for one in sets}
    parts = []
    for count in _LABELLED:
        # As many questions must be left to judge by.
        large = {name: each for name, each in signals.items() if len(_labelled(each)[0]) >= 2 * count}
        if not large:
            continue
        outcomes = [
            Outcome(
                value=strength,
                scores={name: _likelihoods(placed[name], each, count, strength, seed) for name, each in large.items()},
                more={},
            )
            for strength in _STRENGTHS
        ]
        heading = f"confidence.PRIOR_STRENGTH, fitted on {count} questions of a set"
        parts.append(report(heading, "log-likelihood", outcomes, PRIOR_STRENGTH))
    return "\n".join(parts)


def _labelled(signals: Signals) -> tuple[DoubleArray, BoolArray]:
    answered = np.concatenate((signals.right, np.zeros(len(signals.unanswerable), dtype=np.bool_)))
    return np.concatenate((signals.answerable, signals.unanswerable)), answered


def _fit(labelled: Mapping[str, tuple[DoubleArray, BoolArray]], names: Sequence[str]) -> Confidence:
    signals, answered = (np.concatenate([labelled[name][part] for name in names]) for part in (0, 1))
    return Confidence().fit(signals.tolist(), answered.tolist(), prior_strength=_HARDLY_ANY_PRIOR)


def _row(name: str, labelled: Mapping[str, tuple[DoubleArray, BoolArray]], names: Sequence[str]) -> list[str]:
    curve = _fit(labelled, names)
    losses = [float(np.mean([_loss(one, *labelled[each]) for each in names])) for one in (curve, Confidence())]
    return [name, f"{curve.slope:.1f}", f"{curve.intercept:.1f}", f"{curve.questions}", *(f"{x:.3f}" for x in losses)]


def _loss(curve: Confidence, signals: DoubleArray, answered: BoolArray) -> float:
    return float(-_likelihood(curve, signals, answered).mean())


def _likelihood(curve: Confidence, signals: DoubleArray, answered: BoolArray) -> DoubleArray:
    """Log-likelihood of each question; shape (questions,)."""
    predicted = np.array([curve.probability(signal) for signal in signals.tolist()]).clip(1e-12, 1 - 1e-12)
    return np.asarray(np.log(np.where(answered, predicted, 1 - predicted)))


def _likelihoods(placed: Confidence, signals: Signals, count: int, strength: float, seed: int) -> DoubleArray:
    """Log-likelihood of each question, the mean of the random splits in which it was not fitted on."""
    own, answered = _labelled(signals)
    chance = np.random.default_rng(seed)
    total, judged = np.zeros(len(own)), np.zeros(len(own))
    for _ in range(_SPLITS):
        order = chance.permutation(len(own))
        few, rest = order[:count], order[count:]
        curve = placed.fit(own[few].tolist(), answered[few].tolist(), prior_strength=strength)
        total[rest] += _likelihood(curve, own[rest], answered[rest])
        judged[rest] += 1
    # The splits are the same at every strength, so the same questions stay.
    return total[judged > 0] / judged[judged > 0]
