"""The probability that the best hit answers, placed on a site by off-topic questions and by its labelled ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from pydantic import Field

from indexer.arrays import BoolArray, DoubleArray
from indexer.errors import IndexDamagedError, naming
from indexer.schema import Count, Finite, checked_fields

# The level of off-topic questions where none was asked: the mean of the sites that the model was fitted on.
_LEVEL = 0.3
# From this confidence on 5% were wrong on public sites that the model was not fitted on: see `verdict.json`.
_HIGH = 0.88
# What `high` promises: no larger share of what is told so is wrong.
MOST_WRONG = 0.05
# From so many labelled questions on they decide alone what is `high`, and whether anything is.
ENOUGH_QUESTIONS = 100
# How much the labelled questions of a site must disagree with the model before they outweigh it. Not fitted.
PRIOR_STRENGTH = 10.0
_STEPS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Confidence:
    """The log-odds of `VerdictModel`, corrected for a site by a logistic curve (Platt 1999).

    Attributes:
        level: the cosine at which questions that have nothing to do with the site find their best hit, in [-1, 1].
        slope, intercept: probability = 1 / (1 + exp(-(slope * log-odds + intercept))).
        questions: how many labelled questions these were fitted on; 0 for none.
        high: the lowest probability from which on at most `MOST_WRONG` are expected to be wrong, None for no such one.
        told_high: how many of the labelled questions reach it, where they set it; 0 where public sites did.
        wrong: of how many of these the best hit does not answer.
    """

    level: Annotated[Finite, Field(ge=-1, le=1)] = _LEVEL
    slope: Finite = 1.0
    intercept: Finite = 0.0
    questions: Count = 0
    high: Annotated[Finite, Field(ge=0, le=1)] | None = _HIGH
    told_high: Count = 0
    wrong: Count = 0

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the JSON of its fields; the caller has verified the file's hash.

        Raises:
            IndexDamagedError: it holds no such curve.
        """
        with naming(path, IndexDamagedError, "roll back or rebuild the index"):
            return cls(**checked_fields(cls, path.read_bytes()))

    def promise(self, site_high: float | None = None) -> str:
        """What is told `high`, and what that rests on, as a line without an end.

        >>> Confidence().promise()
        'high from 0.88 on: 5% of these were wrong on public sites'

        Args:
            site_high: from which confidence on the site itself wants it told, if it does.
        """
        if site_high is not None:
            return f"high from {site_high:.2f} on, as the site sets it"
        if self.high is None:
            return f"high never: at no confidence the {self.questions:,} labelled questions keep {MOST_WRONG:.0%} wrong"
        if not self.told_high:
            return f"high from {self.high:.2f} on: {MOST_WRONG:.0%} of these were wrong on public sites"
        return f"high from {self.high:.2f} on: {self.wrong:,} of {self.told_high:,} labelled questions were wrong there"

    def probability(self, log_odds: float) -> float:
        """Probability in [0, 1] that the best hit answers, by the log-odds of `VerdictModel`.

        >>> Confidence(slope=2.0, intercept=-1.0).probability(0.5)
        0.5
        """
        # The logistic function, in the form that no log-odds make overflow.
        return (1.0 + math.tanh((self.slope * log_odds + self.intercept) / 2)) / 2

    def fit(
        self,
        log_odds: Sequence[float],
        answered: Sequence[bool],
        answerable: Sequence[bool],
        *,
        prior_strength: float = PRIOR_STRENGTH,
    ) -> Confidence:
        """Fit on labelled questions, held near the model while they are few, and set `high` by them if they are enough.

        Newton's method on the penalised log-likelihood, which is strictly concave, so the result is unique. Answerable
        questions and others weigh the same altogether, as where the model was fitted: how many of each a site has
        written down says nothing about what its visitors ask.

        Args:
            log_odds: of each question's best hit, by `VerdictModel`.
            answered: whether that hit answers it, one for each.
            answerable: whether anything on the site does, one for each.
            prior_strength: how much they must disagree with the model before they outweigh it, above 0.
        """
        design = np.column_stack((log_odds, np.ones(len(log_odds))))
        labels = np.asarray(answered, dtype=np.float64)
        counts = _balanced(np.asarray(answerable, dtype=np.bool_))
        prior = np.array([self.slope, self.intercept])
        # A slope of a tenth more or less matters as much as a shift of the whole curve by a third.
        precision = np.diag([prior_strength, prior_strength * 0.1])
        weights = prior.copy()
        for _ in range(_STEPS):
            predicted = 1.0 / (1.0 + np.exp(-(design @ weights)))
            gradient = design.T @ (counts * (labels - predicted)) - precision @ (weights - prior)
            hessian = (design * (counts * predicted * (1 - predicted))[:, None]).T @ design + precision
            step = np.linalg.solve(hessian, gradient)
            # No question's log-odds may move by more than 1 at once: each step is then certain to be one uphill.
            step /= max(1.0, float(np.abs(design @ step).max(initial=0.0)))
            weights = weights + step
            if float(np.abs(step).max()) < 1e-9:
                break
        fitted = replace(self, slope=float(weights[0]), intercept=float(weights[1]), questions=len(labels))
        return fitted._promising(np.array([fitted.probability(odds) for odds in log_odds]), labels == 1)

    def _promising(self, probabilities: DoubleArray, answered: BoolArray) -> Confidence:
        """With `high` as the labelled questions have it, if they are enough.

        One more that is wrong is reckoned with than were seen, as in conformal selection (Jin and Candès 2023): a few
        that happen to be right prove nothing.
        """
        if len(answered) < ENOUGH_QUESTIONS:
            return self
        order = np.argsort(-probabilities, kind="stable")
        told, sure = np.arange(1, len(order) + 1), probabilities[order]
        wrong = np.cumsum(~answered[order])
        # Of questions with the same probability all are told high, or none.
        last_of_equals = np.append(sure[1:] < sure[:-1], True)
        holds = np.flatnonzero(last_of_equals & (wrong + 1 <= MOST_WRONG * (told + 1)))
        if not len(holds):
            return replace(self, high=None)
        last = holds[-1]
        return replace(self, high=float(sure[last]), told_high=int(told[last]), wrong=int(wrong[last]))


def _balanced(answerable: BoolArray) -> DoubleArray:
    """How much each question counts, 1 in the mean."""
    shares = np.array([(~answerable).mean(), answerable.mean()]) if len(answerable) else np.ones(2)
    return np.asarray(0.5 / shares[answerable.astype(np.int64)] if shares.all() else np.ones(len(answerable)))
