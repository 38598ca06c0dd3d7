"""The numbers of a ranking, the values to compare for each, and a retriever that ranks with one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from indexer.model.encoder import Encoder
from indexer.retrieval.candidates import DEFAULT_CUT_OFFS, CutOffs
from indexer.retrieval.ranking import DEFAULT_WEIGHTS, Weights
from indexer.retrieval.retriever import Retriever
from indexer.vectors.adaptation import DEFAULT_RIDGES, Adaptation, Ridges
from indexer.words.lexicon import Lexicon
from indexer.words.postings import DEFAULT_BM25, Bm25
from indexer.words.spelling import DEFAULT_SPELLING_LIMITS, SpellingLimits
from tests.fitting.labelled_sets import LabelledSet

# More letters than any word has, so that none is corrected.
_NEVER = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """All numbers of a ranking; by default the present ones."""

    weights: Weights = DEFAULT_WEIGHTS
    cut_offs: CutOffs = DEFAULT_CUT_OFFS
    ridges: Ridges = DEFAULT_RIDGES
    bm25: Bm25 = DEFAULT_BM25
    spelling: SpellingLimits = DEFAULT_SPELLING_LIMITS

    def retriever(self, of: LabelledSet, encoder: Encoder) -> Retriever:
        """One over a set; only what this variant changes is made again."""
        generation = of.generation
        if self.ridges != DEFAULT_RIDGES:
            owners = generation.rows["passage"]
            generation = replace(
                generation, adaptation=Adaptation.fit(generation.vectors.rounded, owners, ridges=self.ridges)
            )
        if self.bm25 != DEFAULT_BM25:
            generation = replace(generation, lexicon=Lexicon.build(of.texts, bm25=self.bm25))
        return Retriever(
            generation, encoder, weights=self.weights, cut_offs=self.cut_offs, spelling_limits=self.spelling
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One number and the values that are compared.

    Attributes:
        name: as it is called in the code.
        values: the present one among them.
        present: the one in the code.
        variant: that of a value.
    """

    name: str
    values: Sequence[Any]
    present: Any
    variant: Callable[[Any], Variant] = field(repr=False)


def _sweep(part: str, name: str, *values: Any) -> Sweep:
    """That of a field of one of the parts of `Variant`."""
    default = getattr(Variant(), part)
    return Sweep(
        name=f"{type(default).__name__}.{name}",
        values=values,
        present=getattr(default, name),
        variant=lambda value: Variant(**{part: replace(default, **{name: value})}),
    )


def _postings(name: str, *values: int) -> Sweep:
    default = DEFAULT_CUT_OFFS.postings
    return Sweep(
        name=f"{type(default).__name__}.{name}",
        values=values,
        present=getattr(default, name),
        variant=lambda value: Variant(cut_offs=replace(DEFAULT_CUT_OFFS, postings=replace(default, **{name: value}))),
    )


def ranking_sweeps() -> Iterator[Sweep]:
    """Every number that the order of the passages depends on."""
    yield _sweep("weights", "entry", 0.25, 0.4, 0.55, 0.7, 0.85)
    yield _sweep("weights", "lexical", 0.1, 0.15, 0.2, 0.25, 0.3)
    yield _sweep("weights", "lexical_several", 0.05, 0.1, 0.15, 0.2, 0.25)
    yield _sweep("weights", "parts", (1, 0, 0), (0.7, 0.15, 0.15), (0.5, 0.25, 0.25), (0.3, 0.35, 0.35), (0.5, 0.5, 0))
    yield _sweep("weights", "membership", 0.0, 0.15, 0.3, 0.45, 0.6)
    yield _sweep("weights", "has_question", -0.1, -0.05, -0.03, 0.0)
    yield _sweep("weights", "sentence", 0.0, 0.15, 0.3, 0.45, 0.6)
    yield _sweep("weights", "nearest_questions", 1, 2, 3, 4, 6)
    yield _sweep("ridges", "nearness", 15.0, 30.0, 60.0, 120.0, 1000.0)
    yield _sweep("ridges", "membership", 0.01, 0.03, 0.1, 0.3, 1.0)
    yield _sweep("bm25", "k1", 0.9, 1.2, 1.5, 2.0)
    yield _sweep("bm25", "b", 0.4, 0.6, 0.75, 0.9)
    yield _sweep("spelling", "shortest", 3, 4, 5, 6, _NEVER)
    yield _sweep("spelling", "long", 6, 7, 8, 10, _NEVER)
    yield _sweep("cut_offs", "dense_rows", 50, 100, 200, 400)
    yield _sweep("cut_offs", "lexical_passages", 15, 30, 60, 120)
    yield _sweep("cut_offs", "candidates", 25, 50, 100, 200)
    yield _sweep("cut_offs", "sentence_passages", 5, 10, 30, 60)
    yield _postings("terms", 300, 1_000, 3_000, 30_000)
    yield _postings("grams", 1_000, 5_000, 10_000, 30_000)
