"""Labelled questions to figures, by hand over passages whose order a person can foretell."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import log2
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.build import index_passages
from indexer.documents import Passage, PassageKind
from indexer.errors import DatasetError
from indexer.labelled import LabelledQuestions
from indexer.model.encoder import Encoder
from indexer.settings import Settings
from indexer.store.index_store import IndexStore
from search_api.evaluation.dataset import read_passages
from search_api.evaluation.evaluation import Evaluation, evaluate
from search_api.evaluation.metrics import METRICS, calibration_error
from search_api.searcher import Searcher

# "red rose garden", in any order, finds `rose` (3 words in common), then `fence` (2), then `brick` (1).
TEXTS = {"rose": "red rose garden", "fence": "red rose fence", "brick": "red brick fence", "bread": "oven bread"}
CROWD = {f"crowd{number:03}": f"rain wind cloud storm n{number}" for number in range(105)}
QUERIES = {
    "q5": "red garden rose",  # rank 2
    "q1": "red rose garden",  # rank 1
    "q2": "garden red rose",  # rank 2
    "q3": "rose garden red",  # ranks 1 and 2, the better one second
    "q4": "rain wind cloud storm",  # 105 others come first
}
QRELS = {
    "q5": {"fence": 1},
    "q1": {"rose": 2},
    "q2": {"fence": 1},
    "q3": {"rose": 1, "fence": 2},
    "q4": {"bread": 1},
}
# Of q5, q1, q2, q3, q4. A gain counts 1 at rank 1 and 1 / log2(3) at rank 2.
SECOND = 1 / log2(3)
BY_HAND = {
    "P@1": (0 + 1 + 0 + 1 + 0) / 5,
    "MRR@10": (1 / 2 + 1 + 1 / 2 + 1 + 0) / 5,
    "nDCG@10": (SECOND + 1 + SECOND + (1 + 2 * SECOND) / (2 + 1 * SECOND) + 0) / 5,
    "R@10": (1 + 1 + 1 + 1 + 0) / 5,
    "R@100": (1 + 1 + 1 + 1 + 0) / 5,
}
OFF_TOPIC_QUESTIONS = {"u1": "violin trumpet", "u2": "tractor", "u3": "pasta tomato"}
Open = Callable[..., Searcher]


@pytest.fixture
def searching(tmp_path: Path, fake_encoder: Encoder) -> Open:
    """Makes a searcher over paragraphs with these ids and texts."""

    def open_over(texts: dict[str, str], settings: Settings | None = None) -> Searcher:
        passages = [
            Passage(passage_id=key, kind=PassageKind.PARAGRAPH, document_id=key, document_title="", text=text)
            for key, text in texts.items()
        ]
        index_passages(passages, tmp_path / "index", fake_encoder)
        return Searcher(IndexStore(tmp_path / "index").load(), fake_encoder, settings=settings)

    return open_over


@pytest.fixture
def report(searching: Open) -> Evaluation:
    return evaluate(searching(TEXTS | CROWD), LabelledQuestions(QUERIES, QRELS, OFF_TOPIC_QUESTIONS), "garden")


def test_the_metrics_are_those_computed_by_hand(report: Evaluation) -> None:
    assert (report.dataset, report.queries) == ("garden", 5)
    assert tuple(report.metrics) == METRICS
    assert report.metrics == pytest.approx(BY_HAND)


def test_the_baselines_are_measured_on_the_same_questions(report: Evaluation) -> None:
    assert list(report.baselines) == ["bm25", "single-vector", "rrf"]
    for metrics in report.baselines.values():  # words in common are all there is here, so all find the same
        assert metrics == pytest.approx(BY_HAND)


def test_baselines_find_what_is_theirs_to_find(searching: Open) -> None:
    asked = LabelledQuestions({"q": "words nobody wrote"}, {"q": {"bread": 1}}, {})
    baselines = evaluate(searching(TEXTS), asked, "strange").baselines
    assert baselines["bm25"] == dict.fromkeys(METRICS, 0.0)  # no word in common
    assert baselines["single-vector"]["R@10"] == baselines["rrf"]["R@10"] == 1  # every passage has some cosine


def test_misses_come_worst_first_then_by_id(report: Evaluation) -> None:
    assert [(miss.query_id, miss.rank) for miss in report.misses] == [("q4", None), ("q2", 2), ("q5", 2)]
    second = report.misses[1]
    assert (second.question, second.expected, second.found) == ("garden red rose", ("fence",), "rose")
    assert 0 <= second.confidence <= 1


def test_what_was_expected_is_named_best_grade_first(searching: Open) -> None:
    qrels = {"q": {"brick": 1, "bread": 2, "fence": 1}}
    (miss,) = evaluate(searching(TEXTS), LabelledQuestions({"q": "red rose garden"}, qrels, {}), "one").misses
    assert (miss.expected, miss.rank) == (("bread", "brick", "fence"), 2)


def test_no_more_than_twenty_misses_are_named(searching: Open) -> None:
    queries = {f"q{number:02}": "red rose garden" for number in range(25)}
    asked = LabelledQuestions(queries, {key: {"bread": 1} for key in queries}, {})
    assert [miss.query_id for miss in evaluate(searching(TEXTS), asked, "many").misses] == sorted(queries)[:20]


def test_each_interval_holds_its_mean_and_is_the_same_every_time(report: Evaluation, searching: Open) -> None:
    assert tuple(report.intervals) == METRICS
    for metric, (low, high) in report.intervals.items():
        assert 0 <= low <= report.metrics[metric] <= high <= 1
        assert low < high
    again = evaluate(searching(TEXTS | CROWD), LabelledQuestions(QUERIES, QRELS, OFF_TOPIC_QUESTIONS), "garden")
    assert again == report


def test_questions_all_alike_leave_nothing_uncertain(searching: Open) -> None:
    asked = LabelledQuestions(
        {"a": "red rose garden", "b": "garden rose red"}, {"a": {"rose": 1}, "b": {"rose": 1}}, {}
    )
    assert evaluate(searching(TEXTS), asked, "sure").intervals == dict.fromkeys(METRICS, (1.0, 1.0))


def test_questions_without_a_passage_that_answers_are_not_scored(searching: Open) -> None:
    asked = LabelledQuestions(QUERIES, {"q1": {"rose": 1}}, {})
    assert evaluate(searching(TEXTS), asked, "one").queries == 1


def test_off_topic_questions_told_from_answers_without_fail(report: Evaluation) -> None:
    assert report.no_answer is not None
    assert (report.no_answer.auroc, report.no_answer.coverage_at_5, report.no_answer.coverage_at_10) == (1, 1, 1)
    assert 0 <= report.no_answer.ece <= 1


@pytest.mark.parametrize(
    ("answerable", "auroc", "coverage"),
    [
        ({"q1": "red rose garden"}, 1.0, 1.0),  # 3 words of 3 in common
        ({"q1": "violin"}, 0.0, 0.0),  # none
        ({"q1": "red rose garden", "q2": "violin"}, 0.5, 0.5),
        ({"q1": "red rose garden", "q2": "violin", "q3": "garden rose red", "q4": "rose garden red"}, 0.75, 0.75),
    ],
    ids=["better", "worse", "one of two", "three of four"],
)
def test_no_answer_figures_by_hand(searching: Open, answerable: dict[str, str], auroc: float, coverage: float) -> None:
    asked = LabelledQuestions(answerable, {key: {"rose": 1} for key in answerable}, {"u": "red rose tractor pasta"})
    found = evaluate(searching(TEXTS), asked, "hand").no_answer
    assert found is not None
    assert (found.auroc, found.coverage_at_5, found.coverage_at_10) == (auroc, coverage, coverage)


@pytest.mark.parametrize(("threshold", "high", "none"), [(0.0, 1.0, 0.0), (1.0, 0.0, 1.0)])
def test_verdicts_are_counted_by_the_thresholds_of_the_searcher(
    searching: Open, threshold: float, high: float, none: float
) -> None:
    searcher = searching(TEXTS, Settings(high=threshold, partial=threshold))
    asked = LabelledQuestions({"q": "red rose garden"}, {"q": {"rose": 1}}, {"u": "tractor"})
    found = evaluate(searcher, asked, "thresholds").no_answer
    assert found is not None
    assert (found.high_when_unanswerable, found.none_when_answerable) == (high, none)
    assert (found.high, found.high_right) == (high, 0.5 if high else None)


def test_marked_sentences_are_counted_by_hand(searching: Open) -> None:
    searcher = searching({"rose": "Red rose garden. Violin trumpet.", "bread": "Oven bread.", "empty": "Rain."})
    labels: dict[str, tuple[str, ...]] = {
        "rose": ("Red rose garden.",), "bread": ("Violin trumpet.",), "gone": ("Nothing.",)
    }  # fmt: skip
    asked = LabelledQuestions({"q": "red rose garden"}, {"q": {"rose": 1}}, {}, {"q": labels})
    report = evaluate(searcher, asked, "sentences")
    assert report.sentence == report.to_dict()["sentence"] == 1 / 2  # that of `bread` is another, `gone` is not there
    assert evaluate(searcher, LabelledQuestions(asked.queries, asked.qrels, {}), "none").sentence is None


@pytest.mark.parametrize(
    ("predicted", "truth", "expected"),
    [
        ([0.05, 0.15, 0.95, 0.95], [0, 1, 1, 0], 1 / 4 * 0.05 + 1 / 4 * 0.85 + 2 / 4 * (0.95 - 0.5)),
        ([0.2, 0.25, 0.28], [0, 1, 0], abs((0.2 + 0.25 + 0.28) / 3 - 1 / 3)),  # one bin
        ([0.0, 1.0], [0, 1], 0),  # the edges of the first and the last bin
        ([1.0, 1.0], [0, 0], 1),
        ([0.5], [1], 0.5),
    ],
)
def test_the_calibration_error_by_hand(predicted: list[float], truth: list[float], expected: float) -> None:
    assert calibration_error(np.array(predicted), np.array(truth, dtype=float)) == pytest.approx(expected)


def test_without_unanswerable_questions_there_is_no_figure_for_them(searching: Open) -> None:
    report = evaluate(searching(TEXTS), LabelledQuestions({"q": "rose"}, {"q": {"rose": 1}}, {}), "answerable")
    assert report.no_answer is None
    assert "no_answer" not in report.to_dict()


def test_judgements_of_nothing_are_refused(searching: Open) -> None:
    with pytest.raises(DatasetError, match="empty: no question has a passage that answers it"):
        evaluate(searching(TEXTS), LabelledQuestions({"q": "rose"}, {}, {}), "empty")


def lines(path: Path, *rows: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(row if isinstance(row, str) else f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return path


def test_a_corpus_has_entries_and_paragraphs(tmp_path: Path) -> None:
    entry = {"_id": "1", "title": "Can we stop?", "text": "Yes, you can both stop it.", "alternates": ["make it end"]}
    path = lines(tmp_path / "corpus.jsonl", entry, {"_id": "2", "text": "A walk helps."}, {"_id": "3", "text": ""})
    one, two = read_passages(path)
    assert (one.passage_id, one.kind, one.question, one.alternates) == ("1", "faq", "Can we stop?", ("make it end",))
    assert (two.passage_id, two.kind, two.text, two.lang) == ("2", "paragraph", "A walk helps.", "en")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"text": "no id"}, "corpus.jsonl:2: must have '_id'"),
        ({"_id": "2", "title": 5}, "corpus.jsonl:2: must have"),
        ({"_id": "2", "text": ["a"]}, "corpus.jsonl:2: must have"),
        ({"_id": "2", "text": "a", "alternates": "b"}, "corpus.jsonl:2: must have"),
        ({"_id": "1", "text": "again"}, "corpus.jsonl:2: the id '1' stands in another line too"),
        (["a list"], "corpus.jsonl:2: must be a JSON object"),
        ("{\n", "corpus.jsonl:2: is not JSON"),
    ],
    ids=str,
)
def test_a_faulty_corpus_is_named_with_its_line(tmp_path: Path, row: Any, said: str) -> None:
    with pytest.raises(DatasetError) as refused:
        read_passages(lines(tmp_path / "corpus.jsonl", {"_id": "1", "text": "Sound."}, row))
    assert said in str(refused.value)


def test_a_corpus_without_passages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no passage"):
        read_passages(lines(tmp_path / "corpus.jsonl", {"_id": "1", "title": "", "text": ""}))
