"""Whether the first hit answers: the arithmetic by hand, and the model in the package."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.generation.confidence import Confidence
from indexer.generation.verdict import HitFeatures, VerdictModel

MODEL = VerdictModel.default()
BARE = VerdictModel(
    features=HitFeatures._fields,
    means=(0.0,) * 11,
    scales=(1.0,) * 11,
    weights=(0.0,) * 11,
    intercept=0.0,
    provenance={},
)
# A near and far better hit than the next ones that has all words, and one that has nothing to do with the question.
GOOD = HitFeatures(0.9, 0.9, 0.9, 1.0, 0.9, 0.5, 0.6, 1.0, 0.0, 1.0, 4.0)
BAD = HitFeatures(0.2, 0.2, 0.2, 0.3, 0.1, 0.01, 0.03, 0.0, 0.9, 1.0, 4.0)


def weighing(name: str, weight: float) -> VerdictModel:
    return replace(BARE, weights=tuple(weight * (field == name) for field in HitFeatures._fields))


def test_the_model_in_the_package_says_what_it_was_fitted_on() -> None:
    assert MODEL.features == HitFeatures._fields
    assert {len(part) for part in (MODEL.means, MODEL.scales, MODEL.weights)} == {11}
    assert min(MODEL.scales) > 0
    assert {"command", "datasets", "model", "left out, in the mean"} <= MODEL.provenance.keys()


def test_it_tells_good_from_bad() -> None:
    curve = Confidence(level=0.2)
    assert curve.probability(MODEL.log_odds(BAD, 0.2)) < 0.05
    assert curve.probability(MODEL.log_odds(GOOD, 0.2)) > 0.95
    assert curve.probability(-100.0) < 1e-40  # without any hit


@pytest.mark.parametrize(("name", "value"), [("lexical", 0.4), ("share", 0.25), ("unknown", 0.5), ("passages", 3.0)])
def test_a_feature_counts_by_its_weight(name: str, value: float) -> None:
    features = HitFeatures()._replace(**{name: value})
    assert weighing(name, 2.0).log_odds(features, 0.0) == pytest.approx(2 * value)
    moved = replace(weighing(name, 2.0), means=(1.0,) * 11, scales=(0.5,) * 11, intercept=0.25)
    assert moved.log_odds(features, 0.0) == pytest.approx(2 * (value - 1) / 0.5 + 0.25)


@pytest.mark.parametrize("name", ["best", "entry", "sentence"])
def test_a_cosine_is_stretched_from_the_level_to_1(name: str) -> None:
    for cosine, level, expected in ((0.6, 0.2, 0.5), (0.9, 0.8, 0.5), (0.2, 0.2, 0.0), (0.0, 0.5, -1.0)):
        assert weighing(name, 1.0).log_odds(HitFeatures()._replace(**{name: cosine}), level) == pytest.approx(expected)


@pytest.mark.parametrize("name", ["lead", "lead_of_five"])
def test_a_lead_is_stretched_by_the_same_factor(name: str) -> None:
    assert weighing(name, 1.0).log_odds(HitFeatures()._replace(**{name: 0.1}), 0.75) == pytest.approx(0.4)


@given(st.floats(-1, 1), st.lists(st.floats(-1, 1), min_size=11, max_size=11))
def test_no_level_makes_it_infinite(level: float, values: list[float]) -> None:
    assert isfinite(MODEL.log_odds(HitFeatures(*values), level))
