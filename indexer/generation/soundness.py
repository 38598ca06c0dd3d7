"""Whether a generation is fit to be published: its parts agree, its vectors are unit vectors, its entries are found."""

from __future__ import annotations

from functools import partial

import numpy as np

from indexer.arrays import BoolArray
from indexer.errors import IndexDamagedError
from indexer.generation.generation import Generation

# What rounding leaves.
_UNIT_TOLERANCE = 1e-3
# Two ways to sum one float32 product of unit vectors differ by less.
_COSINE_TOLERANCE = 1e-4
_BLOCK = 8192


def check_sound(generation: Generation, unchanged: BoolArray | None = None, *, sampled: int = 1_000) -> None:
    """Check what hashes cannot tell: that what was written is an index of its content.

    Each FAQ entry is looked for by its own question.

    Args:
        generation: whose files match their hashes.
        unchanged: which of its passages are as they were in an earlier sound generation, shape (passages,).
        sampled: of more unchanged entries than this, an even sample is looked for.

    Raises:
        IndexDamagedError: names what is wrong.
    """
    number = generation.manifest.generation
    for look in (_counts, _rows, _units, partial(_own_questions, unchanged=unchanged, sampled=sampled)):
        if problem := look(generation):
            raise IndexDamagedError(f"generation {number} is not published: {problem}; build it again")


def _counts(generation: Generation) -> str:
    manifest = generation.manifest
    pairs = {
        "passages": (manifest.passages, len(generation.passages)),
        "documents": (manifest.documents, generation.passages.documents()),
        "vectors": (manifest.vectors, len(generation.vectors)),
        "rows": (manifest.vectors, len(generation.rows)),
        "dimensions": (manifest.dim, generation.vectors.dim),
        "sentences": (manifest.sentences, len(generation.sentences)),
        "rows of sentences": (manifest.sentences, len(generation.sentence_rows)),
        "passages in the lexicon": (manifest.passages, generation.lexicon.size),
    }
    wrong = [f"{found:,} {name} where {said:,} belong" for name, (said, found) in pairs.items() if said != found]
    return ", ".join(wrong)


def _rows(generation: Generation) -> str:
    passages = generation.rows["passage"]
    if np.any(np.diff(passages) < 0) or np.any(np.diff(generation.sentence_rows["passage"]) < 0):
        return "its rows are not in the order of its passages"
    if not np.array_equal(np.unique(passages), np.arange(len(generation.passages))):
        return "its rows are not those of its passages: one has no vector, or one is not there"
    sentences = generation.sentence_rows["passage"]
    if len(sentences) and not 0 <= sentences[0] <= sentences[-1] < len(generation.passages):
        return "a sentence belongs to no passage"
    return ""


def _units(generation: Generation) -> str:
    for name, count, block in (
        ("vector", len(generation.vectors), generation.vectors.vectors),
        ("sentence vector", len(generation.sentences), generation.sentences.vectors),
    ):
        for start in range(0, count, _BLOCK):
            values = block(slice(start, start + _BLOCK))
            norms = np.sqrt(np.einsum("ij,ij->i", values, values))
            wrong = np.flatnonzero(~(np.abs(norms - 1) <= _UNIT_TOLERANCE))  # so that NaN is wrong too
            if len(wrong):
                length = float(norms[wrong[0]])
                return f"{name} {start + int(wrong[0]):,} has length {length:.4f} instead of 1"
    return ""


def _own_questions(generation: Generation, unchanged: BoolArray | None, sampled: int) -> str:
    asked = generation.entries()
    if unchanged is not None:
        were = unchanged[generation.rows["passage"][asked]]
        again = asked[were]
        if len(again) > sampled:
            again = again[np.linspace(0, len(again) - 1, sampled).astype(np.int64)]
        asked = np.sort(np.concatenate((asked[~were], again)))
    for start in range(0, len(asked), _BLOCK):
        rows = asked[start : start + _BLOCK]
        own = generation.vectors.vectors(rows)
        nearest, cosines = generation.nearest.search_many(own, 1)
        said = np.einsum("ij,ij->i", generation.vectors.vectors(nearest[:, 0]), own)
        best = np.einsum("ij,ij->i", own, own)
        # Nothing is nearer to a unit vector than itself; another row may be as near, where entries ask the same.
        lost = np.flatnonzero(
            ~((np.abs(said - cosines[:, 0]) <= _COSINE_TOLERANCE) & (best - said <= _COSINE_TOLERANCE))
        )
        if len(lost):
            (passage,) = generation.passages.get([int(generation.rows["passage"][rows[lost[0]]])])
            return f"{passage.passage_id} is not found by its own question"
    return ""
