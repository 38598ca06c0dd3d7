"""One JSON shape, the same through Python, the terminal and HTTP."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from indexer.documents import Passage
from indexer.model.encoder import Encoder
from search_api.live_index import LiveIndex
from search_api.results import document_json, passage_json, result_json
from search_api.searcher import Searcher
from search_api.web.app import create_app
from search_api.web.schemas import DocumentOut, IndexOut, PassageOut, SearchResponse
from tests.conftest import HERE, ROOT

QUESTIONS = ["is it ok to see a counsellor by myself if he says no?", "tractor 🙂", "多长时间"]


def untimed(result: dict[str, Any]) -> dict[str, Any]:
    return result | {"processing_time_ms": None}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_result_is_plain_json_of_the_documented_shape(searcher: Searcher, question: str) -> None:
    result = result_json(searcher.search(question, 100))
    assert json.loads(json.dumps(result, allow_nan=False)) == result
    assert SearchResponse.model_validate(result, strict=True).model_dump() == result


def test_documents_passages_and_the_index_have_their_documented_shapes(searcher: Searcher) -> None:
    for document_id in ("better-sleep", "fees", "when-he-says-no"):
        passages = searcher.document(document_id)
        document = document_json(passages)
        assert DocumentOut.model_validate(document, strict=True).model_dump() == document
        assert document["passages"] == [passage_json(passage) for passage in passages]
    described = searcher.describe()
    assert IndexOut.model_validate(described, strict=True).model_dump() == described


def test_a_passage_has_null_where_the_content_says_nothing(searcher: Searcher) -> None:
    paragraph = passage_json(searcher.passage("when-he-says-no/bringing-it-up-gently"))
    assert (paragraph["question"], paragraph["url"], paragraph["document"]["url"]) == (None, None, None)
    assert paragraph["heading"] == "Bringing It Up Gently"
    entry = passage_json(searcher.passage("better-sleep/how-long-should-a-nap-be"))
    assert entry["url"] == "https://example.org/help/better-sleep#how-long-should-a-nap-be"
    assert entry["tags"] == ["sleep", "wellbeing"]


def test_a_document_has_the_tags_of_all_its_passages(searcher: Searcher) -> None:
    document = document_json(searcher.document("fees"))
    assert document["tags"] == ["booking", "fees"]
    assert document_json(searcher.document("better-sleep"))["updated"] == "2026-02-03"


@given(st.builds(Passage, alternates=st.lists(st.text()).map(tuple), heading_path=st.lists(st.text()).map(tuple)))
def test_any_passage_has_the_documented_shape(passage: Passage) -> None:
    made = passage_json(passage)
    assert PassageOut.model_validate(made, strict=True).model_dump() == made


def test_three_doors_give_one_answer(searcher: Searcher, sample_index: Path, encoder: Encoder) -> None:
    for question in QUESTIONS[:2]:
        python = result_json(searcher.search(question, 4, kind="faq"))
        command = [sys.executable, "-m", "search_api.cli", "search", question, "--index", str(sample_index)]
        printed = subprocess.run(
            [*command, "--json", "-k", "4", "--kind", "faq"], capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout
        with TestClient(create_app(LiveIndex(sample_index, encoder)), base_url=HERE) as client:
            options: dict[str, str | int] = {"q": question, "limit": 4, "kind": "faq"}
            got, posted = client.get("/search", params=options).json(), client.post("/search", json=options).json()
        assert untimed(json.loads(printed)) == untimed(got) == untimed(posted) == untimed(python)
