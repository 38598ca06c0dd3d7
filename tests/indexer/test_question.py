"""What a visitor typed, cleaned and limited the same way at every door."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import QueryError
from indexer.question import MAX_QUESTION_CHARS, clean_question


@pytest.mark.parametrize(
    ("typed", "searched"),
    [
        ("why?", "why?"),
        ("  two\t\twords \r\n", "two words"),
        ("nul\x00and bell\x07", "nul and bell"),
        ("cafe\u0301", "café"),
        ("half \ud800 a pair", "half a pair"),
        ("🙂", "🙂"),
        ("هل هذا طبيعي؟", "هل هذا طبيعي؟"),
        ("需要多长时间？", "需要多长时间？"),
        ("<b>bold</b> & 'quoted'", "<b>bold</b> & 'quoted'"),
    ],
)
def test_a_question_is_cleaned_and_otherwise_left_alone(typed: str, searched: str) -> None:
    assert clean_question(typed) == searched


@pytest.mark.parametrize("typed", ["", " ", "\n\t", "\x00", "\ud800\udfff"])
def test_a_question_without_a_character_is_refused(typed: str) -> None:
    with pytest.raises(QueryError, match="q: is empty; type a question"):
        clean_question(typed)


def test_the_longest_question_is_2000_characters() -> None:
    assert MAX_QUESTION_CHARS == 2000
    assert clean_question("é" * 2000) == "é" * 2000
    with pytest.raises(QueryError, match="has 2,001 characters, at most 2,000 are allowed"):
        clean_question("é" * 2001)


def test_an_error_names_the_callers_field_and_never_quotes_the_question() -> None:
    with pytest.raises(QueryError) as refused:
        clean_question("secret" * 1000, "question")
    assert refused.value.field == "question"
    assert "secret" not in str(refused.value)


@given(st.text(max_size=500))
def test_cleaning_twice_changes_nothing_more(typed: str) -> None:
    try:
        cleaned = clean_question(typed)
    except QueryError:
        return
    assert clean_question(cleaned) == cleaned
    assert cleaned.encode().decode() == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not any(unicodedata.category(c) == "Cc" for c in cleaned)
