"""What a rebuild would change, told before it is published: passages, first hits, and what an author might mend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from indexer.arrays import BoolArray, FloatArray, Int32Array
from indexer.content.corpus import Corpus
from indexer.documents import Passage
from indexer.errors import ModelError
from indexer.generation.generation import Generation
from indexer.generation.reuse import Kept
from indexer.labelled import LabelledQuestions
from indexer.model.encoder import Encoder
from indexer.retrieval.retriever import Retriever
from indexer.review.changes import PassageChanges, QuestionChanges, compare_passages, compare_questions, probes_of
from indexer.review.lint import Finding, lint_links, lint_passages

# Entries that are all asked; and else: so many of those nearest to each changed text, and so many of the others.
_ALL_ASKED, _NEAREST, _SAMPLED = 500, 20, 100
# Of more changed texts all entries are asked.
_MANY_TEXTS = 2_000
_BLOCK = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What is to be said about a built generation.

    Attributes:
        passages: how they changed; None without a previous generation.
        questions: how the first hits changed; None if nothing was asked.
        findings: what an author might mend; never in the way of a publication.
        not_asked: why the entries' own questions were not asked, "" if they were.
    """

    passages: PassageChanges | None
    questions: QuestionChanges | None
    findings: tuple[Finding, ...]
    not_asked: str = ""

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class _Remembering:
    """An encoder that embeds a question once, however many generations it is asked of."""

    def __init__(self, encoder: Encoder) -> None:
        self.name, self.fingerprint, self.dim = encoder.name, encoder.fingerprint, encoder.dim
        self.max_tokens = encoder.max_tokens
        self.count_tokens, self.encode_documents = encoder.count_tokens, encoder.encode_documents
        self._encode_query = encoder.encode_query
        self._known: dict[str, FloatArray] = {}

    def encode_query(self, texts: Sequence[str]) -> FloatArray:
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        if missing:
            self._known.update(zip(missing, self._encode_query(missing), strict=True))
        return np.array([self._known[text] for text in texts], dtype=np.float32).reshape(len(texts), self.dim)


class Reviewer:
    """Asks a built generation before it is published, and compares it with the previous one.

    Args:
        encoder: it is built with.
        passages: of the build.
        questions: labelled questions of the site.
        previous: what is published until now.
        kept: which of its passages stayed as they were; None if nothing of it was reused.
        load_encoder: gives the exported model with a fingerprint, for a previous generation of another model.
    """

    def __init__(
        self,
        encoder: Encoder,
        passages: Sequence[Passage],
        questions: LabelledQuestions | None,
        previous: Generation | None,
        kept: Kept | None,
        load_encoder: Callable[[str], Encoder],
    ) -> None:
        self._encoder = _Remembering(encoder)
        self._passages = passages
        self._previous = previous
        self._kept = kept
        self._load_encoder = load_encoder
        self._probes = probes_of(passages, questions)
        self._unmoved: BoolArray = np.zeros(len(passages), dtype=np.bool_)
        self._after: list[int] = []

    def ask(self, built: Generation) -> Int32Array:
        """Ask a generation every probe that may find something else now; what it keeps as `Generation.firsts`."""
        if self._kept is not None:
            self._unmoved = unmoved_entries(built, self._kept)
        probes = self._probes.probes
        asked = [place for place, probe in enumerate(probes) if probe.labelled or not self._unmoved[probe.entry]]
        self._after = [probe.entry for probe in probes]
        hits = _first_hits(built, self._encoder, [probes[place].question for place in asked])
        for place, first in zip(asked, hits, strict=True):
            self._after[place] = first
        firsts = np.full(len(self._passages), -1, dtype=np.int32)
        for probe, first in zip(probes, self._after, strict=True):
            if not probe.labelled:
                firsts[probe.entry] = first
        of_entries: Int32Array = firsts[built.rows["passage"][built.entries()]]
        return of_entries

    def review(self, built: Generation, content: Path, corpus: Corpus) -> Review:
        """What is to be said about the generation that was asked.

        Args:
            built: verified, not published yet.
            content: where the corpus was read, a folder or one file.
            corpus: as it was read.

        Raises:
            nothing of its own; a previous model that cannot be loaded is said in the review.
        """
        probes = self._probes.probes
        after = [self._passages[first].passage_id if first >= 0 else "" for first in self._after]
        changes: PassageChanges | None = None
        before: list[str] | str = "there is no previous generation"
        both: frozenset[str] = frozenset()
        if self._previous is not None:
            old = self._kept.passages if self._kept else list(self._previous.passages.all())
            changes = compare_passages(old, self._passages)
            both = frozenset(p.passage_id for p in self._passages).difference(changes.added)
            try:
                before = self._before(self._previous, old, both)
            except ModelError as error:
                before = f"the previous generation's model cannot be loaded: {error}"
        own = {next(iter(probe.right)): first for probe, first in zip(probes, after, strict=True) if not probe.labelled}
        taken_over = sum(not probe.labelled and bool(self._unmoved[probe.entry]) for probe in probes)
        return Review(
            passages=changes,
            questions=compare_questions(self._probes, changes, both, before, after, taken_over),
            findings=find_faults(built, self._passages, content, corpus, own),
        )

    def _before(self, previous: Generation, old: Sequence[Passage], both: frozenset[str]) -> list[str]:
        """Passage id of each probe's first hit in the previous generation, "" for none, or where it tells nothing."""
        known = self._firsts_before()
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

    def _firsts_before(self) -> dict[int, int]:
        """The old number of what each entry that stayed found first when the previous generation was asked."""
        if self._kept is None:
            return {}
        earlier = self._kept.generation
        entries = self._kept.now[earlier.rows["passage"][earlier.entries()]]
        return dict(zip(entries.tolist(), earlier.firsts.tolist(), strict=True))


