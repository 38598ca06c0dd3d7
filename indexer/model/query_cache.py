"""One encoder for many callers: a question that several ask at once, or ask again, is embedded once."""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Lock

import numpy as np

from indexer.arrays import FloatArray
from indexer.model.encoder import Encoder

_REMEMBERED, _REMEMBERED_BYTES = 2048, 8_000_000
# Of an entry in a dictionary, nearly.
_OVERHEAD = 100


class QueryCache:
    """An `Encoder` around another one that remembers embeddings of questions; safe to share between threads.

    Threads that ask different questions embed them side by side: each keeps a core busy.

    Args:
        encoder: does the work; safe to share between threads, and embeds a question the same whatever is asked with it.
        remembered: how many embeddings are kept in memory, those last asked for; 0 for none.
        remembered_bytes: how much they and their questions take at most; a question may be long.
    """

    def __init__(
        self, encoder: Encoder, *, remembered: int = _REMEMBERED, remembered_bytes: int = _REMEMBERED_BYTES
    ) -> None:
        self.name, self.fingerprint = encoder.name, encoder.fingerprint
        self.dim, self.max_tokens = encoder.dim, encoder.max_tokens
        self._encoder = encoder
        self._remembered, self._remembered_bytes = remembered, remembered_bytes
        self._known: OrderedDict[str, FloatArray] = OrderedDict()
        self._known_bytes = 0
        self._asked: dict[str, Future[FloatArray]] = {}
        self._lock = Lock()

    def encode_query(self, texts: Sequence[str]) -> FloatArray:
        """See `Encoder`."""
        found: dict[str, FloatArray] = {}
        waiting: dict[str, Future[FloatArray]] = {}
        mine: dict[str, Future[FloatArray]] = {}
        with self._lock:
            for text in dict.fromkeys(texts):
                if (known := self._known.get(text)) is not None:
                    self._known.move_to_end(text)
                    found[text] = known
                elif (asked := self._asked.get(text)) is not None:
                    waiting[text] = asked
                else:
                    mine[text] = self._asked[text] = Future()
        if mine:
            found |= self._embed(mine)
        failed = [text for text, asked in waiting.items() if asked.exception() is not None]
        found |= {text: asked.result() for text, asked in waiting.items() if text not in failed}
        if failed:  # perhaps for what the others had asked beside it
            found |= zip(failed, self._encoder.encode_query(failed), strict=True)
        return np.array([found[text] for text in texts], dtype=np.float32).reshape(len(texts), self.dim)

    def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> FloatArray:
        """See `Encoder`."""
        return self._encoder.encode_documents(texts, progress)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See `Encoder`."""
        return self._encoder.count_tokens(texts)

    def _embed(self, mine: dict[str, Future[FloatArray]]) -> dict[str, FloatArray]:
        """Embed what nobody else is embedding, and hand it to whoever waits."""
        try:
            embedded = self._encoder.encode_query(list(mine))
            vectors = {text: vector.copy() for text, vector in zip(mine, embedded, strict=True)}
        except BaseException as error:  # whoever waits must hear of it, whatever it is
            with self._lock:
                for text in mine:
                    del self._asked[text]
            for asked in mine.values():
                asked.set_exception(error)
            raise
        with self._lock:
            for text, vector in vectors.items():
                del self._asked[text]
                self._known[text] = vector
                self._known_bytes += _size(text, vector)
            while len(self._known) > self._remembered or self._known_bytes > self._remembered_bytes:
                self._known_bytes -= _size(*self._known.popitem(last=False))
        for text, asked in mine.items():
            asked.set_result(vectors[text])
        return vectors


def _size(text: str, vector: FloatArray) -> int:
    """Bytes that a remembered embedding takes, nearly."""
    return sys.getsizeof(text) + sys.getsizeof(vector) + _OVERHEAD
