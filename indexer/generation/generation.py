"""One immutable generation of an index on disk: its file names, its manifest, writing, verifying and loading it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from indexer.arrays import ByteArray, Int32Array, IntArray, RecordArray
from indexer.content.passages import EmbeddingText, Role
from indexer.documents import Document, Passage
from indexer.errors import IndexDamagedError
from indexer.files import read_array, read_signed, sha256_file, sign, sync_file, sync_folder, write_array, write_file
from indexer.generation.confidence import Confidence
from indexer.generation.document_file import read_documents, write_documents
from indexer.generation.passage_table import PassageTable, fields_of
from indexer.labelled import LabelledQuestions
from indexer.vectors.adaptation import Adaptation
from indexer.vectors.vector_index import VectorIndex
from indexer.words.lexicon import Lexicon

FORMAT: Final = 8
# One record a vector: the passage it belongs to, what it stands for, the characters of the passage's text it
# covers, and the hash of the embedded text, by which the next build finds the vector again.
ROW: Final = np.dtype([("passage", "<i4"), ("role", "u1"), ("start", "<i4"), ("end", "<i4"), ("text", "S16")])


@dataclass(frozen=True, slots=True)
class Layout:
    """Every name inside a generation's folder."""

    folder: Path

    @property
    def manifest(self) -> Path:
        """What the generation is and the hash of each of its files."""
        return self.folder / "manifest.json"

    @property
    def passages(self) -> Path:
        """`PassageTable`."""
        return self.folder / "passages.sqlite"

    @property
    def vectors(self) -> Path:
        """Vectors of everything that is searched, from `to_shorts`."""
        return self.folder / "vectors.npy"

    @property
    def finder(self) -> Path:
        """What finds the nearest of `vectors` where they are many; see `VectorIndex`."""
        return self.folder / "vectors.faiss"

    @property
    def rows(self) -> Path:
        """`ROW` records, one for each vector in `vectors`, ascending by passage."""
        return self.folder / "rows.npy"

    @property
    def sentences(self) -> Path:
        """Vectors of sentences, from `to_bytes`; read only for the best candidates."""
        return self.folder / "sentences.npy"

    @property
    def sentence_rows(self) -> Path:
        """`ROW` records, one for each vector in `sentences`, ascending by passage."""
        return self.folder / "sentence_rows.npy"

    @property
    def adaptation(self) -> Path:
        """`Adaptation`."""
        return self.folder / "adaptation.npy"

    @property
    def lexicon(self) -> Path:
        """`Lexicon`, a folder."""
        return self.folder / "lexicon"

    @property
    def firsts(self) -> Path:
        """`Generation.firsts`."""
        return self.folder / "firsts.npy"

    @property
    def documents(self) -> Path:
        """What each content file was read as; see `document_file`."""
        return self.folder / "documents.json"

    @property
    def confidence(self) -> Path:
        """`Confidence`, JSON."""
        return self.folder / "confidence.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a generation is.

    Attributes:
        generation: six digits, ever rising.
        published_at: ISO 8601, UTC.
        model: name the user gave; fingerprint: of its files; dim: length of its embeddings.
        documents, passages, vectors, sentences: counts.
        nearest: how the nearest vectors are found, a `SearchKind`; recall: the share of the ten nearest that is.
        content_hash: SHA-256 over all passages and the model's fingerprint; equal content gives equal hashes.
        made_by: see `made_by`; "" where what was read must not be reused.
        files: SHA-256 and size of every file, by its name relative to the folder.
    """

    generation: str
    published_at: str
    model: str
    fingerprint: str
    dim: int
    documents: int
    passages: int
    vectors: int
    sentences: int
    content_hash: str
    made_by: str
    files: dict[str, tuple[str, int]]
    nearest: str = ""
    recall: float = 0.0
    format: int = FORMAT

    def to_bytes(self) -> bytes:
        """The one spelling of this manifest, ending in its own hash."""
        return sign(json.dumps(asdict(self), sort_keys=True, indent=1))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a manifest.

        Raises:
            IndexDamagedError: missing, altered, or of another format.
        """
        try:
            fields: dict[str, Any] = json.loads(read_signed(path))
        except OSError as error:
            raise IndexDamagedError(
                f"{path} cannot be read ({error.strerror}); roll back or rebuild the index"
            ) from error
        except ValueError as error:
            raise IndexDamagedError(f"{path} {error}; roll back or rebuild the index") from error
        if fields.get("format") != FORMAT:
            raise IndexDamagedError(
                f"{path} has format {fields.get('format')}, this version reads {FORMAT}; rebuild the index"
            )
        fields["files"] = {name: (sha, size) for name, (sha, size) in fields["files"].items()}
        return cls(**fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Embedded texts of a build: one ROW record and one vector each, ascending by passage.

    Attributes:
        records: shape (n,), dtype `ROW`.
        vectors: shape (n, dim), of `to_shorts` for what is searched, of `to_bytes` for sentences.
    """

    records: RecordArray
    vectors: npt.NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """A loaded generation: everything a search needs, immutable.

    Attributes:
        firsts: for each FAQ entry in order the number of the passage that its own question finds first, -1 if it was
            not asked; shape (entries,), int32.
    """

    folder: Path
    manifest: Manifest
    passages: PassageTable
    vectors: VectorIndex
    rows: RecordArray
    sentences: ByteArray
    sentence_rows: RecordArray
    adaptation: Adaptation
    lexicon: Lexicon
    confidence: Confidence
    firsts: Int32Array

    def entries(self) -> IntArray:
        """The rows of the FAQ entries' own questions, in order; shape (entries,)."""
        return np.flatnonzero(self.rows["role"] == Role.QUESTION)

    def documents(self) -> dict[str, Document]:
        """What each content file was read as, by its key in `Corpus.keys`."""
        return read_documents(Layout(self.folder).documents)

    @staticmethod
    def load(folder: Path) -> Generation:
        """Verify every file against the manifest, then open them.

        Raises:
            IndexDamagedError: names the file that is missing, altered or unreadable.
        """
        layout = Layout(folder)
        manifest = verify(folder)
        try:
            confidence = Confidence(**json.loads(layout.confidence.read_bytes()))
            return _open(layout, manifest, confidence, read_array(layout.firsts))
        except (OSError, ValueError, TypeError) as error:
            raise IndexDamagedError(f"{folder} cannot be opened ({error}); roll back or rebuild the index") from error


def row_records(texts: Sequence[tuple[int, EmbeddingText]]) -> RecordArray:
    """One `ROW` record for each (passage number, text)."""
    records = [(number, int(t.role), t.span[0], t.span[1], text_hash(t.text)) for number, t in texts]
    return np.array(records, dtype=ROW)


def text_hash(text: str) -> bytes:
    """16 bytes that stand for an embedded text, never containing a trailing NUL, which NumPy would drop."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest().encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a generation is written from.

    Attributes:
        passages: in build order.
        documents: what they were made of, by key.
        searched: the embedded texts that are searched.
        sentences: the embedded sentences.
        lexicon: their words.
    """

    passages: Sequence[Passage]
    documents: Mapping[str, Document]
    searched: Rows
    sentences: Rows
    lexicon: Lexicon


def write_generation(
    folder: Path,
    manifest: Manifest,
    parts: Parts,
    ask: Callable[[Generation], tuple[Confidence, Int32Array]],
) -> None:
    """Write a generation into a new folder and wait until the disk has it all.

    Args:
        folder: made here.
        manifest: all but `nearest`, `recall` and `files`, which are filled in.
        parts: everything but what `ask` finds out.
        ask: makes the confidence and `firsts` of a generation that has all but these.
    """
    layout = Layout(folder)
    folder.mkdir(parents=True)
    PassageTable.write(layout.passages, parts.passages)
    sync_file(layout.passages)
    write_documents(layout.documents, parts.documents)
    write_array(layout.vectors, parts.searched.vectors)
    index = VectorIndex.build(parts.searched.vectors)
    manifest = replace(manifest, nearest=index.kind.value, recall=round(index.recall(), 4))
    if (finder := index.finder_bytes()) is not None:
        write_file(layout.finder, finder)
    write_array(layout.rows, parts.searched.records)
    write_array(layout.sentences, parts.sentences.vectors)
    write_array(layout.sentence_rows, parts.sentences.records)
    adaptation = Adaptation.fit(parts.searched.vectors, parts.searched.records["passage"])
    write_array(layout.adaptation, adaptation.to_array())
    parts.lexicon.save(layout.lexicon)
    confidence, firsts = ask(_open(layout, manifest, Confidence(), np.empty(0, np.int32)))
    write_file(layout.confidence, json.dumps(asdict(confidence)).encode())
    write_array(layout.firsts, firsts)
    files = {
        path.relative_to(folder).as_posix(): (sha256_file(path), path.stat().st_size)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    write_file(layout.manifest, replace(manifest, files=files).to_bytes())
    for path in (*(p for p in folder.rglob("*") if p.is_dir()), folder):
        sync_folder(path)


def verify(folder: Path) -> Manifest:
    """Check every byte of a generation against its manifest, without parsing anything else.

    Raises:
        IndexDamagedError: names the first file that is missing, surplus or altered.
    """
    manifest = Manifest.read(Layout(folder).manifest)
    known = {*manifest.files, "manifest.json"}
    for path in sorted(folder.rglob("*")):
        # What a link leads to may change after it was checked.
        if path.is_symlink() or not (path.is_dir() or path.relative_to(folder).as_posix() in known):
            raise IndexDamagedError(f"{path} does not belong to this index; roll back or rebuild the index")
    for name, (expected, size) in manifest.files.items():
        path = folder / name
        try:
            sound = path.stat().st_size == size and sha256_file(path) == expected
        except OSError as error:
            raise IndexDamagedError(
                f"{path} cannot be read ({error.strerror}); roll back or rebuild the index"
            ) from error
        if not sound:
            raise IndexDamagedError(f"{path} does not match the manifest's hash; roll back or rebuild the index")
    return manifest


def content_hash(passages: Sequence[Passage], fingerprint: str, questions: LabelledQuestions | None) -> str:
    """SHA-256 over all that an index is made from; what two builds of the same content share."""
    digest = hashlib.sha256(f"{FORMAT} {fingerprint}\n{questions and asdict(questions)}\n".encode())
    for passage in passages:
        digest.update(json.dumps(fields_of(passage), sort_keys=True).encode() + b"\n")
    return digest.hexdigest()


def _open(layout: Layout, manifest: Manifest, confidence: Confidence, firsts: Int32Array) -> Generation:
    return Generation(
        folder=layout.folder,
        manifest=manifest,
        passages=PassageTable.open(layout.passages),
        vectors=VectorIndex.open(layout.vectors, layout.finder),
        # Plain arrays over the mapped memory: a memmap costs microseconds a slice.
        rows=np.asarray(np.load(layout.rows, mmap_mode="r")),
        sentences=np.asarray(np.load(layout.sentences, mmap_mode="r")),
        sentence_rows=np.asarray(np.load(layout.sentence_rows, mmap_mode="r")),
        adaptation=Adaptation(*read_array(layout.adaptation)),
        lexicon=Lexicon.load(layout.lexicon),
        confidence=confidence,
        firsts=firsts,
    )
