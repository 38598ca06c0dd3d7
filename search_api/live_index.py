"""Follows an index folder and swaps whole generations under running requests."""

from __future__ import annotations

import logging
import threading
import time
from pathlib import Path
from typing import NamedTuple

from indexer.errors import FaqError, IndexMissingError
from indexer.generation.generation import Generation
from indexer.model.encoder import Encoder, load_encoder
from indexer.model.query_cache import QueryCache
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
        searcher, problem, published = self._serving.searcher, "", ""
        try:
            if searcher is None:
                sound = self._store.load_sound()
                searcher, problem = self._load(sound.generation), sound.problem
            else:
                published = self._store.current()
                if published == self._refused and time.monotonic() < self._retry_at:
                    return
                if published != searcher.generation.manifest.generation:
                    searcher = self._load(self._store.load(published))
        except Exception as error:  # whatever it is, it must not end the thread that follows
            problem = str(error) if isinstance(error, FaqError | OSError) else f"{type(error).__name__}: {error}"
            self._refused, self._retry_at = published, time.monotonic() + _RETRY_SECONDS
        if problem and problem != self._serving.problem:
            logger.warning("%s", problem)
        self._serving = Serving(searcher, problem)

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
            self.refresh()
