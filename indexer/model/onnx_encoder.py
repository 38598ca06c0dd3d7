"""An encoder on onnxruntime, which needs no torch."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from indexer.arrays import FloatArray, IntArray
from indexer.errors import ModelError, naming
from indexer.model.card import ADVICE, CARD, TOKENIZER, EncoderCard

# Few enough tokens go together that a core's caches hold what they need.
_BATCH_TOKENS = 512
# A question's embedding never depends, not by a bit, on what else is asked.
_ALONE = 1
# To wake threads for fewer texts takes longer than to count their tokens.
_FEW = 8
# Texts whose tokens are held at a time.
_CHUNK = 4096


class OnnxEncoder:
    """An `Encoder` on exported ONNX graphs.

    Safe to share between threads: the tokenizer is never reconfigured after construction. One text is embedded in the
    caller's own thread. Of many, only those of equal length go together: filling up costs as much as real tokens do,
    and two cores do more with a text each than with half a text each.

    Args:
        folder: holds the graphs and the tokenizer.
        card: describes them; `load_encoder` reads and verifies it.
        threads: how many embed where there are many texts; default one for each core.
    """

    def __init__(self, folder: Path, card: EncoderCard, threads: int | None = None) -> None:
        from tokenizers import Tokenizer

        self.name, self.fingerprint, self.dim, self.max_tokens = card.name, card.fingerprint, card.dim, card.max_tokens
        self._folder, self._card = folder, card
        self._threads = threads or os.cpu_count() or 1
        with naming(folder / TOKENIZER, ModelError, ADVICE):
            self._tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._queries = self._session(card.query_graph)

    @cached_property
    def _documents(self) -> Any:
        """Opened when it is first needed: who only serves never holds those weights."""
        same = self._card.document_graph == self._card.query_graph
        return self._queries if same else self._session(self._card.document_graph)

    def _session(self, graph: str) -> Any:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        path = self._folder / graph
        with naming(path, ModelError, ADVICE):
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
            if {each.name for each in session.get_inputs()} != {*self._card.inputs}:
                raise ValueError(f"its inputs are not those of {CARD}")
        return session

    def encode_query(self, texts: Sequence[str]) -> FloatArray:
        """See `Encoder`; a question longer than the window keeps its beginning."""
        return self._encode(self._queries, [self._card.query_prompt + text for text in texts], _ALONE, None)

    def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> FloatArray:
        """See `Encoder`."""
        prompted = [self._card.document_prompt + text for text in texts]
        return self._encode(self._documents, prompted, _BATCH_TOKENS, progress)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See `Encoder`."""
        prompted = [self._card.document_prompt + text for text in texts]
        if len(prompted) <= _FEW:
            return [len(self._tokenizer.encode(text).ids) for text in prompted]
        return [len(encoding.ids) for encoding in self._tokenizer.encode_batch_fast(prompted)]

    def query_inputs(self, text: str) -> dict[str, IntArray]:
        """What the graph of queries takes for one question; each of shape (1, tokens), int64."""
        return self._inputs([self._fit(self._tokenizer.encode(self._card.query_prompt + text).ids)])

    def _encode(
        self, session: Any, texts: list[str], batch_tokens: int, progress: Callable[[int], None] | None
    ) -> FloatArray:
        vectors: FloatArray = np.empty((len(texts), self.dim), dtype=np.float32)
        if len(texts) == 1:
            vectors[:] = self._run(session, [self._fit(self._tokenizer.encode(texts[0]).ids)])
            if progress is not None:
                progress(1)
            return vectors
        with ThreadPoolExecutor(self._threads) as pool:
            for start in range(0, len(texts), _CHUNK):
                rows = [self._fit(e.ids) for e in self._tokenizer.encode_batch_fast(texts[start : start + _CHUNK])]
                batches = list(_batches(rows, batch_tokens))
                embedded = pool.map(self._run, repeat(session), [[rows[n] for n in batch] for batch in batches])
                for batch, found in zip(batches, embedded, strict=True):
                    vectors[start + batch] = found
                    if progress is not None:
                        progress(len(batch))
        return vectors

    def _fit(self, ids: list[int]) -> list[int]:
        # The last id is the end-of-text token, which the model expects to see.
        return ids if len(ids) <= self.max_tokens else [*ids[: self.max_tokens - 1], ids[-1]]

    def _run(self, session: Any, rows: list[list[int]]) -> FloatArray:
        """Embed texts of the same number of tokens; shape (len(rows), dim)."""
        (embeddings,) = session.run(None, self._inputs(rows))
        return np.asarray(embeddings, dtype=np.float32)

    def _inputs(self, rows: list[list[int]]) -> dict[str, IntArray]:
        ids: IntArray = np.array(rows, dtype=np.int64)
        known = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        return {name: known[name] for name in self._card.inputs}


def _batches(rows: list[list[int]], tokens: int) -> Iterator[IntArray]:
    """Numbers of rows of equal length, of at most `tokens` tokens together, or one row."""
    lengths = np.array([len(row) for row in rows])
    order = np.argsort(lengths, kind="stable")
    for equal in np.split(order, np.flatnonzero(np.diff(lengths[order])) + 1):
        step = max(1, tokens // int(lengths[equal[0]]))
        yield from (equal[start : start + step] for start in range(0, len(equal), step))
