"""Asks a built generation before it is published, and compares it with the previous one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.arrays import BoolArray, Int32Array
from indexer.content.corpus import Corpus
from indexer.documents import Passage
from indexer.errors import ModelError
from indexer.generation.generation import Generation
from indexer.generation.reuse import UnchangedPassages
from indexer.labelled import LabelledQuestions
from indexer.model.encoder import Encoder
from indexer.model.query_cache import QueryCache
from indexer.retrieval.retriever import Retriever
from indexer.review.changes import PassageChanges, compare_passages, compare_questions, probes_of
from indexer.review.review import Review, find_faults

_BLOCK = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """Which FAQ questions are asked again after a change.

    Attributes:
        all_entries: up to this many entries are all asked; of more
        nearest: this many of those nearest to each changed text, and
        sampled: this many of the others.
        many_texts: of more changed texts all entries are asked.
    """

    all_entries: int = 500
    nearest: int = 20
    sampled: int = 100
    many_texts: int = 2_000


DEFAULT_SAMPLING = Sampling()


@dataclass(frozen=True, slots=True)
class Asked:
    """What a draft answered.

    Attributes:
        top_1: number of the passage that each probe finds first, -1 for none.
        not_re_asked: how many of them are known from the previous generation.
    """

    top_1: Sequence[int]
    not_re_asked: int


class Reviewer:
    """Asks a draft, then tells what it would change.

    Args:
        encoder: it is built with.
        passages: of the build.
        questions: labelled questions of the site.
        previous: what is published until now.
        unchanged: which of its passages stayed as they were; None if nothing of it was reused.
        load_encoder: gives the exported model with a fingerprint, for a previous generation of another model.
        sampling: which questions are asked again.
    """

    def __init__(
        self,
        encoder: Encoder,
        passages: Sequence[Passage],
        questions: LabelledQuestions | None,
        previous: Generation | None,
        unchanged: UnchangedPassages | None,
        load_encoder: Callable[[str], Encoder],
        sampling: Sampling = DEFAULT_SAMPLING,
    ) -> None:
        self._passages = passages
        self._previous = previous
        self._unchanged = unchanged
        self._load_encoder = load_encoder
        self._sampling = sampling
        self._probes = probes_of(passages, questions)
        # Each question is asked of two generations.
        self._encoder = QueryCache(encoder, remembered=len(self._probes.probes), remembered_bytes=sys.maxsize)

    def ask(self, draft: Generation) -> Asked:
        """Ask every probe that may find something else than in the previous generation."""
        probes = self._probes.probes
        sure: BoolArray = np.zeros(len(self._passages), dtype=np.bool_)
        if self._unchanged is not None:
            sure = sure_entries(draft, self._unchanged, self._sampling)
        again = [place for place, probe in enumerate(probes) if probe.labelled or not sure[probe.entry]]
        top_1 = [probe.entry for probe in probes]
        hits = _first_hits(draft, self._encoder, [probes[place].question for place in again])
        for place, first in zip(again, hits, strict=True):
            top_1[place] = first
        return Asked(top_1, len(probes) - len(again))

    def own_question_top_1(self, draft: Generation, asked: Asked) -> Int32Array:
        """What a generation keeps of that, see `Generation.own_question_top_1`."""
        by_passage = np.full(len(self._passages), -1, dtype=np.int32)
        for probe, first in zip(self._probes.probes, asked.top_1, strict=True):
            if not probe.labelled:
                by_passage[probe.entry] = first
        of_entries: Int32Array = by_passage[draft.rows["passage"][draft.entries()]]
        return of_entries

    def review(self, built: Generation, asked: Asked, content: Path, corpus: Corpus) -> Review:
        """What is to be said about a generation; a previous model that cannot be loaded is said there too.

        Args:
            built: verified, not published yet.
            asked: of its draft.
            content: where the corpus was read, a folder or one file.
            corpus: as it was read.
        """
        probes = self._probes.probes
        after = [self._passages[first].passage_id if first >= 0 else "" for first in asked.top_1]
        changes: PassageChanges | None = None
        before: list[str] | None = None
        not_compared = "there is no previous generation"
        both: frozenset[str] = frozenset()
        if self._previous is not None:
            old = self._unchanged.passages if self._unchanged else list(self._previous.passages.all())
            changes = compare_passages(old, self._passages)
            both = frozenset(p.passage_id for p in self._passages).difference(changes.added)
            try:
                before, not_compared = self._before(self._previous, old, both), ""
            except ModelError as error:
                not_compared = f"the previous generation's model cannot be loaded: {error}"
        own = {next(iter(probe.right)): first for probe, first in zip(probes, after, strict=True) if not probe.labelled}
        questions = compare_questions(
            self._probes, changes, both, before, after, not_re_asked=asked.not_re_asked, not_compared=not_compared
        )
        findings = find_faults(built, self._passages, content, corpus, own)
        return Review(passages=changes, questions=questions, findings=findings)

    def _before(self, previous: Generation, old: Sequence[Passage], both: frozenset[str]) -> list[str]:
        """Passage id of each probe's first hit in the previous generation, "" for none, or where it tells nothing."""
        known = self._known_top_1()
        before = [
            "" if probe.labelled or (first := known.get(probe.entry, -1)) < 0 else old[first].passage_id
            for probe in self._probes.probes
        ]
        asked = [place for place, probe in enumerate(self._probes.probes) if not before[place] and probe.right & both]
        if asked:
            same = previous.manifest.fingerprint == self._encoder.fingerprint
            encoder = self._encoder if same else self._load_encoder(previous.manifest.fingerprint)
            hits = _first_hits(previous, encoder, [self._probes.probes[place].question for place in asked])
            for place, first in zip(asked, hits, strict=True):
                before[place] = old[first].passage_id if first >= 0 else ""
        return before

    def _known_top_1(self) -> dict[int, int]:
        """By the number of each entry that stayed, the old number of what its question found first before."""
        if self._unchanged is None:
            return {}
        earlier = self._unchanged.generation
        entries = self._unchanged.new_numbers[earlier.rows["passage"][earlier.entries()]]
        return dict(zip(entries.tolist(), earlier.own_question_top_1.tolist(), strict=True))


