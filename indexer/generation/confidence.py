"""Whether the best hit answers: a calibrated probability, placed by what off-topic questions find in this corpus."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from indexer.errors import IndexDamagedError, naming
from indexer.schema import Count, Finite, checked_fields

# Fitted on public question sets with the default model; flatter than any one of them would have it, because corpora
# differ in where their answered questions begin. `make refit`: five sets with unanswerable questions together give
# 10.0 and -5.8 (mean log loss .433, with these .446), each alone a slope from 10.6 to 20.8.
_SLOPE, _INTERCEPT = 10.5, -5.6
# The signal that off-topic questions reach at most with the default model: other models find everything nearer.
# Not fitted. By `make refit` their median is .11 to .33 in twelve sets, so the level moves the curve of none of them.
OFF_TOPIC_LEVEL = 0.4
# How much the labelled questions of a site must disagree with these before they outweigh them. Not fitted. By
# `make refit` within noise of the best: after 20 questions 30 gains .0021 ± .0015 of log-likelihood, after 100
# questions 3 gains .0014 ± .0014.
PRIOR_STRENGTH = 10.0
_STEPS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """A logistic curve from a ranking's signal to the probability that its best hit answers (Platt 1999).

    Attributes:
        slope, intercept: probability = 1 / (1 + exp(-(slope * signal + intercept))).
        questions: how many labelled questions it was fitted on; 0 for the built-in curve.
    """

    slope: Finite = _SLOPE
    intercept: Finite = _INTERCEPT
    questions: Count = 0

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the JSON of its fields; the caller has verified the file's hash.

        Raises:
            IndexDamagedError: it holds no such curve.
        """
        with naming(path, IndexDamagedError, "roll back or rebuild the index"):
            return cls(**checked_fields(cls, path.read_bytes()))

    def probability(self, signal: float) -> float:
        """Probability in [0, 1] that the best hit answers, by its `ranking.signal`.

        >>> Confidence(slope=2.0, intercept=-1.0).probability(0.5)
        0.5
        """
        # The logistic function, in the form that no signal makes overflow.
        return (1.0 + math.tanh((self.slope * signal + self.intercept) / 2)) / 2

    @classmethod
    def of_off_topic(cls, signals: Sequence[float], *, level: float = OFF_TOPIC_LEVEL) -> Self:
        """The built-in curve, placed for a model and a corpus by questions which the corpus does not answer.

        Models differ in the cosines they give to texts that have nothing to do with each other. The signal is
        stretched so that their median stands no higher than with the default model, and a perfect hit at 1.

        Args:
            signals: of each off-topic question's best hit, see `ranking.signal`; at least one.
            level: the signal that their median is given at most.
        """
        median = min(float(np.median(signals)), 0.99)
        if median <= level:
            return cls()
        stretch = (1 - level) / (1 - median)
        return cls(slope=_SLOPE * stretch, intercept=_INTERCEPT + _SLOPE * (1 - stretch))

    def fit(
        self, signals: Sequence[float], answered: Sequence[bool], *, prior_strength: float = PRIOR_STRENGTH
    ) -> Confidence:
        """Fit on labelled questions, held near this curve while they are few.

        Newton's method on the penalised log-likelihood, which is strictly concave, so the result is unique.

        Args:
            signals: of each question's best hit, see `ranking.signal`.
            answered: whether that hit answers it, one for each signal; False for a question the corpus does not answer.
            prior_strength: how much they must disagree with this curve before they outweigh it, above 0.
        """
        design = np.column_stack((signals, np.ones(len(signals))))
        labels = np.asarray(answered, dtype=np.float64)
        prior = np.array([self.slope, self.intercept])
        # A signal of 0.1 more or less matters as much as a shift of the whole curve.
        precision = np.diag([prior_strength * 0.01, prior_strength * 0.1])
        weights = prior.copy()
        for _ in range(_STEPS):
            predicted = 1.0 / (1.0 + np.exp(-(design @ weights)))
            gradient = design.T @ (labels - predicted) - precision @ (weights - prior)
            hessian = (design * (predicted * (1 - predicted))[:, None]).T @ design + precision
            step = np.linalg.solve(hessian, gradient)
            # No question's log-odds may move by more than 1 at once: each step is then certain to be one uphill.
            step /= max(1.0, float(np.abs(design @ step).max(initial=0.0)))
            weights = weights + step
            if float(np.abs(step).max()) < 1e-9:
                break
        return Confidence(slope=float(weights[0]), intercept=float(weights[1]), questions=len(labels))
