"""Clients that keep what they were given: a connection, a request half sent, an answer half read."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from indexer.settings import Settings
from search_api.live_index import LiveIndex
from search_api.searcher import Searcher
from search_api.web.app import create_app
from search_api.web.connections import Connections, Limits
from search_api.web.schemas import Problem
from tests.conftest import SmallSite
from tests.search_api.raw_sockets import CHUNKED, HOST, JSON, connect, get, read
from tests.search_api.server_in_thread import ServerInThread
from tests.search_api.test_live_index import eventually

NEVER = 10_000
POST = b"POST /search HTTP/1.1\r\n" + HOST + JSON + b"Content-Length: 20000\r\n\r\n"
LARGE = get("/swagger/swagger-ui-bundle.js")  # more than the system takes for a client that does not read
Start = Callable[[Limits], ServerInThread]


@pytest.fixture
def start(site: SmallSite) -> Iterator[Start]:
    """Starts a server that ends with the test."""
    site.publish("words")
    with ExitStack() as stack:
        yield lambda limits: stack.enter_context(
            ServerInThread(create_app(LiveIndex(site.index, site.encoder), Settings(queue=30)), limits)
        )


def limits(**given: Any) -> Limits:
    """Those given; everything else is never reached."""
    rest: dict[str, Any] = {"idle_seconds": NEVER, "request_seconds": NEVER, "answer_seconds": NEVER}
    return Limits(**rest | given)


def alive(server: ServerInThread, path: str = "health") -> bool:
    with urllib.request.urlopen(server.url + path, timeout=120) as answer:
        return bool(answer.status == 200)


def refused(answer: bytes) -> Problem:
    head, _, body = answer.partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/1\.1 (\d+) ", head)
    assert status, answer
    problem = Problem.model_validate(json.loads(body), strict=True)
    assert problem.status == int(status[1])
    assert b"content-security-policy" in head
    return problem


@pytest.mark.parametrize("sent", [b"", b"\r\n\r\n\r\n", get("/health")], ids=["new", "empty lines", "kept"])
def test_a_silent_connection_is_closed(start: Start, sent: bytes) -> None:
    server = start(limits(idle_seconds=0.5))
    answer = read(connect(server.url, sent))
    assert answer.count(b"HTTP/1.1 ") == (sent == get("/health"))
    eventually(lambda: server.held == 0)


@pytest.mark.parametrize(
    "sent", [b"G", get("/health")[:-2], POST, POST + b"{", CHUNKED + b"5\r\nab", CHUNKED + b"2\r\nab\r\n0\r\nX: "]
)
def test_what_is_half_sent_is_given_up(start: Start, sent: bytes) -> None:
    server = start(limits(request_seconds=0.5))
    assert refused(read(connect(server.url, sent))).code == "timeout"
    eventually(lambda: server.held == 0)
    assert alive(server)


@pytest.mark.parametrize("sent", [b"GET /", POST[:-2], POST])
def test_byte_by_byte_is_no_way_to_stay(start: Start, sent: bytes) -> None:
    with connect(start(limits(request_seconds=1)).url, sent) as client:
        client.settimeout(0.05)
        answer = None
        for _ in range(2_400):
            try:
                client.sendall(b" " if sent == POST else b"a")
                answer = client.recv(65536)
                break
            except TimeoutError:
                continue
            except (BrokenPipeError, ConnectionResetError):
                return
    assert answer is not None
    assert answer == b"" or refused(answer).code == "timeout"


def test_an_answer_that_nobody_reads_is_given_up(start: Start) -> None:
    server = start(limits(answer_seconds=1))
    clients = [connect(server.url, LARGE * 4, window=2048) for _ in range(3)]
    eventually(lambda: server.held == len(clients))
    eventually(lambda: server.held == 0)
    for client in clients:
        client.close()
    assert alive(server)


def test_an_answer_that_is_read_slowly_is_sent_whole(start: Start) -> None:
    server = start(limits(answer_seconds=1))
    client = connect(server.url, get("/swagger/swagger-ui-bundle.js", b"Connection: close\r\n"), window=65536)
    begun, received = time.monotonic(), 0
    while part := client.recv(65536):
        received += len(part)
        time.sleep(0.05)
    client.close()
    assert received > 1_000_000
    assert time.monotonic() - begun > 1


def test_a_hundred_that_hold_on_leave_room_for_others(start: Start) -> None:
    server = start(limits(connections=20, reserve=4))
    kinds = (b"", b"GET /search?q=", POST + b"{", get("/health"))
    clients = [connect(server.url, kinds[number % 4]) for number in range(100)]
    assert alive(server)
    assert alive(server, "search?q=words")
    eventually(lambda: server.held <= 20)
    # The oldest had to go.
    assert read(clients[0]) == b""
    clients[-1].settimeout(0.5)
    assert clients[-1].recv(65536).startswith(b"HTTP/1.1 200")
    for client in clients:
        client.close()


def test_slow_readers_are_not_kept_for_their_answers(start: Start) -> None:
    server = start(limits(connections=10, reserve=4))
    clients = [connect(server.url, LARGE * 4, window=2048) for _ in range(30)]
    assert alive(server)
    eventually(lambda: server.held <= 14)
    for client in clients:
        client.close()


def test_when_all_are_being_answered_only_health_is_told(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    go, search = threading.Event(), Searcher.search

    def wait(self: Searcher, *arguments: Any, **options: Any) -> Any:
        assert go.wait(120)
        return search(self, *arguments, **options)

    monkeypatch.setattr(Searcher, "search", wait)
    server = start(limits(connections=10, reserve=4))
    clients = [connect(server.url, get("/search?q=words", b"Connection: close\r\n")) for _ in range(10)]
    try:
        eventually(lambda: sum(not each.evictable for each in server.connections._held) == 10)
        assert alive(server)
        assert alive(server, "ready")
        assert refused(read(connect(server.url, get("/index")))).code == "busy"
        more = [connect(server.url) for _ in range(20)]
        eventually(lambda: server.held <= 14)
        assert alive(server)
        for each in more:
            each.close()
    finally:
        go.set()
    for client in clients:  # none of them lost its answer
        assert read(client).startswith(b"HTTP/1.1 200 ")
    assert alive(server, "index")


def test_answers_wait_within_a_common_bound(start: Start) -> None:
    server = start(limits(waiting_bytes=200_000))
    clients = [connect(server.url, LARGE * 4, window=2048) for _ in range(8)]

    def waiting() -> int:
        return sum(each.waiting_bytes for each in set(server.connections._held))

    eventually(lambda: server.held < len(clients))
    assert alive(server)
    eventually(lambda: waiting() <= 200_000)
    for client in clients:
        client.close()


def test_more_connections_than_files_are_never_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    assert Limits.of(64).connections == 128
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert Limits.of(64).connections == 320


def test_an_answer_under_way_is_given_before_what_follows_is_refused(start: Start) -> None:
    server = start(limits())
    for rest in (b"JUNK\r\n\r\n", POST[:-2] + b"Content-Length: 1\r\n\r\n", get("/" + "a" * 40_000)):
        answer = read(connect(server.url, get("/search?q=words") + get("/health") + rest))
        assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"200", b"200"]
        assert answer.index(b'"hits"') < answer.index(b'"alive"')


def test_pipelining_is_bounded(start: Start) -> None:
    server = start(limits())
    answer = read(connect(server.url, get("/health") * 5_000))
    assert 1 < answer.count(b"HTTP/1.1 200 ") < 100
    assert answer.count(b"HTTP/1.1 ") == answer.count(b"HTTP/1.1 200 ")


def test_a_body_of_an_answered_request_is_read_over_but_not_for_ever(start: Start) -> None:
    server = start(limits())
    head = b"POST /nowhere HTTP/1.1\r\n" + HOST
    client = connect(server.url, head + b"Content-Length: 5\r\n\r\n")
    assert client.recv(65536).startswith(b"HTTP/1.1 404 ")
    client.sendall(b"12345" + get("/health", b"Connection: close\r\n"))
    assert read(client).startswith(b"HTTP/1.1 200 ")
    client = connect(server.url, head + b"Transfer-Encoding: chunked\r\n\r\n")
    assert client.recv(65536).startswith(b"HTTP/1.1 404 ")
    with suppress(BrokenPipeError, ConnectionResetError):
        for _ in range(1_000):
            client.sendall(b"1000\r\n" + b"a" * 4096 + b"\r\n")
    assert read(client) == b""
    eventually(lambda: server.held == 0)


class FakeConnection:
    def __init__(self, since: float, *, evictable: bool = True, waiting: int = 0) -> None:
        self.since = self.waiting_since = since
        self.evictable, self.waiting_bytes, self.dropped = evictable, waiting, False

    def end_if_late(self, now: float) -> None:
        pass

    def drop(self) -> None:
        self.dropped = True


@pytest.fixture
def pool(monkeypatch: pytest.MonkeyPatch) -> Connections:
    pool = Connections(Limits(connections=3, reserve=1, waiting_bytes=100))
    pool._sweeping = True
    return pool


def test_the_one_that_waits_for_longest_goes_first(pool: Connections) -> None:
    oldest, busy, newer = FakeConnection(2), FakeConnection(1, evictable=False), FakeConnection(3)
    assert all(pool.add(each) for each in (newer, busy, oldest, FakeConnection(4)))
    assert [each.dropped for each in (oldest, busy, newer)] == [True, False, False]
    assert pool.add(FakeConnection(5))  # the one that goes is not yet gone
    assert newer.dropped


def test_where_all_are_busy_a_few_more_may_come(pool: Connections) -> None:
    for number in range(3):
        assert pool.add(FakeConnection(number, evictable=False))
    spare, last = FakeConnection(9, evictable=False), FakeConnection(9, evictable=False)
    assert (pool.add(spare), pool.add(last)) == (False, False)
    assert (spare.dropped, last.dropped) == (False, True)


def test_the_slowest_reader_goes_first(pool: Connections) -> None:
    slow, fast, third = (FakeConnection(since, waiting=50) for since in (1, 3, 2))
    for each in (slow, fast, third):
        pool.add(each)
    pool.make_room()
    assert [each.dropped for each in (slow, fast, third)] == [True, False, False]


def test_the_socket_s_own_end_is_no_error(start: Start) -> None:
    server = start(limits())
    for sent in (b"", b"GET /", POST, get("/search?q=words")):
        client = connect(server.url, sent)
        client.shutdown(socket.SHUT_WR)
        client.close()
    eventually(lambda: server.held == 0)
    assert alive(server)
