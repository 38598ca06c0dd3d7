"""What is wrong with where a server is to listen, or with its environment, is one clear line."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.errors import SettingsError
from indexer.settings import Settings
from search_api.web.listening import listen
from tests.conftest import ROOT
from tests.search_api.command import check_failure, faq

NO_TEXT = b"\xff-is-no-text"


def test_a_host_with_several_addresses_has_one_port() -> None:
    opened = listen("localhost", 0)
    try:
        assert len({each.getsockname()[1] for each in opened}) == 1
        with socket.create_connection(opened[0].getsockname()[:2]):
            pass  # before anybody has accepted it
    finally:
        for each in opened:
            each.close()


@pytest.mark.parametrize(
    "host", ["nowhere.invalid", "a..b", "a" * 300, "[::1]", "http://localhost", "\udcff", "local host"]
)
def test_a_host_that_is_none_is_named(host: str) -> None:
    with pytest.raises(
        SettingsError, match=r"^--host \(FAQ_HOST\) '.*' cannot be resolved \(.+\); give a name or address"
    ):
        listen(host, 0)


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(SettingsError, match=r"^cannot listen on port 0 of '192\.0\.2\.1': .+; choose another --port"):
        listen("192.0.2.1", 0)


def test_a_port_that_is_taken_is_named_and_nothing_is_left_open() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            SettingsError, match=rf"^cannot listen on port {port} of '127\.0\.0\.1': address already in use"
        ):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("FAQ_HOST", NO_TEXT, "FAQ_HOST is not UTF-8"),
        ("FAQ_ROOT_PATH", NO_TEXT, "FAQ_ROOT_PATH is not UTF-8"),
        ("FAQ_ALLOWED_HOSTS", NO_TEXT, "FAQ_ALLOWED_HOSTS is not UTF-8"),
        ("FAQ_MODEL", NO_TEXT, "FAQ_MODEL is not UTF-8"),
        ("FAQ_PORT", NO_TEXT, "FAQ_PORT is not UTF-8"),
        ("FAQ_QUEUE", NO_TEXT, "FAQ_QUEUE is not UTF-8"),
        ("FAQ_GRACE", NO_TEXT, "FAQ_GRACE is not UTF-8"),
        ("FAQ_HOST", b"nowhere.invalid", r"--host \(FAQ_HOST\) 'nowhere\.invalid' cannot be resolved"),
        ("FAQ_HOST", "b\u00fc..cher".encode(), r"--host \(FAQ_HOST\) 'b\\xfc\.\.cher' cannot be resolved"),
        ("FAQ_PORT", b"65536", "FAQ_PORT must be less than or equal to 65535"),
        ("FAQ_PORT", b"-1", "FAQ_PORT must be greater than or equal to 0"),
        ("FAQ_PORT", b"80a", "FAQ_PORT must be a valid integer"),
        ("FAQ_ROOT_PATH", b"faq", r"--root-path \(FAQ_ROOT_PATH\) 'faq' is no path prefix"),
        ("FAQ_ROOT_PATH", b"/\r\nX: y", r"--root-path \(FAQ_ROOT_PATH\) '/\\r\\nX: y' is no path prefix"),
        ("FAQ_ALLOWED_HOSTS", b"a b/c", r"--allowed-hosts \(FAQ_ALLOWED_HOSTS\): 'b/c' is no host name"),
        ("FAQ_GRACE", b"0", "FAQ_GRACE must be greater than or equal to 1"),
        ("FAQ_GRACE", b"nan", "FAQ_GRACE must be"),
        ("FAQ_GRACE", b"inf", "FAQ_GRACE must be less than or equal to 3600"),
        ("FAQ_WORKERS", b"0", "FAQ_WORKERS must be greater than or equal to 1"),
    ],
)
def test_a_variable_that_cannot_be_used_is_one_line(tmp_path: Path, variable: str, value: bytes, said: str) -> None:
    environment = {name: held for name, held in os.environb.items() if not name.startswith(b"FAQ_")}
    command = [sys.executable, "-m", "search_api.cli", "serve", "--index", str(tmp_path)]
    command += [] if variable == "FAQ_PORT" else ["--port", "0"]
    given = environment | {variable.encode(): value}
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=given, timeout=120)
    check_failure(done, rf"^faq: {said}")
    assert done.stderr.count("\n") == 1


def test_a_path_and_the_key_may_be_any_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAQ_INDEX", "/tmp/\udcff")
    monkeypatch.setenv("FAQ_ADMIN_KEY", "a-key-of-any-bytes-\udcff")
    assert (Settings().index, Settings().admin_key) == (Path("/tmp/\udcff"), "a-key-of-any-bytes-\udcff")


def test_several_workers_and_rebuilds_are_refused_before_anything_is_opened(tmp_path: Path) -> None:
    done = faq("serve", "--index", tmp_path, "--workers", 2, "--content", tmp_path, "--host", "nowhere.invalid")
    check_failure(done, r"^faq: POST /index/rebuild is offered by one worker only")
