"""Runs the web application."""

from __future__ import annotations

import logging
import os
from http import HTTPStatus
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from indexer.errors import FaqError
from indexer.settings import Settings
from search_api.live_index import LiveIndex
from search_api.rebuilder import Rebuilder
from search_api.web.app import create_app
from search_api.web.guard import MAX_URL_BYTES, SECURITY_HEADERS
from search_api.web.problems import problem


class _Protocol(HttpToolsProtocol):
    """Answers what is no HTTP request, such as an address of a megabyte, in the shape of every other failure."""

    def send_400_response(self, msg: str) -> None:
        detail = f"this is no HTTP request that can be read, or its address is longer than {MAX_URL_BYTES // 1024} KiB"
        response = problem(
            HTTPStatus.BAD_REQUEST, "bad_request", detail, headers=SECURITY_HEADERS | {"Connection": "close"}
        )
        head = "".join(f"{name.decode()}: {value.decode()}\r\n" for name, value in response.raw_headers)
        self.transport.write(f"HTTP/1.1 400 Bad Request\r\n{head}\r\n".encode() + bytes(response.body))
        self.transport.close()


def run(settings: Settings) -> None:
    """Serve until interrupted; each of several workers holds the model and a queue of its own.

    Raises:
        FaqError: several workers and a content folder or a key to rebuild: each would know of its own rebuilds only.
    """
    _log()
    # uvicorn's access log holds the address with the visitor's question: the Guard keeps one without.
    options: dict[str, Any] = {
        "host": settings.host, "port": settings.port, "http": _Protocol, "access_log": False, "log_config": None,
        "server_header": False,
    }  # fmt: skip
    if settings.workers == 1:
        uvicorn.run(_app(settings), **options)
        return
    if settings.admin_key or settings.content:
        raise FaqError(
            "POST /index/rebuild is offered by one worker only; leave --content and FAQ_ADMIN_KEY out and rebuild with "
            "`faq index` or `faq watch`, or serve with --workers 1"
        )
    # A worker is a new process, which finds here what it is to serve.
    os.environ |= settings.environment()
    worker = f"{__name__}:{app_of_worker.__name__}"
    # One that loads a large index on a busy machine is not to be taken for dead.
    uvicorn.run(worker, factory=True, workers=settings.workers, timeout_worker_healthcheck=60, **options)


def app_of_worker() -> FastAPI:
    """The application of one of several workers, which `run` started."""
    _log()
    return _app(Settings())


def _app(settings: Settings) -> FastAPI:
    rebuilder = Rebuilder.of(settings.content, settings) if settings.content else None
    return create_app(LiveIndex(settings.index, settings=settings), settings, rebuilder=rebuilder)


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
