"""Sites drawn from labelled questions: what each has and is asked, and its figures by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indexer.documents import Passage, PassageKind
from indexer.errors import DatasetError
from indexer.labelled import LabelledQuestions
from indexer.model.encoder import Encoder
from indexer.settings import Settings
from indexer.store.index_store import IndexStore
from search_api.evaluation.metrics import judge_site
from search_api.evaluation.sites import Site, draw_sites, evaluate_sites, parse_sizes
from search_api.thresholds import Thresholds
from tests.search_api.test_evaluate_command import check_failure, faq_evaluate
from tests.search_api.test_evaluation import lines

# Ten entries, each of three words of its own and asked for by two questions; two more that nobody asks for.
ENTRIES = {f"e{n}": f"red{n} green{n} blue{n}" for n in range(10)}
PASSAGES = [
    Passage(passage_id=key, kind=PassageKind.PARAGRAPH, document_id=key, document_title="", text=text)
    for key, text in {**ENTRIES, "x1": "lamp sofa", "x2": "rain wind"}.items()
]
QUESTIONS = LabelledQuestions(
    queries={f"q{n}{word}": f"{word}{n} green{n}" for n in range(10) for word in ("red", "blue")} | {"unjudged": "why"},
    qrels={f"q{n}{word}": {f"e{n}": 1} for n in range(10) for word in ("red", "blue")},
    unanswerable={"u": "violin"},
)


def drawn(*sizes: int | None, draws: int = 3, seed: int = 0) -> list[Site]:
    return list(draw_sites(PASSAGES, QUESTIONS, sizes, draws=draws, seed=seed))


def test_a_site_is_asked_what_it_answers_and_as_much_that_was_left_out() -> None:
    for site in drawn(4):
        kept = {passage.passage_id for passage in site.passages}
        assert (site.entries, len(kept)) == (4, 4)
        assert kept <= set(ENTRIES)  # never one that nobody asks for
        assert set(site.questions.queries) == {f"q{key[1:]}{word}" for key in kept for word in ("red", "blue")}
        assert all(kept.issuperset(judged) for judged in site.questions.qrels.values())
        near = site.questions.unanswerable
        assert len(near) == len(site.questions.queries) == 8
        assert not {f"e{key[1]}" for key in near} & kept
        assert "unjudged" not in near


def test_near_misses_are_no_more_than_there_are() -> None:
    (site,) = drawn(8, draws=1)
    assert (len(site.questions.queries), len(site.questions.unanswerable)) == (16, 4)


def test_a_question_with_an_answer_that_stays_is_answerable() -> None:
    shared = LabelledQuestions({**QUESTIONS.queries}, {**QUESTIONS.qrels, "q0red": {"e0": 1, "e1": 2}}, {})
    for site in draw_sites(PASSAGES, shared, [5], draws=20):
        kept = {passage.passage_id for passage in site.passages}
        assert ("q0red" in site.questions.queries) == bool(kept & {"e0", "e1"})
        assert ("q0red" in site.questions.qrels) == ("q0red" in site.questions.queries)


def test_the_same_seed_draws_the_same_sites_and_every_draw_another() -> None:
    assert drawn(3, 5) == drawn(3, 5)
    assert drawn(3) != drawn(3, seed=1)
    assert len({tuple(passage.passage_id for passage in site.passages) for site in drawn(3)}) == 3
    assert [(site.entries, site.draw) for site in drawn(3, None, draws=2)] == [(3, 1), (3, 2), (12, 1)]


def test_the_whole_is_asked_what_nothing_answers_and_a_site_as_large_is_not_drawn() -> None:
    (whole,) = drawn(10, 12, None)
    assert (len(whole.passages), whole.questions) == (12, QUESTIONS)


def test_sites_are_indexed_by_themselves(fake_encoder: Encoder, tmp_path: Path) -> None:
    store = IndexStore(tmp_path / "index")
    done: list[tuple[int, int]] = []
    report = evaluate_sites(
        drawn(3, None, draws=2),
        fake_encoder,
        store,
        Settings(),
        "colours",
        progress=lambda *so_far: done.append(so_far),
    )
    assert [(one.entries, one.draw) for one in report.sites] == [(3, 1), (3, 2), (12, 1)]
    assert done == [(1, 3), (2, 3), (3, 3)]
    # Each question has two words of its passage and none of any other.
    assert [one.figures.p1 for one in report.sites] == [1, 1, 1]
    assert [(one.figures.queries, one.figures.near_misses) for one in report.sites] == [(6, 6), (6, 6), (20, 1)]
    assert report.mean["queries"] == pytest.approx((6 + 6 + 20) / 3)
    assert report.to_dict()["sites"][0]["auroc"] == report.sites[0].figures.auroc == 1


def test_the_figures_of_a_site_by_hand() -> None:
    run = {"a": {"one": 2.0, "two": 1.0}, "b": {"two": 2.0, "one": 1.0}, "c": {"one": 1.0}, "d": {}}
    qrels = {"a": {"one": 1}, "b": {"one": 1}, "c": {"one": 1}, "d": {"one": 1}}
    confidences = {"a": 0.95, "b": 0.85, "c": 0.2, "d": 0.1}
    figures = judge_site(run, qrels, confidences, [0.9, 0.05], Thresholds(high=0.8, partial=0.3))
    assert (figures.queries, figures.near_misses) == (4, 2)
    assert figures.p1 == 2 / 4  # a and c
    # a is above b, d and both near misses; c above d and one near miss: 6 of 8 pairs.
    assert figures.auroc == 6 / 8
    assert figures.high == 3 / 6
    assert figures.high_right == 1 / 3
    assert figures.near_miss_high == 1 / 2
    assert figures.right_none == 1 / 2  # c


def test_a_figure_without_questions_is_none() -> None:
    figures = judge_site({"a": {"one": 1.0}}, {"a": {"one": 1}}, {"a": 0.5}, [], Thresholds(high=0.8, partial=0.3))
    assert (figures.auroc, figures.high_right, figures.near_miss_high, figures.right_none) == (None, None, None, 0)


@pytest.mark.parametrize("text", ["", "1", "12,", "twelve", "-3", "12;50", "²", "99999999"])
def test_sizes_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(DatasetError, match="must be numbers from 2 on or 'all'"):
        parse_sizes(text)


def a_data_set(folder: Path) -> Path:
    lines(folder / "corpus.jsonl", *({"_id": passage.passage_id, "text": passage.text} for passage in PASSAGES))
    lines(folder / "queries.jsonl", *({"_id": key, "text": text} for key, text in QUESTIONS.queries.items()))
    lines(
        folder / "qrels" / "test.tsv", *(f"{key}\t{label}\t1\n" for key, of in QUESTIONS.qrels.items() for label in of)
    )
    return folder


def test_the_command_asks_sites_of_a_data_set(tmp_path: Path, tiny_models: Path) -> None:
    folder = a_data_set(tmp_path / "colours")
    done = faq_evaluate(folder, "--sites", "3,all", "--draws", "2", "--model", tiny_models / "mean", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert [(site["entries"], site["draw"], site["queries"]) for site in report["sites"]] == [
        (3, 1, 6), (3, 2, 6), (12, 1, 20)
    ]  # fmt: skip


def test_the_command_asks_sites_of_an_index(sample_index: Path, tmp_path: Path) -> None:
    ids = ("better-sleep/does-coffee-in-the-afternoon-keep-me-awake", "better-sleep/quiet-evenings")
    folder = tmp_path / "labelled"
    lines(folder / "queries.jsonl", *({"_id": f"q{n}{m}", "text": f"sleep {n} {m}"} for n in (0, 1) for m in (0, 1)))
    lines(folder / "qrels" / "test.tsv", *(f"q{n}{m}\t{ids[n]}\t1\n" for n in (0, 1) for m in (0, 1)))
    done = faq_evaluate("--index", sample_index, "--questions", folder, "--sites", "all", "--json")
    assert done.returncode == 0, done.stderr
    (site,) = json.loads(done.stdout)["sites"]
    assert (site["draw"], site["queries"]) == (1, 4)
    shown = faq_evaluate("--index", sample_index, "--questions", folder, "--sites", "all").stdout
    assert "labelled: 1 site" in shown
    assert "mean" in shown
    few = faq_evaluate("--index", sample_index, "--questions", folder, "--sites", "50")
    check_failure(few, "labelled: too few of its passages are asked for")


def test_sites_go_with_nothing_else(tmp_path: Path) -> None:
    check_failure(faq_evaluate(tmp_path, "--sites", "12", "--min-ndcg", "1"), "--sites does not go with --min-ndcg")
