"""Which sentence of a passage answers, as character offsets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexer.generation import Generation
from indexer.passages import sentence_spans


@dataclass(frozen=True, slots=True)
class Highlight:
    """Characters ``start`` to ``end`` of `Passage.text`, counted in Unicode code points from 0."""

    start: int
    end: int


def answering_sentence(
    generation: Generation, number: int, text: str, lang: str, query: npt.NDArray[np.float32]
) -> Highlight | None:
    """The sentence nearest in meaning to the question; the first of equals; None if there is no text.

    Its vectors were computed when the index was built, so this costs one small product.

    Args:
        generation: holds the sentence vectors.
        number: the passage's.
        text: the passage's.
        lang: the passage's.
        query: embedding of the question; shape (dim,), float32, unit length.
    """
    records, vectors = generation.sentences_of(number)
    if not len(records):  # one sentence or none: it has no vector of its own
        spans = sentence_spans(text, lang)
        return Highlight(*spans[0]) if spans else None
    best = records[int(np.argmax(np.vecdot(vectors, query)))]
    return Highlight(int(best["start"]), int(best["end"]))
