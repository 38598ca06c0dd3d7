"""What a visitor typed, made fit to search: the same cleaning and the same limits at every door."""

from __future__ import annotations

import unicodedata

from indexer.errors import QueryError

MAX_QUESTION_CHARS = 2000


def clean_question(question: str, field: str = "q") -> str:
    r"""Normalise a question: NFC, control characters to spaces, lone surrogates and outer space removed.

    >>> clean_question("  my\x00 husband ")
    'my husband'

    Args:
        question: as typed.
        field: the caller's name for it, for the error.

    Raises:
        QueryError: empty, or longer than 2000 characters; the message never quotes the question.
    """
    if len(question) > MAX_QUESTION_CHARS:
        raise QueryError(
            field, f"has {len(question):,} characters, at most {MAX_QUESTION_CHARS:,} are allowed; shorten it"
        )
    if not question.isprintable():  # else it has neither
        kept = (" " if unicodedata.category(c) == "Cc" else c for c in question if unicodedata.category(c) != "Cs")
        question = "".join(kept)
    cleaned = " ".join(unicodedata.normalize("NFC", question).split())
    if not cleaned:
        raise QueryError(field, "is empty; type a question")
    return cleaned
