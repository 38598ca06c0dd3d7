"""What is to be said of a built generation: what changed, and what an author might mend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from indexer.content.corpus import Corpus
from indexer.documents import Passage
from indexer.generation.generation import Generation
from indexer.review.changes import PassageChanges, QuestionChanges
from indexer.review.lint import Finding, lint_links, lint_passages


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


def find_faults(
    generation: Generation,
    passages: Sequence[Passage],
    content: Path,
    corpus: Corpus,
    top_1: dict[str, str] | None = None,
) -> tuple[Finding, ...]:
    """Everything `indexer.review.lint` finds; `top_1` as `lint_passages` has it."""
    findings = lint_passages(passages, generation.vectors.vectors(generation.entries()), top_1)
    if content.is_dir():  # of a single file nobody knows its neighbours
        findings += lint_links(corpus.documents, [error.path for error in corpus.skipped])
    return tuple(findings)
