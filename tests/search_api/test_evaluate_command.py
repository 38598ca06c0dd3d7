"""`faq evaluate`: what it prints, when it fails, and what it says then."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from search_api.evaluation.metrics import METRICS
from tests.conftest import ROOT
from tests.search_api.test_evaluation import lines

NO_ANSWER = {
    "AUROC",
    "coverage@5%FA",
    "coverage@10%FA",
    "ECE",
    "high_when_unanswerable",
    "none_when_answerable",
    "high",
    "high_right",
}


def faq_evaluate(*arguments: object, before: str = "") -> subprocess.CompletedProcess[str]:
    code = f"import sys; {before or 'pass'}; from search_api.cli import main; main()"
    command = [sys.executable, "-c", code, "evaluate", *map(str, arguments)]
    variables = {name: value for name, value in os.environ.items() if not name.startswith("FAQ_")}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=variables)


def check_failure(done: subprocess.CompletedProcess[str], said: str, code: int = 1) -> None:
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


COFFEE = "better-sleep/does-coffee-in-the-afternoon-keep-me-awake"


def write_questions(folder: Path, qrels: str, unanswerable: bool = True) -> Path:
    """Two questions of the sample site; by itself the engine answers both with `COFFEE` first."""
    rows = [{"_id": "q1", "text": "espresso after lunch"}, {"_id": "q2", "text": "coffee in the afternoon"}]
    lines(folder / "queries.jsonl", *rows)
    lines(folder / "qrels" / "test.tsv", "query-id\tcorpus-id\tscore\n", qrels)
    if unanswerable:
        lines(folder / "queries_unanswerable.jsonl", {"_id": "u1", "text": "oil filter of a tractor"})
    return folder


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """Half right: the second is labelled with what the engine puts further down."""
    return write_questions(tmp_path / "labelled", f"q1\t{COFFEE}\t2\nq2\tbetter-sleep/quiet-evenings\t1\n")


def test_the_command_prints_json_with_these_names(sample_index: Path, questions: Path) -> None:
    done = faq_evaluate("--index", sample_index, "--questions", questions, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert list(report) == ["dataset", "queries", "metrics", "intervals", "baselines", "no_answer", "worst"]
    assert (report["dataset"], report["queries"]) == ("labelled", 2)
    assert list(report["metrics"]) == list(report["intervals"]) == ["P@1", "MRR@10", "nDCG@10", "R@10", "R@100"]
    assert list(report["baselines"]) == ["bm25", "single-vector", "rrf"]
    assert all(list(metrics) == list(report["metrics"]) for metrics in report["baselines"].values())
    assert set(report["no_answer"]) == NO_ANSWER
    assert report["metrics"]["P@1"] == 0.5
    (miss,) = report["worst"]
    assert list(miss) == ["query_id", "question", "expected", "found", "rank", "confidence"]
    assert (miss["query_id"], miss["found"]) == ("q2", COFFEE)


def test_the_command_prints_a_table_for_people(sample_index: Path, questions: Path) -> None:
    done = faq_evaluate("--index", sample_index, "--questions", questions)
    assert (done.returncode, done.stderr) == (0, "")
    for text in ("labelled: 2 questions", *METRICS, "this engine", "bm25", "single-vector", "rrf", *NO_ANSWER):
        assert text in done.stdout
    assert "coffee in the afternoon" in done.stdout
    assert "wanted better-sleep/quiet-evenings (came " in done.stdout
    assert "\x1b" not in done.stdout


def test_a_figure_below_the_gate_fails_after_the_report_is_printed(sample_index: Path, questions: Path) -> None:
    done = faq_evaluate("--index", sample_index, "--questions", questions, "--json", "--min-ndcg", "1")
    check_failure(done, "below --min-ndcg 1")
    assert json.loads(done.stdout)["metrics"]["nDCG@10"] < 1
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("gate", ["0", "1"])
def test_a_figure_at_the_gate_passes(sample_index: Path, tmp_path: Path, gate: str) -> None:
    right = write_questions(tmp_path / "right", f"q1\t{COFFEE}\t2\nq2\t{COFFEE}\t1\n", unanswerable=False)
    done = faq_evaluate("--index", sample_index, "--questions", right, "--json", "--min-ndcg", gate)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert "no_answer" not in report
    assert report["worst"] == []


@pytest.mark.parametrize("gate", ["-0.1", "1.1", "good"])
def test_a_gate_that_is_no_figure_is_refused(gate: str) -> None:
    check_failure(faq_evaluate("folder", "--min-ndcg", gate), "Usage: ", 2)


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("folder", "--index", "i"),
        ("folder", "--questions", "q"),
        ("folder", "--index", "i", "--questions", "q"),
        ("--index", "i"),
        ("--questions", "q"),
    ],
    ids=" ".join,
)
def test_arguments_that_do_not_belong_together_are_explained(arguments: tuple[str, ...]) -> None:
    done = faq_evaluate(*arguments)
    check_failure(done, "faq: give either a data set, or an index and its questions: --index DIR --questions DIR")
    assert done.stdout == ""


def test_a_judged_passage_that_is_missing_is_one_clear_line(sample_index: Path, tmp_path: Path) -> None:
    wrong = write_questions(tmp_path / "wrong", "q1\tbetter-sleep/gone\t1\n")
    done = faq_evaluate("--index", sample_index, "--questions", wrong)
    check_failure(done, "1 judged passages are not in the index, such as 'better-sleep/gone'")
    assert (done.stdout, done.stderr.count("\n")) == ("", 1)


def test_a_missing_folder_is_one_clear_line(sample_index: Path, questions: Path, tmp_path: Path) -> None:
    none = tmp_path / "none"
    check_failure(faq_evaluate(none), "none/queries.jsonl cannot be read")
    check_failure(faq_evaluate("--index", sample_index, "--questions", none), "none/queries.jsonl cannot be read")
    check_failure(faq_evaluate("--index", none, "--questions", questions), "no index in")


def test_without_the_extra_it_says_what_to_install(sample_index: Path, questions: Path) -> None:
    missing = "sys.modules['ir_measures'] = None"
    done = faq_evaluate("--index", sample_index, "--questions", questions, before=missing)
    check_failure(done, "evaluating needs the extra: pip install 'semantic-faq-search[evaluate]'")


def test_a_data_set_brings_its_own_passages(tmp_path: Path, tiny_models: Path) -> None:
    folder = write_questions(tmp_path / "set", "q1\t1\t1\nq2\t2\t1\n")
    rows = [{"_id": "1", "title": "Espresso?", "text": "Not after lunch."}, {"_id": "2", "text": "Coffee, afternoon."}]
    lines(folder / "corpus.jsonl", *rows)
    done = faq_evaluate(folder, "--model", tiny_models / "mean", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["dataset"], report["queries"], report["metrics"]["R@10"]) == ("set", 2, 1)
    assert {path.name for path in folder.iterdir()} == {
        "corpus.jsonl",
        "qrels",
        "queries.jsonl",
        "queries_unanswerable.jsonl",
    }
