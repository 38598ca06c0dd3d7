"""The HTTP API: each success has its documented shape, each failure one and the same."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.openapi.models import OpenAPI
from pydantic import BaseModel
from starlette.testclient import TestClient

from indexer.model.encoder import Encoder
from search_api.live_index import LiveIndex
from search_api.web import examples
from search_api.web.app import create_app
from search_api.web.schemas import DocumentOut, Health, IndexOut, PassageOut, Problem, Ready, SearchResponse
from tests.conftest import HERE, ROOT

SECRET = "zanzibarquestion"
TOO_LONG = SECRET + "a" * (2001 - len(SECRET))


@pytest.fixture(scope="module")
def client(sample_index: Path, encoder: Encoder) -> Iterator[TestClient]:
    with TestClient(create_app(LiveIndex(sample_index, encoder)), base_url=HERE) as client:
        yield client


def check_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """One shape: RFC 9457, small, and without a word of what was asked."""
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert Problem.model_validate(body, strict=True, extra="forbid").status == status
    assert body["code"] == code
    assert body["type"] == "about:blank"
    assert len(response.content) < 2048
    assert SECRET not in response.text
    assert not re.search(r"Traceback|File \"|pydantic|site-packages", response.text)
    assert str(ROOT) not in response.text
    return body


@pytest.mark.parametrize(
    ("address", "model"),
    [
        (f"/search?q={SECRET}", SearchResponse),
        ("/search?q=nap&limit=100&offset=2&tag=sleep&kind=faq", SearchResponse),
        ("/search?q=nap&offset=1000000", SearchResponse),
        ("/passages/when-he-says-no/can-i-see-a-counsellor-on-my-own", PassageOut),
        ("/passages/fees/%E5%BF%83%E7%90%86%E5%92%A8%E8%AF%A2%E4%B8%80%E6%AC%A1%E9%9C%80%E8%A6%81"
         "%E5%A4%9A%E9%95%BF%E6%97%B6%E9%97%B4", PassageOut),
        ("/documents/better-sleep", DocumentOut),
        ("/index", IndexOut),
        ("/health", Health),
        ("/ready", Ready),
    ],
)  # fmt: skip
def test_every_success_has_its_documented_shape(client: TestClient, address: str, model: type[BaseModel]) -> None:
    response = client.get(address)
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert model.model_validate(response.json(), strict=True, extra="forbid")


def test_a_posted_question_has_the_same_answer(client: TestClient) -> None:
    options: dict[str, str | int] = {"q": "how long a nap", "limit": 3, "offset": 1, "tag": "sleep", "kind": "faq"}
    got, posted = client.get("/search", params=options), client.post("/search", json=options)
    assert got.json()["hits"] == posted.json()["hits"] != []
    assert SearchResponse.model_validate(posted.json(), strict=True)


@pytest.mark.parametrize("text", ["%F0%9F%99%82", "why%00not", "%ED%A0%80why", "%FF%FEwhy", "a%2Bb%26c", "%E2%80%AE"])
def test_unusual_questions_are_answered(client: TestClient, text: str) -> None:
    response = client.get(f"/search?q={text}")
    assert response.status_code == 200
    assert response.json()["hits"]


@pytest.mark.parametrize("text", ['"\\u0000why"', '"\\ud83d\\ude42"', '"' + "é" * 2000 + '"'])
def test_unusual_posted_questions_are_answered(client: TestClient, text: str) -> None:
    response = client.post("/search", content=f'{{"q": {text}}}', headers={"content-type": "application/json"})
    assert response.status_code == 200
    assert response.json()["hits"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "q"),
        ("q=", "q"),
        ("q=%20%00", "q"),
        (f"q={TOO_LONG}", "q"),
        (f"q={SECRET}&limit=0", "limit"),
        (f"q={SECRET}&limit=-1", "limit"),
        (f"q={SECRET}&limit=10000", "limit"),
        (f"q={SECRET}&limit={SECRET}", "limit"),
        (f"q={SECRET}&limit=NaN", "limit"),
        (f"q={SECRET}&limit=1e400", "limit"),
        (f"q={SECRET}&limit=" + "9" * 5000, "limit"),
        (f"q={SECRET}&offset=-1", "offset"),
        (f"q={SECRET}&offset=99999999999", "offset"),
        (f"q={SECRET}&kind={SECRET}", "kind"),
        (f"q={SECRET}&tag={SECRET}", "tag"),
        (f"q={SECRET}&tag=" + "a" * 201, "tag"),
        (f"q={SECRET}&tag=%ED%A0%80", "tag"),
    ],
)
def test_a_bad_parameter_is_a_problem_that_names_it(client: TestClient, query: str, field: str) -> None:
    body = check_problem(client.get(f"/search?{query}"), 422, "invalid_parameter")
    assert body["field"] == field
    assert field in body["detail"]


@pytest.mark.parametrize(
    ("content", "status", "code", "field"),
    [
        ("", 422, "invalid_parameter", None),
        ("{", 400, "invalid_json", None),
        (f'{{"q": "{SECRET}"', 400, "invalid_json", None),
        (b"\xff\xfe{", 400, None, None),
        ("[]", 422, "invalid_parameter", None),
        ("null", 422, "invalid_parameter", None),
        (f'"{SECRET}"', 422, "invalid_parameter", None),
        ("{}", 422, "invalid_parameter", "q"),
        ('{"q": null}', 422, "invalid_parameter", "q"),
        ('{"q": 7}', 422, "invalid_parameter", "q"),
        (f'{{"q": "{SECRET} \\ud800"}}', 422, "invalid_parameter", "q"),
        (json.dumps({"q": TOO_LONG}), 422, "invalid_parameter", "q"),
        (f'{{"q": "{SECRET}", "limit": NaN}}', 422, "invalid_parameter", "limit"),
        (f'{{"q": "{SECRET}", "limit": Infinity}}', 422, "invalid_parameter", "limit"),
        (f'{{"q": "{SECRET}", "limit": 1e999}}', 422, "invalid_parameter", "limit"),
        (f'{{"q": "{SECRET}", "limit": "\\ud800"}}', 422, "invalid_parameter", "limit"),
        (f'{{"q": "{SECRET}", "{"x" * 5000}": 1}}', 422, "invalid_parameter", None),
        ('{"q": "why", "\\ud800": 1}', 422, "invalid_parameter", None),
        ("[" * 20_000, 400, None, None),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_bad_body_is_a_problem(
    client: TestClient, content: str | bytes, status: int, code: str | None, field: str | None
) -> None:
    response = client.post("/search", content=content, headers={"content-type": "application/json"})
    body = check_problem(response, status, code or response.json()["code"])
    assert field is None or body["field"] == field


@pytest.mark.parametrize("media", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_a_body_of_another_type_is_a_problem(client: TestClient, media: str) -> None:
    response = client.post("/search", content=f"q={SECRET}", headers={"content-type": media})
    assert response.status_code in (400, 415, 422)
    check_problem(response, response.status_code, response.json()["code"])


def test_a_body_over_the_limit_is_refused_with_or_without_its_length(client: TestClient) -> None:
    body = json.dumps({"q": SECRET + "a" * 1_000_000}).encode()
    pieces = (body[i : i + 10_000] for i in range(0, len(body), 10_000))
    for content in (body, pieces):
        response = client.post("/search", content=content, headers={"content-type": "application/json"})
        check_problem(response, 413, "body_too_large")


def test_an_address_over_the_limit_is_refused(client: TestClient) -> None:
    check_problem(client.get("/search?q=" + "a" * 40_000), 414, "url_too_long")


@pytest.mark.parametrize(
    ("method", "address", "status", "code"),
    [
        ("GET", f"/{SECRET}", 404, "not_found"),
        ("GET", f"/passages/{SECRET}", 404, "not_found"),
        ("GET", "/passages/%ED%A0%80", 404, "not_found"),
        ("GET", "/passages/a%00b", 404, "not_found"),
        ("GET", f"/documents/{SECRET}/x", 404, "not_found"),
        ("GET", "/static/../../../pyproject.toml", 404, "not_found"),
        ("GET", "/static/%2e%2e/app.py", 404, "not_found"),
        ("GET", "/static/a%00b", 404, "not_found"),
        ("GET", "/redoc", 404, "not_found"),
        ("DELETE", f"/search?q={SECRET}", 405, "method_not_allowed"),
        ("PUT", "/health", 405, "method_not_allowed"),
        ("POST", "/static/app.js", 405, "method_not_allowed"),
    ],
)
def test_a_wrong_address_or_method_is_a_problem(
    client: TestClient, method: str, address: str, status: int, code: str
) -> None:
    check_problem(client.request(method, address), status, code)


def test_a_path_too_long_is_a_problem(client: TestClient) -> None:
    check_problem(client.get("/passages/" + "a" * 1001), 422, "invalid_parameter")


def test_an_unknown_tag_names_known_ones(client: TestClient) -> None:
    body = check_problem(client.get("/search?q=why&tag=nothing"), 422, "invalid_parameter")
    assert "sleep" in body["detail"]


def test_the_documented_examples_have_the_documented_shape() -> None:
    assert SearchResponse.model_validate(examples.SEARCH).model_dump() == examples.SEARCH
    assert PassageOut.model_validate(examples.PASSAGE).model_dump() == examples.PASSAGE
    assert Problem.model_validate(examples.PROBLEM).model_dump() == examples.PROBLEM


def test_openapi_describes_every_address_with_examples(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert OpenAPI.model_validate(described).openapi.startswith("3.")
    assert set(described["paths"]) == {
        "/search", "/passages/{passage_id}", "/documents/{document_id}", "/index", "/health", "/ready",
    }  # fmt: skip
    text = json.dumps(described)
    for reference in set(re.findall(r'"#/components/schemas/(\w+)"', text)):
        assert reference in described["components"]["schemas"]
    q = next(p for p in described["paths"]["/search"]["get"]["parameters"] if p["name"] == "q")
    assert q["schema"].get("examples") or q.get("examples")
    assert described["components"]["schemas"]["SearchRequest"]["properties"]["q"]["examples"]
    for path in described["paths"].values():
        for operation in path.values():
            assert operation["summary"] or operation["description"]
            assert "HTTPValidationError" not in json.dumps(operation)
