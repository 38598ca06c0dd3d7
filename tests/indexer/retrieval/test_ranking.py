"""Rankings by cases that a person can decide: what is better in everything wins, and equals keep their order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.retrieval import ranking
from tests.conftest import SmallSite

ROSE = "# Garden\n\nRoses want water in summer\n"


@pytest.mark.parametrize(
    ("scores", "passages", "expected"),
    [
        ([], [], []),
        ([0.5], [3], [0]),
        ([0.1, 0.9, 0.5], [1, 2, 3], [1, 2, 0]),
        ([0.5, 0.5, 0.5], [9, 4, 7], [1, 2, 0]),
        ([-1.0, 0.0, -0.5], [1, 2, 3], [1, 2, 0]),
    ],
)
def test_the_best_come_first_and_equals_in_passage_order(
    scores: list[float], passages: list[int], expected: list[int]
) -> None:
    found = ranking.order(np.array(scores, dtype=np.float32), np.array(passages, dtype=np.int64))
    assert found.tolist() == expected


@given(st.lists(st.tuples(st.sampled_from([0.0, 0.25, 0.5]), st.integers(0, 99)), unique_by=lambda pair: pair[1]))
def test_an_order_is_a_permutation_that_chance_has_no_part_in(pairs: list[tuple[float, int]]) -> None:
    scores: npt.NDArray[np.float32] = np.array([score for score, _ in pairs], dtype=np.float32)
    passages = np.array([number for _, number in pairs], dtype=np.int64)
    found = ranking.order(scores, passages).tolist()
    assert [pairs[i] for i in found] == sorted(pairs, key=lambda pair: (-pair[0], pair[1]))


def contents(site: SmallSite, **texts: str) -> None:
    for name, text in texts.items():
        site.write(f"{name}.md", text)
    site.build()


def ranked(site: SmallSite, question: str) -> list[str]:
    return [hit.passage.document_id for hit in site.searcher().search(question, 100).hits]


def test_more_words_in_common_win_over_fewer_and_over_none(site: SmallSite) -> None:
    contents(
        site,
        a="# Zoo\n\nOwls hunt mice silently tonight\n",
        b="# Zoo\n\nRoses hunt mice silently tonight\n",
        c="# Zoo\n\nRoses want water silently tonight\n",
    )
    assert ranked(site, "roses want water") == ["c", "b", "a"]


def test_an_entry_beaten_in_question_and_answer_never_wins(site: SmallSite) -> None:
    contents(
        site,
        a="# FAQ\n\n## When do owls hunt?\n\nThey hunt mice at night.\n",
        b="# FAQ\n\n## When do roses want water?\n\nRoses want water in summer.\n",
    )
    assert ranked(site, "when do roses want water")[0] == "b"
    assert ranked(site, "do owls hunt mice")[0] == "a"


def test_a_question_repeated_word_for_word_comes_first(site: SmallSite) -> None:
    questions = ["How do I begin?", "How do I end?", "When do I begin?", "Why do I begin?"]
    contents(site, faq="# FAQ\n\n" + "\n".join(f"## {question}\n\nSome answer {question}\n" for question in questions))
    for question in questions:
        assert site.searcher().search(question).hits[0].passage.question == question


def test_an_alternate_counts_like_the_question(site: SmallSite) -> None:
    site.write("faq.csv", "question,answer,alternates\nWhat is it?,A zoo.,Tell me about roses\nWho are you?,An owl.,\n")
    site.build()
    best = site.searcher().search("tell me about roses").hits[0]
    assert (best.passage.question, best.matched_text) == ("What is it?", "Tell me about roses")


def test_a_paragraph_is_found_by_what_is_also_asked(site: SmallSite) -> None:
    contents(site, a=ROSE, b="# Zoo\n\nAlso asked: hoot hoot | who flies tonight\n\nOwls hunt mice silently\n")
    best = site.searcher().search("who flies tonight").hits[0]
    assert (best.passage.document_id, best.matched_by.value, best.matched_text) == (
        "b",
        "alternate",
        "who flies tonight",
    )
    assert best.passage.text == "Owls hunt mice silently"


def test_other_content_does_not_change_which_of_two_is_better(site: SmallSite) -> None:
    contents(site, a=ROSE, b=ROSE.replace("water", "shade"))
    assert ranked(site, "roses water")[0] == "a"
    contents(site, **{f"n{n}": f"# Number {n}\n\nEntirely other text {n}\n" for n in range(30)})
    assert ranked(site, "roses water")[:2] == ["a", "b"]
