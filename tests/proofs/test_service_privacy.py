"""What visitors type is nowhere but in their own answer: not in what the server writes, not in an error."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from opentelemetry import trace
from opentelemetry.trace import NoOpTracer, Tracer, TracerProvider
from starlette.testclient import TestClient

from search_api.live_index import LiveIndex
from search_api.web.app import create_app
from tests.conftest import HERE, SmallSite, serving
from tests.proofs.numbered_site import NumberedSite
from tests.search_api.test_live_index import eventually

WORD = "zanzibarquestion"
JSON = {"Content-Type": "application/json"}
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Visitor:
    """Asks with the word in every place a request has, and checks every answer."""

    def __init__(self, url: str) -> None:
        self._host = urlsplit(url).netloc

    def ask(self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None) -> int:
        connection = http.client.HTTPConnection(self._host, timeout=60)
        marks = {"User-Agent": WORD, "Referer": f"http://{WORD}.example/", "Cookie": f"last={WORD}", "X-Mark": WORD}
        marks |= {"Origin": f"https://{WORD}.example"}
        connection.request(method, path, body, marks | (headers or {}))
        response = connection.getresponse()
        content = response.read()
        connection.close()
        if response.status >= 400:
            assert len(content) <= 2048
            assert WORD.encode() not in content
            if content and not path.startswith("/ready"):
                assert json.loads(content)["status"] == response.status
        assert WORD not in str(response.headers)
        assert {name: response.headers[name] for name in SAFE} == SAFE
        if not path.startswith("/docs"):
            assert response.headers["Content-Security-Policy"].startswith(POLICY)
        assert not [name for name in response.headers if name.lower().startswith("access-control-")]
        return response.status


def test_no_word_of_a_visitor_is_written_anywhere(tmp_path: Path, tiny_models: Path, tiny_exports: Path) -> None:
    numbered = NumberedSite(tmp_path, tiny_models / "mean", tiny_exports / "mean")
    server = serving(numbered.index, "--content", str(numbered.content), FAQ_ADMIN_KEY="an-admin-key-of-the-tests")
    posted = json.dumps({"q": WORD})
    with server as url:
        ask = Visitor(url).ask
        # The passages are damaged below the running server, before it has read them.
        passages = numbered.index / "generations" / "000001" / "passages.sqlite"
        passages.write_bytes(b"\xff" * passages.stat().st_size)
        assert ask("GET", f"/search?q={WORD}") == ask("POST", "/search", posted, JSON) == 503
        assert ask("GET", f"/documents/{WORD}") == 503
        numbered.publish()
        eventually(lambda: ask("GET", f"/search?q={WORD}") == 200)
        for method, path, body, headers, status in (
            ("GET", f"/search?q={WORD}&limit=3&kind=faq", None, None, 200),
            ("POST", "/search", posted, JSON, 200),
            *(("GET", f"{page}?q={WORD}", None, None, 200) for page in (
                "/", "/read", "/docs", "/index", "/health", "/ready", "/openapi.json", "/static/app.js")),
            ("GET", f"/search?q={WORD}&limit=0", None, None, 422),
            ("GET", f"/search?q={WORD}&limit={WORD}", None, None, 422),
            ("GET", f"/search?q=why&tag={WORD}", None, None, 422),
            ("GET", f"/search?q=why&kind={WORD}", None, None, 422),
            ("GET", f"/search?q={WORD * 200}", None, None, 422),
            ("GET", f"/search?q={WORD * 4000}", None, None, 414),
            ("GET", f"/search?q={WORD * 10_000}", None, None, 414),
            ("GET", f"/passages/{WORD}", None, None, 404),
            ("GET", f"/documents/{WORD}?q={WORD}", None, None, 404),
            ("GET", f"/{WORD}?{WORD}={WORD}", None, None, 404),
            ("GET", f"/static/{WORD}", None, None, 404),
            ("GET", f"/swagger/{WORD}", None, None, 404),
            ("DELETE", f"/search?q={WORD}", None, None, 405),
            (WORD.upper(), "/search", None, None, 400),
            ("POST", "/search", f'{{"q": "{WORD}"', JSON, 400),
            ("POST", "/search", f'{{"q": "{WORD} \\ud800"}}', JSON, 422),
            ("POST", "/search", f'{{"{WORD}": 1, "q": "why"}}', JSON, 422),
            ("POST", "/search", f'["{WORD}"]', JSON, 422),
            ("POST", "/search", f"q={WORD}", {"Content-Type": "application/x-www-form-urlencoded"}, 422),
            ("POST", "/search", json.dumps({"q": WORD * 10_000}), JSON, 413),
            ("POST", "/index/rebuild", posted, JSON | {"Authorization": f"Bearer {WORD}"}, 401),
            ("POST", "/index/rebuild", posted, JSON | {"Authorization": "Bearer an-admin-key-of-the-tests"}, 403),
            ("GET", f"/index/rebuild/{WORD}", None, {"Authorization": "Bearer an-admin-key-of-the-tests"}, 404),
        ):  # fmt: skip
            assert ask(method, path, body, headers) == status, (method, path[:60])
    assert "GET /search 503" in server.log
    assert f"{passages} cannot be read (" in server.log
    assert WORD not in server.log.casefold()


@pytest.mark.parametrize("address", ["/search", "/passages/{}", "/documents/{}", "/index", "/ready"])
def test_nor_before_there_is_an_index(tmp_path: Path, address: str) -> None:
    server = serving(tmp_path)
    with server as url:
        ask = Visitor(url).ask
        assert ask("GET", f"{address.format(WORD)}?q={WORD}") == 503
    assert WORD not in server.log


def test_no_trace_of_an_address_is_begun(site: SmallSite, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[str] = []

    class Provider(TracerProvider):
        def get_tracer(self, *names: Any, **options: Any) -> Tracer:
            begun.append(str(names))
            return NoOpTracer()

    monkeypatch.setattr(trace, "get_tracer_provider", Provider)
    site.publish("words")
    with TestClient(create_app(LiveIndex(site.index, site.encoder)), base_url=HERE) as client:
        for address in ("/", "/search"):
            assert client.get(f"{address}?q={WORD}").status_code == 200
    assert begun == []
