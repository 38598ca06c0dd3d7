"""The whole service: its pages, its headers, an index that comes, goes or is damaged, and a log without questions."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from indexer.settings import Settings
from search_api.live_index import LiveIndex
from search_api.searcher import Searcher
from search_api.web.app import create_app
from search_api.web.schemas import Problem, Ready
from tests.conftest import HERE, SmallSite, serving
from tests.search_api.test_live_index import eventually, publish_damaged

SECRET = "zanzibarquestion"


@pytest.fixture
def client(site: SmallSite) -> Iterator[TestClient]:
    """Over `site`, whose index the test itself makes."""
    with TestClient(create_app(LiveIndex(site.index, site.encoder)), base_url=HERE) as client:
        yield client


@pytest.fixture(scope="module")
def server(sample_index: Path) -> Iterator[serving]:
    running = serving(sample_index)
    with running:
        yield running


def status_of(client: TestClient) -> str:
    return str(Ready.model_validate(client.get("/ready").json(), strict=True).status)


@pytest.mark.parametrize("address", ["/search?q=why", "/passages/a", "/documents/a", "/index"])
def test_without_an_index_the_process_lives_and_asks_for_patience(client: TestClient, address: str) -> None:
    assert client.get("/health").status_code == 200
    for failed in (client.get(address), client.get("/ready")):
        assert failed.status_code == 503
        assert int(failed.headers["retry-after"]) > 0
        assert str(client.app) not in failed.text
    body = Problem.model_validate(client.get(address).json(), strict=True)
    assert body.code == "not_ready"
    assert status_of(client) == "unavailable"


@pytest.mark.parametrize("path", ["/search?q=words", "/index", "/static/app.js", "/", "/documents/article"])
def test_a_proxy_may_pass_the_prefix_on_or_not(site: SmallSite, path: str) -> None:
    site.publish("words")
    with TestClient(
        create_app(LiveIndex(site.index, site.encoder), Settings(root_path="/faq")), base_url=HERE
    ) as client:
        whole, cut = client.get(f"/faq{path}"), client.get(path)
    assert whole.status_code == cut.status_code == 200
    assert whole.headers["content-type"] == cut.headers["content-type"]
    assert path.startswith("/search") or whole.content == cut.content


def test_errors_tell_visitors_nothing_of_this_machine(client: TestClient, site: SmallSite) -> None:
    assert str(site.index) not in client.get("/ready").text + client.get("/search?q=why").text


def test_an_index_is_taken_up_when_it_comes_and_when_it_changes(client: TestClient, site: SmallSite) -> None:
    for number in (1, 2):
        site.publish(f"words of {number}")
        # Between the renaming of its folder and that of the pointer a first generation serves as degraded.
        ready = {"status": "ready", "generation": f"{number:06}", "reason": None}
        eventually(partial(lambda wanted: client.get("/ready").json() == wanted, ready))
        assert client.get("/search?q=words").json()["hits"][0]["text"] == f"words of {number}"


def test_a_damaged_new_generation_leaves_the_old_one_answering(client: TestClient, site: SmallSite) -> None:
    site.publish("first words")
    eventually(lambda: status_of(client) == "ready")
    publish_damaged(site)
    eventually(lambda: status_of(client) == "degraded")
    ready = client.get("/ready")
    assert (ready.status_code, ready.json()["generation"]) == (200, "000001")
    assert client.get("/search?q=words").json()["hits"][0]["text"] == "first words"


@pytest.mark.parametrize("address", ["/", "/read", "/docs", "/search?q=why", "/nowhere", "/static/app.js", "/health"])
def test_every_reply_has_its_security_headers(client: TestClient, address: str) -> None:
    headers = client.get(address).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize("address", ["/", "/read", "/docs"])
def test_a_page_and_all_it_loads_come_from_this_server(client: TestClient, address: str) -> None:
    page = client.get(address)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    loaded = re.findall(r"<(?:script|link|img)\b[^>]*?(?:src|href)=\"([^\"]+)\"", page.text)
    assert len(loaded) >= 2
    for link in loaded:
        assert not urlsplit(link).netloc
        assert not link.startswith("/")  # relative, so that it works below a proxy's prefix
        assert client.get(f"/{link}").status_code == 200
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=", page.text)  # the policy would refuse it


@pytest.mark.parametrize(
    ("name", "media"),
    [
        ("swagger/swagger-ui-bundle.js", "text/javascript"),
        ("swagger/swagger-ui.css", "text/css"),
        ("static/docs.js", "text/javascript"),
    ],
)
def test_the_documentation_brings_its_own_script_and_style(client: TestClient, name: str, media: str) -> None:
    response = client.get(f"/{name}")
    assert response.headers["content-type"].startswith((media, "application/javascript"))
    assert len(response.content) > 50


def test_a_crash_inside_is_one_small_problem(
    client: TestClient, site: SmallSite, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(_: Searcher, question: str, *__: object, **___: object) -> None:
        raise RuntimeError(question)

    site.publish("words")
    eventually(lambda: status_of(client) == "ready")
    monkeypatch.setattr(Searcher, "search", crash)
    response = client.get(f"/search?q={SECRET}")
    assert (response.status_code, response.json()["code"]) == (500, "internal")
    assert response.headers["content-type"] == "application/problem+json"
    assert SECRET not in response.text + caplog.text
    assert "RuntimeError" in caplog.text


def test_a_real_server_answers_over_http(server: serving) -> None:
    with urllib.request.urlopen(f"{server.url}search?q=is+it+ok+to+see+a+counsellor+by+myself") as response:
        found = json.load(response)
    assert found["hits"][0]["passage_id"] == "when-he-says-no/can-i-see-a-counsellor-on-my-own"


def test_nothing_that_is_asked_is_logged(server: serving) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.url).port)
    for method, address, status in (
        ("GET", f"/search?q={SECRET}", 200),
        ("GET", f"/search?q={SECRET}&limit=0", 422),
        ("GET", f"/search?q=why&tag={SECRET}", 422),
        ("GET", f"/search?q={SECRET * 200}", 422),
        ("GET", f"/search?q={SECRET * 4000}", 414),
        ("GET", f"/passages/{SECRET}", 404),
        ("GET", f"/{SECRET}", 404),
        ("POST", f"/{SECRET}", 404),
        ("DELETE", f"/search?q={SECRET}", 405),
    ):
        connection.request(method, address)
        response = connection.getresponse()
        response.read()
        assert response.status == status, address[:60]
    connection.request("POST", "/search", json.dumps({"q": SECRET}), {"Content-Type": "application/json"})
    assert SECRET in connection.getresponse().read().decode()
    connection.close()
    # A line is written once its answer is out.
    while "POST /search 200" not in (log := server.read_log()):
        time.sleep(0.05)
    assert "GET /search 200" in log
    assert SECRET not in log


def reply(server: serving, request: bytes) -> bytes:
    """What the server answers to bytes which no client library would send."""
    with socket.create_connection(("127.0.0.1", urlsplit(server.url).port), timeout=20) as connection:
        answer = b""
        with suppress(BrokenPipeError, ConnectionResetError):  # it may refuse before it has read all
            connection.sendall(request)
        with suppress(ConnectionResetError):
            while part := connection.recv(65536):
                answer += part
    return answer


CLOSE = b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /search?q=" + b"a" * 1_000_000 + CLOSE + b"\r\n",
        b"GET /search?q=\xff\xfe" + CLOSE + b"\r\n",
        b"GET /search?q=why" + CLOSE + b"X-Long: " + b"a" * 200_000 + b"\r\n\r\n",
        b"POST /search" + CLOSE + b"Content-Length: abc\r\n\r\n",
        b"POST /search" + CLOSE + b"Content-Length: -5\r\n\r\n",
        b"POST /search" + CLOSE + b"Content-Length: 1000000\r\n\r\n" + b"a" * 1_000_000,
        b"POST /search" + CLOSE + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01 not http at all\r\n\r\n",
    ],
    ids=lambda request: request[:40].decode("latin-1"),
)
def test_no_request_makes_the_server_fail(server: serving, request_bytes: bytes) -> None:
    answer = reply(server, request_bytes)
    assert re.match(rb"HTTP/1\.1 (200|4\d\d) ", answer) or not answer
    assert len(answer) < 4096 or answer.startswith(b"HTTP/1.1 200")
    assert b"application/problem+json" in answer or not answer.startswith(b"HTTP/1.1 4")
    with urllib.request.urlopen(server.url + "health") as alive:
        assert alive.status == 200


def test_a_connection_may_ask_again_after_a_refusal(server: serving) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(server.url).port)
    for address, status in (("/search?q=", 422), ("/search?q=why", 200), ("/nowhere", 404), ("/health", 200)):
        connection.request("GET", address)
        response = connection.getresponse()
        response.read()
        assert response.status == status
    connection.close()
