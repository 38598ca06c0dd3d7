"""Whom a request asks: by other names than its own the service answers nothing but 421, and repeats none of them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from indexer.errors import SettingsError
from indexer.settings import Settings
from search_api.live_index import LiveIndex
from search_api.web.app import create_app
from search_api.web.hosts import AllowedHosts, path_prefix
from search_api.web.schemas import Problem
from tests.conftest import SmallSite, serving
from tests.search_api.command import check_failure, faq
from tests.search_api.raw_sockets import reply

MACHINE = socket.gethostname().lower()
MALFORMED = (
    "", " ", "localhost:", "localhost:x", "localhost:-1", "localhost:65536", "localhost:8000:8000", "user@localhost",
    "localhost/", "localhost/evil", "localhost?", "http://localhost", "localhost, evil.example", "localhost evil",
    "localhost\tevil", ".localhost", "localhost..", "[::1", "::1", "[::1]x", "[::1%25lo]", "[localhost]", "[]", "*",
    ".", "lócalhost", "localhost\u00ff", "a" * 300, "-a.example",
)  # fmt: skip


def allows(host: str, *, allowed: str = "", listening_on: str = "127.0.0.1") -> bool:
    return AllowedHosts(Settings(allowed_hosts=allowed, host=listening_on)).allow([host.encode("latin-1")])


@pytest.mark.parametrize("listening_on", ["127.0.0.1", "localhost", "::1"])
def test_on_this_machine_only_its_loopback_names_are_allowed(listening_on: str) -> None:
    for host in ("localhost", "LOCALHOST:8000", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:65535", "[0:0::1]"):
        assert allows(host, listening_on=listening_on), host
    for host in ("evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.1.5", "127.0.0.2",
                 "127.1", "0x7f.0.0.1", "2130706433", "[::]", "0.0.0.0", "[::ffff:7f00:1]", "localhost."):  # fmt: skip
        assert not allows(host, listening_on=listening_on), host


@pytest.mark.parametrize("listening_on", ["0.0.0.0", "::"])
def test_on_every_address_any_address_is_allowed_and_the_machine_s_names_are(listening_on: str) -> None:
    for host in ("localhost", "127.0.0.1:8000", "[::1]", "192.168.1.5:80", "[2001:db8::1]:8000", MACHINE,
                 f"{MACHINE.partition('.')[0]}.local:8000"):  # fmt: skip
        assert allows(host, listening_on=listening_on), host
    for host in ("evil.example", "192.168.1.5.evil.example", f"{MACHINE}.evil.example", "1.2.3", "3232235777"):
        assert not allows(host, listening_on=listening_on), host


def test_on_one_address_that_and_the_machine_s_names_are_allowed() -> None:
    for host, allowed in (("192.168.1.5:80", True), (MACHINE, True), ("192.168.1.6", False), ("localhost", False)):
        assert allows(host, listening_on="192.168.1.5") is allowed, host
    assert allows("FAQ.example.org:80", listening_on="faq.Example.org")
    assert allows("[2001:db8:0::5]", listening_on="2001:db8::5")


def test_names_that_are_listed_are_allowed_and_no_others() -> None:
    listed = "faq.example.org, *.Example.net 10.0.0.7,[::7],bücher.example"
    for host in ("faq.example.org", "FAQ.EXAMPLE.ORG:443", "a.example.net", "a.b.example.net:80", "10.0.0.7",
                 "[::7]:80", "xn--bcher-kva.example"):  # fmt: skip
        assert allows(host, allowed=listed), host
    for host in ("localhost", "127.0.0.1", "example.org", "a.faq.example.org", "example.net", "evilexample.net",
                 ".example.net", "10.0.0.8", "[::8]"):  # fmt: skip
        assert not allows(host, allowed=listed), host
    assert allows("whatever.example:1", allowed="*")
    assert allows("[2001:db8::1]", allowed="faq.example.org *")


@pytest.mark.parametrize("host", MALFORMED)
def test_what_is_no_host_is_refused_even_where_any_is_allowed(host: str) -> None:
    assert not AllowedHosts(Settings(allowed_hosts="*")).allow([host.encode("utf-8")])


def test_there_must_be_exactly_one() -> None:
    hosts = AllowedHosts(Settings(allowed_hosts="*"))
    assert not hosts.allow([])
    assert not hosts.allow([b"localhost", b"localhost"])


def test_a_probe_may_ask_by_any_address_but_by_no_other_name() -> None:
    hosts = AllowedHosts(Settings(allowed_hosts="faq.example.org"))
    assert hosts.allow([b"10.1.2.3:8000"], probe=True)
    assert not hosts.allow([b"10.1.2.3:8000"])
    assert not hosts.allow([b"evil.example"], probe=True)


@pytest.mark.parametrize("listed", ["http://a.example", "a.example:80", "a..b", "a.*", "**", "*.", "a/b", "-a", "…"])
def test_what_could_never_be_a_host_is_named(listed: str) -> None:
    with pytest.raises(SettingsError, match=r"^--allowed-hosts \(FAQ_ALLOWED_HOSTS\): .* is no host name; give names"):
        AllowedHosts(Settings(allowed_hosts=f"localhost,{listed}"))


@pytest.mark.parametrize(
    "prefix", ["faq", "//evil.example", "/a//b", "/a/../b", "/.", "/a b", "/a?b", "/é", "/a\\b", "/%2f"]
)
def test_a_prefix_that_is_none_is_named(prefix: str) -> None:
    with pytest.raises(
        SettingsError, match=r"^--root-path \(FAQ_ROOT_PATH\) .* is no path prefix; give one like /help"
    ):
        path_prefix(prefix)


def test_a_prefix_is_without_a_slash_at_its_end() -> None:
    assert [path_prefix(text) for text in ("", "/", "/help/", "/help/faq")] == ["", "", "/help", "/help/faq"]


@pytest.fixture
def client(site: SmallSite) -> Iterator[TestClient]:
    site.publish("words")
    app = create_app(LiveIndex(site.index, site.encoder), Settings(root_path="/help"))
    with TestClient(app, base_url="http://evil.example", follow_redirects=False) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/search?q=words", "/static/app.js", "/docs", "/health", "/nowhere", "/help/x"])
def test_by_another_name_nothing_is_answered(client: TestClient, path: str) -> None:
    forged = {"X-Forwarded-Host": "localhost", "Forwarded": "host=localhost", "X-Host": "localhost"}
    for headers in ({}, forged):
        refused = client.get(path, headers=headers)
        assert (refused.status_code, refused.headers["content-type"]) == (421, "application/problem+json")
        assert Problem.model_validate(refused.json(), strict=True).code == "wrong_host"
        assert "evil" not in refused.text + str(refused.headers)
    assert client.post("/search", json={"q": "words"}).status_code == 421


def test_a_forwarded_name_changes_nothing(client: TestClient) -> None:
    headers = {"Host": "localhost", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "evil"}
    found = client.get("/search?q=words", headers=headers)
    assert found.status_code == 200
    assert "evil" not in found.text + str(found.headers)


@pytest.mark.parametrize(
    "path", ["/search/", "/static", "/static/", "/help", "/docs/", "//evil.example", "//evil.example/..", "/health/",
             "/%2f", "/\\evil.example", "/static//evil.example", "/help//evil.example/"],
)  # fmt: skip
def test_nothing_is_redirected(client: TestClient, path: str) -> None:
    answer = client.get(f"http://localhost{path}")
    assert "location" not in answer.headers
    assert answer.status_code in (200, 404)


def test_a_probe_by_address_is_answered(client: TestClient) -> None:
    for path in ("/health", "/ready", "/help/health"):
        assert client.get(path, headers={"Host": "10.1.2.3:8000"}).status_code == 200
    assert client.get("/index", headers={"Host": "10.1.2.3:8000"}).status_code == 421


@pytest.fixture(scope="module")
def server(sample_index: Path) -> Iterator[serving]:
    running = serving(sample_index, FAQ_ALLOWED_HOSTS="faq.example.org, localhost")
    # The server itself is waited for by address, as a container would.
    with running:
        yield running


@pytest.mark.parametrize(
    ("target", "hosts", "status"),
    [
        (b"/index", [b"faq.example.org"], b"200"),
        (b"/index", [b"FAQ.example.org:80"], b"200"),
        (b"/index", [], b"421"),
        (b"/index", [b""], b"421"),
        (b"/index", [b"evil.example"], b"421"),
        (b"/index", [b"127.0.0.1"], b"421"),
        (b"/index", [b"faq.example.org", b"faq.example.org"], b"421"),
        (b"/index", [b"faq.example.org", b"evil.example"], b"421"),
        (b"/index", [b"\xff\xfe"], b"421"),
        (b"http://evil.example/index", [b"faq.example.org"], b"421"),
        (b"http://evil.example/index", [b"evil.example"], b"421"),
        (b"http://faq.example.org/index", [b"evil.example"], b"421"),
        (b"http://faq.example.org/index", [], b"200"),
        (b"http://faq.example.org/index", [b"faq.example.org"], b"200"),
        (b"HTTPS://faq.example.org/index?x", [b"faq.example.org"], b"200"),
        (b"http://faq.example.org", [b"faq.example.org"], b"200"),
        (b"http://faq.example.org?q=x", [b"faq.example.org"], b"200"),
        (b"http://localhost@evil.example/index", [b"localhost"], b"421"),
        (b"http://localhost#@evil.example/index", [b"localhost"], b"400"),
        (b"http:///index", [b"localhost"], b"421"),
        (b"ftp://localhost/index", [b"localhost"], b"400"),
        (b"localhost:80", [b"localhost"], b"400"),
        (b"*", [b"localhost"], b"400"),
        (b"//evil.example/index", [b"localhost"], b"404"),
    ],
)
def test_a_real_server_answers_to_its_own_name_alone(
    server: serving, target: bytes, hosts: list[bytes], status: bytes
) -> None:
    head = b"".join(b"Host: " + host + b"\r\n" for host in hosts)
    answer = reply(server.url, b"GET " + target + b" HTTP/1.1\r\n" + head + b"Connection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 " + status + b" "), answer[:300]
    assert b"location:" not in answer.lower()
    assert b"evil" not in answer


def test_a_wrong_name_ends_serving_with_one_clear_line(tmp_path: Path) -> None:
    done = faq("serve", "--index", tmp_path, "--allowed-hosts", "https://faq.example.org/")
    check_failure(done, r"^faq: --allowed-hosts \(FAQ_ALLOWED_HOSTS\): 'https://faq\.example\.org/' is no host name")
