"""How near two questions must be to ask the same: what `lint.NEAR_DUPLICATE` would report at other values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from indexer.arrays import FloatArray
from indexer.content.passages import Role
from indexer.review.lint import NEAR_DUPLICATE
from indexer.words.analysis import words
from tests.fitting.comparison import table
from tests.fitting.labelled_sets import LabelledSet

_COSINES = (0.85, 0.9, 0.93, 0.95, 0.97)
_SHOWN = 3


def count_near_duplicates(sets: Sequence[LabelledSet]) -> str:
    """For each set of FAQ entries the pairs of differently worded questions that are as near, and the nearest of them.

    Beside them stands how many alternates are as near to their own question, where there are any: these ask the same.
    """
    rows = [["pairs of questions in", *map(str, _COSINES), "alternates near their question", *map(str, _COSINES)]]
    nearest = []
    for one in sets:
        asked, vectors = _different_questions(one)
        if len(asked) < 2:
            continue
        cosines = np.where(np.triu(np.ones((len(asked), len(asked)), dtype=np.bool_), 1), vectors @ vectors.T, -1)
        alternates = _cosines_of_alternates(one)
        own = (
            [str(int((alternates >= cosine).sum())) for cosine in _COSINES] if len(alternates) else [""] * len(_COSINES)
        )
        pairs = [str(int((cosines >= cosine).sum())) for cosine in _COSINES]
        rows.append([one.name, *pairs, f"of {len(alternates):,}" if len(alternates) else "", *own])
        places = np.dstack(np.unravel_index(np.argsort(-cosines, axis=None)[:_SHOWN], cosines.shape))[0]
        nearest += [f"  {cosines[i, j]:.3f}  {one.name}: {asked[i]} | {asked[j]}" for i, j in places.tolist()]
    return "\n".join((f"lint.NEAR_DUPLICATE, at present {NEAR_DUPLICATE}", table(rows), *nearest)) + "\n"


def _different_questions(of: LabelledSet) -> tuple[list[str], FloatArray]:
    """The entries' questions, each wording once, and their vectors; shape (questions, dim)."""
    asked = [passage.question for passage in of.generation.passages.all() if passage.question]
    # Backwards, so that the first of those with the same words stays.
    places = sorted({" ".join(words(asked[place])): place for place in reversed(range(len(asked)))}.values())
    return [asked[place] for place in places], of.generation.vectors.vectors(of.generation.entries()[places])


def _cosines_of_alternates(of: LabelledSet) -> FloatArray:
    """The cosine of each alternate with its own question; shape (alternates,)."""
    rows, vectors = of.generation.rows, of.generation.vectors
    questions = of.generation.entries()
    question_of = dict(zip(rows["passage"][questions].tolist(), questions.tolist(), strict=True))
    alternates = [
        (row, question_of[int(rows["passage"][row])])
        for row in np.flatnonzero(rows["role"] == Role.ALTERNATE).tolist()
        if int(rows["passage"][row]) in question_of
    ]
    if not alternates:
        return np.empty(0, dtype=np.float32)
    own, asked = np.array(alternates).T
    return np.asarray((vectors.vectors(own) * vectors.vectors(asked)).sum(axis=1))
