"""Which changes stop a publication until somebody has looked at them."""

from __future__ import annotations

from dataclasses import dataclass

from indexer.review.changes import PassageChanges, QuestionChanges


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """The thresholds.

    Attributes:
        max_removed: which part of the previous passages may be gone; in [0, 1].
        min_p1: which part of the probes must be answered first, in [0, 1]; None for any.
        force: publish all the same.
    """

    max_removed: float
    min_p1: float | None
    force: bool

    def refusal(self, passages: PassageChanges | None, questions: QuestionChanges) -> str:
        """Why this generation must not be published, "" if it may be."""
        if self.force:
            return ""
        reasons = []
        if passages is not None and passages.removed_share > self.max_removed:
            reasons.append(
                f"{len(passages.removed):,} of {passages.before:,} passages would be gone, "
                f"more than --max-removed {self.max_removed:g} allows"
            )
        if self.min_p1 is not None and questions.p1 is not None and questions.p1 < self.min_p1:
            asked = f"{questions.labelled:,} labelled" if questions.labelled else f"{questions.faq:,} FAQ"
            reasons.append(
                f"{questions.p1:.3f} of {asked} questions would be answered first, below --min-p1 {self.min_p1:g}"
            )
        return "; ".join(reasons)
