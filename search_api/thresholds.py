"""From which confidence on a question is told what."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Self

from indexer.generation.confidence import Confidence
from indexer.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """From which confidence on a question is told what.

    Attributes:
        high: HIGH, infinite where nothing is.
        partial: PARTIAL, below it NONE.
    """

    high: float
    partial: float

    @classmethod
    def of(cls, settings: Settings, confidence: Confidence) -> Self:
        """As they are set, `high` otherwise as the site's own questions or public ones have it."""
        high = settings.high if settings.high is not None else confidence.high
        return cls(high=math.inf if high is None else max(high, settings.partial), partial=settings.partial)
