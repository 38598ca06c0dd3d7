"""What is typed is in no address that a proxy would log; what was searched is in the visitor's own address bar only."""

from __future__ import annotations

import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.conftest import serving
from tests.free_port import free_port
from tests.search_api.page.replies import SEARCH, THREE, ask, field, options, reply
from tests.search_api.test_live_index import eventually

NGINX = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
CONFIGURATION = """
daemon off; pid {folder}/pid; error_log {folder}/error.log; worker_processes 1;
events {{ }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location /help/ {{ proxy_pass {upstream}; proxy_set_header Host $host; }}
    }}
}}
"""


class Nginx:
    """A reverse proxy as sites have it, with the log it has by itself."""

    def __init__(self, folder: Path, upstream: str) -> None:
        self._folder = folder
        port = free_port()
        self.url = f"http://localhost:{port}/help/"
        configuration = folder / "nginx.conf"
        configuration.write_text(CONFIGURATION.format(folder=folder, port=port, upstream=upstream))
        assert NGINX is not None
        self.process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(configuration)], stderr=subprocess.DEVNULL)

    def is_up(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}ready"):
                return True
        except OSError:
            return False

    def read_log(self) -> str:
        log = self._folder / "access.log"
        return log.read_text("utf-8") if log.exists() else ""


@pytest.fixture
def nginx(tmp_path: Path, site_index: Path) -> Iterator[Nginx]:
    if NGINX is None and "CI" not in os.environ:
        pytest.skip("needs nginx: apt-get install nginx-light")
    with serving(site_index, "--root-path", "/help", "--allowed-hosts", "localhost, faq.example.org") as upstream:
        proxy = Nginx(tmp_path, upstream)
        eventually(proxy.is_up)
        yield proxy
        proxy.process.terminate()
        proxy.process.wait()


@pytest.fixture
def addresses(page: Page) -> list[str]:
    """Of every request that the page makes."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return asked


def test_no_address_holds_what_is_typed_or_searched(page: Page, site_url: str, addresses: list[str]) -> None:
    asked = reply(page, THREE)
    page.goto(site_url)
    field(page).press_sequentially("quokka", delay=5)
    expect(options(page)).to_have_count(3)
    expect(page).to_have_url(site_url)
    field(page).press("Enter")
    expect(page.locator(".card").first).to_be_visible()
    expect(page).to_have_url(f"{site_url}?q=quokka")
    assert {search["q"] for search in asked} == {"quokka"}
    assert not [address for address in addresses if "quokka" in address]


def test_the_history_is_answered_without_its_questions_in_an_address(
    page: Page, site_url: str, addresses: list[str]
) -> None:
    asked = reply(page, THREE)
    page.goto(site_url)
    for question in ("quokka", "wallaby"):
        ask(page, question)
        expect(page).to_have_title(f"{question} – Answers")
        expect(page.locator("#results")).to_have_attribute("aria-busy", "false")
    with page.expect_response(SEARCH):
        page.go_back()
    expect(page).to_have_title("quokka – Answers")
    assert asked[-1]["q"] == "quokka"
    assert not [address for address in addresses if "quokka" in address or "wallaby" in address]


def test_a_shared_link_is_answered_by_a_request_of_its_own(page: Page, site_url: str, addresses: list[str]) -> None:
    asked = reply(page, THREE)
    page.goto(f"{site_url}?q=quokka&tag=sleep")
    expect(page.locator(".card").first).to_be_visible()
    assert asked == [{"q": "quokka", "limit": 5, "offset": 0, "tag": "sleep"}]
    assert [address for address in addresses if "quokka" in address] == [f"{site_url}?q=quokka&tag=sleep"]


def test_half_a_character_at_the_end_of_a_full_field_is_no_error(page: Page, site_url: str) -> None:
    page.goto(site_url)
    field(page).evaluate("(input) => { input.value = 'we argue about money \\ud83d' }")
    field(page).press("Enter")
    expect(page.locator(".card").first).to_be_attached()


def test_a_proxy_s_log_has_nothing_of_a_session(page: Page, nginx: Nginx) -> None:
    page.goto(nginx.url)
    field(page).press_sequentially("my quokka is sad", delay=5)
    expect(options(page).first).to_be_visible()
    field(page).fill("how do we stop arguing")
    field(page).press("Enter")
    expect(page.locator(".card").first).to_be_attached()
    expect(page).to_have_url(f"{nginx.url}?q=how+do+we+stop+arguing")
    eventually(lambda: nginx.read_log().count('"POST /help/search HTTP/1.1" 200') >= 2)
    log = nginx.read_log()
    assert "GET /help/static/app.js" in log
    assert not [word for word in ("quokka", "sad", "arguing") if word in log]
    assert {urlsplit(line.split('"')[1].split(" ")[1]).query for line in log.splitlines()} == {""}


def test_a_name_that_was_not_allowed_is_refused_behind_a_proxy(page: Page, nginx: Nginx) -> None:
    for host, status in (("faq.example.org", 200), ("elsewhere.example", 421)):
        assert page.request.get(f"{nginx.url}index", headers={"Host": host}).status == status
