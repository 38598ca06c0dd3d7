"""Content folder to published generation: read, cut, embed, write, publish, report."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from indexer.confidence import Confidence
from indexer.corpus import read_corpus
from indexer.documents import Passage
from indexer.encoder import Encoder, load_encoder
from indexer.errors import ContentError, IndexStoreError, ModelError
from indexer.generation import Generation, Manifest, Rows, content_hash, row_records, text_hash, write_generation
from indexer.index_store import IndexStore
from indexer.labelled import LabelledQuestions
from indexer.model import DEFAULT_MODEL, export_model, find_model
from indexer.passages import EmbeddingText, Role, Splitter, detect_languages, embedding_texts, passages_of
from indexer.retrieval import Retriever
from indexer.strangers import STRANGERS

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildReport:
    """What a build did.

    Attributes:
        generation: number of the generation that is now published.
        published: False if the content had not changed, so that nothing was written.
        documents, passages: in the index.
        paragraphs, faq_entries: passages by kind.
        embedded, reused: texts given to the model, and texts whose embedding was taken from the last generation.
        skipped: files that could not be read, each with the reason.
        seconds: wall time.
        size_bytes: of the generation on disk.
        model: name of the model.
        calibrated_on: how many labelled questions the confidence was fitted on; 0 for the built-in curve.
    """

    generation: str
    published: bool
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
    calibrated_on: int

    def to_dict(self) -> dict[str, Any]:
        """For JSON: skipped files become objects with path, line and reason."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        fields["skipped"] = [{"path": e.path, "line": e.line, "reason": e.reason} for e in self.skipped]
        return fields


def build_index(
    content: Path,
    index: Path,
    *,
    model: str = DEFAULT_MODEL,
    encoder: Encoder | None = None,
    questions: LabelledQuestions | None = None,
    progress: Progress | None = None,
) -> BuildReport:
    """Index a content folder and publish the result; on any error the published generation stays as it was.

    Args:
        content: folder (or one file) of articles and FAQ lists.
        index: index folder; made if missing.
        model: name or folder of a sentence-transformers model.
        encoder: use this instead of `model`; the index then holds no model of its own.
        questions: labelled questions of this site; the confidence is then fitted on them.
        progress: called with (texts embedded so far, texts to embed).

    Raises:
        ContentError: the folder is missing, or nothing in it can be read.
        ModelError: the model is missing, damaged or unusable.
        IndexStoreError: the index folder is locked, damaged or not writable.
    """
    started = time.perf_counter()
    corpus = read_corpus(content)
    if not corpus.documents:
        reasons = "; ".join(str(error) for error in corpus.skipped[:3])
        raise ContentError(str(content), f"nothing to index here{': ' + reasons if reasons else ''}")
    store = IndexStore(index)
    with store.writing():
        encoder = encoder or stored_encoder(store, model)
        splitter = Splitter(encoder.max_tokens, encoder.count_tokens)
        languages = detect_languages(corpus.documents)
        passages = [
            passage
            for document in corpus.documents
            for passage in passages_of(document, splitter, languages.get(document.document_id, document.lang))
        ]
        if not passages:
            raise ContentError(str(content), "there is no paragraph and no FAQ entry in it to index")
        return _publish(passages, store, encoder, splitter, questions, progress, corpus.skipped, started)


def index_passages(
    passages: Sequence[Passage], index: Path, encoder: Encoder, *, progress: Progress | None = None
) -> BuildReport:
    """Index passages that are at hand already, such as those of a data set; otherwise as `build_index`."""
    store = IndexStore(index)
    splitter = Splitter(encoder.max_tokens, encoder.count_tokens)
    with store.writing():
        return _publish(passages, store, encoder, splitter, None, progress, (), time.perf_counter())


def stored_encoder(store: IndexStore, model: str) -> Encoder:
    """The encoder for a model, exported into the index folder the first time it is asked for."""
    files = find_model(model)
    folder = store.model_folder(files.fingerprint)
    try:
        return load_encoder(folder)
    except ModelError:  # not exported yet, or damaged: either way made anew from the verified files
        export_model(files, folder)
        return load_encoder(folder)


