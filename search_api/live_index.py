"""Follows an index folder and swaps whole generations under running requests."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from indexer.errors import FaqError, IndexMissingError, reason_of
from indexer.generation.generation import Generation
from indexer.model.encoder import Encoder, load_encoder
from indexer.model.query_cache import QueryCache
from indexer.printable import printable
from indexer.settings import Settings
from indexer.store.index_store import IndexStore
from search_api.searcher import Searcher

logger = logging.getLogger("faq")

_POLL_SECONDS = 0.5
# A damaged generation is read through this often, in case somebody mends it in its place.
_RETRY_SECONDS = 30.0


class Serving(NamedTuple):
    """What serves at one moment; replaced as a whole, so that nobody sees half of a change."""

    searcher: Searcher | None
    problem: str
    """Why the published generation is not the one that serves, "" if it is."""


class LiveIndex:
    """The searcher of the published generation; a request takes it once and keeps it to its end.

    Args:
        folder: the index folder; it may be empty until the first build.
        encoder: use this instead of the model kept in the folder.
        settings: for every searcher; default: those of the environment.
    """

    def __init__(self, folder: Path, encoder: Encoder | None = None, *, settings: Settings | None = None) -> None:
        self._store = IndexStore(folder)
        self._given = encoder
        self._settings = settings
        self._serving = Serving(None, "")
        self._refused, self._retry_at = "", 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="live-index", daemon=True)

    def start(self) -> None:
        """Load what is published and begin to follow the folder."""
        self.refresh()
        self._thread.start()

    def stop(self) -> None:
        """Stop following."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def serving(self) -> Serving:
        """What serves now, and what is wrong with what is published."""
        return self._serving

    def searcher(self) -> Searcher:
        """The searcher to use for one request.

        Raises:
            IndexMissingError: no generation could be loaded yet.
        """
        searcher, problem = self._serving
        if searcher is None:
            raise IndexMissingError(problem or "the index is being loaded; try again in a moment")
        return searcher

    def refresh(self) -> None:
        """Load the published generation if it is not the one that serves; what serves stays on any error.

        Where nothing serves yet and the published generation is damaged, the newest sound one does.
        """
        searcher, published = self._serving.searcher, ""
        try:
            published = self._store.current()
            if published == self._refused and time.monotonic() < self._retry_at:
                return
            if searcher is None or published != searcher.generation.manifest.generation:
                searcher = self._load(self._store.load(published))
            self._refused = ""
            self._show(Serving(searcher, ""))
        except Exception as error:  # whatever it is, it must not end the thread that follows
            self._refuse(published, error)

    def _refuse(self, published: str, error: BaseException) -> None:
        """Say why the published generation does not serve, and let another one stand in for it."""
        searcher, problem, now = self._serving.searcher, _told(error), time.monotonic()
        if problem != self._serving.problem or now >= self._retry_at:
            searcher = self._stand_in(published)
            self._retry_at = now + _RETRY_SECONDS
        self._refused = published
        self._show(Serving(searcher, problem))

    def _stand_in(self, published: str) -> Searcher | None:
        """A searcher of what may stand in for the published generation: the one that serves stays if it is the first.

        Those older than the published one come first, as when a server starts.
        """
        serving = self._serving.searcher
        now = serving.generation.manifest.generation if serving else ""
        if serving is not None and not published:  # the pointer is lost: it last named the one that serves
            return serving
        try:
            for name in self._store.stand_ins(published):
                if name == now:
                    break
                with suppress(Exception):
                    return self._load(self._store.load(name))
        except Exception as error:
            logger.warning("%s", printable(_told(error)))
        return serving

    def _show(self, serving: Serving) -> None:
        if serving.problem and serving.problem != self._serving.problem:
            logger.warning("%s", printable(serving.problem))
        self._serving = serving

    def _load(self, generation: Generation) -> Searcher:
        fingerprint = generation.manifest.fingerprint
        serving = self._serving.searcher
        encoder = serving.encoder if serving else self._given
        if encoder is None or (encoder.fingerprint != fingerprint and self._given is None):
            encoder = QueryCache(load_encoder(self._store.model_folder(fingerprint)))
        searcher = Searcher(generation, encoder, settings=self._settings)
        logger.info("serving generation %s", generation.manifest.generation)
        return searcher

    def _follow(self) -> None:
        while not self._stop.wait(_POLL_SECONDS):
            try:
                self.refresh()
            except BaseException as error:  # such as the panic of a library in another language
                self._serving = Serving(self._serving.searcher, _told(error))


def _told(error: BaseException) -> str:
    return str(error) if isinstance(error, FaqError) else reason_of(error)
