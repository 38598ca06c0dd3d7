"""What a rebuild would change, told before it is published: passages, first hits, and what an author might mend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from indexer.changes import (
    PassageChanges,
    Probes,
    QuestionChanges,
    compare_passages,
    compare_questions,
    probes_of,
)
from indexer.corpus import Corpus
from indexer.documents import Passage
from indexer.encoder import Encoder
from indexer.errors import ModelError
from indexer.generation import Generation
from indexer.labelled import LabelledQuestions
from indexer.lint import Finding, lint_links, lint_passages
from indexer.model import FloatArray
from indexer.passages import Role
from indexer.retrieval import Retriever


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


def review(
    built: Generation,
    encoder: Encoder,
    passages: Sequence[Passage],
    content: Path,
    corpus: Corpus,
    questions: LabelledQuestions | None,
    previous: Generation | None,
    load_encoder: Callable[[str], Encoder],
) -> Review:
    """Compare a built generation with the previous one.

    Args:
        built: not published yet.
        encoder: it was built with.
        passages: of `built`.
        content: where the corpus was read, a folder or one file.
        corpus: as it was read.
        questions: labelled questions of the site.
        previous: what is published until now.
        load_encoder: gives the exported model with a fingerprint, for a previous generation of another model.

    Raises:
        nothing of its own; a previous model that cannot be loaded is said in the review.
    """
    probes = probes_of(passages, questions)
    encoder = _Remembering(encoder)
    after = _first_hits(built, encoder, passages, probes)
    changes: PassageChanges | None = None
    before: list[str] | str = "there is no previous generation"
    kept: frozenset[str] = frozenset()
    if previous is not None:
        old = list(previous.passages.all())
        changes = compare_passages(old, passages)
        kept = frozenset(p.passage_id for p in passages).difference(changes.added)
        try:
            same = previous.manifest.fingerprint == encoder.fingerprint
            asking = encoder if same else load_encoder(previous.manifest.fingerprint)
            before = _first_hits(previous, asking, old, probes)
        except ModelError as error:
            before = f"the previous generation's model cannot be loaded: {error}"
    own = {
        next(iter(probe.right)): first for probe, first in zip(probes.probes, after, strict=True) if not probe.labelled
    }
    return Review(
        passages=changes,
        questions=compare_questions(probes, changes, kept, before, after),
        findings=find_faults(built, passages, content, corpus, own),
    )


def find_faults(
    generation: Generation,
    passages: Sequence[Passage],
    content: Path,
    corpus: Corpus,
    firsts: dict[str, str] | None = None,
) -> tuple[Finding, ...]:
    """Everything `indexer.lint` finds; `firsts` as `lint_passages` has it."""
    rows = np.flatnonzero(generation.rows["role"] == Role.QUESTION)
    findings = lint_passages(passages, generation.vectors.vectors(rows), firsts)
    if content.is_dir():  # of a single file nobody knows its neighbours
        findings += lint_links(corpus.documents, [error.path for error in corpus.skipped])
    return tuple(findings)


def _first_hits(generation: Generation, encoder: Encoder, passages: Sequence[Passage], probes: Probes) -> list[str]:
    """Passage id of each probe's first hit, "" for none."""
    if not probes.probes:
        return []
    ranked = Retriever(generation, encoder).rank_many([probe.question for probe in probes.probes])
    return [passages[int(one.passages[0])].passage_id if len(one.passages) else "" for one in ranked]
