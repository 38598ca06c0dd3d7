"""The curve from log-odds to a probability: by hand, and learned again from labels that a known curve made."""

from __future__ import annotations

from math import exp, inf, isfinite, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.generation.confidence import Confidence

BUILT_IN = Confidence()
TRUE = Confidence(slope=0.6, intercept=-1.0)
labelled = st.lists(st.tuples(st.floats(-9, 9), st.booleans()), max_size=60)


def simulated(count: int, curve: Confidence = TRUE, seed: int = 7) -> tuple[list[float], list[bool]]:
    """Signals around where the curve turns, each labelled by a throw of the curve's own dice."""
    chance = np.random.default_rng(seed)
    signals = chance.uniform(-5.0, 5.0, count).tolist()
    throws = chance.uniform(0.0, 1.0, count)
    return signals, [bool(throw < curve.probability(signal)) for signal, throw in zip(signals, throws, strict=True)]


def fit(signals: list[float], answered: list[bool], curve: Confidence = BUILT_IN) -> Confidence:
    """Of questions that are all answerable."""
    return curve.fit(signals, answered, [True] * len(signals))


def distance(one: Confidence, other: Confidence) -> float:
    """The most by which two curves differ between log-odds of -5 and 5."""
    return max(abs(one.probability(s) - other.probability(s)) for s in np.linspace(-5, 5, 51))


def likelihood(curve: Confidence, signals: list[float], answered: list[bool]) -> float:
    """Logarithm of the probability that the curve gives to the labels."""
    pairs = zip(signals, answered, strict=True)
    odds = [(curve.slope * s + curve.intercept) * (1 if label else -1) for s, label in pairs]
    return -sum(log(1 + exp(-x)) if x > -30 else -x for x in odds)


@pytest.mark.parametrize(
    ("slope", "intercept", "signal", "expected"),
    [
        (2.0, -1.0, 0.5, 0.5),  # 2 * 0.5 - 1 = 0
        (1.0, 0.0, log(3), 0.75),  # 3 to 1
        (1.0, 0.0, -log(3), 0.25),
        (4.0, 1.0, 0.25, exp(2) / (1 + exp(2))),
        (0.0, log(9), 123.0, 0.9),
    ],
)
def test_a_probability_by_hand(slope: float, intercept: float, signal: float, expected: float) -> None:
    assert Confidence(slope=slope, intercept=intercept).probability(signal) == pytest.approx(expected, abs=1e-12)


def test_the_built_in_curve_was_fitted_on_no_question_of_the_site_and_tells_good_from_bad() -> None:
    assert BUILT_IN.questions == 0
    assert BUILT_IN.probability(-1.0) < 0.5 < BUILT_IN.probability(1.0)


@given(st.floats(-5, 5), st.floats(-5, 5))
def test_a_better_signal_never_has_the_lower_probability(one: float, other: float) -> None:
    low, high = sorted((one, other))
    for curve in (BUILT_IN, TRUE):
        assert 0 <= curve.probability(low) <= curve.probability(high) <= 1


@pytest.mark.parametrize(("signal", "expected"), [(-1e9, 0), (1e9, 1), (-inf, 0), (inf, 1)])
def test_no_signal_is_too_large(signal: float, expected: int) -> None:
    assert Confidence(slope=500.0, intercept=0.0).probability(signal) == expected


def test_labels_move_the_curve_and_leave_the_level() -> None:
    assert fit([1.0, -1.0], [True, False], Confidence(level=0.7)).level == 0.7


def test_answerable_questions_and_others_weigh_the_same_however_many_there_are_of_each() -> None:
    signals, answered, answerable = [1.0, 0.5, -1.0], [True, False, False], [True, True, False]
    one = BUILT_IN.fit(signals * 8, answered * 8, answerable * 8)
    # 24 questions, too, of which 8 are answerable: alone they would draw the curve down.
    other = BUILT_IN.fit(
        signals[:2] * 4 + signals[2:] * 16, answered[:2] * 4 + answered[2:] * 16, answerable[:2] * 4 + [False] * 16
    )
    assert distance(one, other) < 1e-6


def told(right: int, wrong: int, others: int) -> Confidence:
    """Fitted on questions with a high signal, some of them wrong, and others with a low one that are wrong."""
    signals = [3.0] * (right + wrong) + [-3.0] * others
    return fit(signals, [True] * right + [False] * (wrong + others))


@pytest.mark.parametrize(
    ("right", "wrong", "kept"),
    [
        (19, 0, True),  # (0 + 1) of (19 + 1) are 5%
        (18, 0, False),
        (38, 1, True),  # (1 + 1) of (39 + 1)
        (37, 1, False),
        (30, 8, False),
    ],
)
def test_high_is_where_enough_labelled_questions_keep_the_promise(right: int, wrong: int, kept: bool) -> None:
    curve = told(right, wrong, 100)
    assert (curve.high, curve.told_high, curve.wrong) == (
        (curve.probability(3.0), right + wrong, wrong) if kept else (None, 0, 0)
    )


