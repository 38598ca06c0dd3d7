"""Threads that ask at the same time share runs of the encoder, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from indexer.encoder import Encoder
from indexer.model import FloatArray
from search_api.shared_encoder import SharedEncoder
from tests.conftest import HashedWordsEncoder
from tests.search_api.test_live_index import eventually


class SlowEncoder(HashedWordsEncoder):
    """Its first run waits until it is let go; every run is written down, and a question "poison" is its last."""

    def __init__(self) -> None:
        self.go, self.runs = Event(), list[list[str]]()

    def encode_query(self, texts: Sequence[str]) -> FloatArray:
        self.runs.append(list(texts))
        if len(self.runs) == 1:
            assert self.go.wait(60)
        if "poison" in texts:
            raise RuntimeError("poisoned")
        return super().encode_query(texts)


@pytest.fixture
def slow() -> SlowEncoder:
    return SlowEncoder()


def test_who_asks_while_the_encoder_is_busy_joins_the_next_run(slow: SlowEncoder, fake_encoder: Encoder) -> None:
    shared = SharedEncoder(slow)
    questions = [f"question about {word}" for word in ("sleep", "money", "trust", "grief", "anger")]
    with ThreadPoolExecutor(10) as pool:
        first = pool.submit(shared.encode_query, ["first"])
        eventually(lambda: slow.runs == [["first"]])
        others = [pool.submit(shared.encode_query, [question]) for question in questions * 2]
        eventually(lambda: len(shared._waiting) == 5)
        slow.go.set()
        assert first.result().shape == (1, 64)
        for question, other in zip(questions * 2, others, strict=True):
            np.testing.assert_array_equal(other.result(), fake_encoder.encode_query([question]))
    # Ten askers of five questions: one run after the first.
    assert [sorted(run) for run in slow.runs] == [["first"], sorted(questions)]
    assert not shared._asked
    assert not shared._busy


def test_no_run_takes_more_than_sixteen(slow: SlowEncoder) -> None:
    shared = SharedEncoder(slow)
    with ThreadPoolExecutor(41) as pool:
        asked = [pool.submit(shared.encode_query, ["0"])]
        eventually(lambda: len(slow.runs) == 1)
        asked += [pool.submit(shared.encode_query, [str(number)]) for number in range(1, 41)]
        eventually(lambda: len(shared._waiting) == 40)
        slow.go.set()
        for one in asked:
            one.result()
    assert [len(run) for run in slow.runs] == [1, 16, 16, 8]


def test_an_error_reaches_those_of_its_run_and_nobody_after(slow: SlowEncoder) -> None:
    shared = SharedEncoder(slow)
    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(shared.encode_query, ["first"])
        eventually(lambda: len(slow.runs) == 1)
        both = [pool.submit(shared.encode_query, [question]) for question in ("poison", "neighbour")]
        eventually(lambda: len(shared._waiting) == 2)
        slow.go.set()
        first.result()
        for one in both:
            with pytest.raises(RuntimeError, match="poisoned"):
                one.result()
    shared.encode_query(["neighbour"])
    assert slow.runs[2:] == [["neighbour"]]


def test_a_question_asked_again_is_remembered_until_newer_ones_take_its_place(slow: SlowEncoder) -> None:
    slow.go.set()
    shared = SharedEncoder(slow, remembered=2)
    for question in ("a", "b", "a", "c", "a", "b"):  # c takes the place of b, for a was asked again
        vector = shared.encode_query([question])
        np.testing.assert_array_equal(vector, HashedWordsEncoder().encode_query([question]))
        vector[:] = 0  # the caller's own
    assert slow.runs == [["a"], ["b"], ["c"], ["b"]]


def test_it_is_an_encoder_like_the_one_inside(fake_encoder: Encoder) -> None:
    shared = SharedEncoder(fake_encoder)
    assert isinstance(shared, Encoder)
    assert (shared.name, shared.fingerprint, shared.dim, shared.max_tokens) == ("hashed-words", "0" * 64, 64, 40)
    texts = ["one text", "another text"]
    np.testing.assert_array_equal(shared.encode_query(texts), fake_encoder.encode_query(texts))
    np.testing.assert_array_equal(shared.encode_documents(texts), fake_encoder.encode_documents(texts))
    assert shared.encode_query([]).shape == (0, 64)
    assert shared.count_tokens(texts) == [4, 4]
