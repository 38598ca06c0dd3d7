"""Labelled questions to a report on one searcher."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from indexer.errors import DatasetError
from indexer.labelled import LabelledQuestions
from indexer.retrieval.retriever import Ranked
from search_api.evaluation.baselines import baseline_runs
from search_api.evaluation.metrics import DEPTH, NoAnswer, Run, interval, judge_verdicts, score_run
from search_api.searcher import Searcher

_WORST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A question whose best hit does not answer it.

    Attributes:
        query_id, question: what was asked.
        expected: ids of the passages that answer, the best first.
        found: id of the passage that came first instead.
        rank: where the first of the expected came, from 1; None if not among the first 100.
        confidence: of the hit that came instead.
    """

    query_id: str
    question: str
    expected: tuple[str, ...]
    found: str
    rank: int | None
    confidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How well questions are answered.

    Attributes:
        dataset: name of the folder.
        queries: how many questions were scored.
        metrics: mean of each of `METRICS`.
        intervals: 95% confidence interval of each mean, from 1,000 bootstrap samples of the questions.
        baselines: the same metrics for bm25, single-vector and rrf over the same passages.
        no_answer: None where the data set has no unanswerable questions.
        sentence: share of the passages with labelled sentences in which one of these is marked; None without any.
        misses: the worst questions, lowest rank first.
    """

    dataset: str
    queries: int
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    baselines: dict[str, dict[str, float]]
    no_answer: NoAnswer | None
    sentence: float | None
    misses: tuple[Miss, ...]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        value: dict[str, Any] = {
            "dataset": self.dataset,
            "queries": self.queries,
            "metrics": self.metrics,
            "intervals": {name: list(interval) for name, interval in self.intervals.items()},
            "baselines": self.baselines,
        }
        if self.no_answer is not None:
            value["no_answer"] = {
                "AUROC": self.no_answer.auroc,
                "coverage@5%FA": self.no_answer.coverage_at_5,
                "coverage@10%FA": self.no_answer.coverage_at_10,
                "ECE": self.no_answer.ece,
                "high_when_unanswerable": self.no_answer.high_when_unanswerable,
                "none_when_answerable": self.no_answer.none_when_answerable,
                "high": self.no_answer.high,
                "high_right": self.no_answer.high_right,
            }
        if self.sentence is not None:
            value["sentence"] = self.sentence
        value["worst"] = [
            {
                "query_id": miss.query_id,
                "question": miss.question,
                "expected": list(miss.expected),
                "found": miss.found,
                "rank": miss.rank,
                "confidence": miss.confidence,
            }
            for miss in self.misses
        ]
        return value


def evaluate(searcher: Searcher, questions: LabelledQuestions, name: str) -> Evaluation:
    """Evaluate a searcher on labelled questions.

    Raises:
        DatasetError: no question has a passage that answers it, or a judged passage is not in the index.
    """
    table = searcher.generation.passages
    ids = [passage.passage_id for passage in table.all()]
    questions.check(ids)
    asked = {key: text for key, text in questions.queries.items() if questions.qrels.get(key)}
    if not asked:
        raise DatasetError(f"{name}: no question has a passage that answers it")
    qrels = {key: questions.qrels[key] for key in asked}
    curve = searcher.generation.confidence
    run: Run = {}
    confidences: dict[str, float] = {}
    found = dict(zip(asked, searcher.rank_many(list(asked.values())), strict=True))
    for key, ranked in found.items():
        run[key] = {ids[number]: float(DEPTH - place) for place, number in enumerate(ranked.passages[:DEPTH])}
        confidences[key] = curve.probability(ranked.log_odds)
    scores = score_run(run, qrels)
    off_topic = searcher.rank_many(list(questions.unanswerable.values()))
    unanswerable = [curve.probability(ranked.log_odds) for ranked in off_topic]
    correct = {key: next(iter(run[key]), "") in qrels[key] for key in asked}
    baselines = baseline_runs(searcher, asked, ids)
    return Evaluation(
        dataset=name,
        queries=len(asked),
        metrics={metric: float(values.mean()) for metric, values in scores.items()},
        intervals={metric: interval(values) for metric, values in scores.items()},
        baselines={
            baseline: {metric: float(values.mean()) for metric, values in score_run(result, qrels).items()}
            for baseline, result in baselines.items()
        },
        no_answer=judge_verdicts(confidences, correct, unanswerable, searcher.thresholds) if unanswerable else None,
        sentence=_sentence_share(searcher, questions, found),
        misses=_misses(asked, qrels, run, confidences),
    )


def _sentence_share(searcher: Searcher, questions: LabelledQuestions, found: dict[str, Ranked]) -> float | None:
    """In how many of the labelled passages a right sentence is marked; of several sentences a label may hold any."""
    table = searcher.generation.passages
    right: list[bool] = []
    for key, labels in questions.sentences.items():
        numbers = {label: number for label in labels if (number := table.number_of(label)) is not None}
        if key in found and numbers:
            marked = searcher.marked_sentences(found[key], np.array([*numbers.values()]))
            right += [
                any(_said(mark) in _said(text) or _said(text) in _said(mark) for text in labels[label])
                for label, mark in zip(numbers, marked, strict=True)
                if mark
            ]
    return sum(right) / len(right) if right else None


def _said(text: str) -> str:
    return " ".join(text.split())


def _misses(
    asked: dict[str, str], qrels: dict[str, dict[str, int]], run: Run, confidences: dict[str, float]
) -> tuple[Miss, ...]:
    misses = []
    for key, text in asked.items():
        found = list(run[key])
        ranks = [place for place, passage_id in enumerate(found, 1) if passage_id in qrels[key]]
        if ranks[:1] == [1]:
            continue
        expected = tuple(sorted(qrels[key], key=lambda passage_id: (-qrels[key][passage_id], passage_id)))
        misses.append(
            Miss(
                query_id=key,
                question=text,
                expected=expected,
                found=found[0] if found else "",
                rank=ranks[0] if ranks else None,
                confidence=round(confidences[key], 4),
            )
        )
    misses.sort(key=lambda miss: (-(miss.rank or DEPTH + 1), miss.query_id))
    return tuple(misses[:_WORST])
