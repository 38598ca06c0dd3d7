"""Whether the first hit answers: a logistic regression over what a ranking has at hand, learned from many sites."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import NamedTuple, Self

import numpy as np

from indexer.schema import Finite, checked_json

_FILE = "verdict.json"
# Cosines of a site whose off-topic questions find everything as near as this are not stretched any further.
_HIGHEST_LEVEL = 0.95


class HitFeatures(NamedTuple):
    """What tells whether the first hit of a question answers it; without candidates all are 0.

    Attributes:
        best: its highest cosine with the question, in [-1, 1].
        entry: `Evidence.entry_cosine`, in [-1, 1].
        sentence: the highest cosine of one of its sentences, `entry` where it has one or none, in [-1, 1].
        lexical: `Evidence.lexical`, in [0, 1].
        membership: `Evidence.membership`.
        lead: its score less that of the second, 0 or more.
        lead_of_five: its score less the mean of the next five.
        share: of the words of the question, each weighed by its idf, the share that it has, in [0, 1].
        unknown: likewise the share that no passage has, in [0, 1].
        has_question: 1 for an FAQ entry, 0 for a paragraph.
        passages: natural logarithm of how many passages the site has.
    """

    best: float = 0.0
    entry: float = 0.0
    sentence: float = 0.0
    lexical: float = 0.0
    membership: float = 0.0
    lead: float = 0.0
    lead_of_five: float = 0.0
    share: float = 0.0
    unknown: float = 0.0
    has_question: float = 0.0
    passages: float = 0.0

    def stretched(self, level: float) -> Self:
        """The cosines as they would be where off-topic questions find nothing: 0 at `level`, and 1 at 1.

        Encoders differ in the cosines they give to texts that have nothing to do with each other, and so do languages.

        >>> HitFeatures(best=0.8, lead=0.1).stretched(0.6)[:6]
        (0.5000000000000001, -1.4999999999999998, -1.4999999999999998, 0.0, 0.0, 0.25)
        """
        room = 1 - min(level, _HIGHEST_LEVEL)
        cosines = {name: (getattr(self, name) - level) / room for name in ("best", "entry", "sentence")}
        return self._replace(lead=self.lead / room, lead_of_five=self.lead_of_five / room, **cosines)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictModel:
    """Weights of `HitFeatures`, fitted on public question sets; `make refit` fits them again.

    Attributes:
        features: names of `HitFeatures`, in their order.
        means, scales: of each feature where it was fitted; it is standardised by them.
        weights: of each standardised feature.
        intercept: added to their sum.
        provenance: what it was fitted on, the command, and how well it does on sets that were left out.
    """

    features: tuple[str, ...]
    means: tuple[Finite, ...]
    scales: tuple[Finite, ...]
    weights: tuple[Finite, ...]
    intercept: Finite
    provenance: dict[str, str]

    @classmethod
    @cache
    def default(cls) -> VerdictModel:
        """The one in the package."""
        model: VerdictModel = checked_json(VerdictModel, files(__package__).joinpath(_FILE).read_bytes())
        assert model.features == HitFeatures._fields
        return model

    def log_odds(self, features: HitFeatures, level: float) -> float:
        """Log-odds that the hit answers.

        Args:
            features: of the hit.
            level: the cosine at which off-topic questions find their best hit on this site, in [-1, 1].
        """
        values = (np.array(features.stretched(level)) - self.means) / self.scales
        return float(values @ np.array(self.weights)) + self.intercept
