"""One encoder for many threads: a question that several ask at once, or ask again, is embedded once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Lock

import numpy as np

from indexer.arrays import FloatArray
from indexer.model.encoder import Encoder

_REMEMBERED = 2048


class SharedEncoder:
    """An `Encoder` around another one, for threads that each embed one question.

    Different questions are embedded side by side, not together: each thread keeps a core busy, and none is filled up
    to the length of another.

    Args:
        encoder: does the work; safe to share between threads.
        remembered: how many embeddings are kept in memory, those last asked for; 0 for none.
    """

    def __init__(self, encoder: Encoder, *, remembered: int = _REMEMBERED) -> None:
        self.name, self.fingerprint = encoder.name, encoder.fingerprint
        self.dim, self.max_tokens = encoder.dim, encoder.max_tokens
        self._encoder = encoder
        self._remembered = remembered
        self._known: OrderedDict[str, FloatArray] = OrderedDict()
        self._asked: dict[str, Future[FloatArray]] = {}
        self._lock = Lock()

    def encode_query(self, texts: Sequence[str]) -> FloatArray:
        """See `Encoder`; several texts are work of their own, such as an evaluation, and not remembered."""
        if len(texts) != 1:
            return self._encoder.encode_query(texts)
        return self._one(texts[0])[np.newaxis].copy()

    def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> FloatArray:
        """See `Encoder`."""
        return self._encoder.encode_documents(texts, progress)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See `Encoder`."""
        return self._encoder.count_tokens(texts)

    def _one(self, text: str) -> FloatArray:
        with self._lock:
            known = self._known.get(text)
            if known is not None:
                self._known.move_to_end(text)
                return known
            asked = self._asked.get(text)
            if asked is None:
                mine = self._asked[text] = Future[FloatArray]()
        if asked is not None:
            return asked.result()
        try:
            vector: FloatArray = self._encoder.encode_query([text])[0]
        except BaseException as error:  # whoever waits must hear of it, whatever it is
            with self._lock:
                del self._asked[text]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._asked[text]
            self._known[text] = vector
            if len(self._known) > self._remembered:
                self._known.popitem(last=False)
        mine.set_result(vector)
        return vector