def sure_entries(built: Generation, earlier: UnchangedPassages, sampling: Sampling) -> BoolArray:
    """Which FAQ entries need not be asked again, because their own question surely finds them first as before.

    That is where they found themselves, stayed as they are, and are not among the entries whose questions are
    nearest to any text that is new or gone. Of those, too, an even sample is asked, for every change moves all scores
    a little; and of few entries all are.

    Returns:
        By passage number; shape (passages,).
    """
    sure = np.zeros(len(built.passages), dtype=np.bool_)
    old, new_numbers = earlier.generation, earlier.new_numbers
    fresh = ~earlier.are_unchanged(len(built.passages))
    changed = (
        old.vectors.vectors(np.flatnonzero(new_numbers[old.rows["passage"]] < 0)),
        built.vectors.vectors(np.flatnonzero(fresh[built.rows["passage"]])),
    )
    rows = built.entries()
    if len(rows) <= sampling.all_entries or sum(map(len, changed)) > sampling.many_texts:
        return sure
    entries = old.rows["passage"][old.entries()]
    sure[new_numbers[entries[(old.own_question_top_1 == entries) & (new_numbers[entries] >= 0)]]] = True
    questions, owners = built.vectors.vectors(rows), built.rows["passage"][rows]
    nearest = min(sampling.nearest, len(owners))
    for texts in changed:
        for start in range(0, len(texts), _BLOCK):
            cosines = questions @ texts[start : start + _BLOCK].T
            sure[owners[np.argpartition(cosines, -nearest, axis=0)[-nearest:]]] = False
    sure[owners[:: max(1, len(owners) // sampling.sampled)]] = False
    return sure


def _first_hits(generation: Generation, encoder: Encoder, questions: Sequence[str]) -> list[int]:
    """Number of the passage that each question finds first, -1 for none."""
    if not questions:
        return []
    ranked = Retriever(generation, encoder).rank_many(questions)
    return [int(one.passages[0]) if len(one.passages) else -1 for one in ranked]