def _publish(
    passages: Sequence[Passage],
    store: IndexStore,
    encoder: Encoder,
    splitter: Splitter,
    questions: LabelledQuestions | None,
    progress: Progress | None,
    skipped: tuple[ContentError, ...],
    started: float,
) -> BuildReport:
    hashed = content_hash(passages, encoder.fingerprint, questions)
    previous = _previous(store, encoder)
    embedded = reused = 0
    if previous is None or previous.manifest.content_hash != hashed:
        texts = [(n, text) for n, passage in enumerate(passages) for text in embedding_texts(passage, splitter)]
        vectors, embedded = _embed([text for _, text in texts], encoder, previous, progress)
        reused = len(texts) - embedded
        is_sentence = np.array([text.role is Role.SENTENCE for _, text in texts])
        records = row_records(texts)
        manifest = Manifest(
            generation=store.next_number(),
            published_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            model=encoder.name,
            fingerprint=encoder.fingerprint,
            dim=encoder.dim,
            documents=len({p.document_id for p in passages}),
            passages=len(passages),
            vectors=int((~is_sentence).sum()),
            sentences=int(is_sentence.sum()),
            content_hash=hashed,
            files={},
        )
        with store.building() as folder:
            write_generation(
                folder,
                manifest,
                passages,
                Rows(records=records[~is_sentence], vectors=vectors[~is_sentence]),
                Rows(records=records[is_sentence], vectors=vectors[is_sentence].astype(np.float16)),
                lambda generation: _calibrate(generation, encoder, questions),
            )
            generation = store.publish(folder, manifest.generation)
        published = True
    else:
        generation, published = previous, False
    kinds = generation.passages.kinds()
    return BuildReport(
        generation=generation.manifest.generation,
        published=published,
        documents=generation.manifest.documents,
        passages=generation.manifest.passages,
        paragraphs=kinds["paragraph"],
        faq_entries=kinds["faq"],
        embedded=embedded,
        reused=reused,
        skipped=skipped,
        seconds=round(time.perf_counter() - started, 3),
        size_bytes=store.size(generation.manifest.generation),
        model=encoder.name,
        calibrated_on=generation.confidence.questions,
    )


def _calibrate(generation: Generation, encoder: Encoder, questions: LabelledQuestions | None) -> Confidence:
    """The confidence of a generation: placed by strangers, then fitted on the labelled questions if there are any."""
    retriever = Retriever(generation, encoder)
    confidence = Confidence.of_strangers([ranked.signal for ranked in retriever.rank_many(STRANGERS)])
    if questions is None:
        return confidence
    known = {passage.passage_id for passage in generation.passages.all()}
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


def _previous(store: IndexStore, encoder: Encoder) -> Generation | None:
    """The published generation, if its embeddings are this encoder's."""
    try:
        generation = store.load()
    except IndexStoreError:  # none yet, or damaged: build from nothing
        return None
    return generation if generation.manifest.fingerprint == encoder.fingerprint else None


def _embed(
    texts: Sequence[EmbeddingText], encoder: Encoder, previous: Generation | None, progress: Progress | None
) -> tuple[npt.NDArray[np.float32], int]:
    """Vectors for all texts, and how many of those had to be computed."""
    searched, sentences = _known_vectors(previous)
    hashes = [text_hash(text.text) for text in texts]
    vectors = np.empty((len(texts), encoder.dim), dtype=np.float32)
    missing: dict[bytes, str] = {}
    waiting: list[int] = []
    for row, (text, key) in enumerate(zip(texts, hashes, strict=True)):
        known = searched.get(key)
        if known is None and text.role is Role.SENTENCE:  # stored in half precision: good for sentences only
            known = sentences.get(key)
        if known is None:
            missing.setdefault(key, text.text)
            waiting.append(row)
        else:
            vectors[row] = known
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, len(missing))

    if missing:
        fresh = encoder.encode_documents(list(missing.values()), advance)
        place = {key: row for row, key in enumerate(missing)}
        vectors[waiting] = fresh[[place[hashes[row]] for row in waiting]]
    return vectors, len(waiting)


_Known = dict[bytes, npt.NDArray[np.float32]]


def _known_vectors(previous: Generation | None) -> tuple[_Known, _Known]:
    """Vectors of the last generation by the hash of their text: the searched ones and those of sentences."""
    if previous is None:
        return {}, {}
    searched = previous.vectors.vectors(np.arange(len(previous.vectors)))
    sentences = np.asarray(previous.sentences, dtype=np.float32)
    return (
        dict(zip(previous.rows["text"].tolist(), searched, strict=True)),
        dict(zip(previous.sentence_rows["text"].tolist(), sentences, strict=True)),
    )
