"""Indexes of any size, without the day that embedding a million passages takes: vectors drawn near real ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from indexer.arrays import FloatArray
from indexer.build import index_passages
from indexer.documents import Passage, PassageKind
from indexer.model.encoder import Encoder
from indexer.model_choice import stored_encoder
from indexer.settings import DEFAULT_MODEL
from indexer.store.index_store import IndexStore
from tests.benchmarks.content import sentences

# So many texts are embedded; every other one is a real one's vector, moved until their cosine is 0.8.
_EMBEDDED, _MOVED = 10_000, 0.75
_BLOCK = 65_536


class DrawnEncoder:
    """The real encoder for questions and for the first texts; what it says of the others is drawn."""

    def __init__(self, real: Encoder) -> None:
        self.name, self.fingerprint, self.dim, self.max_tokens = real.name, real.fingerprint, real.dim, real.max_tokens
        self.encode_query, self.count_tokens = real.encode_query, real.count_tokens
        self._real = real

    def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> FloatArray:
        """See `Encoder`."""
        chance = np.random.default_rng(0)
        vectors: FloatArray = np.empty((len(texts), self.dim), dtype=np.float32)
        real = vectors[:_EMBEDDED]
        real[:] = self._real.encode_documents(texts[: len(real)])
        for start in range(len(real), len(texts), _BLOCK):
            block = vectors[start : start + _BLOCK]
            block[:] = chance.standard_normal(block.shape, dtype=np.float32) * np.float32(_MOVED / self.dim**0.5)
            block += real[chance.integers(len(real), size=len(block))]
            block /= np.linalg.norm(block, axis=1, keepdims=True)
        return vectors


def build_drawn(index: Path, count: int) -> None:
    """Index `count` passages of one sentence each, whose words are those of the demonstration content."""
    encoder = stored_encoder(IndexStore(index), DEFAULT_MODEL)
    index_passages(list(_passages(count)), index, DrawnEncoder(encoder))


def _passages(count: int) -> Iterator[Passage]:
    chosen = random.Random(0)
    texts = [sentence for sentence in sentences() if 40 <= len(sentence) <= 160 and sentence.isascii()]
    words = sorted({word for text in texts for word in text.lower().strip(".").split()})
    for number in range(count):
        text = chosen.choice(texts).split()
        for _ in range(3):
            text[chosen.randrange(len(text) - 1)] = chosen.choice(words)
        yield Passage(
            passage_id=f"drawn/{number}",
            kind=PassageKind.PARAGRAPH,
            document_id=f"drawn-{number // 50}",
            document_title=f"Article {number // 50}",
            heading_path=(f"Part {number}",),
            text=" ".join(text),
        )
