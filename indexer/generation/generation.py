"""A loaded generation, and how one is written: a draft that can be searched, then sealed with what it was asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from indexer.arrays import Int32Array, IntArray, RecordArray
from indexer.content.passages import Role
from indexer.documents import Document, Passage
from indexer.errors import IndexDamagedError, naming
from indexer.files import hash_files, sync_file, sync_folders, write_array, write_file
from indexer.generation.confidence import Confidence
from indexer.generation.layout import Layout
from indexer.generation.manifest import FORMAT, Manifest, verify
from indexer.generation.passage_check import check_passages
from indexer.generation.passage_table import PassageTable, fields_of
from indexer.generation.row_check import check_rows, check_sentence_rows, check_units, open_own_question_top_1
from indexer.generation.rows import Rows, open_rows
from indexer.generation.stored_documents import read_documents, write_documents
from indexer.labelled import LabelledQuestions
from indexer.schema import checked_json
from indexer.settings import checked_of_serving
from indexer.vectors.adaptation import Adaptation
from indexer.vectors.engines import DEFAULT_LIMITS, SearchLimits, build_neighbours, open_neighbours
from indexer.vectors.nearest import NearestNeighbours, SearchKind
from indexer.vectors.stored_rows import StoredRows, StoredSentences
from indexer.words.lexicon import HEADER, Lexicon


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A loaded generation: everything a search needs, immutable.

    Attributes:
        folder: its files.
        manifest: what it is.
        passages: all of them.
        vectors: of everything that is searched.
        rows: `ROW` records, what each of `vectors` stands for, ascending by passage; shape (vectors,).
        nearest: finds the nearest of `vectors`.
        sentences: vectors of sentences.
        sentence_rows: the same records for `sentences`.
        adaptation: two maps of the question.
        lexicon: words.
        confidence: the curve of this generation.
        settings: what answering needs of the site's `faq.toml`, by name of the setting.
        own_question_top_1: for each FAQ entry in order the number of the passage that its own question finds first, -1
            if it was not asked; shape (entries,), int32.
    """

    folder: Path
    manifest: Manifest
    passages: PassageTable
    vectors: StoredRows
    nearest: NearestNeighbours
    rows: RecordArray
    sentences: StoredSentences
    sentence_rows: RecordArray
    adaptation: Adaptation
    lexicon: Lexicon
    confidence: Confidence
    settings: Mapping[str, Any]
    own_question_top_1: Int32Array

    def entries(self) -> IntArray:
        """The rows of the FAQ entries' own questions, in order; shape (entries,)."""
        return np.flatnonzero(self.rows["role"] == Role.QUESTION)

    def documents(self) -> dict[str, Document]:
        """What each content file was read as, by its key in `Corpus.keys`.

        Raises:
            IndexDamagedError: see `read_documents`.
        """
        return read_documents(Layout(self.folder).documents)

    @staticmethod
    def load(folder: Path) -> Generation:
        """Verify every file against the manifest, then open them and check all that a search relies on.

        Raises:
            IndexDamagedError: names the file that is missing, altered, unreadable or does not go with the others.
            IndexVersionError: of another version.
        """
        layout = Layout(folder)
        with naming(folder, IndexDamagedError, "roll back or rebuild the index"):
            manifest = verify(folder)
            generation = _open(layout, manifest, Confidence.read(layout.confidence))
            _check(generation)
            entries, passages = len(generation.entries()), len(generation.passages)
            return replace(
                generation, own_question_top_1=open_own_question_top_1(layout.own_question_top_1, entries, passages)
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a generation is written from.

    Attributes:
        passages: in build order.
        documents: what they were made of, by key.
        searched: the embedded texts that are searched.
        sentences: the embedded sentences.
        lexicon: their words.
        settings: what answering needs of the site's `faq.toml`.
    """

    passages: Sequence[Passage]
    documents: Mapping[str, Document]
    searched: Rows
    sentences: Rows
    lexicon: Lexicon
    settings: Mapping[str, Any]


def write_draft(folder: Path, manifest: Manifest, parts: Parts, limits: SearchLimits = DEFAULT_LIMITS) -> Generation:
    """Write all of a generation but what only asking it tells, and open it to be asked.

    Args:
        folder: made here.
        manifest: all but `nearest`, `recall` and `files`; `seal` writes it.
        parts: what it is written from.
        limits: of the search for nearest neighbours.

    Raises:
        OSError: as the system reports it.
    """
    layout = Layout(folder)
    folder.mkdir(parents=True)
    PassageTable.write(layout.passages, parts.passages)
    sync_file(layout.passages)
    write_documents(layout.documents, parts.documents)
    write_file(layout.settings, json.dumps(dict(parts.settings), sort_keys=True).encode())
    write_array(layout.vectors, parts.searched.vectors)
    nearest = build_neighbours(StoredRows(parts.searched.vectors), limits)
    if (ann_index := nearest.to_bytes()) is not None:
        write_file(layout.ann_index, ann_index)
    write_array(layout.rows, parts.searched.records)
    write_array(layout.sentences, parts.sentences.vectors)
    write_array(layout.sentence_rows, parts.sentences.records)
    adaptation = Adaptation.fit(parts.searched.vectors, parts.searched.records["passage"])
    write_array(layout.adaptation, adaptation.to_array())
    parts.lexicon.save(layout.lexicon)
    manifest = replace(manifest, nearest=nearest.kind.value, recall=round(nearest.recall(), 4))
    return _open(layout, manifest, Confidence())


def seal(draft: Generation, confidence: Confidence, own_question_top_1: Int32Array) -> None:
    """Add what a draft was asked, and the manifest with every file's hash; then the disk has it all.

    Raises:
        OSError: as the system reports it.
    """
    layout = Layout(draft.folder)
    write_file(layout.confidence, json.dumps(asdict(confidence)).encode())
    write_array(layout.own_question_top_1, own_question_top_1)
    write_file(layout.manifest, replace(draft.manifest, files=hash_files(draft.folder)).to_bytes())
    sync_folders(draft.folder)


def content_hash(
    passages: Sequence[Passage],
    fingerprint: str,
    questions: LabelledQuestions | None,
    settings: Mapping[str, Any],
    stale: Sequence[str] = (),
) -> str:
    """SHA-256 over all that an index is made from; what two builds of the same content share."""
    made_from = f"{FORMAT} {fingerprint}\n{questions and asdict(questions)}\n{sorted(settings.items())}\n{stale}\n"
    digest = hashlib.sha256(made_from.encode())
    for passage in passages:
        digest.update(json.dumps(fields_of(passage), sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def _open(layout: Layout, manifest: Manifest, confidence: Confidence) -> Generation:
    """Open all files but what only asking tells."""
    vectors = StoredRows.open(layout.vectors)
    return Generation(
        folder=layout.folder,
        manifest=manifest,
        passages=PassageTable.open(layout.passages),
        vectors=vectors,
        nearest=_open_nearest(layout, manifest, vectors),
        rows=open_rows(layout.rows),
        sentences=StoredSentences.open(layout.sentences),
        sentence_rows=open_rows(layout.sentence_rows),
        adaptation=Adaptation.open(layout.adaptation, vectors.dim),
        lexicon=Lexicon.load(layout.lexicon),
        confidence=confidence,
        settings=_read_settings(layout.settings),
        own_question_top_1=np.empty(0, np.int32),
    )


def _open_nearest(layout: Layout, manifest: Manifest, vectors: StoredRows) -> NearestNeighbours:
    kind = SearchKind(manifest.nearest)
    if layout.ann_index.exists() is not (kind is SearchKind.EXACT):
        nearest = open_neighbours(vectors, layout.ann_index, kind)
        if nearest.kind is kind:
            return nearest
    raise IndexDamagedError(
        f"{layout.ann_index} does not go with {layout.manifest}, which says {kind.value!r}; "
        "roll back or rebuild the index"
    )


def _read_settings(path: Path) -> dict[str, Any]:
    with naming(path, IndexDamagedError, "roll back or rebuild the index"):
        return checked_of_serving(checked_json(dict[str, Any], path.read_bytes()))


def _check(generation: Generation) -> None:
    """Check that files which match their hashes go with each other: they may have been written wrongly.

    Raises:
        IndexDamagedError: names the file, and the manifest where that says something else.
    """
    layout, manifest = Layout(generation.folder), generation.manifest
    for path, name, found, said in (
        (layout.passages, "passages", len(generation.passages), manifest.passages),
        (layout.vectors, "vectors", len(generation.vectors), manifest.vectors),
        (layout.vectors, "dimensions", generation.vectors.dim, manifest.dim),
        (layout.rows, "rows", len(generation.rows), manifest.vectors),
        (layout.sentences, "sentences", len(generation.sentences), manifest.sentences),
        (layout.sentences, "dimensions", generation.sentences.rounded.shape[1], manifest.dim),
        (layout.sentence_rows, "rows", len(generation.sentence_rows), manifest.sentences),
        (layout.lexicon, "passages", generation.lexicon.size, manifest.passages),
    ):
        _agree(layout, path, name, found, said)
    shapes = check_passages(layout.passages, generation.passages)
    _agree(layout, layout.passages, "documents", shapes.documents, manifest.documents)
    if {*generation.lexicon.languages} != shapes.languages:
        raise IndexDamagedError(
            f"{layout.lexicon / HEADER} is of other languages than {layout.passages}; roll back or rebuild the index"
        )
    check_rows(layout.rows, generation.rows, shapes)
    check_sentence_rows(layout.sentence_rows, generation.sentence_rows, shapes)
    check_units(layout.vectors, generation.vectors)
    check_units(layout.sentences, generation.sentences)


def _agree(layout: Layout, path: Path, name: str, found: int, said: int) -> None:
    if found != said:
        raise IndexDamagedError(
            f"{path} holds {found:,} {name} where {layout.manifest} says {said:,}; roll back or rebuild the index"
        )
