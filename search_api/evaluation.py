"""Labelled questions to a report: how often the right passage comes first, and whether "no answer" is honest."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from indexer.arrays import DoubleArray, FloatArray
from indexer.build import index_passages, stored_encoder
from indexer.content.languages import language_of_texts
from indexer.content.passages import Role
from indexer.documents import Passage, PassageKind
from indexer.errors import ContentError, DatasetError, FaqError
from indexer.labelled import LabelledQuestions, json_lines
from indexer.progress import Progress
from indexer.store.index_store import IndexStore
from indexer.tuning import tune_passages
from search_api.searcher import Searcher

Run = dict[str, dict[str, float]]

METRICS = ("P@1", "MRR@10", "nDCG@10", "R@10", "R@100")
_DEPTH = 100
_RRF_K = 60  # Cormack, Clarke and Buettcher 2009
_RESAMPLES = 1000
_BINS = 10
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
class NoAnswer:
    """How well confidence tells answered from unanswered questions; all in [0, 1].

    Attributes:
        auroc: probability that an answerable question gets the higher confidence than an unanswerable one.
        coverage_at_5, coverage_at_10: share of the answerable questions whose confidence is above that of all but
            5% or 10% of the unanswerable ones.
        ece: expected calibration error of "the first hit answers", ten bins of equal width.
        high_when_unanswerable: share of the unanswerable questions told `high`.
        none_when_answerable: share of the answerable questions told `none`.
    """

    auroc: float
    coverage_at_5: float
    coverage_at_10: float
    ece: float
    high_when_unanswerable: float
    none_when_answerable: float


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
        misses: the worst questions, lowest rank first.
        tuning: what tuning the model on this data set did first, by `TuningReport`, or `kept` false and the `reason`
            why there was too little to learn from; None if not asked for.
    """

    dataset: str
    queries: int
    metrics: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    baselines: dict[str, dict[str, float]]
    no_answer: NoAnswer | None
    misses: tuple[Miss, ...]
    tuning: dict[str, Any] | None = None

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
            }
        if self.tuning is not None:
            value["tuning"] = self.tuning
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


def evaluate_dataset(folder: Path, model: str, *, tune: bool = False, progress: Progress | None = None) -> Evaluation:
    """Evaluate on a folder in the BEIR layout, over a temporary index of its ``corpus.jsonl``.

    Args:
        folder: ``corpus.jsonl`` (_id, title, text and optional alternates; a title makes an entry a FAQ), and what
            `LabelledQuestions.read` reads.
        model: as for `build_index`.
        tune: tune the model on the corpus first, never on the questions; where that does not help or there are too few
            entries, the model is used as it is.
        progress: as for `build_index`; while tuning, as for `tune_model`.

    Raises:
        DatasetError, ModelError: see `LabelledQuestions.read`, `find_model`.
    """
    questions = LabelledQuestions.read(folder)
    passages = read_passages(folder / "corpus.jsonl")
    with tempfile.TemporaryDirectory() as temporary:
        store, tuned = IndexStore(Path(temporary) / "index"), Path(temporary) / "tuned"
        tuning = _tune(passages, tuned, model, folder, progress) if tune else None
        encoder = stored_encoder(store, str(tuned) if tuning and tuning["kept"] else model)
        index_passages(passages, store.folder, encoder, progress=progress)
        return replace(evaluate(Searcher(store.load(), encoder), questions, folder.resolve().name), tuning=tuning)


def _tune(
    passages: Sequence[Passage], tuned: Path, model: str, folder: Path, progress: Progress | None
) -> dict[str, Any]:
    try:
        return tune_passages(passages, tuned, model=model, source=str(folder), progress=progress).to_dict()
    except ContentError as error:
        return {"kept": False, "reason": error.reason}


def read_passages(path: Path) -> list[Passage]:
    """The passages of a BEIR corpus; all are taken to be in the language most of the text is in.

    Raises:
        DatasetError: names the file and the line.
    """
    rows = list(json_lines(path))
    lang = language_of_texts(str(row.get("text", ""))[:500] for _, row in rows[:200])
    passages: dict[str, Passage] = {}
    for where, row in rows:
        key, title, text = str(row.get("_id") or ""), row.get("title") or "", row.get("text") or ""
        alternates = row.get("alternates") or []
        if not key or not isinstance(title, str) or not isinstance(text, str) or not isinstance(alternates, list):
            raise DatasetError(f"{where}: must have '_id', 'title' and 'text' as texts and 'alternates' as a list")
        if key in passages:
            raise DatasetError(f"{where}: the id {key[:80]!r} stands in another line too")
        if title or text:
            passages[key] = Passage(
                passage_id=key,
                kind=PassageKind.FAQ if title else PassageKind.PARAGRAPH,
                document_id=key,
                document_title="",
                question=title,
                alternates=tuple(map(str, alternates)),
                text=text,
                lang=lang,
            )
    if not passages:
        raise DatasetError(f"{path}: holds no passage")
    return list(passages.values())


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
    for key, ranked in zip(asked, searcher.rank_many(list(asked.values())), strict=True):
        run[key] = {ids[number]: float(_DEPTH - place) for place, number in enumerate(ranked.passages[:_DEPTH])}
        confidences[key] = curve.probability(ranked.signal)
    scores = _score(run, qrels)
    strangers = searcher.rank_many(list(questions.unanswerable.values()))
    unanswerable = [curve.probability(ranked.signal) for ranked in strangers]
    correct = {key: next(iter(run[key]), "") in qrels[key] for key in asked}
    baselines = _baselines(searcher, asked, ids)
    return Evaluation(
        dataset=name,
        queries=len(asked),
        metrics={metric: float(values.mean()) for metric, values in scores.items()},
        intervals={metric: _interval(values) for metric, values in scores.items()},
        baselines={
            baseline: {metric: float(values.mean()) for metric, values in _score(result, qrels).items()}
            for baseline, result in baselines.items()
        },
        no_answer=_no_answer(searcher, confidences, correct, unanswerable) if unanswerable else None,
        misses=_misses(asked, qrels, run, confidences),
    )


