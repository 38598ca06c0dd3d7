"""What a build did, for people and programs, and the refusal that carries it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Self

from indexer.content.corpus import Corpus
from indexer.errors import ContentError, IndexStoreError
from indexer.generation.generation import Generation
from indexer.model.encoder import Encoder
from indexer.model_choice import ModelChoice
from indexer.parts import Embedded
from indexer.review.review import Review
from indexer.store.index_store import IndexStore


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build did.

    Attributes:
        generation: number of the generation that is now published, "" for none.
        published: False if the content had not changed, or the build was refused: nothing was written.
        refused: why the build must not be published, "" if it may be.
        documents, passages: in the index.
        paragraphs, faq_entries: passages by kind.
        embedded, reused: texts given to the model, and texts whose embedding was taken from an earlier generation.
        skipped: files that could not be read, each with the reason.
        skipped_rows: rows of tables and entries of lists that could not be read, likewise.
        stale: files that cannot be read now and could be before, likewise: their passages are the earlier ones.
        seconds: wall time.
        size_bytes: of the generation on disk.
        model: name of the model.
        model_reason: why it was chosen; "" where it was named.
        model_advice: what would find more and how to have it; "" where nothing has to be done.
        nearest, recall: how the nearest vectors are found, a `SearchKind`, and the share of the ten nearest that is.
        calibrated_on: how many labelled questions the confidence was fitted on; 0 for the built-in curve.
        review: what changed, and what an author might mend; None where passages were given, not content.
    """

    generation: str
    published: bool
    refused: str
    documents: int
    passages: int
    paragraphs: int
    faq_entries: int
    embedded: int
    reused: int
    skipped: tuple[ContentError, ...]
    skipped_rows: tuple[ContentError, ...]
    stale: tuple[ContentError, ...]
    seconds: float
    size_bytes: int
    model: str
    model_reason: str
    model_advice: str
    nearest: str
    recall: float
    calibrated_on: int
    review: Review | None

    @classmethod
    def of(
        cls,
        generation: Generation,
        encoder: Encoder,
        store: IndexStore,
        started: float,
        *,
        review: Review | None = None,
        corpus: Corpus | None = None,
        choice: ModelChoice | None = None,
        made: Embedded | None = None,
        published: bool = False,
        refused: str = "",
        current: str | None = None,
    ) -> Self:
        """What is said about a generation.

        Args:
            generation: the one that was built, or is as it should be.
            encoder: of it.
            store: where it is.
            started: of the process's clock, seconds.
            review: of it.
            corpus: it was made of.
            choice: of the model; None where an encoder was given.
            made: what was embedded for it; None if nothing was.
            published: whether it was published now.
            refused: why it was not.
            current: the generation that is published, if it is another one; "" for none.
        """
        name = generation.manifest.generation if current is None else current
        kinds = generation.passages.kinds()
        return cls(
            generation=name,
            published=published,
            refused=refused,
            documents=generation.manifest.documents,
            passages=generation.manifest.passages,
            paragraphs=kinds["paragraph"],
            faq_entries=kinds["faq"],
            embedded=made.embedded if made else 0,
            reused=made.reused if made else 0,
            skipped=corpus.skipped if corpus else (),
            skipped_rows=corpus.skipped_rows if corpus else (),
            stale=corpus.stale if corpus else (),
            seconds=round(time.perf_counter() - started, 3),
            size_bytes=store.size(name) if name else 0,
            model=encoder.name,
            model_reason=choice.reason if choice else "",
            model_advice=choice.advice if choice else "",
            nearest=generation.manifest.nearest,
            recall=generation.manifest.recall,
            calibrated_on=generation.confidence.questions,
            review=review,
        )

    def to_dict(self) -> dict[str, Any]:
        """For JSON: what was not read becomes objects with path, line and reason."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        for name in ("skipped", "skipped_rows", "stale"):
            fields[name] = [error.to_dict() for error in fields[name]]
        fields["review"] = self.review and self.review.to_dict()
        return fields


class PublicationRefusedError(IndexStoreError):
    """A rebuild was whole, but would lose more than its gate allows.

    Args:
        report: of the build; its `refused` is the reason.
    """

    def __init__(self, report: BuildReport) -> None:
        self.report = report
        super().__init__(
            f"nothing was published: {report.refused}; look at the report, then use --force if it is right"
        )
