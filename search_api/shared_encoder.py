"""One encoder for many threads: who asks while it is busy is embedded with all the others who wait."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from itertools import islice
from threading import Condition

import numpy as np

from indexer.encoder import Encoder
from indexer.model import FloatArray

# More together would let the first of them wait for the last.
_TOGETHER = 16
_REMEMBERED = 2048


class SharedEncoder:
    """An `Encoder` around another one, for threads that each embed one question.

    Alone, a question is embedded at once. While that goes on questions gather, and the next run takes them together:
    one run at a time keeps all cores busy. The same question is embedded once, and remembered in memory for a while.

    Args:
        encoder: does the work; safe to share between threads.
        remembered: how many embeddings are kept, those last asked for; 0 for none.
    """

    def __init__(self, encoder: Encoder, *, remembered: int = _REMEMBERED) -> None:
        self.name, self.fingerprint = encoder.name, encoder.fingerprint
        self.dim, self.max_tokens = encoder.dim, encoder.max_tokens
        self._encoder = encoder
        self._busy = False
        self._remembered = remembered
        self._known: OrderedDict[str, FloatArray] = OrderedDict()
        self._asked: dict[str, Future[FloatArray]] = {}
        self._waiting: dict[str, Future[FloatArray]] = {}  # those of `_asked` that no run has taken yet
        self._changed = Condition()

    def encode_query(self, texts: Sequence[str]) -> FloatArray:
        """See `Encoder`; one text joins what others ask, several are a batch already."""
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
        with self._changed:
            known = self._known.get(text)
            if known is not None:
                self._known.move_to_end(text)
                return known
            future = self._asked.get(text)
            if future is None:
                future = self._asked[text] = self._waiting[text] = Future()
        while not future.done():
            with self._changed:
                self._changed.wait_for(lambda: future.done() or (not self._busy and text in self._waiting))
                if future.done():
                    break
                self._busy = True
                batch = dict(islice(self._waiting.items(), _TOGETHER))
                for taken in batch:
                    del self._waiting[taken]
            self._run(batch)
        return future.result()

    def _run(self, batch: dict[str, Future[FloatArray]]) -> None:
        vectors: FloatArray | None = None
        failure: BaseException | None = None
        try:
            vectors = self._encoder.encode_query(list(batch))
        except BaseException as error:  # whoever waits must hear of it, whatever it is
            failure = error
        with self._changed:
            self._busy = False
            for row, (text, future) in enumerate(batch.items()):
                del self._asked[text]
                if vectors is None:
                    future.set_exception(failure)
                    continue
                self._known[text] = vectors[row].copy()  # a view would keep the whole batch
                future.set_result(self._known[text])
            while len(self._known) > self._remembered:
                self._known.popitem(last=False)
            self._changed.notify_all()
