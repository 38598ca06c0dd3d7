"""BM25 by hand on three tiny texts, and the words of several languages."""

from __future__ import annotations

from math import log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import IndexDamagedError
from indexer.retrieval.ranking import DEFAULT_WEIGHTS
from indexer.words.analysis import grams, terms, words
from indexer.words.lexicon import LexicalText, Lexicon, PostingLimits

# Of 2, 3 and 3 words once the stop word is gone; stemming changes none of them.
TEXTS = ["red rose", "red red wine", "green tea and leaf"]
K1, B = 1.5, 0.75

PARTS = DEFAULT_WEIGHTS.parts


def bm25(count: int, length: int, holders: int) -> float:
    """One word, `count` times in a text of `length` words, and in `holders` of 3 texts of 8 / 3 words on average."""
    idf = log(1 + (3 - holders + 0.5) / (holders + 0.5))
    return idf * count / (count + K1 * (1 - B + B * length / (8 / 3)))


def lexicon_of(texts: list[str], languages: list[str] | None = None) -> Lexicon:
    languages = languages or ["en"] * len(texts)
    pairs = zip(texts, languages, strict=True)
    return Lexicon.build([LexicalText(lang=lang, questions=text, text=text) for text, lang in pairs])


@pytest.fixture(scope="module")
def three() -> Lexicon:
    return lexicon_of(TEXTS)


def test_the_words_of_the_three_texts_are_as_the_arithmetic_below_counts_them() -> None:
    assert [terms(text, "en") for text in TEXTS] == [["red", "rose"], ["red", "red", "wine"], ["green", "tea", "leaf"]]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("red", [bm25(1, 2, 2), bm25(2, 3, 2), 0]),
        ("rose", [bm25(1, 2, 1), 0, 0]),
        ("red wine", [bm25(1, 2, 2), bm25(2, 3, 2) + bm25(1, 3, 1), 0]),
        ("the leaf", [0, 0, bm25(1, 3, 1)]),
        ("RED, Rose!", [bm25(1, 2, 2) + bm25(1, 2, 1), bm25(2, 3, 2), 0]),
    ],
)
def test_scores_are_bm25_computed_by_hand(three: Lexicon, question: str, expected: list[float]) -> None:
    np.testing.assert_allclose(three.bm25(question), expected, atol=1e-5)


@pytest.mark.parametrize("question", ["", "zebra", "the of and", "!?", "🙂", "離婚"])
def test_words_nobody_wrote_score_zero(three: Lexicon, question: str) -> None:
    scores = three.bm25(question)
    assert scores.dtype == np.float32
    assert scores.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("lang", "text", "question"),
    [
        ("fr", "Nous avons mangé ensemble.", "mangeait"),
        ("fr", "Les enfants voulaient manger.", "mangeaient"),
        ("de", "Die Kinder schlafen schlecht.", "Kind schlafe"),
        ("es", "Las parejas discutían mucho.", "discutir"),
        ("en", "The counsellors were helping.", "counsellor"),
        ("zh", "婚姻咨询可以帮助我们", "咨询"),
        ("ja", "夫婦のカウンセリング", "カウンセリング"),
        ("th", "การให้คำปรึกษา", "คำปรึกษา"),
    ],
)
def test_inflected_and_unspaced_words_are_found(lang: str, text: str, question: str) -> None:
    scores = lexicon_of(["something else entirely", text], ["en", lang]).bm25(question)
    assert scores[1] > scores[0] == 0


def test_a_question_is_read_in_every_language_of_the_content() -> None:
    lexicon = lexicon_of(["Nous voulons manger.", "We are eating."], ["fr", "en"])
    assert lexicon.languages == ("en", "fr")
    assert np.flatnonzero(lexicon.bm25("mangé")).tolist() == [0]
    assert np.flatnonzero(lexicon.bm25("eats")).tolist() == [1]


def test_one_character_is_not_taken_for_a_pair() -> None:
    assert list(words("我 你好吗")) == ["我", "你好", "好吗"]


def test_typographic_and_plain_apostrophes_are_one_word() -> None:
    assert list(words("won’t WON'T 'quoted'")) == ["won't", "won't", "quoted"]


@given(st.text())
def test_any_text_has_words_without_space(text: str) -> None:
    assert all(word and word == word.strip() for word in words(text))


@given(st.lists(st.text("ab c夫婦", max_size=12), max_size=6), st.text("ab c夫婦", max_size=12))
def test_scores_are_never_negative_and_one_a_passage(texts: list[str], question: str) -> None:
    scores = lexicon_of(texts).bm25(question)
    assert scores.shape == (len(texts),)
    assert (scores >= 0).all()


