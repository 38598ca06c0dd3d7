"""Tuning: what is learnt from, the same weights for the same seed, and nothing written unless it helps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer import tuning
from indexer.documents import Passage, PassageKind
from indexer.errors import ContentError, ModelError
from indexer.model import training
from indexer.model.encoder import load_encoder
from indexer.model.export import export_model
from indexer.model.files import TUNING_NOTE, find_model
from indexer.settings import Settings
from indexer.tuning import TuningReport, training_pairs, tune_model
from search_api.evaluation.dataset import evaluate_dataset
from tests.conftest import ROOT

LETTERS = "abcdefghijklmnopqrst"
WORSE, BETTER = (0.5, 0.4), (0.5, 0.6)


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """Twenty entries, each asked in two ways: 20 x (question, alternate) -> answer and alternate -> question."""
    entries = [
        f"## What is {a * 3} {b * 3}?\n\nAlso asked: {a * 3} alone\n\nIt {b * 4} is {a * 5}."
        for a, b in zip(LETTERS, LETTERS[1:] + LETTERS[0], strict=True)
    ]
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "faq.md").write_text("# FAQ\n\n" + "\n\n".join(entries) + "\n")
    return tmp_path / "content"


@pytest.fixture
def base(tiny_models: Path) -> str:
    return str(tiny_models / "mean")


def reach(monkeypatch: pytest.MonkeyPatch, before: float, after: float) -> None:
    """Let validation find these values, however often it is asked: random weights foretell nothing."""
    calls: list[None] = []

    def measured(*_: object) -> float:
        calls.append(None)
        return before if len(calls) % 2 else after

    monkeypatch.setattr(tuning, "mean_reciprocal_rank", measured)


def faq_entry(question: str, text: str, *alternates: str) -> Passage:
    return Passage(
        passage_id=question,
        kind=PassageKind.FAQ,
        document_id="d",
        document_title="Title",
        question=question,
        alternates=alternates,
        text=text,
    )


def paragraph(text: str, *headings: str) -> Passage:
    return Passage(
        passage_id=text,
        kind=PassageKind.PARAGRAPH,
        document_id="d",
        document_title="Title",
        heading_path=headings,
        text=text,
    )


def test_the_pairs_of_an_entry_and_of_a_paragraph() -> None:
    pairs = training_pairs([faq_entry("Why?", "So.", "How come?"), paragraph("Words.", "Part", "Section")])
    assert [(pair.passage, pair.query, pair.text) for pair in pairs] == [
        (0, "Why?", "So."),
        (0, "How come?", "So."),
        (0, "How come?", "Why?"),
        (1, "Title - Part - Section", "Words."),
    ]


def test_a_pair_that_teaches_nothing_is_left_out() -> None:
    # The answer only repeats the question; said twice; without an answer.
    pairs = training_pairs([faq_entry("Fees", "fees", "cost", "cost"), faq_entry("Why?", "")])
    assert [(pair.query, pair.text) for pair in pairs] == [("cost", "fees"), ("cost", "Fees")]


def test_what_is_held_out_is_decided_by_the_seed() -> None:
    passages = [*(faq_entry(f"{n}?", f"{n}.") for n in range(20)), *(paragraph(f"{n}", "h") for n in range(20))]
    pairs = training_pairs(passages)
    held_out = tuning._hold_out(passages, pairs, 1)
    assert len(held_out) == 3  # 15% of the 20 entries
    assert max(held_out) < 20
    assert held_out == tuning._hold_out(passages, pairs, 1) != tuning._hold_out(passages, pairs, 2)


def test_the_mean_reciprocal_rank() -> None:
    class Plane:
        """Texts are their own places."""

        def encode_query(self, texts: list[str], **_: Any) -> Any:
            return np.array([[float(number) for number in text.split()] for text in texts])

        encode_document = encode_query

    texts = ["1 0", "0 1", "0.6 0.8"]
    asked = [training.Pair(0, "0.8 0.6", text) for text in texts]  # cosines .8, .6 and .96: ranks 2, 3 and 1
    measured = training.mean_reciprocal_rank(Plane(), asked, texts)
    assert measured == pytest.approx((1 / 2 + 1 / 3 + 1) / 3)
    alike = training.mean_reciprocal_rank(Plane(), [training.Pair(0, "0 0", text) for text in texts], texts)
    assert alike == pytest.approx(1 / 3)  # a model that finds all alike is no good model


def test_the_same_seed_gives_the_same_weights(
    content: Path, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach(monkeypatch, *BETTER)
    steps: list[tuple[int, int]] = []
    report = tune_model(content, tmp_path / "a", model=base, seed=3, progress=lambda *now: steps.append(now))
    tune_model(content, tmp_path / "b", model=base, seed=3)
    tune_model(content, tmp_path / "c", model=base, seed=4)
    prints = [find_model(str(tmp_path / name)).fingerprint for name in "abc"]
    assert prints[0] == prints[1] != prints[2]
    assert find_model(base).fingerprint not in prints
    assert report.pairs == 60
    assert report.held_out == 6  # three entries, asked in two ways
    assert steps[0][0] == 1
    assert [done for done, _ in steps] == list(range(1, len(steps) + 1))
    assert steps[-1][0] == steps[-1][1]


def test_the_tuned_model_lies_between_the_original_and_the_trained_one(
    content: Path, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach(monkeypatch, *BETTER)
    tune_model(content, tmp_path / "none", model=base, share=0.0)
    texts = ["what is aaa bbb?", "alone"]
    encoded = []
    for name in (base, str(tmp_path / "none")):
        export_model(find_model(name), tmp_path / "exported")
        encoded.append(load_encoder(tmp_path / "exported").encode_query(texts))
    np.testing.assert_allclose(encoded[0], encoded[1], atol=1e-6)


def test_a_tuned_model_is_an_ordinary_model_with_a_note(
    content: Path, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach(monkeypatch, *BETTER)
    folder = tmp_path / "models" / "tuned"
    report = tune_model(content, folder, model=base)
    found = find_model(str(folder))
    card = export_model(found, tmp_path / "exported")
    assert (card.query_prompt, card.document_prompt) == ("query: ", "passage: ")
    assert load_encoder(tmp_path / "exported").encode_query(["alone"]).shape == (1, 32)
    note = json.loads((folder / TUNING_NOTE).read_text())
    assert note == report.to_dict()
    assert (note["model"], note["fingerprint"]) == (base, find_model(base).fingerprint)
    assert (note["seed"], note["pairs"], note["before"], note["after"]) == (0, 60, 0.5, 0.6)
    (folder / TUNING_NOTE).write_text("{}")
    assert find_model(str(folder)).fingerprint == found.fingerprint
    assert [path.name for path in folder.parent.iterdir()] == ["tuned"]


def test_a_model_tuned_earlier_is_replaced(
    content: Path, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach(monkeypatch, *BETTER)
    tune_model(content, tmp_path / "models" / "tuned", model=base)
    (tmp_path / "models" / "tuned" / "left-over").touch()
    tune_model(content, tmp_path / "models" / "tuned", model=base, seed=1)
    assert json.loads((tmp_path / "models" / "tuned" / TUNING_NOTE).read_text())["seed"] == 1
    assert not (tmp_path / "models" / "tuned" / "left-over").exists()
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["tuned"]


@pytest.mark.parametrize("values", [WORSE, (0.5, 0.5)])
def test_what_does_not_help_is_not_written(
    content: Path, base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: tuple[float, float]
) -> None:
    reach(monkeypatch, *values)
    before = sorted(tmp_path.rglob("*"))
    report = tune_model(content, tmp_path / "tuned", model=base)
    assert not report.kept
    assert (report.before, report.after) == values
    assert sorted(tmp_path.rglob("*")) == before


def test_too_few_pairs_are_refused(base: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("# FAQ\n\n## Why?\n\nSo.\n\n## Who?\n\nYou.\n")
    with pytest.raises(ContentError, match=r"gives 2 pairs .* tuning needs 30 or more"):
        tune_model(tmp_path, tmp_path / "tuned", model=base)
    assert not (tmp_path / "tuned").exists()


def test_a_folder_that_tuning_did_not_write_is_left_alone(content: Path, base: str, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("words")
    (tmp_path / "file").write_text("words")
    for name in ("mine", "file"):
        with pytest.raises(ModelError, match="is there already and is no model that `faq tune` wrote"):
            tune_model(content, tmp_path / name, model=base)
    with pytest.raises(ModelError, match="is the model to begin with"):
        tune_model(content, Path(base), model=base)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == (tmp_path / "file").read_text() == "words"


def faq(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "search_api.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | {"HF_HUB_OFFLINE": "1"})


def test_the_command_tells_what_it_did_and_indexing_takes_its_model(content: Path, base: str, tmp_path: Path) -> None:
    done = faq("tune", content, "--to", tmp_path / "tuned", "--model", base, "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    report = json.loads(done.stdout)
    assert set(report) == set(TuningReport.__dataclass_fields__)
    assert report["kept"] == (report["after"] > report["before"]) == (tmp_path / "tuned").exists()
    model = tmp_path / "tuned" if report["kept"] else base
    assert faq("index", content, "--index", tmp_path / "i", "--model", model).returncode == 0


@pytest.mark.parametrize(
    ("content_name", "target", "model", "said"),
    [
        ("none", "tuned", "mean", "no such file or folder"),
        ("content", "content", "mean", "is no model that `faq tune` wrote"),
        ("content", "tuned", "nowhere", "neither a folder here nor a model"),
    ],
)
def test_a_failure_of_the_command_is_one_clear_line(
    content: Path, tiny_models: Path, tmp_path: Path, content_name: str, target: str, model: str, said: str
) -> None:
    done = faq("tune", tmp_path / content_name, "--to", tmp_path / target, "--model", tiny_models / model)
    assert done.returncode == 1
    assert done.stderr.startswith("faq: ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "tuned").exists()


def test_a_data_set_is_evaluated_with_the_tuned_model(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"_id": f"f{n}", "title": f"What is {a * 3}?", "text": f"It is {a * 4}."} for n, a in enumerate(LETTERS)]
    rows += [{"_id": f"g{n}", "title": f"Who is {a * 3}?", "text": f"You {a * 4}."} for n, a in enumerate(LETTERS)]
    (tmp_path / "qrels").mkdir()
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "queries.jsonl").write_text('{"_id": "q", "text": "what is aaa?"}\n')
    (tmp_path / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq\tf0\t1\n")
    reach(monkeypatch, *BETTER)
    tuning = evaluate_dataset(tmp_path, Settings(model=base), tune=True).to_dict()["tuning"]
    assert (tuning["kept"], tuning["pairs"], tuning["held_out"]) == (True, 40, 6)
    assert "tuning" not in evaluate_dataset(tmp_path, Settings(model=base)).to_dict()
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows[:20]))
    tuning = evaluate_dataset(tmp_path, Settings(model=base), tune=True).to_dict()["tuning"]
    assert not tuning["kept"]
    assert "gives 20 pairs" in tuning["reason"]


def test_tuning_an_index_that_is_built_already_is_refused(tmp_path: Path) -> None:
    done = faq("evaluate", "--index", tmp_path, "--questions", tmp_path, "--tune")
    assert done.returncode == 1
    assert done.stderr.startswith("faq: --tune needs a data set")
