"""A server in a thread of the test, with limits that take less long to reach than those of `faq serve`."""

from __future__ import annotations

import threading
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI

from search_api.web.connection import Connection
from search_api.web.connections import Connections, Limits
from search_api.web.listening import listen


class ServerInThread:
    """Serves an application for the length of a with block."""

    def __init__(self, app: FastAPI, limits: Limits) -> None:
        self.connections = Connections(limits)
        options: dict[str, Any] = {
            "http": partial(Connection, self.connections),
            "ws": "none",
            "timeout_graceful_shutdown": 1,
        }
        config = uvicorn.Config(app, log_config=None, access_log=False, **options)
        self._server = uvicorn.Server(config)
        self._listening = listen("127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._listening[0].getsockname()[1]}/"
        self._thread = threading.Thread(target=self._server.run, args=(self._listening,))

    def __enter__(self) -> ServerInThread:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()

    @property
    def held(self) -> int:
        """How many connections it has."""
        return len(self.connections._held)
