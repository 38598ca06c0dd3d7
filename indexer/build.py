"""Content folder to published generation: read, cut, embed, write, verify, review, publish, report."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from indexer.arrays import Int32Array
from indexer.code_fingerprint import made_by
from indexer.content.corpus import Corpus, read_corpus
from indexer.content.languages import language_of, usual_language
from indexer.content.passages import Role, Splitter, embedding_texts, lexical_text, passages_of
from indexer.documents import Document, Passage
from indexer.errors import ContentError, IndexDamagedError, IndexStoreError, ModelError, PublicationRefusedError
from indexer.generation.confidence import Confidence
from indexer.generation.generation import Generation, Manifest, Parts, Rows, content_hash, row_records, write_generation
from indexer.generation.reuse import Kept, Progress, embed
from indexer.labelled import LabelledQuestions
from indexer.model.encoder import Encoder, load_encoder
from indexer.model.export import export_model
from indexer.model.files import DEFAULT_MODEL, find_model
from indexer.model.off_topic_questions import STRANGERS
from indexer.retrieval.retriever import Retriever
from indexer.review.gate import Gate
from indexer.review.review import Review, Reviewer, find_faults
from indexer.store.index_store import KEEP, IndexStore, Sound
from indexer.vectors.rounding import to_bytes, to_shorts
from indexer.words.lexicon import Earlier, Lexicon

NOT_ASKED = "nothing changed, so no question was asked again"


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
        seconds: wall time.
        size_bytes: of the generation on disk.
        model: name of the model.
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
    seconds: float
    size_bytes: int
    model: str
    nearest: str
    recall: float
    calibrated_on: int
    review: Review | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON: skipped files become objects with path, line and reason."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        fields["skipped"] = [{"path": e.path, "line": e.line, "reason": e.reason} for e in self.skipped]
        fields["review"] = self.review and self.review.to_dict()
        return fields


def build_index(
    content: Path,
    index: Path,
    *,
    model: str = DEFAULT_MODEL,
    encoder: Encoder | None = None,
    questions: LabelledQuestions | None = None,
    full: bool = False,
    keep: int = KEEP,
    gate: Gate = Gate(),  # noqa: B008  # frozen
    progress: Progress | None = None,
) -> BuildReport:
    """Index a content folder and publish the result; on any error the published generation stays as it was.

    Args:
        content: folder (or one file) of articles and FAQ lists.
        index: index folder; made if missing.
        model: name or folder of a sentence-transformers model.
        encoder: use this instead of `model`; the index then holds no model of its own.
        questions: labelled questions of this site; the confidence is then fitted on them.
        full: embed everything anew and publish even if nothing changed.
        keep: how many generations to keep besides the new one, at least 1.
        gate: which changes stop the publication.
        progress: called with (texts embedded so far, texts to embed).

    Raises:
        ContentError: the folder is missing, or nothing in it can be read.
        ModelError: the model is missing, damaged or unusable.
        IndexStoreError: the index folder is locked, damaged or not writable.
        PublicationRefusedError: the gate stopped it; carries the report.
    """
    started = time.perf_counter()
    if not content.exists():
        read_corpus(content)  # says so before an index folder is made
    store = IndexStore(index)
    with store.writing():
        previous = _previous(store)
        earlier = previous.generation if previous and not full else None
        if earlier and earlier.manifest.made_by != made_by():
            earlier = None  # its embeddings are still right, what was read and cut may not be
        known = earlier.documents() if earlier else {}
        corpus = read_corpus(content, known)
        if not corpus.documents:
            reasons = "; ".join(str(error) for error in corpus.skipped[:3])
            raise ContentError(str(content), f"nothing to index here{': ' + reasons if reasons else ''}")
        encoder = encoder or stored_encoder(store, model)
        splitter = Splitter(encoder.max_tokens, encoder.count_tokens)
        if earlier and earlier.manifest.fingerprint != encoder.fingerprint:
            earlier = None
        cut = list(earlier.passages.all()) if earlier else []
        passages = _passages(corpus, splitter, known, cut)
        if not passages:
            raise ContentError(str(content), "there is no paragraph and no FAQ entry in it to index")
        kept = Kept.of(earlier, cut, passages) if earlier else None
        source = _Source(content, corpus)
        build = _Build(store, encoder, splitter, passages, questions, started, previous, kept, source)
        return build.run(full=full, keep=keep, gate=gate, progress=progress)


def index_passages(
    passages: Sequence[Passage], index: Path, encoder: Encoder, *, progress: Progress | None = None
) -> BuildReport:
    """Index passages that are at hand already, such as those of a data set, without a review or a gate."""
    started = time.perf_counter()
    store = IndexStore(index)
    splitter = Splitter(encoder.max_tokens, encoder.count_tokens)
    with store.writing():
        build = _Build(store, encoder, splitter, passages, None, started, _previous(store), None, None)
        return build.run(full=False, keep=KEEP, gate=Gate(force=True), progress=progress)


def stored_encoder(store: IndexStore, model: str) -> Encoder:
    """The encoder for a model, exported into the index folder the first time it is asked for."""
    files = find_model(model)
    folder = store.model_folder(files.fingerprint)
    try:
        return load_encoder(folder)
    except ModelError:  # not exported yet, or damaged: either way made anew from the verified files
        export_model(files, folder)
        return load_encoder(folder)


def _previous(store: IndexStore) -> Sound | None:
    """What is published, or what stands in for it."""
    try:
        return store.load_sound()
    except IndexStoreError:  # none yet, or none that is sound: build from nothing
        return None


def _passages(
    corpus: Corpus, splitter: Splitter, known: Mapping[str, Document], earlier: Sequence[Passage]
) -> list[Passage]:
    """All passages; those of a document that was known as it is are taken from the earlier ones."""
    usual = usual_language(corpus.documents)
    cut: dict[str, list[Passage]] = defaultdict(list)
    for passage in earlier:
        cut[passage.document_id].append(passage)
    passages = []
    for document in corpus.documents:
        lang = language_of(document, usual)
        here = cut[document.document_id] if corpus.keys[document.path] in known else []
        passages += here if here and here[0].lang == lang else passages_of(document, splitter, lang)
    return passages


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the passages come from."""

    content: Path
    corpus: Corpus


