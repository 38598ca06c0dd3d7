"""Threads that ask at the same time share what the encoder finds, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from indexer.arrays import FloatArray
from indexer.model.encoder import Encoder
from indexer.model.query_cache import QueryCache
from tests.conftest import HashedWordsEncoder
from tests.search_api.test_live_index import eventually


class SlowEncoder(HashedWordsEncoder):
    """Waits until it is let go; every question is written down, and "poison" fails."""

    def __init__(self) -> None:
        self.go, self.embedded = Event(), list[str]()

    def encode_query(self, texts: Sequence[str]) -> FloatArray:
        self.embedded += texts
        assert self.go.wait(60)
        if "poison" in texts:
            raise RuntimeError("poisoned")
        return super().encode_query(texts)


@pytest.fixture
def slow() -> SlowEncoder:
    return SlowEncoder()


def test_what_several_ask_at_once_is_embedded_once_and_other_questions_beside_it(
    slow: SlowEncoder, fake_encoder: Encoder
) -> None:
    shared = QueryCache(slow)
    questions = [f"question about {word}" for word in ("sleep", "money", "trust", "grief", "anger")]
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(shared.encode_query, [question]) for question in questions * 4]
        eventually(lambda: len(slow.embedded) == len(questions))
        slow.go.set()
        for question, answer in zip(questions * 4, asked, strict=True):
            np.testing.assert_array_equal(answer.result(), fake_encoder.encode_query([question]))
    assert sorted(slow.embedded) == sorted(questions)
    assert not shared._asked


def test_an_error_reaches_those_who_asked_for_it_and_nobody_else(slow: SlowEncoder) -> None:
    shared = QueryCache(slow)
    with ThreadPoolExecutor(3) as pool:
        poisoned = [pool.submit(shared.encode_query, ["poison"]) for _ in range(2)]
        other = pool.submit(shared.encode_query, ["neighbour"])
        eventually(lambda: len(slow.embedded) == 2)
        slow.go.set()
        for one in poisoned:
            with pytest.raises(RuntimeError, match="poisoned"):
                one.result()
        assert other.result().shape == (1, 64)
    with pytest.raises(RuntimeError, match="poisoned"):
        shared.encode_query(["poison"])
    assert sorted(slow.embedded) == ["neighbour", "poison", "poison", "poison"]


def test_who_waits_for_a_question_that_failed_beside_another_still_gets_it(slow: SlowEncoder) -> None:
    shared = QueryCache(slow)
    with ThreadPoolExecutor(2) as pool:
        poisoned = pool.submit(shared.encode_query, ["sleep", "poison"])
        eventually(lambda: len(slow.embedded) == 2)
        other = pool.submit(shared.encode_query, ["sleep"])
        slow.go.set()
        with pytest.raises(RuntimeError, match="poisoned"):
            poisoned.result()
        assert other.result().shape == (1, 64)
    assert not shared._asked


def test_a_question_asked_again_is_remembered_until_newer_ones_take_its_place(slow: SlowEncoder) -> None:
    slow.go.set()
    shared = QueryCache(slow, remembered=2)
    for question in ("a", "b", "a", "c", "a", "b"):  # c takes the place of b, for a was asked again
        vector = shared.encode_query([question])
        np.testing.assert_array_equal(vector, HashedWordsEncoder().encode_query([question]))
        vector[:] = 0  # the caller's own
    assert slow.embedded == ["a", "b", "c", "b"]


def test_it_is_an_encoder_like_the_one_inside(fake_encoder: Encoder) -> None:
    shared = QueryCache(fake_encoder)
    assert isinstance(shared, Encoder)
    assert (shared.name, shared.fingerprint, shared.dim, shared.max_tokens) == ("hashed-words", "0" * 64, 64, 40)
    texts = ["one text", "another text"]
    np.testing.assert_array_equal(shared.encode_query(texts), fake_encoder.encode_query(texts))
    np.testing.assert_array_equal(shared.encode_documents(texts), fake_encoder.encode_documents(texts))
    assert shared.encode_query([]).shape == (0, 64)
    assert shared.count_tokens(texts) == [4, 4]


def test_long_questions_take_the_place_of_more_than_one(slow: SlowEncoder) -> None:
    slow.go.set()
    # A short question takes 520 bytes, of which 256 are its vector of 64 numbers; the long one 2,120.
    shared = QueryCache(slow, remembered_bytes=3_200)
    for question in ("a", "b", "c", "a", "b", "c", "long" * 400, "b", "c", "a"):
        shared.encode_query([question])
    assert slow.embedded == ["a", "b", "c", "long" * 400, "a"]
    shared.encode_query(["huge" * 1_000])  # alone more than may be remembered: nothing is
    shared.encode_query(["a"])
    assert slow.embedded[-2:] == ["huge" * 1_000, "a"]
