"""A limited number of searches at once; everybody else is answered meanwhile."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import uvicorn
from starlette.testclient import TestClient

from indexer.settings import Settings
from search_api.live_index import LiveIndex
from search_api.searcher import Searcher
from search_api.web.app import create_app
from search_api.web.schemas import Problem
from search_api.web.search_queue import THREADS
from tests.conftest import HERE, SmallSite
from tests.search_api.test_live_index import eventually

QUESTION = b"GET /search?q=words HTTP/1.1\r\nHost: localhost\r\n\r\n"
SIZE = 50  # more than there are threads for the pages, and for the searches


class Held:
    """Searches that wait until they are let go."""

    def __init__(self) -> None:
        self.asked, self.go = 0, threading.Event()


@pytest.fixture
def held(site: SmallSite, monkeypatch: pytest.MonkeyPatch) -> Held:
    held, search = Held(), Searcher.search

    def wait(self: Searcher, *arguments: Any, **options: Any) -> Any:
        held.asked += 1
        assert held.go.wait(60)
        return search(self, *arguments, **options)

    monkeypatch.setattr(Searcher, "search", wait)
    site.publish("first words")
    return held


@pytest.fixture
def client(site: SmallSite, held: Held) -> Iterator[TestClient]:
    with TestClient(create_app(LiveIndex(site.index, site.encoder), Settings(queue=SIZE)), base_url=HERE) as client:
        yield client


def test_a_full_queue_refuses_at_once_and_everything_else_answers(client: TestClient, held: Held) -> None:
    queue = client.app.state.queue  # type: ignore[attr-defined]
    with ThreadPoolExecutor(SIZE) as pool:
        asking = [pool.submit(client.get, "/search?q=words") for _ in range(SIZE)]
        try:
            eventually(lambda: queue._held == SIZE)
            running = held.asked
            for refused in (client.get("/search?q=words"), client.post("/search", json={"q": "words"})):
                assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
                assert Problem.model_validate(refused.json(), strict=True).code == "busy"
            assert held.asked == running < SIZE  # nothing was done for them
            for address in ("/health", "/ready", "/", "/static/app.js", "/index", "/documents/article"):
                assert client.get(address).status_code == 200
        finally:
            held.go.set()
        assert [answer.result().status_code for answer in asking] == [200] * SIZE
    assert queue._held == 0
    assert client.get("/search?q=words").status_code == 200


def test_a_search_that_fails_gives_its_place_back(client: TestClient, held: Held) -> None:
    held.go.set()
    for _ in range(SIZE + 1):
        assert client.get("/search?q=words&tag=none").status_code == 422
    assert client.get("/search?q=words").status_code == 200


def test_who_left_while_waiting_is_not_searched_for(site: SmallSite, held: Held) -> None:
    app = create_app(LiveIndex(site.index, site.encoder), Settings(queue=SIZE))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
    with socket.create_server(("127.0.0.1", 0), backlog=SIZE) as door:
        port = door.getsockname()[1]
        serving = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        serving.start()
        visitors = [socket.create_connection(("127.0.0.1", port)) for _ in range(SIZE)]
        try:
            for visitor in visitors:
                visitor.sendall(QUESTION)
            eventually(lambda: app.state.queue._held == SIZE)
            eventually(lambda: held.asked == THREADS)
            for visitor in visitors:
                visitor.close()
            # Its answer comes after the server heard that they left.
            assert urllib.request.urlopen(f"http://127.0.0.1:{port}/health").status == 200
        finally:
            held.go.set()
        eventually(lambda: app.state.queue._held == 0)
        assert held.asked == THREADS  # those that ran already
        assert json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/search?q=words"))["hits"]
        server.should_exit = True
        serving.join()
