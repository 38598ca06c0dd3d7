"""What is told about two generations: each figure here can be counted on one hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from indexer.documents import Passage, PassageKind
from indexer.labelled import LabelledQuestions
from indexer.review.changes import (
    MAX_FAQ_PROBES,
    Probe,
    Probes,
    QuestionChange,
    compare_passages,
    compare_questions,
    probes_of,
)
from indexer.review.gate import Gate


def paragraph(key: str, text: str) -> Passage:
    document = key.partition("/")[0]
    return Passage(passage_id=key, kind=PassageKind.PARAGRAPH, document_id=document, document_title=document, text=text)


def entry(key: str, question: str) -> Passage:
    return replace(paragraph(key, "answer"), kind=PassageKind.FAQ, question=question)


BEFORE = [paragraph("a/1", "one"), paragraph("a/2", "two"), paragraph("a/3", "three"), paragraph("b/4", "four")]


def test_added_changed_removed_and_moved() -> None:
    after = [paragraph("a/1", "one"), paragraph("a/2", "other"), paragraph("c/4", "four"), paragraph("c/5", "five")]
    changes = compare_passages(BEFORE, after)
    assert (changes.before, changes.changed, changes.added) == (4, ("a/2",), ("c/5",))
    assert (changes.moved, changes.removed) == ((("b/4", "c/4"),), ("a/3",))
    assert changes.removed_share == 1 / 4


def test_nothing_changed_where_only_tags_and_links_did() -> None:
    after = [replace(passage, tags=("new",), url="https://example.org") for passage in BEFORE]
    changes = compare_passages(BEFORE, after)
    assert (changes.added, changes.changed, changes.removed, changes.moved) == ((), (), (), ())


@pytest.mark.parametrize("field", ["document_title", "heading_path", "alternates", "text"])
def test_a_passage_changes_with_every_word_it_is_found_by(field: str) -> None:
    value: Any = "new" if field in ("document_title", "text") else ("new",)
    after = [replace(BEFORE[0], **{field: value}), *BEFORE[1:]]
    assert compare_passages(BEFORE, after).changed == ("a/1",)


def test_equal_words_move_one_by_one() -> None:
    before = [paragraph("a/1", "same"), paragraph("a/2", "same")]
    changes = compare_passages(before, [paragraph("b/1", "same")])
    assert (changes.moved, changes.removed) == ((("a/1", "b/1"),), ("a/2",))


def test_the_first_generation_removes_nothing() -> None:
    changes = compare_passages([], BEFORE)
    assert (changes.removed_share, len(changes.added)) == (0.0, 4)


def test_the_probes_are_the_labelled_questions_and_the_entries_own() -> None:
    passages = [paragraph("a/1", "one"), entry("a/q", "Why?"), entry("a/e", "\x00")]
    labelled = {"1": "how so", "2": "gone"}
    questions = LabelledQuestions(labelled, {"1": {"a/1": 2, "a/x": 1}, "2": {"a/y": 1}}, {"3": "nothing"})
    probes = probes_of(passages, questions)
    assert probes.probes == (
        Probe("how so", frozenset(["a/1"])),
        Probe("Why?", frozenset(["a/q"]), 1),
    )
    assert probes.faq_entries == 2


def test_of_many_entries_an_even_sample_is_asked() -> None:
    count = 2 * MAX_FAQ_PROBES - 1
    probes = probes_of([entry(f"a/{n}", f"Question {n}?") for n in range(count)], None)
    assert [probe.question for probe in probes.probes[:3]] == ["Question 0?", "Question 2?", "Question 4?"]
    assert probes.probes[-1].question == f"Question {count - 1}?"
    assert (len(probes.probes), probes.faq_entries) == (MAX_FAQ_PROBES, count)


def test_newly_right_newly_wrong_and_changed() -> None:
    asked = [("kept", "a"), ("won", "a"), ("lost", "a"), ("wrong both times", "a"), ("of a new entry", "n")]
    probes = Probes(tuple(Probe(q, frozenset([right]), 0) for q, right in asked), 5)
    before, after = ["a", "b", "a", "b", "a"], ["a", "a", "b", "c", "n"]
    told = compare_questions(probes, None, frozenset("abc"), before, after)
    won, lost = QuestionChange("won", "b", "a"), QuestionChange("lost", "a", "b")
    assert (told.newly_right, told.newly_wrong) == ((won,), (lost,))
    assert told.changed == (won, lost, QuestionChange("wrong both times", "b", "c"))
    assert (told.labelled, told.faq, told.p1) == (0, 5, 3 / 5)  # kept, won, and the new one


def test_the_same_passage_in_another_place_is_no_change() -> None:
    moved = compare_passages([paragraph("a/1", "one")], [paragraph("b/1", "one")])
    probes = Probes((Probe("one", frozenset(["b/1"])),), 0)
    told = compare_questions(probes, moved, frozenset(["b/1"]), ["a/1"], ["b/1"])
    assert (told.changed, told.newly_right, told.newly_wrong, told.p1) == ((), (), (), 1.0)


def test_labelled_questions_alone_make_the_share_where_there_are_any() -> None:
    probes = Probes((Probe("l", frozenset("a")), Probe("f", frozenset("b"), 0)), 1)
    told = compare_questions(
        probes, None, frozenset(), None, ["b", "b"], not_compared="there is no previous generation"
    )
    assert (told.labelled, told.faq, told.p1) == (1, 1, 0.0)
    assert told.not_compared == "there is no previous generation"


def gate(max_removed: float = 0.5, min_p1: float | None = None, force: bool = False) -> Gate:
    return Gate(max_removed=max_removed, min_p1=min_p1, force=force)


def test_nothing_asked_refuses_nothing() -> None:
    told = compare_questions(Probes((), 0), None, frozenset(), None, [])
    assert told.p1 is None
    assert gate(min_p1=1.0).refusal(None, told) == ""


@pytest.mark.parametrize(
    ("gate", "refused"),
    [(gate(), False), (gate(max_removed=0.49), True), (gate(max_removed=0.0, force=True), False)],
    ids=str,
)
def test_the_gate_counts_what_is_gone(gate: Gate, refused: bool) -> None:
    changes = compare_passages(BEFORE, BEFORE[:2])  # half of them
    told = compare_questions(Probes((), 0), None, frozenset(), None, [])
    assert bool(gate.refusal(changes, told)) is refused
