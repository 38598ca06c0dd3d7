"""Requests that no browser sends, made by hand and by Schemathesis: none makes the service fail, none is echoed."""

from __future__ import annotations

import json
import re
import socket
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from tests.conftest import serving
from tests.proofs.effort import effort
from tests.proofs.numbered_site import NumberedSite

KEY = "an-admin-key-of-the-tests"
END = b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tiny_models: Path, tiny_exports: Path) -> Iterator[serving]:
    numbered = NumberedSite(tmp_path_factory.mktemp("hostile"), tiny_models / "mean", tiny_exports / "mean")
    running = serving(numbered.index, "--content", str(numbered.content), FAQ_ADMIN_KEY=KEY)
    with running:
        yield running
        with urllib.request.urlopen(running.url + "health") as alive:
            assert alive.status == 200
    assert numbered.store.generations() == ["000001"]  # none of it started a rebuild
    assert "Traceback" not in running.log
    assert " 500 " not in running.log


def reply(server: serving, *parts: bytes) -> bytes:
    """What the server answers to bytes; it may refuse before it has read all of them."""
    with socket.create_connection(("127.0.0.1", urlsplit(server.url).port), timeout=30) as connection:
        answer = b""
        with suppress(BrokenPipeError, ConnectionResetError):
            for part in parts:
                connection.sendall(part)
            connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while part := connection.recv(65536):
                answer += part
    return answer


def posted(body: bytes, media: bytes = b"application/json") -> bytes:
    head = b"Content-Type: " + media + b"\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n"
    return b"POST /search" + END + head + body


def got(query: bytes, path: bytes = b"/search") -> bytes:
    return b"GET " + path + b"?" + query + END + b"\r\n"


