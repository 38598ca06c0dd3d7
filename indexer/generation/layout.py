"""The names of all files of a generation, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


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
    def ann_index(self) -> Path:
        """What `NearestNeighbours.to_bytes` gave; not there if every one of `vectors` is looked at."""
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
    def own_question_top_1(self) -> Path:
        """`Generation.own_question_top_1`."""
        return self.folder / "own_question_top_1.npy"

    @property
    def documents(self) -> Path:
        """What each content file was read as; see `stored_documents`."""
        return self.folder / "documents.json"

    @property
    def confidence(self) -> Path:
        """`Confidence`, JSON."""
        return self.folder / "confidence.json"

    @property
    def settings(self) -> Path:
        """What answering needs of the site's `faq.toml`, JSON; published, rolled back and copied with the content."""
        return self.folder / "settings.json"
