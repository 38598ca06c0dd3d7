"""Off-topic questions: each list whole, in its own language, and found by the languages of a site's content."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from indexer.content.languages import language_of_texts
from indexer.model.off_topic_questions import OFF_TOPIC_QUESTIONS, off_topic_questions

LANGUAGES = ["en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "tr", "ar", "zh", "ja", "ko"]
KANA, HAN, HANGUL, CYRILLIC, ARABIC = (
    "\u3041-\u30fa",
    "\u4e00-\u9fff",
    "\uac00-\ud7a3",
    "\u0400-\u04ff",
    "\u0600-\u06ff",
)
SCRIPTS = {"ru": CYRILLIC, "ar": ARABIC, "zh": HAN, "ja": KANA, "ko": HANGUL}
# Words that are the same in every language, and where they stand: a list that lost or swapped a line shows.
LANDMARKS = {4: "1998", 16: "git", 35: "hosts", 37: "Linux"}


def test_these_languages_have_questions() -> None:
    assert list(OFF_TOPIC_QUESTIONS) == LANGUAGES
    assert len(OFF_TOPIC_QUESTIONS) == len(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_list_has_all_its_questions_and_none_twice(language: str) -> None:
    questions = OFF_TOPIC_QUESTIONS[language]
    assert len({question.casefold() for question in questions}) == len(questions) == (90 if language == "en" else 40)
    assert all(question == " ".join(question.split()) != "" for question in questions)


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_all_lists_but_english_ask_about_the_same_in_the_same_order(language: str) -> None:
    for number, word in LANDMARKS.items():
        # In ASCII, where Japanese letters end a word as a space does.
        whole = re.compile(rf"\b{word}\b", re.ASCII)
        assert [at for at, text in enumerate(OFF_TOPIC_QUESTIONS[language]) if whole.search(text)] == [number]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_tenth_of_a_list_is_in_its_language(language: str) -> None:
    questions = OFF_TOPIC_QUESTIONS[language]
    assert {language_of_texts(questions[start::10]) for start in range(10)} == {language}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_is_in_the_script_of_its_language(language: str) -> None:
    own = SCRIPTS.get(language, "a-z")
    foreign = "".join(set(SCRIPTS.values()) - {own} - ({HAN} if language == "ja" else set()))
    for question in OFF_TOPIC_QUESTIONS[language]:
        assert re.search(f"[{own}]", question), question
        assert not re.search(f"[{foreign}]", question), question


def test_chinese_is_simplified() -> None:
    for question in OFF_TOPIC_QUESTIONS["zh"]:
        question.encode("gb2312")  # which has no traditional characters, and raises


def test_the_questions_follow_the_languages_in_the_given_order() -> None:
    assert off_topic_questions(["ja", "de"]) == [*OFF_TOPIC_QUESTIONS["ja"], *OFF_TOPIC_QUESTIONS["de"]]


def test_the_first_three_known_languages_count_each_once() -> None:
    first = [*OFF_TOPIC_QUESTIONS["fr"], *OFF_TOPIC_QUESTIONS["en"], *OFF_TOPIC_QUESTIONS["ko"]]
    assert off_topic_questions(iter(["fr", "xx", "en", "fr", "", "ko", "pl"])) == first


@pytest.mark.parametrize("languages", [[], [""], ["xx", "la"]])
def test_where_no_language_is_known_the_questions_are_english(languages: list[str]) -> None:
    assert off_topic_questions(languages) == list(OFF_TOPIC_QUESTIONS["en"])


def test_the_file_is_read_when_it_is_first_needed_and_once() -> None:
    asked = """
import sys
read = []
sys.addaudithook(lambda event, args: event == "open" and str(args[0]).endswith("questions.json") and read.append(args))
from indexer.model.off_topic_questions import off_topic_questions
assert not read
off_topic_questions(["de"]), off_topic_questions(["xx"])
assert len(read) == 1
"""
    subprocess.run([sys.executable, "-c", asked], check=True)
