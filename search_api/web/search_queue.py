"""How many searches run and wait at once; whoever comes on top is told so before any work is done."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import TypeVar

from search_api.web.problems import RefusedError

T = TypeVar("T")

# While each core embeds a question, one more thread does what needs the interpreter, which only one at a time has.
THREADS = (os.cpu_count() or 1) + 1


class SearchQueue:
    """Runs searches in threads of its own, so that they keep nobody else waiting for one.

    Use it from one event loop, whose turns make counting safe.

    Args:
        size: how many searches may run and wait together, 1 or more.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._held = 0
        self._turns = asyncio.Semaphore(THREADS)
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="search")

    async def run(self, search: Callable[[], T], left: Callable[[], Awaitable[bool]]) -> T:
        """The search's result, once it had its turn.

        Args:
            search: runs in a thread.
            left: whether whoever asks has gone away; asked after a wait.

        Raises:
            RefusedError: 503, because the queue is full, or because whoever asked has left and nobody reads it.
        """
        if self._held >= self._size:
            detail = "too many questions are being answered at this moment; ask again in a second"
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "busy", detail, headers={"Retry-After": "1"})
        self._held += 1
        try:
            waited = self._turns.locked()
            async with self._turns:
                if waited and await left():
                    raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "left", "whoever asked is gone")
                return await asyncio.get_running_loop().run_in_executor(self._threads, search)
        finally:
            self._held -= 1