CHUNKED = b"POST /search" + END + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
HOSTILE: dict[str, tuple[bytes, ...]] = {
    "lone surrogate": (got(b"q=%ED%A0%80"),),
    "lone surrogate in JSON": (posted(rb'{"q": "\ud800"}'),),
    "lone surrogate as a name": (posted(rb'{"q": "why", "\udfff": 1}'),),
    "surrogates in raw UTF-8": (posted(b'{"q": "\xed\xa0\x80"}'),),
    "NUL": (got(b"q=%00"),),
    "NUL in JSON": (posted(rb'{"q": "\u0000"}'),),
    "NUL byte": (posted(b'{"q": "\x00"}'),),
    "NUL in a path": (got(b"", b"/passages/%00"),),
    "NUL in a static path": (got(b"", b"/static/%00.js"),),
    "NaN": (posted(b'{"q": "why", "limit": NaN}'),),
    "Infinity": (posted(b'{"q": "why", "offset": -Infinity}'),),
    "NaN alone": (posted(b"NaN"),),
    "1e999": (posted(b'{"q": "why", "limit": 1e999}'),),
    "deep lists": (posted(b"[" * 60_000),),
    "deep objects": (posted(b'{"q":' * 12_000 + b"1" + b"}" * 12_000),),
    "huge int": (posted(b'{"q": "why", "limit": ' + b"9" * 60_000 + b"}"),),
    "huge int in a query": (got(b"q=why&limit=" + b"9" * 20_000),),
    "int beyond 64 bits": (got(b"q=why&offset=18446744073709551616"),),
    "bad percent-encoding": (got(b"q=%"),),
    "bad percent-encoding in a path": (got(b"", b"/documents/%zz%e2%28%a1"),),
    "raw bytes in a query": (got(b"q=\xff\xfe\x80"),),
    "percent-encoded bytes": (got(b"q=%ff%fe&tag=%80"),),
    "form": (posted(b"q=why", b"application/x-www-form-urlencoded"),),
    "multipart": (posted(b"--x\r\n\r\nwhy\r\n--x--", b"multipart/form-data; boundary=x"),),
    "another charset": (posted('{"q": "why"}'.encode("utf-16"), b"application/json; charset=utf-16"),),
    "a media type of another world": (posted(b'{"q": "why"}', b"\xff/\xfe;;;="),),
    "duplicated parameters": (got(b"q=why&q=how&limit=1&limit=zz"),),
    "duplicated names in JSON": (posted(b'{"q": "why", "q": "how", "q": 7}'),),
    "ten thousand parameters": (got(b"&".join([b"q=why"] * 5_000)),),
    "unknown parameters": (got(b"q=why&" + b"&".join(b"%d=1" % i for i in range(2_000))),),
    "many headers": (b"GET /search?q=why" + END + b"".join(b"X-%d: a\r\n" % i for i in range(2_000)) + b"\r\n",),
    "chunks without an end": (CHUNKED, *([b"1000\r\n" + b"a" * 0x1000 + b"\r\n"] * 5_000)),
    "chunks that stop": (CHUNKED, b'5\r\n{"q":\r\n'),
    "chunks that lie": (CHUNKED, b"-5\r\nabc\r\n0\r\n\r\n"),
    "a body shorter than it says": (b"POST /search" + END + b'Content-Length: 100\r\n\r\n{"q"',),
    "two lengths": (b"POST /search" + END + b"Content-Length: 2\r\nContent-Length: 12\r\n\r\n{}",),
    "length and chunks": (b"POST /search" + END + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",),
    "no host": (b"GET /search?q=why HTTP/1.1\r\nConnection: close\r\n\r\n",),
    "a host of another world": (b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\nConnection: close\r\n\r\n",),
    "HTTP/0.9": (b"GET /search?q=why\r\n\r\n",),
    "HTTP/9.9": (b"GET /search?q=why HTTP/9.9\r\n\r\n",),
    "an upgrade": (b"GET /search?q=why" + END + b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",),
    "a proxy's request": (b"GET http://elsewhere.example/" + END + b"\r\n",),
    "CONNECT": (b"CONNECT elsewhere.example:443" + END + b"\r\n",),
    "an asterisk": (b"OPTIONS *" + END + b"\r\n",),
    "out of the folder": (got(b"", b"/static/..%2f..%2f..%2f..%2fetc%2fpasswd"),),
    "ranges": (b"GET /static/app.js" + END + b"Range: bytes=" + b"0-0," * 5_000 + b"\r\n\r\n",),
    "a range that ends before it starts": (b"GET /static/app.js" + END + b"Range: bytes=9-1\r\n\r\n",),
    "a date of another world": (b"GET /" + END + b"If-Modified-Since: \xff\r\nIf-None-Match: \xfe\r\n\r\n",),
    "a bearer of another world": (b"POST /index/rebuild" + END + b"Authorization: Bearer \xff\xfe\r\n\r\n",),
    "an origin of another world": (
        b"POST /index/rebuild" + END + b"Authorization: Bearer " + KEY.encode() + b"\r\nOrigin: http://[\xff\r\n\r\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize("parts", HOSTILE.values(), ids=HOSTILE)
def test_no_bytes_make_the_service_fail(server: serving, parts: tuple[bytes, ...]) -> None:
    answer = reply(server, *parts)
    head, _, body = answer.partition(b"\r\n\r\n")
    if not answer:
        return  # it hung up on what never became a request
    status = re.match(rb"HTTP/1\.1 ([234]\d\d) ", head)
    assert status, head[:200]
    if status[1].startswith(b"4"):
        assert len(body) <= 2048
        assert b"application/problem+json" in head.lower()
        assert json.loads(body)["status"] == int(status[1])
        assert b"content-security-policy: default-src 'none'" in head.lower()


def test_no_case_of_the_description_makes_the_service_fail(server: serving) -> None:
    described = schemathesis.openapi.from_url(server.url + "openapi.json")
    operations = [operation.ok() for operation in described.get_all_operations() if isinstance(operation, Ok)]
    assert len(operations) == 9
    # Half of the cases are as the description has it, half break it in one place; without inputs there is one case.
    open_ones = [operation for operation in operations if list(operation.iter_parameters()) or operation.body]
    wanted = effort(800, 50_000)
    statuses: Counter[int] = Counter()

    def send(case: schemathesis.Case[Any]) -> None:
        response = case.call(session=session)
        statuses[response.status_code] += 1
        assert response.status_code < 500
        assert response.status_code < 400 or len(response.content) <= 2048

    with requests.Session() as session:
        for operation in operations:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                if mode is GenerationMode.POSITIVE or operation in open_ones:
                    run = given(operation.as_strategy(generation_mode=mode))(send)
                    settings(
                        max_examples=-(-wanted // (2 * len(open_ones))),
                        phases=[Phase.generate],
                        suppress_health_check=list(HealthCheck),
                        deadline=None,
                        database=None,
                        derandomize=True,
                    )(run)()
    assert statuses.total() >= wanted
    assert {200, 401, 404, 422} <= set(statuses)
