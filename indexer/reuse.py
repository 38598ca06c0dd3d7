"""Embeds only what no earlier generation has embedded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
import numpy.typing as npt

from indexer.encoder import Encoder
from indexer.generation import Generation, text_hash
from indexer.passages import EmbeddingText, Role

FloatArray = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]


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
            # Stored in half precision: good for a sentence only, never for a vector that is searched.
            elif texts[place].role is Role.SENTENCE and (row := sentences.get(hashes[place])) is not None:
                vectors[place] = generation.sentences[row]
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
