"""How many searches run and wait at once; whoever comes on top is told so before any work is done."""

from __future__ import annotations

import os
from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from search_api.web.problems import RefusedError

T = TypeVar("T")

DEFAULT_SIZE = 64
# A search is work for a core and waits for nothing, so more threads would only take each other's turn.
_THREADS = (os.cpu_count() or 1) + 2


class SearchQueue:
    """Runs searches in threads of its own, so that they keep nobody else waiting for one.

    Use it from one event loop, whose turns make counting safe.

    Args:
        size: how many searches may run and wait together, 1 or more.
    """

    def __init__(self, size: int = DEFAULT_SIZE) -> None:
        self._size = size
        self._held = 0
        self._threads = CapacityLimiter(_THREADS)

    async def run(self, search: Callable[[], T]) -> T:
        """The search's result, once it had its turn.

        Raises:
            RefusedError: 503, because the queue is full.
        """
        if self._held >= self._size:
            detail = "too many questions are being answered at this moment; ask again in a second"
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "busy", detail, headers={"Retry-After": "1"})
        self._held += 1
        try:
            return await to_thread.run_sync(search, limiter=self._threads)
        finally:
            self._held -= 1
