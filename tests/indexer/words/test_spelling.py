"""Misspelt words by hand-made counts: what is corrected, to what, and all that is left alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.words.analysis import words
from indexer.words.spelling import Spelling

COUNTS = {
    "husband": 5, "therapy": 9, "counsellor": 4, "counselling": 3, "talk": 8, "walk": 7, "want": 6, "wont": 1,
    "money": 3, "don't": 4, "can't": 2, "relationship": 9, "cat": 2, "naïve": 1, "fight": 3,
}  # fmt: skip


def none_single(words: Sequence[str]) -> list[bool]:
    return [False] * len(words)


def corrected(question: str, counts: dict[str, int] = COUNTS, languages: tuple[str, ...] = ("en",)) -> str:
    return Spelling(counts, languages, none_single).correct(question)


@pytest.mark.parametrize(
    ("misspelt", "right"),
    [
        ("husbad", "husband"),  # a letter missing
        ("husbband", "husband"),  # one added
        ("husbend", "husband"),  # one wrong
        ("husbnad", "husband"),  # two swapped: one slip
        ("tlak", "talk"),
        ("mony", "money"),
        ("relatoinshp", "relationship"),  # two slips in a long word
        ("counceler", "counceler"),  # three
        ("mnoye", "mnoye"),  # two in a short one
        ("usband", "usband"),  # another first letter
        ("naive", "naïve"),
    ],
)
def test_a_slip_is_corrected_and_a_different_word_is_not(misspelt: str, right: str) -> None:
    assert corrected(misspelt) == right


def test_everything_but_the_misspelt_word_is_kept_as_it_was_typed() -> None:
    question = "  MY Husbend,\tsays “No” to\nThErapy — why?? husbend's £50 2nd"
    assert corrected(question) == "  MY husband,\tsays “No” to\nThErapy — why?? husband's £50 2nd"


def test_the_same_slip_is_corrected_wherever_it_stands() -> None:
    assert corrected("Husbend husbend HUSBEND") == "husband husband husband"


@pytest.mark.parametrize(
    "question",
    [
        "talk to my husband",
        "TALK, Husband!",
        "talking talked talks husbands fighting",  # other forms of words that are known
        "counsellors",
        "caz cst hus tal",  # under four letters
        "don't DON’T can't",
        "dont cant",  # the same words without their apostrophe, no slips of "want"
        "mustn't needn't",
        "2024 h3lp £50 50% a/b",
        "",
        "   ",
    ],
)
def test_what_is_known_short_or_no_word_is_left_alone(question: str) -> None:
    counts = COUNTS | {"done": 50, "cane": 50, "must": 50, "need": 50}
    assert corrected(question, counts) == question


@pytest.mark.parametrize(
    "question",
    [
        "многие люди",
        "夫婦のカウンセリング",
        "心理咨询需要多长时间",
        "ฉันควรทำอย่างไร",
        "هل هذا طبيعي؟",
        "자주 싸워요",
        "🙂🤷🏽‍♀️",
    ],
)
def test_other_scripts_and_emoji_are_left_alone(question: str) -> None:
    assert corrected(question) == question
    assert corrected(f"{question} husbend {question}") == f"{question} husband {question}"


def test_a_script_of_the_corpus_is_corrected_like_any_other() -> None:
    assert corrected("моя семъя", {"семья": 3, "моя": 2}, ("ru",)) == "моя семья"


def test_forms_of_words_are_known_in_every_language_of_the_corpus() -> None:
    counts = {"manger": 1, "mangue": 9, "talk": 1}
    assert corrected("mangeait talking", counts, ("en", "fr")) == "mangeait talking"


def test_a_word_that_is_one_token_of_the_model_is_left_alone() -> None:
    asked: list[list[str]] = []

    def only_walt(unknown: Sequence[str]) -> list[bool]:
        asked.append(list(unknown))
        return [word == "walt" for word in unknown]

    assert Spelling(COUNTS, ["en"], only_walt).correct("Walt and husbend talk") == "Walt and husband talk"
    assert asked == [["husbend", "walt"]]  # in one go, and never about words of the corpus or short ones


def test_the_model_is_not_asked_about_a_question_of_known_words() -> None:
    def refuse(unknown: Sequence[str]) -> list[bool]:
        raise AssertionError(unknown)

    assert Spelling(COUNTS, ["en"], refuse).correct("My husband, my cat.") == "My husband, my cat."


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({"ball": 1, "bald": 2, "balm": 1}, "bald"),  # the commonest
        ({"balm": 2, "bald": 2, "ball": 1}, "bald"),  # then the alphabet
        ({f"bal{letter}": 1 for letter in "zyxwvut"} | {"bale": 2}, "bale"),  # of however many
        ({"bal": 9, "balqo": 3}, "bal"),
    ],
)
def test_of_words_equally_near_the_commonest_then_the_first_is_taken(counts: dict[str, int], expected: str) -> None:
    assert corrected("balq", counts) == expected


def test_fewer_slips_count_more_than_being_common() -> None:
    assert corrected("counsellog", {"counsellor": 1, "counselling": 99}) == "counsellor"


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_the_corpus_does_not_matter(order: int) -> None:
    counts = dict(list({"bald": 2, "balm": 2, "ball": 2, "bal": 2, "balk": 2, "bale": 2, "bali": 2}.items())[::order])
    assert corrected("balq", counts) == "bal"


def test_a_corpus_without_words_corrects_nothing() -> None:
    assert corrected("husbend", {}, ()) == "husbend"


texts = st.text("abcdeé'’ABC19 -.?\n", max_size=80)


@given(texts, st.sampled_from([("en",), ("fr",), ("en", "fr"), ("zz",)]))
def test_a_text_of_the_corpus_is_never_changed(text: str, languages: tuple[str, ...]) -> None:
    assert corrected(text, dict(Counter(words(text))), languages) == text


@given(st.text(), texts)
def test_correcting_is_done_once_and_for_all(question: str, corpus: str) -> None:
    counts = dict(Counter(words(corpus)))
    once = corrected(question, counts)
    assert corrected(once, counts) == once
