"""Runs the web application."""

from __future__ import annotations

import logging
import os
from http import HTTPStatus
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from indexer.errors import FaqError
from search_api.live_index import LiveIndex
from search_api.rebuilder import Rebuilder
from search_api.searcher import DEFAULT_THRESHOLDS, Thresholds
from search_api.web.app import create_app
from search_api.web.guard import MAX_URL_BYTES, SECURITY_HEADERS
from search_api.web.problems import problem
from search_api.web.search_queue import DEFAULT_SIZE


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


def run(
    index: Path,
    *,
    host: str,
    port: int,
    root_path: str = "",
    queue: int = DEFAULT_SIZE,
    workers: int = 1,
    admin_key: str = "",
    rebuilder: Rebuilder | None = None,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
) -> None:
    """Serve until interrupted; see `create_app`. Each of several workers holds the model and a queue of its own.

    Raises:
        FaqError: several workers and a rebuilder or its key: each would know of its own rebuilds only.
    """
    _log()
    # uvicorn's access log holds the address with the visitor's question: the Guard keeps one without.
    options: dict[str, Any] = {
        "host": host, "port": port, "http": _Protocol, "access_log": False, "log_config": None, "server_header": False
    }  # fmt: skip
    if workers == 1:
        live = LiveIndex(index, thresholds=thresholds)
        app = create_app(live, root_path=root_path, queue=queue, admin_key=admin_key, rebuilder=rebuilder)
        uvicorn.run(app, **options)
        return
    if admin_key or rebuilder:
        raise FaqError(
            "POST /index/rebuild is offered by one worker only; leave --content and FAQ_ADMIN_KEY out and rebuild with "
            "`faq index` or `faq watch`, or serve with --workers 1"
        )
    # A worker is a new process, which finds here what it is to serve.
    os.environ |= {
        "FAQ_INDEX": str(index),
        "FAQ_ROOT_PATH": root_path,
        "FAQ_QUEUE": str(queue),
        "FAQ_HIGH": str(thresholds.high),
        "FAQ_PARTIAL": str(thresholds.partial),
    }
    worker = f"{__name__}:{app_of_worker.__name__}"
    # One that loads a large index on a busy machine is not to be taken for dead.
    uvicorn.run(worker, factory=True, workers=workers, timeout_worker_healthcheck=60, **options)


def app_of_worker() -> FastAPI:
    """The application of one of several workers, which `run` started."""
    _log()
    settings = os.environ
    return create_app(
        LiveIndex(
            Path(settings["FAQ_INDEX"]),
            thresholds=Thresholds(float(settings["FAQ_HIGH"]), float(settings["FAQ_PARTIAL"])),
        ),
        root_path=settings["FAQ_ROOT_PATH"],
        queue=int(settings["FAQ_QUEUE"]),
    )


def _log() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
