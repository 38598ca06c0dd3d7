"""Content folder to published generation: read, cut, embed, write, ask, seal, check, review, publish, report.

Each step returns what the next one takes; `_Build.run` is the order.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from indexer.calibration import calibrate
from indexer.code_fingerprint import code_fingerprint
from indexer.content.folder import is_folder
from indexer.content.passages import Splitter
from indexer.documents import Passage
from indexer.earlier import Earlier
from indexer.errors import ContentError
from indexer.files import real_path
from indexer.generation.generation import Generation, content_hash, seal, write_draft
from indexer.generation.manifest import Manifest
from indexer.generation.reuse import UnchangedPassages
from indexer.labelled import LabelledQuestions
from indexer.model.encoder import Encoder, load_encoder
from indexer.model_choice import ModelChoice, chosen_encoder
from indexer.parts import Embedded, embed_passages
from indexer.progress import Progress
from indexer.report import BuildReport, PublicationRefusedError
from indexer.review.gate import Gate
from indexer.review.review import Review, find_faults
from indexer.review.reviewer import DEFAULT_SAMPLING, Reviewer, Sampling
from indexer.settings import Settings, of_serving
from indexer.site_file import read_site_settings
from indexer.source import Source
from indexer.store.index_store import IndexStore, Sound
from indexer.vectors.engines import DEFAULT_LIMITS, SearchLimits

NOT_ASKED = "nothing changed, so no question was asked again"


def build_index(
    content: Path,
    index: Path,
    *,
    settings: Settings | None = None,
    encoder: Encoder | None = None,
    questions: LabelledQuestions | None = None,
    full: bool = False,
    force: bool = False,
    drop_unreadable: bool = False,
    limits: SearchLimits = DEFAULT_LIMITS,
    sampling: Sampling = DEFAULT_SAMPLING,
    progress: Progress | None = None,
) -> BuildReport:
    """Index a content folder and publish the result; on any error the published generation stays as it was.

    Args:
        content: folder (or one file) of articles and FAQ lists; a folder's `faq.toml` is read, too.
        index: index folder; made if missing.
        settings: go before the site's `faq.toml`; default: those of the environment.
        encoder: use this instead of the settings' model; the index then holds no model of its own.
        questions: labelled questions of this site, on which the confidence is fitted; default: the settings'.
        full: embed everything anew and publish even if nothing changed.
        force: publish whatever the gate says.
        drop_unreadable: leave out what cannot be read; by default its earlier passages stay, see `BuildReport.stale`.
        limits: of the search for nearest neighbours.
        sampling: which FAQ questions are asked again after a change.
        progress: called with (texts embedded so far, texts to embed).

    Raises:
        ContentError: the folder is missing or stands inside the index folder, or nothing in it can be read.
        SettingsError: a setting is wrong.
        DatasetError: the labelled questions that the settings name cannot be read.
        ModelError: the model is missing, damaged or unusable.
        IndexStoreError: the index folder is locked, damaged or not writable.
        PublicationRefusedError: the gate stopped it; carries the report.
    """
    started = time.perf_counter()
    site = _site_settings(content, index)
    settings = (settings or Settings()).with_site(site)
    if questions is None and settings.questions:
        questions = LabelledQuestions.read(*settings.questions)
    store = IndexStore(index)
    with store.writing():
        earlier = Earlier.of(store, full=full)
        known = earlier.documents if earlier.reusable else {}
        source = Source.read(content, known, {} if drop_unreadable else earlier.documents, index)
        choice = ModelChoice("")
        if encoder is None:
            encoder, choice = chosen_encoder(store, settings.model, source.corpus.documents, earlier.sound)
        reusable = earlier.reusable_with(encoder.fingerprint)
        splitter = Splitter(encoder.max_tokens, encoder.count_tokens)
        old = list(reusable.passages.all()) if reusable else []
        passages = source.passages(splitter, old)
        build = _Build(
            store=store,
            source=source,
            passages=passages,
            encoder=encoder,
            splitter=splitter,
            questions=questions,
            previous=earlier.sound,
            unchanged=UnchangedPassages.of(reusable, old, passages) if reusable else None,
            site=of_serving(site),
            content_hash=content_hash(passages, encoder.fingerprint, questions, of_serving(site), source.stale),
            sampling=sampling,
            choice=choice,
            started=started,
        )
        if not full and build.is_published():
            return build.report_unchanged()
        gate = Gate(max_removed=settings.max_removed, min_p1=settings.min_p1, force=force)
        return build.run(gate, full=full, keep=settings.keep, limits=limits, progress=progress)


def index_passages(
    passages: Sequence[Passage],
    index: Path,
    encoder: Encoder,
    *,
    keep: int = 1,
    limits: SearchLimits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> BuildReport:
    """Index passages that are at hand already, such as those of a data set, without a review or a gate.

    Args:
        passages: in the order in which equal scores are to come.
        index: index folder; made if missing.
        encoder: for what no earlier generation has.
        keep: how many generations to keep besides the new one, at least 1.
        limits: of the search for nearest neighbours.
        progress: called with (texts embedded so far, texts to embed).

    Raises:
        IndexStoreError: the index folder is locked, damaged or not writable.
    """
    started = time.perf_counter()
    store = IndexStore(index)
    with store.writing():
        reusable = store.sound_generations(encoder.fingerprint, Earlier.of(store).sound)
        splitter = Splitter(encoder.max_tokens, encoder.count_tokens)
        made = embed_passages(passages, encoder, splitter, reusable=reusable, progress=progress)
        with store.building() as folder:
            manifest = _manifest(store, encoder, made, content_hash(passages, encoder.fingerprint, None, {}))
            draft = write_draft(folder, manifest, made.parts, limits)
            seal(draft, calibrate(draft, encoder, None), np.full(len(draft.entries()), -1, dtype=np.int32))
            published = store.publish(store.check(folder), keep=keep)
    return BuildReport.of(published, encoder, store, started, made=made, published=True)


def _site_settings(content: Path, index: Path) -> dict[str, Any]:
    """What the site sets; refuses content that is not there or is part of an index, before an index folder is made."""
    site = read_site_settings(content) if is_folder(content) else {}
    if real_path(content).is_relative_to(real_path(index)):
        raise ContentError(str(content), f"stands inside the index folder {index}; give the index a folder of its own")
    return site


@dataclass(frozen=True, slots=True, kw_only=True)
class _Build:
    """One build of a content folder, under the lock.

    Attributes:
        previous: what is published, or stands in for it.
        unchanged: what of it stayed as it was; None if what was made for it must not be reused.
        site: what answering needs of the site's `faq.toml`.
        content_hash: see `Manifest`.
        choice: of the model.
        started: of the process's clock, seconds.
    """

    store: IndexStore
    source: Source
    passages: Sequence[Passage]
    encoder: Encoder
    splitter: Splitter
    questions: LabelledQuestions | None
    previous: Sound | None
    unchanged: UnchangedPassages | None
    site: Mapping[str, Any]
    content_hash: str
    sampling: Sampling
    choice: ModelChoice
    started: float

    def run(self, gate: Gate, *, full: bool, keep: int, limits: SearchLimits, progress: Progress | None) -> BuildReport:
        """Embed, write, ask, seal, check, review, publish."""
        made = embed_passages(
            self.passages,
            self.encoder,
            self.splitter,
            documents=self.source.corpus.by_key(),
            settings=self.site,
            unchanged=self.unchanged,
            reusable=() if full else self.store.sound_generations(self.encoder.fingerprint, self.previous),
            progress=progress,
        )
        reviewer = self._reviewer()
        with self.store.building() as folder:
            manifest = _manifest(
                self.store, self.encoder, made, self.content_hash, code_fingerprint(), self.source.stale
            )
            draft = write_draft(folder, manifest, made.parts, limits)
            confidence = calibrate(draft, self.encoder, self.questions)
            asked = reviewer.ask(draft)
            seal(draft, confidence, reviewer.own_question_top_1(draft, asked))
            unchanged = self.unchanged.are_unchanged(len(self.passages)) if self.unchanged else None
            checked = self.store.check(folder, unchanged)
            review = reviewer.review(checked.generation, asked, self.source.content, self.source.corpus)
            self._pass_gate(gate, checked.generation, made, review)
            published = self.store.publish(checked, keep=keep)
        return self._report(published, review, made=made, published=True)

    def is_published(self) -> bool:
        """Whether the published generation is sound and made from just this."""
        if self.previous is None or self.previous.problem:
            return False
        return self.previous.generation.manifest.content_hash == self.content_hash

    def report_unchanged(self) -> BuildReport:
        """What is said where nothing has to be done."""
        assert self.previous is not None
        generation = self.previous.generation
        findings = find_faults(generation, self.passages, self.source.content, self.source.corpus)
        return self._report(generation, Review(passages=None, questions=None, findings=findings, not_asked=NOT_ASKED))

    def _reviewer(self) -> Reviewer:
        def load(fingerprint: str) -> Encoder:
            return load_encoder(self.store.model_folder(fingerprint))

        previous = self.previous.generation if self.previous else None
        return Reviewer(self.encoder, self.passages, self.questions, previous, self.unchanged, load, self.sampling)

    def _pass_gate(self, gate: Gate, checked: Generation, made: Embedded, review: Review) -> None:
        """Refuse a generation that loses more than is allowed."""
        if review.questions and (refused := gate.refusal(review.passages, review.questions)):
            current = self.previous.generation.manifest.generation if self.previous else ""
            raise PublicationRefusedError(self._report(checked, review, made=made, refused=refused, current=current))

    def _report(self, generation: Generation, review: Review, **more: Any) -> BuildReport:
        corpus = self.source.corpus
        more |= {"review": review, "corpus": corpus, "choice": self.choice}
        return BuildReport.of(generation, self.encoder, self.store, self.started, **more)


def _manifest(
    store: IndexStore, encoder: Encoder, made: Embedded, hashed: str, code: str = "", stale: tuple[str, ...] = ()
) -> Manifest:
    """That of the next generation, all but what writing it tells."""
    passages = made.parts.passages
    return Manifest(
        generation=store.next_generation(),
        published_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        model=encoder.name,
        fingerprint=encoder.fingerprint,
        dim=encoder.dim,
        documents=len({passage.document_id for passage in passages}),
        passages=len(passages),
        vectors=len(made.parts.searched.records),
        sentences=len(made.parts.sentences.records),
        content_hash=hashed,
        code_fingerprint=code,
        stale=stale,
        files={},
    )