def test_high_reaches_as_low_as_the_promise_allows_and_parts_no_equals() -> None:
    signals = [4.0] * 20 + [3.0] * 25 + [2.0] * 10 + [-2.0] * 60
    answered = [True] * 20 + [False] + [True] * 24 + [False] * 2 + [True] * 8 + [False] * 60
    curve = fit(signals, answered)
    # Of 45 one is wrong, of 55 three: more than 5%. Nor are the 44 first of the 45 told so without the last.
    assert (curve.high, curve.told_high, curve.wrong) == (curve.probability(3.0), 45, 1)
    assert "1 of 45 labelled questions were wrong there" in curve.promise()


def test_of_few_labelled_questions_public_ones_decide_what_is_high() -> None:
    few = told(19, 5, 75)
    assert (few.questions, few.high, few.told_high) == (99, BUILT_IN.high, 0)
    assert "on public sites" in few.promise()
    assert "high never: at no confidence the 105 labelled" in told(20, 5, 80).promise()
    assert told(20, 5, 80).promise(0.7) == "high from 0.70 on, as the site sets it"


def test_a_known_curve_is_learned_from_many_labels() -> None:
    fitted = fit(*simulated(40_000))
    assert fitted.slope == pytest.approx(TRUE.slope, rel=0.05)
    assert fitted.intercept == pytest.approx(TRUE.intercept, rel=0.05)
    assert distance(fitted, TRUE) < 0.02
    assert fitted.questions == 40_000


def test_the_more_labels_the_nearer_to_the_true_curve() -> None:
    apart = [distance(fit(*simulated(count)), TRUE) for count in (0, 20, 500, 20_000)]
    assert apart == sorted(apart, reverse=True)


def test_the_fewer_labels_the_nearer_to_the_built_in_curve() -> None:
    even = 0.0  # the log-odds of probability 1/2
    apart = [distance(fit([even] * count, [True] * count), BUILT_IN) for count in (0, 1, 2, 8, 64, 512)]
    assert apart == sorted(apart)
    assert len(set(apart)) == 6


def test_few_labels_that_agree_with_the_built_in_curve_hardly_move_it() -> None:
    signals = [-5.0, -4.0, 4.0, 5.0]
    fitted = fit(signals, [BUILT_IN.probability(signal) > 0.5 for signal in signals])
    assert distance(fitted, BUILT_IN) < 0.05
    assert fitted.questions == 4


def test_without_labels_the_curve_is_the_built_in_one() -> None:
    assert fit([], []) == BUILT_IN


@given(labelled, st.randoms(use_true_random=False))
def test_the_order_of_the_labels_does_not_matter(pairs: list[tuple[float, bool]], chance: object) -> None:
    shuffled = list(pairs)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = (fit([s for s, _ in some], [a for _, a in some]) for some in (pairs, shuffled))
    assert (one.slope, one.intercept) == pytest.approx((other.slope, other.intercept), abs=1e-6)


@given(labelled)
def test_what_is_learned_explains_the_labels_no_worse_than_the_built_in_curve(pairs: list[tuple[float, bool]]) -> None:
    signals, answered = [s for s, _ in pairs], [a for _, a in pairs]
    fitted = fit(signals, answered)
    assert likelihood(fitted, signals, answered) >= likelihood(BUILT_IN, signals, answered) - 1e-6


@pytest.mark.parametrize("count", [2, 20, 2_000, 100_000])
@pytest.mark.parametrize("gap", [1e-6, 0.01, 0.5])
def test_labels_that_a_threshold_separates_give_a_finite_curve(count: int, gap: float) -> None:
    signals = [0.5 - gap / 2, 0.5 + gap / 2] * (count // 2)
    fitted = fit(signals, [signal > 0.5 for signal in signals])
    assert isfinite(fitted.slope)
    assert isfinite(fitted.intercept)
    assert fitted.probability(signals[0]) < fitted.probability(signals[1])


@pytest.mark.parametrize("label", [True, False])
def test_labels_that_are_all_alike_move_the_curve_their_way_and_no_further_than_finite(label: bool) -> None:
    signals = simulated(5_000)[0]
    fitted = fit(signals, [label] * len(signals))
    assert isfinite(fitted.slope)
    assert isfinite(fitted.intercept)
    for signal in (-3.0, 0.0, 3.0):
        moved = fitted.probability(signal) - BUILT_IN.probability(signal)
        assert (moved > 0) is label
