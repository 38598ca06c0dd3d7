"""Questions to hits, over the sample articles with the real model."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.build import build_index
from indexer.documents import PassageKind
from indexer.errors import IndexMissingError, NotFoundError, QueryError
from indexer.model.encoder import Encoder
from search_api.searcher import Answered, MatchedBy, Searcher, SearchResult
from tests.conftest import SmallSite

ALONE = "is it ok to see a counsellor by myself if he says no?"


def ids(result: SearchResult) -> list[str]:
    return [hit.passage.passage_id for hit in result.hits]


@pytest.mark.parametrize(
    ("question", "best"),
    [
        (ALONE, "when-he-says-no/can-i-see-a-counsellor-on-my-own"),
        ("why does my husband not want to go to therapy", "when-he-says-no/why-won-t-my-husband-come-to-therapy"),
        ("what do you charge", "fees/how-much-does-one-session-cost"),
        ("what time to get up after sleeping badly", "better-sleep/keeping-a-rhythm"),
        ("Puis-je payer en plusieurs fois ?", "fees/puis-je-payer-en-plusieurs-fois"),
        ("心理咨询一次需要多长时间？", "fees/心理咨询一次需要多长时间"),
        ("espresso after lunch", "better-sleep/does-coffee-in-the-afternoon-keep-me-awake"),
    ],
)
def test_the_passage_a_person_would_choose_comes_first(searcher: Searcher, question: str, best: str) -> None:
    assert ids(searcher.search(question))[0] == best


@pytest.mark.parametrize(
    ("question", "by", "text"),
    [
        ("Can I see a counsellor on my own?", MatchedBy.QUESTION, "Can I see a counsellor on my own?"),
        ("What do you charge?", MatchedBy.ALTERNATE, "What do you charge?"),
        ("What is the price of an appointment?", MatchedBy.ALTERNATE, "What is the price of an appointment?"),
    ],
)
def test_a_hit_says_which_of_its_texts_was_nearest(searcher: Searcher, question: str, by: MatchedBy, text: str) -> None:
    hit = searcher.search(question).hits[0]
    assert hit.matched_by is by
    assert hit.matched_text == text


def test_what_is_matched_is_a_text_of_the_passage(searcher: Searcher) -> None:
    for hit in searcher.search("sleep", 100).hits:
        passage = hit.passage
        assert hit.matched_text in (passage.question, *passage.alternates) or hit.matched_text in passage.text
        assert (hit.matched_by is MatchedBy.PARAGRAPH) == (passage.kind is PassageKind.PARAGRAPH)


def test_an_answer_is_told_from_no_answer(searcher: Searcher) -> None:
    known = searcher.search("Can I see a counsellor on my own?")
    off_topic = searcher.search("how do I change the oil filter of a tractor")
    assert known.answered is Answered.HIGH
    assert off_topic.answered is Answered.NONE
    assert 0 <= off_topic.confidence < known.confidence <= 1


def test_a_result_is_ranked_whole_and_without_repeats(searcher: Searcher) -> None:
    result = searcher.search(ALONE, 100)
    assert result.total == len(result.hits) == searcher.generation.manifest.passages == 18
    assert len(set(ids(result))) == 18
    scores = [hit.score for hit in result.hits]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("size", [1, 3, 5, 17])
@pytest.mark.parametrize("filters", [{}, {"kind": "faq"}, {"tag": "sleep"}], ids=str)
def test_pages_make_the_whole_without_gap_or_repeat(searcher: Searcher, size: int, filters: dict[str, str]) -> None:
    whole = searcher.search(ALONE, 100, **filters)  # type: ignore[arg-type]
    pages = [searcher.search(ALONE, size, offset=at, **filters) for at in range(0, whole.total, size)]
    assert [hit for page in pages for hit in page.hits] == list(whole.hits)
    assert {page.total for page in pages} == {whole.total}
    assert {(page.answered, page.confidence) for page in pages} == {(whole.answered, whole.confidence)}


def test_a_page_behind_the_last_is_empty(searcher: Searcher) -> None:
    result = searcher.search(ALONE, offset=1_000_000)
    assert (result.hits, result.total) == ((), 18)


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"kind": "faq"}, 5 + 2 + 4),
        ({"kind": PassageKind.PARAGRAPH}, 5 + 2),
        ({"tag": "sleep"}, 4),
        ({"tag": "booking"}, 3),
        ({"tag": "sleep", "kind": "faq"}, 2),
        ({"tag": "booking", "kind": "paragraph"}, 0),
    ],
    ids=str,
)
def test_filters_keep_what_they_name_and_nothing_else(searcher: Searcher, filters: dict[str, str], count: int) -> None:
    result = searcher.search(ALONE, 100, **filters)  # type: ignore[arg-type]
    assert len(result.hits) == result.total == count
    for hit in result.hits:
        assert filters.get("tag", "") in ("", *hit.passage.tags)
        assert filters.get("kind", hit.passage.kind) == hit.passage.kind


def test_a_filter_does_not_change_the_order_of_what_it_keeps(searcher: Searcher) -> None:
    faqs = [hit.passage.passage_id for hit in searcher.search(ALONE, 100).hits if hit.passage.kind is PassageKind.FAQ]
    assert ids(searcher.search(ALONE, 100, kind="faq"))[:3] == faqs[:3]


def test_related_questions_are_not_among_the_hits(searcher: Searcher) -> None:
    result = searcher.search(ALONE, 3)
    assert not {passage.passage_id for passage in result.related} & set(ids(result))
    assert all(passage.question for passage in result.related)


@pytest.mark.parametrize(
    ("arguments", "field", "said"),
    [
        ({"question": ""}, "q", "type a question"),
        ({"question": "secret " * 400}, "q", "2,000"),
        ({"k": 0}, "limit", "from 1 to 100"),
        ({"k": -1}, "limit", "from 1 to 100"),
        ({"k": 101}, "limit", "from 1 to 100"),
        ({"offset": -1}, "offset", "0 or more"),
        ({"kind": "article"}, "kind", "paragraph, faq"),
        ({"tag": "Sleep "}, "tag", "known tags: "),
        ({"tag": "' OR 1=1"}, "tag", "booking"),
    ],
    ids=str,
)
def test_arguments_out_of_range_are_refused(
    searcher: Searcher, arguments: dict[str, object], field: str, said: str
) -> None:
    with pytest.raises(QueryError, match=said) as refused:
        searcher.search(**{"question": "a secret question"} | arguments)  # type: ignore[arg-type]
    assert refused.value.field == field
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "question",
    ["🙂🤷🏽‍♀️", "هل هذا طبيعي؟", "ฉันควรทำอย่างไร", "why\x00not", "why\ud800", "\u200b?", "a" * 2000, "?" * 99],
)
def test_unusual_questions_are_searched_like_any_other(searcher: Searcher, question: str) -> None:
    assert len(searcher.search(question).hits) == 5


@given(st.text(min_size=1, max_size=60))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_finds_something_or_is_empty(searcher: Searcher, question: str) -> None:
    try:
        result = searcher.search(question, 2)
    except QueryError as error:
        assert error.field == "q"  # noqa: PT017  # only some texts are refused
    else:
        assert len(result.hits) == 2
        assert 0 <= result.confidence <= 1


def test_the_same_question_has_the_same_answer(searcher: Searcher, sample_index: Path, encoder: Encoder) -> None:
    first = replace(searcher.search(ALONE, 100), processing_time_ms=0)
    assert replace(searcher.search(ALONE, 100), processing_time_ms=0) == first
    another = Searcher.open(sample_index, encoder=encoder)
    assert replace(another.search(ALONE, 100), processing_time_ms=0) == first


def test_threads_may_share_a_searcher(searcher: Searcher) -> None:
    questions = [ALONE, "nap", "fees", "payer", "多长时间"]
    expected = [searcher.search(question).hits for question in questions]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: searcher.search(questions[n % 5]).hits, range(80)))
    assert all(hits == expected[n % 5] for n, hits in enumerate(found))


def test_equal_passages_come_in_content_order(site: SmallSite) -> None:
    for name in ("c", "a", "b"):
        site.write(f"{name}.md", "# Same\n\nexactly the same words\n")
    site.build()
    assert ids(site.searcher().search("same words")) == ["a/same", "b/same", "c/same"]


def test_passages_and_documents_are_found_by_id(searcher: Searcher) -> None:
    passage = searcher.search(ALONE).hits[0].passage
    assert searcher.passage(passage.passage_id) == passage
    document = searcher.document("better-sleep")
    assert [p.kind.value for p in document] == ["paragraph", "paragraph", "faq", "faq"]
    for find in (searcher.passage, searcher.document):
        with pytest.raises(NotFoundError, match="ids come from search results"):
            find("no/such-id")


def test_an_index_describes_itself(searcher: Searcher) -> None:
    described = searcher.describe()
    assert described["kinds"] == {"paragraph": 7, "faq": 11}
    assert (described["documents"], described["passages"]) == (3, 18)
    assert described["tags"] == [
        {"tag": "sleep", "passages": 4},
        {"tag": "wellbeing", "passages": 4},
        {"tag": "booking", "passages": 3},
        {"tag": "fees", "passages": 2},
    ]
    assert described["model"]["dimensions"] == 384
    assert described["examples"][0] == "Does coffee in the afternoon keep me awake?"


def test_a_folder_without_index_says_how_to_build_one(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="build one: faq index"):
        Searcher.open(tmp_path)


def test_a_searcher_opens_with_the_model_kept_beside_the_index(sample_index: Path, searcher: Searcher) -> None:
    assert Searcher.open(str(sample_index)).search(ALONE).hits == searcher.search(ALONE).hits


def test_what_a_searcher_holds_is_given_back_with_it(site: SmallSite) -> None:
    """A server keeps replacing its searcher: waiting for a garbage collection would pile up files and memory."""
    site.publish("first words. second sentence.")
    searcher = site.searcher()
    assert searcher.search("frist words").hits
    held = weakref.ref(searcher.generation.vectors)
    descriptors = Path("/proc/self/fd")
    gc.disable()
    try:
        opened = len(list(descriptors.iterdir()))
        del searcher
        assert held() is None
        assert len(list(descriptors.iterdir())) < opened
    finally:
        gc.enable()


PUMPS = """# FAQ

## What does error P2718 mean?

The filter is full of sand.

## What does error P2781 mean?

The motor is too hot.

## What is new in release 3.9?

A quieter fan.

## What is new in release 3.10?

A longer hose.
"""


@pytest.mark.parametrize(
    ("asked", "right"),
    [
        ("P-2718", "what-does-error-p2718-mean"),
        ("p 2718", "what-does-error-p2718-mean"),
        ("error 2781 what now", "what-does-error-p2781-mean"),
        ("pump says P 2781", "what-does-error-p2781-mean"),
        ("release 3.10", "what-is-new-in-release-3-10"),
        ("3.9 changes", "what-is-new-in-release-3-9"),
    ],
)
def test_a_code_is_answered_by_its_own_entry_and_no_neighbour(
    tmp_path: Path, encoder: Encoder, asked: str, right: str
) -> None:
    (tmp_path / "pumps.md").write_text(PUMPS)
    build_index(tmp_path / "pumps.md", tmp_path / "index", encoder=encoder)
    result = Searcher.open(tmp_path / "index", encoder=encoder).search(asked, 2)
    assert result.hits[0].passage.passage_id == f"pumps/{right}"
    assert result.answered != "none"