@dataclass(frozen=True, slots=True)
class _Build:
    """One build, under the lock.

    Attributes:
        previous: what is published, or stands in for it.
        kept: what of it stayed as it was; None if what was made for it must not be reused.
    """

    store: IndexStore
    encoder: Encoder
    splitter: Splitter
    passages: Sequence[Passage]
    questions: LabelledQuestions | None
    started: float
    previous: Sound | None
    kept: Kept | None
    source: _Source | None

    def run(self, *, full: bool, keep: int, gate: Gate, progress: Progress | None) -> BuildReport:
        hashed = content_hash(self.passages, self.encoder.fingerprint, self.questions)
        previous = self.previous
        if previous and not previous.problem and previous.generation.manifest.content_hash == hashed and not full:
            return self._report(previous.generation, self._unchanged(previous.generation), published=False)
        before = previous.generation if previous else None
        parts, embedded, reused = self._parts(() if full else self._reusable(before), progress)
        manifest = Manifest(
            generation=self.store.next_number(),
            published_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            model=self.encoder.name,
            fingerprint=self.encoder.fingerprint,
            dim=self.encoder.dim,
            documents=len({p.document_id for p in self.passages}),
            passages=len(self.passages),
            vectors=len(parts.searched.records),
            sentences=len(parts.sentences.records),
            content_hash=hashed,
            made_by=made_by() if self.source else "",
            files={},
        )
        reviewer = None
        if self.source is not None:
            reviewer = Reviewer(self.encoder, self.passages, self.questions, before, self.kept, self._load_encoder)
        told: Review | None = None

        def ask(built: Generation) -> tuple[Confidence, Int32Array]:
            confidence = _calibrate(built, self.encoder, self.questions)
            return confidence, reviewer.ask(built) if reviewer else np.empty(0, np.int32)

        def decide(built: Generation) -> None:
            nonlocal told
            if reviewer is None or self.source is None:
                return
            told = reviewer.review(built, self.source.content, self.source.corpus)
            refused = gate.refusal(told.passages, told.questions) if told.questions else ""
            if refused:
                now = before.manifest.generation if before else ""
                report = self._report(
                    built, told, published=False, now=now, refused=refused, embedded=embedded, reused=reused
                )
                raise PublicationRefusedError(report)

        with self.store.building() as folder:
            write_generation(folder, manifest, parts, ask)
            proven = self.kept.is_kept(len(self.passages)) if self.kept else None
            generation = self.store.publish(folder, manifest.generation, keep=keep, proven=proven, review=decide)
        return self._report(generation, told, published=True, embedded=embedded, reused=reused)

    def _parts(self, generations: Iterable[Generation], progress: Progress | None) -> tuple[Parts, int, int]:
        """What the generation is written from, and how many texts were embedded for it and how many were not."""
        size, kept = len(self.passages), self.kept
        fresh = np.flatnonzero(~kept.is_kept(size)).tolist() if kept else range(size)
        texts = [(n, text) for n in fresh for text in embedding_texts(self.passages[n], self.splitter)]
        vectors, embedded = embed([text for _, text in texts], self.encoder, generations, progress)
        records = row_records(texts)
        is_sentence = records["role"] == Role.SENTENCE
        searched = Rows(records=records[~is_sentence], vectors=to_shorts(vectors[~is_sentence]))
        sentences = Rows(records=records[is_sentence], vectors=to_bytes(vectors[is_sentence]))
        if kept:
            searched, sentences = kept.searched(searched), kept.sentences(sentences)
        words = [lexical_text(passage) for passage in self.passages]
        earlier = None
        if kept:
            gone = [lexical_text(kept.passages[number]) for number in np.flatnonzero(kept.now < 0).tolist()]
            earlier = Earlier(lexicon=kept.generation.lexicon, now=kept.now, gone=gone)
        documents = self.source.corpus.by_key() if self.source else {}
        parts = Parts(
            passages=self.passages,
            documents=documents,
            searched=searched,
            sentences=sentences,
            lexicon=Lexicon.build(words, earlier),
        )
        return parts, embedded, len(searched.records) + len(sentences.records) - embedded

    def _reusable(self, previous: Generation | None) -> Iterator[Generation]:
        """Every sound generation of this encoder, the published one first: a rollback loses no embedding."""
        fingerprint, first = self.encoder.fingerprint, ""
        if previous is not None and previous.manifest.fingerprint == fingerprint:
            first = previous.manifest.generation
            yield previous
        for number in self.store.numbers():
            try:
                if number == first or self.store.manifest(number).fingerprint != fingerprint:
                    continue
                generation = self.store.load(number)
            except IndexDamagedError:
                continue
            yield generation

    def _load_encoder(self, fingerprint: str) -> Encoder:
        return load_encoder(self.store.model_folder(fingerprint))

    def _unchanged(self, generation: Generation) -> Review | None:
        if self.source is None:
            return None
        findings = find_faults(generation, self.passages, self.source.content, self.source.corpus)
        return Review(passages=None, questions=None, findings=findings, not_asked=NOT_ASKED)

    def _report(
        self,
        generation: Generation,
        told: Review | None,
        *,
        published: bool,
        now: str | None = None,
        refused: str = "",
        embedded: int = 0,
        reused: int = 0,
    ) -> BuildReport:
        number = generation.manifest.generation if now is None else now
        kinds = generation.passages.kinds()
        return BuildReport(
            generation=number,
            published=published,
            refused=refused,
            documents=generation.manifest.documents,
            passages=generation.manifest.passages,
            paragraphs=kinds["paragraph"],
            faq_entries=kinds["faq"],
            embedded=embedded,
            reused=reused,
            skipped=self.source.corpus.skipped if self.source else (),
            seconds=round(time.perf_counter() - self.started, 3),
            size_bytes=self.store.size(number) if number else 0,
            model=self.encoder.name,
            nearest=generation.manifest.nearest,
            recall=generation.manifest.recall,
            calibrated_on=generation.confidence.questions,
            review=told,
        )


def _calibrate(generation: Generation, encoder: Encoder, questions: LabelledQuestions | None) -> Confidence:
    """The confidence of a generation: placed by strangers, then fitted on the labelled questions if there are any."""
    retriever = Retriever(generation, encoder)
    confidence = Confidence.of_strangers([ranked.signal for ranked in retriever.rank_many(STRANGERS)])
    if questions is None:
        return confidence
    labels = {label for judged in questions.qrels.values() for label in judged}
    known = {label for label in labels if generation.passages.number_of(label) is not None}
    # An edited heading renames a passage: its questions wait until their labels follow, the rebuild does not.
    judged = {key: text for key, text in questions.queries.items() if known.intersection(questions.qrels.get(key, ()))}
    if not judged:
        return confidence
    asked = {**judged, **questions.unanswerable}
    signals, answered = [], []
    for key, ranked in zip(asked, retriever.rank_many(list(asked.values())), strict=True):
        best = generation.passages.get(ranked.passages[:1].tolist())[0].passage_id
        signals.append(ranked.signal)
        answered.append(best in questions.qrels.get(key, {}))
    return confidence.fit(signals, answered)
