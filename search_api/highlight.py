"""Which sentence of a passage answers, as character offsets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from indexer.content.passages import sentence_spans
from indexer.documents import Passage


@dataclass(frozen=True, slots=True)
class Highlight:
    """Characters ``start`` to ``end`` of `Passage.text`, counted in Unicode code points from 0."""

    start: int
    end: int


def answering_sentence(passage: Passage, chosen: np.void | None) -> Highlight | None:
    """The sentence that answers; None if there is no text.

    Args:
        passage: where it stands.
        chosen: its `ROW` record; None for a passage of one sentence or none, which has no vector of its own.
    """
    if chosen is not None:
        return Highlight(int(chosen["start"]), int(chosen["end"]))
    spans = sentence_spans(passage.text, passage.lang)
    return Highlight(*spans[0]) if spans else None
