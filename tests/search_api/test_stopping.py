"""A server ends within its time to do so, whatever its clients do, and everything it started ends with it."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.conftest import serving
from tests.proofs.numbered_site import NumberedSite
from tests.search_api.raw_sockets import HOST, JSON, connect, get
from tests.search_api.test_live_index import eventually

# Each is a hundred times longer than any test would wait.
HANGS = (
    sys.executable, "-c",
    "import time; from search_api.searcher import Searcher; from search_api.cli import main\n"
    "Searcher.search = lambda *_, **__: time.sleep(12_000)\nmain()",
)  # fmt: skip
STUCK = (
    sys.executable, "-c",
    "import time; from search_api.live_index import LiveIndex; from search_api.cli import main\n"
    "LiveIndex.stop = lambda _: time.sleep(12_000)\nmain()",
)  # fmt: skip
POST = b"POST /search HTTP/1.1\r\n" + HOST + JSON + b"Content-Length: 20\r\n\r\n{"


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory, tiny_models: Path, tiny_exports: Path) -> NumberedSite:
    return NumberedSite(tmp_path_factory.mktemp("stopping"), tiny_models / "mean", tiny_exports / "mean")


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    "sent",
    [b"", b"GET /", POST, get("/health"), get("/swagger/swagger-ui-bundle.js") * 8, get("/search?q=words") * 4],
    ids=["idle", "half a head", "half a body", "kept", "not read", "hanging"],
)
def test_no_client_keeps_a_server_alive(numbered: NumberedSite, sent: bytes, end: int) -> None:
    server = serving(numbered.index, FAQ_GRACE="2", faq=HANGS)
    with server as url:
        clients = [connect(url, sent, window=2048) for _ in range(3)]
        process = psutil.Process(server.process.pid)
        eventually(lambda: len([each for each in process.net_connections() if each.status == "ESTABLISHED"]) == 3)
        server.process.send_signal(end)
        server.process.wait(timeout=120)
    assert server.process.returncode in (0, -end)
    assert "Traceback" not in server.log
    for client in clients:
        client.close()


def test_what_does_not_end_by_itself_is_ended(numbered: NumberedSite) -> None:
    server = serving(numbered.index, "--grace", "1", faq=STUCK)
    with server:
        pass
    assert server.process.returncode == 0
    assert "not everything has ended within --grace 1 seconds" in server.log


def test_workers_end_with_a_parent_that_is_killed(numbered: NumberedSite) -> None:
    server = serving(numbered.index, FAQ_WORKERS="2", FAQ_GRACE="1")
    with server as url:
        eventually(lambda: server.read_log().count("serving generation") == 2)
        children = psutil.Process(server.process.pid).children()
        client = connect(url, POST)
        server.process.kill()
        try:
            eventually(lambda: not any(child.is_running() for child in children))
        finally:
            client.close()
            for child in children:
                with suppress(psutil.NoSuchProcess):
                    child.kill()


def test_a_rebuild_ends_with_a_server_that_is_killed(tmp_path: Path, numbered: NumberedSite) -> None:
    rebuild = tmp_path / "rebuild"
    number = tmp_path / "number"
    rebuild.write_text(
        "import os, pathlib, signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"pathlib.Path({str(number)!r}).write_text(str(os.getpid()) + ' ')\ntime.sleep(12_000)\n"
    )
    code = (
        "import sys; from search_api import rebuilder; from search_api.cli import main\n"
        f"made = rebuilder.Rebuilder([sys.executable, {str(rebuild)!r}])\n"
        "rebuilder.Rebuilder.of = classmethod(lambda *_, **__: made)\nmain()"
    )
    key = "an-admin-key-of-the-tests"
    server = serving(
        numbered.index, "--content", str(numbered.content), faq=(sys.executable, "-c", code), FAQ_ADMIN_KEY=key
    )
    with server as url:
        head = b"POST /index/rebuild HTTP/1.1\r\n" + HOST + b"Authorization: Bearer " + key.encode() + b"\r\n"
        client = connect(url, head + b"Content-Length: 0\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 202 ")
        eventually(lambda: number.exists() and number.read_text().endswith(" "))
        child = psutil.Process(int(number.read_text()))
        os.kill(server.process.pid, signal.SIGKILL)
        try:
            eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
        finally:
            client.close()
            with suppress(psutil.NoSuchProcess):
                child.kill()
