"""The fit of the verdict: weights learned again from labels that known weights made, and the figures by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from indexer.generation.verdict import HitFeatures
from indexer.model.encoder import Encoder
from tests.fitting.verdict import AskedSite, ask_sites, confidences, figures, fit, left_out, promise
from tests.search_api.test_sites import a_data_set

WIDTH = len(HitFeatures._fields)


def made(dataset: str, count: int, weights: list[float], seed: int, entries: int = 12) -> AskedSite:
    """A site whose questions are answered by the dice of a known model."""
    chance = np.random.default_rng(seed)
    features = chance.standard_normal((count, WIDTH))
    right = chance.uniform(size=count) < 1 / (1 + np.exp(-features @ weights))
    return AskedSite(
        dataset=dataset, entries=entries, features=features, right=right, is_near_miss=chance.uniform(size=count) < 0.5
    )


def told(site_right: list[bool], near: list[bool]) -> AskedSite:
    return AskedSite(
        dataset="a",
        entries=12,
        features=np.zeros((len(near), WIDTH)),
        right=np.array(site_right),
        is_near_miss=np.array(near),
    )


def test_known_weights_are_learned_again() -> None:
    weights = [2.0, -1.0] + [0.0] * (WIDTH - 2)
    model = fit([made("one", 20_000, weights, 1), made("two", 20_000, weights, 2)])
    learned = np.array(model.weights) / model.scales
    assert learned == pytest.approx(weights, abs=0.25)  # the ridge holds them a little nearer to 0


def test_a_family_is_judged_by_the_others_alone() -> None:
    up, down = [3.0] + [0.0] * (WIDTH - 1), [-3.0] + [0.0] * (WIDTH - 1)
    sites = [made("a-one", 500, up, 1), made("a-two", 500, up, 2), made("b", 500, down, 3), made("c", 500, down, 4)]
    judged = {site.dataset: (site, sure) for site, sure in left_out(sites)}
    # What the others say of a-one is upside down, though a-two would have told.
    for name in ("a-one", "a-two"):
        site, sure = judged[name]
        assert sure[site.right].mean() < 0.4 < 0.6 < sure[~site.right].mean()


def test_figures_by_hand() -> None:
    site = told([True, False, True, False], [False, False, False, True])
    found = figures([(site, np.array([0.95, 0.9, 0.1, 0.2]))], 0.9, 0.15)
    assert found["AUROC"] == 2 / 4
    assert (found["high"], found["high right"], found["near high"], found["right none"]) == (0.5, 0.5, 0, 0.5)


def test_the_promise_is_the_lowest_confidence_that_keeps_it() -> None:
    sure = np.array([0.612] * 10 + [0.812] * 20)
    right = [False] * 10 + [True] * 20
    assert promise([(told(right, [False] * 30), sure)]) == 0.615
    assert promise([(told([False] * 30, [False] * 30), sure)]) == pytest.approx(0.815)  # where nothing is told high


def test_sites_of_a_data_set_are_asked(fake_encoder: Encoder, tmp_path: Path) -> None:
    sites = list(ask_sites([a_data_set(tmp_path / "colours")], fake_encoder, tmp_path / "scratch"))
    (whole,) = sites  # ten entries are too few for sites of twelve
    assert (whole.dataset, whole.entries, whole.is_small) == ("colours", 12, True)
    assert whole.features.shape == (20, WIDTH)
    assert whole.right.all()
    assert ((confidences(fit(sites), whole) > 0.5) == whole.right).all()
