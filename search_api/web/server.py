"""Runs the web application."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from indexer.errors import FaqError
from indexer.settings import Settings
from search_api.live_index import LiveIndex
from search_api.rebuilder import Rebuilder
from search_api.web.app import create_app
from search_api.web.connection import Connection
from search_api.web.connections import Connections, Limits
from search_api.web.listening import listen

logger = logging.getLogger("faq")

# Of the time to end: for answers under way; then until everything else has ended, a rebuild at last by force. What is
# left is for several workers' parent, which looks after them twice a second.
_ANSWERS, _REBUILD, _ALL = 0.4, 0.15, 0.8


def run(settings: Settings) -> None:
    """Serve until interrupted; each of several workers holds the model and a queue of its own.

    Raises:
        FaqError: several workers and a content folder or a key to rebuild: each would know of its own rebuilds only.
        SettingsError: the host or port cannot be listened on, or another setting is wrong.
    """
    _log()
    if settings.workers > 1 and (settings.admin_key or settings.content):
        raise FaqError(
            "POST /index/rebuild is offered by one worker only; leave --content and FAQ_ADMIN_KEY out and rebuild with "
            "`faq index` or `faq watch`, or serve with --workers 1"
        )
    app = _app(settings)
    listening = listen(settings.host, settings.port)
    options: dict[str, Any] = {
        "factory": True,
        "http": partial(Connection, Connections(Limits.of(settings.queue))),
        "ws": "none",
        # uvicorn's access log holds the address with the visitor's question: the Guard keeps one without.
        "access_log": False,
        "log_config": None,
        "server_header": False,
        # What a proxy says of its client is of no use here, and anybody may say it.
        "proxy_headers": False,
        "timeout_keep_alive": 60,  # a connection's own limits come before
        "timeout_graceful_shutdown": settings.grace * _ANSWERS,
    }
    host, port = listening[0].getsockname()[:2]
    logger.info("listening on http://%s:%d (Ctrl+C ends)", f"[{host}]" if ":" in host else host, port)
    if settings.workers == 1:
        with suppress(KeyboardInterrupt):
            uvicorn.Server(uvicorn.Config(partial(_begun, app, settings.grace), **options)).run(listening)
        return
    # A worker is a new process, which finds here what it is to serve.
    os.environ |= settings.environment()
    worker = f"{__name__}:{app_of_worker.__name__}"
    # One that loads a large index on a busy machine is not to be taken for dead.
    several = uvicorn.Config(worker, workers=settings.workers, timeout_worker_healthcheck=60, **options)
    Multiprocess(several, listening).run()


def app_of_worker() -> FastAPI:
    """The application of one of several workers, which `run` started."""
    _log()
    settings = Settings()
    if (parent := multiprocessing.parent_process()) is not None:
        threading.Thread(target=_end_with, args=(parent.join,), name="parent", daemon=True).start()
    return _begun(_app(settings), settings.grace)


def _app(settings: Settings) -> FastAPI:
    patience = settings.grace * _REBUILD
    rebuilder = Rebuilder.of(settings.content, settings, patience=patience) if settings.content else None
    return create_app(LiveIndex(settings.index, settings=settings), settings, rebuilder=rebuilder)


def _begun(app: FastAPI, grace: float) -> FastAPI:
    """The application, when the server that has asked for it listens to signals: from the first on, time counts."""

    def force() -> None:
        logger.warning("not everything has ended within --grace %g seconds; ending it", grace)
        os._exit(0)

    def ending(asked: Callable[[int, FrameType | None], Any], number: int, frame: FrameType | None) -> None:
        timer = threading.Timer(grace * _ALL, force)
        timer.daemon = True
        timer.start()
        asked(number, frame)

    for number in (signal.SIGTERM, signal.SIGINT):
        asked = signal.getsignal(number)
        if callable(asked):
            signal.signal(number, partial(ending, asked))
    return app


def _end_with(parent: Callable[[], None]) -> None:
    """End this process when its parent is gone, however that went."""
    parent()
    os.kill(os.getpid(), signal.SIGTERM)


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
