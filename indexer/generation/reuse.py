"""What an earlier generation has done already: passages that stayed as they were, and embedded texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from indexer.arrays import BoolArray, FloatArray, IntArray, RecordArray
from indexer.content.passages import EmbeddingText, Role
from indexer.documents import Passage
from indexer.generation.generation import Generation
from indexer.generation.rows import Rows, text_hash
from indexer.model.encoder import Encoder
from indexer.progress import Progress
from indexer.vectors.top_k import rows_of


@dataclass(frozen=True, slots=True)
class UnchangedPassages:
    """The passages that are in an earlier generation just as they are now: all that was made of them is still right.

    Attributes:
        generation: made by the same code, of the same model.
        passages: its passages, in its order.
        new_numbers: the number that each has in the build, -1 if it is gone or changed; shape (len(passages),).
    """

    generation: Generation
    passages: Sequence[Passage]
    new_numbers: IntArray

    @classmethod
    def of(cls, generation: Generation, earlier: Sequence[Passage], passages: Sequence[Passage]) -> Self:
        """Compare all of a generation's passages with those of a build."""
        place = {passage.passage_id: number for number, passage in enumerate(passages)}
        found = [place.get(passage.passage_id, -1) for passage in earlier]
        same = [n if n >= 0 and passages[n] == passage else -1 for n, passage in zip(found, earlier, strict=True)]
        return cls(generation, earlier, np.array(same, dtype=np.int64))

    def are_unchanged(self, size: int) -> BoolArray:
        """Which of the `size` passages of the build are among them; shape (size,)."""
        unchanged = np.zeros(size, dtype=np.bool_)
        unchanged[self.new_numbers[self.new_numbers >= 0]] = True
        return unchanged

    def searched(self, fresh: Rows) -> Rows:
        """The vectors that are searched: those of the unchanged passages, and of all others in `fresh`."""
        return self._joined(self.generation.rows, self.generation.vectors.rounded, fresh)

    def sentences(self, fresh: Rows) -> Rows:
        """The same for sentences."""
        return self._joined(self.generation.sentence_rows, self.generation.sentences.rounded, fresh)

    def _joined(self, records: RecordArray, vectors: npt.NDArray[Any], fresh: Rows) -> Rows:
        bounds = np.searchsorted(np.ascontiguousarray(records["passage"]), np.arange(len(self.new_numbers) + 1))
        here = np.flatnonzero(self.new_numbers >= 0)
        rows, _ = rows_of(bounds, here)
        old = records[rows]
        old["passage"] = np.repeat(self.new_numbers[here], np.diff(bounds)[here])
        together = np.concatenate((old, fresh.records))
        order = np.argsort(together["passage"], kind="stable")
        places = np.empty_like(order)
        places[order] = np.arange(len(order))
        all_vectors = np.empty((len(order), vectors.shape[1]), dtype=vectors.dtype)
        all_vectors[places[: len(rows)]] = vectors[rows]
        all_vectors[places[len(rows) :]] = fresh.vectors
        return Rows(records=together[order], vectors=all_vectors)


def embed(
    texts: Sequence[EmbeddingText], encoder: Encoder, earlier: Iterable[Generation], progress: Progress | None = None
) -> tuple[FloatArray, int]:
    """Vectors for all texts, found by the hash of a text wherever an earlier generation has them.

    Args:
        texts: of one build.
        encoder: for what is missing; every text is given to it once.
        earlier: generations of this encoder, the most likely first; one is loaded only while texts are missing.
        progress: called with (texts embedded so far, texts to embed).

    Returns:
        Vectors of shape (len(texts), dim), float32, and how many of them had to be computed.
    """
    hashes = [text_hash(text.text) for text in texts]
    vectors = np.empty((len(texts), encoder.dim), dtype=np.float32)
    waiting = list(range(len(texts)))
    generations = iter(earlier)
    while waiting and (generation := next(generations, None)) is not None:
        searched = {key: row for row, key in enumerate(generation.rows["text"].tolist())}
        sentences = {key: row for row, key in enumerate(generation.sentence_rows["text"].tolist())}
        missing = []
        for place in waiting:
            if (row := searched.get(hashes[place])) is not None:
                vectors[place] = generation.vectors.vectors(slice(row, row + 1))[0]
            # Stored in a byte a number: good for a sentence only, never for a vector that is searched.
            elif texts[place].role is Role.SENTENCE and (row := sentences.get(hashes[place])) is not None:
                vectors[place] = generation.sentences.vectors(slice(row, row + 1))[0]
            else:
                missing.append(place)
        waiting = missing
    fresh = {hashes[place]: texts[place].text for place in waiting}
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress(done, len(fresh))

    if fresh:
        computed = encoder.encode_documents(list(fresh.values()), advance)
        position = {key: row for row, key in enumerate(fresh)}
        vectors[waiting] = computed[[position[hashes[place]] for place in waiting]]
    return vectors, len(waiting)
