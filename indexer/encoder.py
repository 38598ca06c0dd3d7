"""Texts to embeddings: the `Encoder` protocol and its implementation on onnxruntime, which needs no torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from indexer.errors import ModelError
from indexer.model import GRAPH, TOKENIZER, EncoderCard, FloatArray, Runtime, TorchEncoder

# A batch holds about this many tokens, padding included: enough to fill two cores, small enough for their caches.
_BATCH_TOKENS = 2048
# And no text in it waits for one so much longer than itself: filling up costs as much as real tokens do.
_LONGER, _AND_TOKENS = 1.25, 2


@runtime_checkable
class Encoder(Protocol):
    """Anything that turns texts into unit vectors.

    Attributes:
        name: the model's name as the user gave it.
        fingerprint: changes whenever the embeddings may change.
        dim: length of an embedding.
        max_tokens: the window; a longer text would be cut off.
    """

    name: str
    fingerprint: str
    dim: int
    max_tokens: int

    def encode_query(self, texts: Sequence[str]) -> FloatArray:
        """Embed questions, with the model's query prompt; shape (n, dim), float32, unit length."""
        ...

    def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> FloatArray:
        """Embed content, with the model's document prompt; shape (n, dim), float32, unit length.

        Args:
            texts: in any order; the rows of the result follow it.
            progress: called with the number of texts finished since the last call.
        """
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How much of the window each text takes as a document, special tokens and prompt included."""
        ...


class OnnxEncoder:
    """An `Encoder` on an exported ONNX graph.

    Safe to share between threads: the tokenizer is never reconfigured after construction.

    Args:
        folder: holds the graph and the tokenizer.
        card: describes them; `load_encoder` reads and verifies it.
        threads: CPU threads for one call; default all cores.
    """

    def __init__(self, folder: Path, card: EncoderCard, threads: int | None = None) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        self.name, self.fingerprint, self.dim, self.max_tokens = card.name, card.fingerprint, card.dim, card.max_tokens
        self._card = card
        self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or os.cpu_count() or 1
        # Else its threads wait for each other at full load, on cores that other questions or a rebuild need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(folder / GRAPH), options, providers=["CPUExecutionProvider"])

    def encode_query(self, texts: Sequence[str]) -> FloatArray:
        """See `Encoder`; a question longer than the window keeps its beginning."""
        return self._encode([self._card.query_prompt + text for text in texts], None)

    def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> FloatArray:
        """See `Encoder`."""
        return self._encode([self._card.document_prompt + text for text in texts], progress)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See `Encoder`."""
        encodings = self._tokenizer.encode_batch_fast([self._card.document_prompt + text for text in texts])
        return [len(encoding.ids) for encoding in encodings]

    def _encode(self, texts: list[str], progress: Callable[[int], None] | None) -> FloatArray:
        vectors: FloatArray = np.empty((len(texts), self.dim), dtype=np.float32)
        for chunk_start in range(0, len(texts), 4096):  # bounds the memory that token ids take
            part = texts[chunk_start : chunk_start + 4096]
            rows = [self._fit(encoding.ids) for encoding in self._tokenizer.encode_batch_fast(part)]
            order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
            start = 0
            while start < len(order):
                stop = start + 1
                widest = min(_LONGER * len(rows[order[start]]) + _AND_TOKENS, _BATCH_TOKENS)
                while stop < len(order) and (
                    (width := len(rows[order[stop]])) <= widest and width * (stop + 1 - start) <= _BATCH_TOKENS
                ):
                    stop += 1
                batch = order[start:stop]
                vectors[[chunk_start + i for i in batch]] = self._run([rows[i] for i in batch])
                if progress is not None:
                    progress(len(batch))
                start = stop
        return vectors

    def _fit(self, ids: list[int]) -> list[int]:
        # The last id is the end-of-text token, which the model expects to see.
        return ids if len(ids) <= self.max_tokens else [*ids[: self.max_tokens - 1], ids[-1]]

    def _run(self, rows: list[list[int]]) -> FloatArray:
        width = max(map(len, rows))
        ids: npt.NDArray[np.int64] = np.full((len(rows), width), self._card.pad_id, dtype=np.int64)
        mask: npt.NDArray[np.int64] = np.zeros((len(rows), width), dtype=np.int64)
        for row, values in enumerate(rows):
            ids[row, : len(values)] = values
            mask[row, : len(values)] = 1
        known: dict[str, Any] = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        (embeddings,) = self._session.run(None, {name: known[name] for name in self._card.inputs})
        return np.asarray(embeddings, dtype=np.float32)


def load_encoder(folder: Path, *, threads: int | None = None) -> Encoder:
    """Load an exported model, every file verified by its hash first.

    Raises:
        ModelError: missing, damaged, or of an unknown format.
    """
    card = EncoderCard.read(folder)
    if card.runtime is Runtime.TORCH:
        return TorchEncoder(folder, card)
    try:
        return OnnxEncoder(folder, card, threads)
    except ImportError as error:
        raise ModelError(f"onnxruntime and tokenizers are needed to serve: {error}") from error
