"""POST /index/rebuild on a real server: without the key nothing starts, and of twenty at once exactly one does."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest

from tests.conftest import serving
from tests.proofs.numbered_site import NumberedSite
from tests.search_api.test_live_index import eventually

KEY = "an-admin-key-of-thé-tests"
HELD = {"Authorization": b"Bearer " + KEY.encode()}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
Headers = dict[str, Any]


class Door:
    """A site whose content has changed since it was indexed, and its server."""

    def __init__(self, folder: Path, model: Path, exported: Path) -> None:
        self.site = NumberedSite(folder, model, exported)
        self.site.write("000002")
        options = ("--content", str(self.site.content), "--model", str(model))
        self.server = serving(self.site.index, *options, FAQ_ADMIN_KEY=KEY)

    def ask(
        self, method: str, path: str, headers: Headers, body: str | bytes = ""
    ) -> tuple[int, dict[str, Any], http.client.HTTPMessage]:
        connection = http.client.HTTPConnection(urlsplit(self.server.url).netloc, timeout=60)
        connection.request(method, path, body or None, headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        assert response.status < 400 or len(content) < 2048
        assert KEY.encode() not in content
        return response.status, json.loads(content), response.headers

    def rebuilds(self) -> list[psutil.Process]:
        return psutil.Process(self.server.process.pid).children()


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory, tiny_models: Path, tiny_exports: Path) -> Iterator[Door]:
    door = Door(tmp_path_factory.mktemp("door"), tiny_models / "mean", tiny_exports / "mean")
    with door.server:
        yield door
    assert KEY not in door.server.log
    assert KEY.encode("utf-8").decode("latin-1") not in door.server.log


@pytest.mark.parametrize(
    ("method", "headers", "body", "status"),
    [
        ("POST", {}, "", 401),
        ("POST", {"Authorization": ""}, "", 401),
        ("POST", {"Authorization": "Bearer"}, "", 401),
        ("POST", {"Authorization": "Bearer wrong-key-of-the-tests"}, "", 401),
        ("POST", {"Authorization": HELD["Authorization"][:-1]}, "", 401),
        ("POST", {"Authorization": HELD["Authorization"] + b"s"}, "", 401),
        ("POST", {"Authorization": "Bearer an-admin-key-of-the-tests"}, "", 401),
        ("POST", {"Authorization": b"Bearer " + KEY.encode("latin-1")}, "", 401),
        ("POST", {"Authorization": b"Bearer \xff\xfe\x80\xed\xa0\x80"}, "", 401),
        ("POST", {"Authorization": b"Bearer " + "ключ-ключ-ключ-ключ".encode()}, "", 401),
        ("POST", {"Authorization": b"Basic " + KEY.encode()}, "", 401),
        ("POST", {"Authorization": KEY.encode()}, "", 401),
        ("POST", {"Cookie": b"key=" + KEY.encode()}, "", 401),
        ("POST", FORM, b"key=" + KEY.encode(), 401),
        ("POST", HELD | {"Sec-Fetch-Site": "cross-site"}, "", 403),
        ("POST", HELD | {"Sec-Fetch-Site": "same-site"}, "", 403),
        ("POST", HELD | {"Origin": "https://elsewhere.example"}, "", 403),
        ("POST", HELD | {"Origin": "null"}, "", 403),
        ("POST", HELD | {"Origin": "http://[broken"}, "", 403),
        ("POST", HELD | FORM, "", 415),
        ("POST", HELD | FORM, "full=true", 415),
        ("POST", HELD | {"Content-Type": "multipart/form-data; boundary=x"}, "--x--", 415),
        ("POST", HELD | {"Content-Type": "text/plain"}, "{}", 415),
        ("POST", HELD, "{}", 415),
        ("POST", HELD | {"Content-Type": "application/json"}, "{", 400),
        ("POST", HELD | {"Content-Type": "application/json"}, b"\xff\xfe", 400),
        ("POST", HELD | {"Content-Type": "application/json"}, "[]", 422),
        ("POST", HELD | {"Content-Type": "application/json"}, '{"full": "zanzibar"}', 422),
        ("POST", HELD | {"Content-Type": "application/json"}, '{"content": "/etc"}', 422),
        ("POST", HELD | {"Content-Type": "application/json"}, " " * 70_000, 413),
        ("GET", HELD, "", 405),
        ("PUT", HELD, "", 405),
        ("OPTIONS", {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "POST"}, "", 405),
    ],
)  # fmt: skip
def test_what_is_not_meant_starts_nothing(
    door: Door, method: str, headers: Headers, body: str | bytes, status: int
) -> None:
    found, problem, answered = door.ask(method, "/index/rebuild", headers, body)
    assert (found, problem["status"]) == (status, status)
    assert (answered["WWW-Authenticate"] == "Bearer") is (status == 401)
    assert "Access-Control-Allow-Origin" not in answered
    assert "zanzibar" not in str(problem)
    assert door.rebuilds() == []
    assert door.site.store.generations() == ["000001"]


def test_the_key_is_asked_for_before_a_rebuild_is_looked_up(door: Door) -> None:
    assert door.ask("GET", "/index/rebuild/0123456789abcdef", {})[0] == 401
    assert door.ask("GET", "/index/rebuild/0123456789abcdef", HELD)[0] == 404
    assert door.ask("GET", "/index/rebuild/" + "0" * 101, HELD)[0] == 422


def test_of_twenty_at_once_one_runs_and_publishes(door: Door) -> None:
    headers = HELD | {"Origin": door.server.url.rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: door.ask("POST", "/index/rebuild", headers), range(20)))
    statuses = [status for status, _, _ in answers]
    assert sorted(statuses) == [202] + [409] * 19
    _, job, answered = answers[statuses.index(202)]
    assert answered["Location"] == f"/index/rebuild/{job['job']}"
    assert (job["status"], job["report"], job["error"]) == ("running", None, None)
    assert all(body["code"] == "rebuild_running" for status, body, _ in answers if status == 409)
    eventually(lambda: door.ask("GET", answered["Location"], HELD)[1]["status"] != "running")
    _, ended, _ = door.ask("GET", answered["Location"], HELD)
    assert (ended["status"], ended["error"], ended["report"]["generation"]) == ("done", None, "000002")
    assert ended["seconds"] > 0
    assert door.site.store.generations() == ["000002", "000001"]
    eventually(lambda: door.ask("GET", "/ready", {})[1]["generation"] == "000002")


def test_a_rebuild_that_fails_says_why_in_one_line(door: Door) -> None:
    with door.site.store.writing():
        _, job, answered = door.ask("POST", "/index/rebuild", HELD | {"Content-Type": "application/json"}, "{}")
        eventually(lambda: door.ask("GET", answered["Location"], HELD)[1]["status"] != "running")
    _, ended, _ = door.ask("GET", f"/index/rebuild/{job['job']}", HELD)
    assert (ended["status"], ended["report"]) == ("failed", None)
    assert ended["error"].endswith("is being rebuilt by another process; try again when it is done")


def test_a_rebuild_ends_with_its_server(tmp_path: Path, tiny_models: Path, tiny_exports: Path) -> None:
    door = Door(tmp_path, tiny_models / "mean", tiny_exports / "mean")
    with door.server:
        assert door.ask("POST", "/index/rebuild", HELD)[0] == 202
        eventually(lambda: bool(door.rebuilds()))
        (rebuild,) = door.rebuilds()
        eventually(lambda: rebuild.nice() > 0)
        assert KEY not in str(rebuild.environ())
    assert not rebuild.is_running()
    assert door.server.process.returncode in (0, -15)
    assert "Traceback" not in door.server.log
    assert door.site.store.load().manifest.generation == "000001"
    assert door.site.publish() == "000002"
