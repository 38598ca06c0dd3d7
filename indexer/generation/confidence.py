"""The probability that the best hit answers, placed on a site by off-topic questions and by its labelled ones."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from pydantic import Field

from indexer.errors import IndexDamagedError, naming
from indexer.schema import Count, Finite, checked_fields

# The level of off-topic questions where none was asked: the mean of the sites that the model was fitted on.
_LEVEL = 0.3
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
    """

    level: Annotated[Finite, Field(ge=-1, le=1)] = _LEVEL
    slope: Finite = 1.0
    intercept: Finite = 0.0
    questions: Count = 0

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read the JSON of its fields; the caller has verified the file's hash.

        Raises:
            IndexDamagedError: it holds no such curve.
        """
        with naming(path, IndexDamagedError, "roll back or rebuild the index"):
            return cls(**checked_fields(cls, path.read_bytes()))

    def probability(self, log_odds: float) -> float:
        """Probability in [0, 1] that the best hit answers, by the log-odds of `VerdictModel`.

        >>> Confidence(slope=2.0, intercept=-1.0).probability(0.5)
        0.5
        """
        # The logistic function, in the form that no log-odds make overflow.
        return (1.0 + math.tanh((self.slope * log_odds + self.intercept) / 2)) / 2

    def fit(
        self, log_odds: Sequence[float], answered: Sequence[bool], *, prior_strength: float = PRIOR_STRENGTH
    ) -> Confidence:
        """Fit on labelled questions, held near the model while they are few.

        Newton's method on the penalised log-likelihood, which is strictly concave, so the result is unique.

        Args:
            log_odds: of each question's best hit, by `VerdictModel`.
            answered: whether that hit answers it, one for each; False for a question the corpus does not answer.
            prior_strength: how much they must disagree with the model before they outweigh it, above 0.
        """
        design = np.column_stack((log_odds, np.ones(len(log_odds))))
        labels = np.asarray(answered, dtype=np.float64)
        prior = np.array([self.slope, self.intercept])
        # A slope of a tenth more or less matters as much as a shift of the whole curve by a third.
        precision = np.diag([prior_strength, prior_strength * 0.1])
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
        return replace(self, slope=float(weights[0]), intercept=float(weights[1]), questions=len(labels))
