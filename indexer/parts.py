"""What a generation is written from: vectors and words of all passages, reused where they are known already."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from indexer.content.passages import Role, Splitter, embedding_texts, lexical_text
from indexer.documents import Document, Passage
from indexer.generation.generation import Generation, Parts
from indexer.generation.reuse import UnchangedPassages, embed
from indexer.generation.rows import Rows, row_records
from indexer.model.encoder import Encoder
from indexer.progress import Progress
from indexer.vectors.rounding import to_bytes, to_shorts
from indexer.words.lexicon import Earlier, Lexicon


@dataclass(frozen=True, slots=True)
class Embedded:
    """All that a generation is written from, and how many texts were embedded for it and how many were not."""

    parts: Parts
    embedded: int
    reused: int


def embed_passages(
    passages: Sequence[Passage],
    encoder: Encoder,
    splitter: Splitter,
    *,
    reusable: Iterable[Generation],
    unchanged: UnchangedPassages | None = None,
    documents: Mapping[str, Document] = MappingProxyType({}),
    settings: Mapping[str, Any] = MappingProxyType({}),
    progress: Progress | None = None,
) -> Embedded:
    """Embed whatever no earlier generation has, and count the words of what is new.

    Args:
        passages: of the build, in order.
        encoder: for what is missing.
        splitter: of its window.
        reusable: generations of this encoder in which single texts are looked up.
        unchanged: passages whose vectors and words are reused as they are; None for none.
        documents: what the passages were made of, by key.
        settings: what answering needs of the site's.
        progress: called with (texts embedded so far, texts to embed).
    """
    size = len(passages)
    fresh = np.flatnonzero(~unchanged.are_unchanged(size)).tolist() if unchanged else range(size)
    texts = [(number, text) for number in fresh for text in embedding_texts(passages[number], splitter)]
    vectors, embedded = embed([text for _, text in texts], encoder, reusable, progress)
    records = row_records(texts)
    is_sentence = records["role"] == Role.SENTENCE
    searched = Rows(records=records[~is_sentence], vectors=to_shorts(vectors[~is_sentence]))
    sentences = Rows(records=records[is_sentence], vectors=to_bytes(vectors[is_sentence]))
    if unchanged:
        searched, sentences = unchanged.searched(searched), unchanged.sentences(sentences)
    parts = Parts(
        passages=passages,
        documents=documents,
        searched=searched,
        sentences=sentences,
        lexicon=Lexicon.build([lexical_text(passage) for passage in passages], _earlier_words(unchanged)),
        settings=settings,
    )
    return Embedded(parts, embedded, len(searched.records) + len(sentences.records) - embedded)


def _earlier_words(unchanged: UnchangedPassages | None) -> Earlier | None:
    if unchanged is None:
        return None
    numbers = unchanged.new_numbers
    gone = [lexical_text(unchanged.passages[number]) for number in np.flatnonzero(numbers < 0).tolist()]
    return Earlier(lexicon=unchanged.generation.lexicon, new_numbers=numbers, gone=gone)