def unmoved_entries(built: Generation, kept: Kept) -> BoolArray:
    """Which FAQ entries need not be asked again, because their own question surely finds them first as before.

    That is where they found themselves, stayed as they are, and are not among the entries whose questions are
    nearest to any text that is new or gone. Of those, too, an even sample is asked, for every change moves all scores
    a little; and of few entries all are.

    Returns:
        By passage number; shape (passages,).
    """
    unmoved = np.zeros(len(built.passages), dtype=np.bool_)
    earlier, now = kept.generation, kept.now
    fresh = ~kept.is_kept(len(built.passages))
    changed = (
        earlier.vectors.vectors(np.flatnonzero(now[earlier.rows["passage"]] < 0)),
        built.vectors.vectors(np.flatnonzero(fresh[built.rows["passage"]])),
    )
    rows = built.entries()
    if len(rows) <= _ALL_ASKED or sum(map(len, changed)) > _MANY_TEXTS:
        return unmoved
    entries = earlier.rows["passage"][earlier.entries()]
    unmoved[now[entries[(earlier.firsts == entries) & (now[entries] >= 0)]]] = True
    questions, owners = built.vectors.vectors(rows), built.rows["passage"][rows]
    for texts in changed:
        for start in range(0, len(texts), _BLOCK):
            cosines = questions @ texts[start : start + _BLOCK].T
            unmoved[owners[np.argpartition(cosines, -_NEAREST, axis=0)[-_NEAREST:]]] = False
    unmoved[owners[:: len(owners) // _SAMPLED]] = False
    return unmoved


def find_faults(
    generation: Generation,
    passages: Sequence[Passage],
    content: Path,
    corpus: Corpus,
    firsts: dict[str, str] | None = None,
) -> tuple[Finding, ...]:
    """Everything `indexer.review.lint` finds; `firsts` as `lint_passages` has it."""
    findings = lint_passages(passages, generation.vectors.vectors(generation.entries()), firsts)
    if content.is_dir():  # of a single file nobody knows its neighbours
        findings += lint_links(corpus.documents, [error.path for error in corpus.skipped])
    return tuple(findings)


def _first_hits(generation: Generation, encoder: Encoder, questions: Sequence[str]) -> list[int]:
    """Number of the passage that each question finds first, -1 for none."""
    if not questions:
        return []
    ranked = Retriever(generation, encoder).rank_many(questions)
    return [int(one.passages[0]) if len(one.passages) else -1 for one in ranked]
