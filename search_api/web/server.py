"""Runs the web application."""

from __future__ import annotations

import logging
from http import HTTPStatus
from pathlib import Path

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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
    admin_key: str = "",
    rebuilder: Rebuilder | None = None,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
) -> None:
    """Serve until interrupted; see `create_app`."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    live = LiveIndex(index, thresholds=thresholds)
    app = create_app(live, root_path=root_path, queue=queue, admin_key=admin_key, rebuilder=rebuilder)
    # uvicorn's access log holds the address with the visitor's question: the Guard keeps one without.
    uvicorn.run(app, host=host, port=port, http=_Protocol, access_log=False, log_config=None, server_header=False)
