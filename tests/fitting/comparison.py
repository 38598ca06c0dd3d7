"""The values of one number side by side: their means over sets, and what each left-out set would be given. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np

from indexer.arrays import DoubleArray

# A difference of more standard errors than this is hardly chance.
_ERRORS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one value of a number gives.

    Attributes:
        value: of the number.
        scores: by set, the score of each question, higher is better; shape (questions,), float64.
        more: further means that are only shown, by their name.
    """

    value: Any
    scores: Mapping[str, DoubleArray]
    more: Mapping[str, float]

    @property
    def mean(self) -> float:
        """Every set weighs the same."""
        return float(np.mean([scores.mean() for scores in self.scores.values()]))


def difference(one: Outcome, other: Outcome) -> tuple[float, float]:
    """How much better the first is on average over the sets, and the standard error of that.

    Every question is compared with itself, so what makes questions hard does not count as noise.

    >>> one, other = ([0.5, 1.0], [0.5, 0.0])
    >>> difference(*(Outcome(value=0, scores={"a": np.array(each)}, more={}) for each in (one, other)))
    (0.5, 0.5)
    """
    apart = [one.scores[name] - other.scores[name] for name in one.scores]
    variance = sum(float(each.var(ddof=1)) / len(each) for each in apart if len(each) > 1)
    return float(np.mean([each.mean() for each in apart])), sqrt(variance) / len(apart)


def chosen_without(outcomes: Sequence[Outcome], present: Outcome, name: str) -> Outcome:
    """The best outcome on all sets but one; of equals the present one, then the first."""
    others = [other for other in present.scores if other != name]

    def mean(outcome: Outcome) -> float:
        return float(np.mean([outcome.scores[other].mean() for other in others]))

    return max(outcomes, key=lambda outcome: (mean(outcome), outcome is present))


def left_out(outcomes: Sequence[Outcome], present: Outcome) -> Outcome:
    """Each set's scores with the value that all other sets choose: an honest estimate of what fitting gains.

    Its value is that choice by set.
    """
    choices = {name: chosen_without(outcomes, present, name) for name in present.scores}
    return Outcome(
        value={name: choice.value for name, choice in choices.items()},
        scores={name: choice.scores[name] for name, choice in choices.items()},
        more={},
    )


def report(name: str, measure: str, outcomes: Sequence[Outcome], present: Any) -> str:
    """A plain table of all values, then what the sets choose and whether that is more than noise."""
    (now,) = (outcome for outcome in outcomes if outcome.value == present)
    further = list(now.more)
    head = ["", "value", measure, *further, "against the present"]
    rows = []
    for outcome in outcomes:
        gain, error = difference(outcome, now)
        mark, apart = ("*", "") if outcome is now else ("", f"{gain:+.4f} ± {error:.4f}")
        means = [f"{outcome.mean:.4f}", *(f"{outcome.more[key]:.4f}" for key in further)]
        rows.append([mark, str(outcome.value), *means, apart])
    lines = [name, table([head, *rows])]
    if len(now.scores) > 1:
        fitted = left_out(outcomes, now)
        counted = Counter(map(str, fitted.value.values())).most_common()
        choices = ", ".join(f"{value} for {count}" for value, count in counted)
        gain, error = difference(fitted, now)
        lines += [
            f"  chosen for each left-out set by the others: {choices}",
            f"  which gives the left-out sets {gain:+.4f} ± {error:.4f}: {verdict(gain, error, outcomes, now)}",
        ]
    return "\n".join(lines) + "\n"


def verdict(gain: float, error: float, outcomes: Sequence[Outcome], present: Outcome) -> str:
    """What that says about the present value."""
    if gain > _ERRORS * error and gain > 0:
        return "another value is BETTER than the present one"
    gains = [difference(outcome, present) for outcome in outcomes if outcome is not present]
    if all(abs(gain) <= _ERRORS * error for gain, error in gains):
        return "flat: no value here differs from the present one by more than noise"
    return "the present value is as good as any, within noise"


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns of equal width, two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        ("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))).rstrip() for row in rows
    )