def _score(run: Run, qrels: dict[str, dict[str, int]]) -> dict[str, DoubleArray]:
    """Each metric of each question, in the order of qrels; a question without hits scores 0."""
    try:
        import ir_measures
    except ImportError as error:
        raise FaqError(f"evaluating needs the extra: pip install 'semantic-faq-search[evaluate]' ({error})") from error

    names = {"MRR@10": "RR@10"}
    measures = {ir_measures.parse_measure(names.get(metric, metric)): metric for metric in METRICS}
    order = {key: place for place, key in enumerate(qrels)}
    values = {metric: np.zeros(len(qrels)) for metric in METRICS}
    for result in ir_measures.iter_calc(list(measures), qrels, run):
        values[measures[result.measure]][order[result.query_id]] = result.value
    return values


def _interval(values: DoubleArray) -> tuple[float, float]:
    samples = np.random.default_rng(0).choice(values, (_RESAMPLES, len(values))).mean(axis=1)
    low, high = np.percentile(samples, (2.5, 97.5))
    return float(low), float(high)


def _baselines(searcher: Searcher, asked: dict[str, str], ids: Sequence[str]) -> dict[str, Run]:
    """BM25 alone; one vector a passage (question and answer together); both by reciprocal rank."""
    generation = searcher.generation
    entries = np.flatnonzero(generation.rows["role"] == Role.ENTRY)
    owners = generation.rows["passage"][entries]
    matrix = generation.vectors.vectors(entries)
    runs: dict[str, Run] = {"bm25": {}, "single-vector": {}, "rrf": {}}
    queries = searcher.encoder.encode_query(list(asked.values()))
    for (key, text), query in zip(asked.items(), queries, strict=True):
        cosines = np.full(len(ids), -1.0, dtype=np.float32)
        np.maximum.at(cosines, owners, matrix @ query)
        words = generation.lexicon.bm25(text)
        dense = _best(cosines, -1.0)
        lexical = _best(words, 0.0)
        fused: dict[int, float] = {}
        for ranking in (dense, lexical):
            for place, number in enumerate(ranking, 1):
                fused[number] = fused.get(number, 0.0) + 1 / (_RRF_K + place)
        for name, ranking in (
            ("bm25", lexical),
            ("single-vector", dense),
            ("rrf", sorted(fused, key=lambda number: (-fused[number], number))[:_DEPTH]),
        ):
            runs[name][key] = {ids[number]: float(_DEPTH - place) for place, number in enumerate(ranking)}
    return runs


def _best(scores: FloatArray, above: float) -> list[int]:
    best = np.argsort(-scores, kind="stable")[:_DEPTH]
    return [int(number) for number in best[scores[best] > above]]


def _no_answer(
    searcher: Searcher, confidences: dict[str, float], correct: dict[str, bool], unanswerable: Sequence[float]
) -> NoAnswer:
    from sklearn.metrics import roc_auc_score

    answerable = np.array(list(confidences.values()))
    none = np.array(unanswerable)
    labels = np.concatenate((np.ones(len(answerable)), np.zeros(len(none))))
    predicted = np.concatenate((answerable, none))
    truth = np.concatenate((np.array(list(correct.values()), dtype=float), np.zeros(len(none))))
    settings = searcher.settings
    return NoAnswer(
        auroc=float(roc_auc_score(labels, predicted)),
        coverage_at_5=float((answerable > np.quantile(none, 0.95)).mean()),
        coverage_at_10=float((answerable > np.quantile(none, 0.90)).mean()),
        ece=_calibration_error(predicted, truth),
        high_when_unanswerable=float((none >= settings.high).mean()),
        none_when_answerable=float((answerable < settings.partial).mean()),
    )


def _calibration_error(predicted: DoubleArray, truth: DoubleArray) -> float:
    """Expected calibration error (Naeini, Cooper and Hauskrecht 2015): |confidence - accuracy|, weighted by bin."""
    bins = np.minimum((predicted * _BINS).astype(int), _BINS - 1)
    error = 0.0
    for number in range(_BINS):
        inside = bins == number
        if inside.any():
            error += inside.mean() * abs(predicted[inside].mean() - truth[inside].mean())
    return float(error)


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
    misses.sort(key=lambda miss: (-(miss.rank or _DEPTH + 1), miss.query_id))
    return tuple(misses[:_WORST])