@pytest.mark.parametrize("texts", [TEXTS, ["!?", ""], []], ids=["words", "no words", "no texts"])
def test_saving_and_loading_changes_nothing(tmp_path: Path, texts: list[str]) -> None:
    lexicon = lexicon_of(texts)
    lexicon.save(tmp_path / "lexicon")
    again = Lexicon.load(tmp_path / "lexicon")
    assert again.languages == lexicon.languages
    for question in ("red", "red wine", "zebra"):
        np.testing.assert_array_equal(again.bm25(question), lexicon.bm25(question))
        for now, before in zip(again.scores(question, PARTS), lexicon.scores(question, PARTS), strict=True):
            np.testing.assert_array_equal(now, before)


def test_evidence_is_a_share_of_what_the_best_passage_has(three: Lexicon) -> None:
    for question in ("red wine", "the leaf", "zebra", "winne"):
        passages, evidence = three.scores(question, PARTS)
        assert (passages.dtype, evidence.dtype) == (np.int64, np.float32)
        assert (np.diff(passages) > 0).all()
        assert ((evidence > 0) & (evidence <= 1 + 1e-6)).all()
    passages, evidence = three.scores("red wine", PARTS)
    assert passages.tolist() == [0, 1]
    assert evidence[0] < evidence[1] == pytest.approx(1)  # best by words and by pieces
    assert three.scores("qqq", PARTS)[0].tolist() == []


def test_what_one_question_has_in_common_is_not_left_for_the_next(three: Lexicon) -> None:
    first = three.scores("red wine", PARTS)
    three.scores("green tea", PARTS)
    again = three.scores("red wine", PARTS)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])


@pytest.mark.parametrize(("misspelt", "best"), [("greeen", 2), ("wiine", 1), ("rosse", 0)])
def test_a_misspelt_word_is_still_evidence(three: Lexicon, misspelt: str, best: int) -> None:
    assert three.bm25(misspelt).max() == 0
    passages, evidence = three.scores(misspelt, PARTS)
    assert passages[np.argmax(evidence)] == best


def test_of_too_many_postings_those_of_the_rarest_words_count() -> None:
    lexicon = lexicon_of(["red rose", "red wine", "red tea", "red wine rose"])  # in 4, 2, 2 and 1 of 4 texts
    question = "red rose wine tea"
    whole = lexicon.bm25(question)

    def limited(terms: int) -> np.ndarray:
        return lexicon.bm25(question, PostingLimits(terms=terms))

    np.testing.assert_array_equal(limited(9), whole)  # 4 + 2 + 2 + 1 are not too many
    np.testing.assert_array_equal(limited(8), lexicon.bm25("tea rose wine"))
    np.testing.assert_array_equal(limited(2), lexicon.bm25("tea"))
    assert (
        np.count_nonzero(lexicon.bm25("red", PostingLimits(terms=2))) == 4
    )  # the only word of a question always counts


def test_numbers_are_found_and_not_counted() -> None:
    lexicon = lexicon_of(["open in 2024 till 3pm, or 1.10", "closed"])
    assert lexicon.counts == {"3pm": 1, "closed": 1, "in": 1, "open": 1, "or": 1, "till": 1}
    assert lexicon.bm25("2024").tolist() == lexicon.bm25("open").tolist()


@pytest.mark.parametrize("asked", ["E-1234", "E 1234", "e1234", "e 1234", "E_1234", "what is 1234", "error e-1234?"])
def test_a_code_is_found_however_it_is_typed(asked: str) -> None:
    lexicon = lexicon_of(["error E1234", "error E1243", "error E12"])
    assert lexicon.with_codes_of(asked).tolist() == [0]


@pytest.mark.parametrize(
    "asked", ["in 2024", "post-2015", "a 1243rd time", "I 12", "error E 99", "for 30 days", "1.10", ""]
)
def test_what_is_no_code_of_the_content_is_none(asked: str) -> None:
    assert lexicon_of(["in 2024, post-2015, 30 days", "E12, 1.10"]).with_codes_of(asked).tolist() == []


def test_a_version_is_told_from_its_neighbours() -> None:
    lexicon = lexicon_of(["new in 1.9", "new in 1.10", "new in 10.1"])
    assert np.argmax(lexicon.bm25("1.10")) == 1
    assert np.argmax(lexicon.bm25("10.1")) == 2


def test_pieces_of_words_are_folded() -> None:
    assert grams("Café") == grams("CAFE")
    assert grams("") == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff"])
def test_files_that_make_no_lexicon_are_refused(tmp_path: Path, three: Lexicon, content: bytes) -> None:
    three.save(tmp_path / "lexicon")
    (header,) = (path for path in (tmp_path / "lexicon").iterdir() if path.is_file())
    header.write_bytes(content)
    with pytest.raises(IndexDamagedError, match="lexicon"):
        Lexicon.load(tmp_path / "lexicon")
