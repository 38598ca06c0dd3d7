"""Runs the web application."""

from __future__ import annotations

import logging
from pathlib import Path

import uvicorn

from search_api.live_index import LiveIndex
from search_api.web.app import create_app


def run(index: Path, *, host: str, port: int, root_path: str = "") -> None:
    """Serve until interrupted."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    app = create_app(LiveIndex(index), root_path=root_path)
    # uvicorn's access log holds the address with the visitor's question: the Guard keeps one without.
    uvicorn.run(app, host=host, port=port, access_log=False, log_config=None, server_header=False)
