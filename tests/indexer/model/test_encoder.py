"""The default model on onnxruntime: as sentence-transformers would embed, whatever the order, lengths or threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from indexer.content.corpus import read_corpus
from indexer.documents import FaqEntry
from indexer.model.card import EncoderCard
from indexer.model.encoder import Encoder, load_encoder
from indexer.model.files import find_model
from indexer.model.sentence_transformer import load_sentence_transformer
from tests.conftest import SAMPLE

MIXED = [
    "",
    " ",
    "why",
    "My partner won't go to counselling, what can I do on my own?",
    "Où trouver de l'aide ? ¿Cuánto cuesta? 需要多长时间？",
    "🙂🤷🏽‍♀️",
    "a" * 10_000,
    "A sentence that is repeated until it is longer than any window. " * 60,
    "\x00\u200b\ufffd",
]


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Everything the sample's authors wrote, and `MIXED`."""
    found = list(MIXED)
    for document in read_corpus(SAMPLE).documents:
        for block in document.blocks:
            found += [block.question, block.answer] if isinstance(block, FaqEntry) else [block.text]
    return found


def test_embeddings_agree_with_sentence_transformers(encoder: Encoder, texts: list[str]) -> None:
    original = load_sentence_transformer(find_model().folder)
    expected = original.encode(texts, normalize_embeddings=True, show_progress_bar=False)
    assert (encoder.encode_documents(texts) * expected).sum(axis=1).min() >= 0.99999
    assert (encoder.encode_query(texts) * expected).sum(axis=1).min() >= 0.98  # int8


def test_embeddings_are_unit_vectors_of_the_stated_shape(encoder: Encoder, texts: list[str]) -> None:
    vectors = encoder.encode_documents(texts)
    assert vectors.shape == (len(texts), encoder.dim) == (len(texts), 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_rows_follow_the_order_of_the_texts(encoder: Encoder, texts: list[str]) -> None:
    together = encoder.encode_documents(texts)
    alone = np.concatenate([encoder.encode_documents([text]) for text in texts])
    backwards = encoder.encode_documents(texts[::-1])[::-1]
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together, backwards, atol=1e-5)


def test_a_question_has_the_same_embedding_to_the_bit_whoever_else_asks(encoder: Encoder, texts: list[str]) -> None:
    together = encoder.encode_query(texts)
    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_array_equal(encoder.encode_query([text])[0], vector)


@pytest.mark.parametrize("method", ["encode_query", "encode_documents"])
def test_no_texts_have_no_embeddings(encoder: Encoder, method: str) -> None:
    assert getattr(encoder, method)([]).shape == (0, 384)
    assert encoder.count_tokens([]) == []


def test_threads_get_what_one_caller_gets(encoder: Encoder, texts: list[str]) -> None:
    expected = [encoder.encode_query([text]) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            for found, right in zip(pool.map(lambda t: encoder.encode_query([t]), texts), expected, strict=True):
                np.testing.assert_allclose(found, right, atol=1e-6)


def test_a_text_over_the_window_is_embedded_by_its_beginning(encoder: Encoder) -> None:
    words = "therapy helps couples " * 200
    assert encoder.count_tokens([words])[0] > 2 * encoder.max_tokens
    np.testing.assert_allclose(
        encoder.encode_query([words]), encoder.encode_query([words + "but not always"]), atol=1e-6
    )


def test_tokens_are_counted_with_the_two_special_ones(encoder: Encoder) -> None:
    assert encoder.count_tokens(["", "therapy", "therapy helps"]) == [2, 3, 4]
    assert encoder.max_tokens == 256


def test_progress_counts_every_text_once(encoder: Encoder, texts: list[str]) -> None:
    seen: list[int] = []
    encoder.encode_documents(texts, seen.append)
    assert sum(seen) == len(texts)
    assert all(count > 0 for count in seen)


def test_an_encoder_knows_what_it_was_made_from(model_folder: Path) -> None:
    card = EncoderCard.read(model_folder)
    encoder = load_encoder(model_folder, threads=1)
    assert isinstance(encoder, Encoder)
    assert (encoder.name, encoder.fingerprint, encoder.dim) == (card.name, find_model().fingerprint, 384)
