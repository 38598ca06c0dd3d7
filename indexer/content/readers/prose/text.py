"""Cleaning of text, whatever format it came from."""

from __future__ import annotations

import re
import unicodedata

_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff\ufffe\uffff\ud800-\udfff]")
_LINE_ENDS = re.compile("\r\n?|\u2028|\u2029|\x85")
# Letters and accents in a row that hold no other letter, as UAX 15 bounds them for streams.
_MOST_MARKS = 30
_MARKS = re.compile(rf"[^\w\s\x00-\x7f]{{{_MOST_MARKS + 1},}}+")


def clean(text: str) -> str:
    r"""NFC, ``\n`` line ends, and none of the characters that are not text.

    >>> clean("one\r\ntwo\x00 \ud800three")
    'one\ntwo three'
    """
    if not text.isprintable():  # line ends are not, nor is what is no text
        text = _NOT_TEXT.sub("", _LINE_ENDS.sub("\n", text))
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _MARKS.sub(_few_marks, text))


def _few_marks(found: re.Match[str]) -> str:
    """Without accents beyond those any script has on a letter: to sort them takes the square of their number."""
    kept: list[str] = []
    marks = 0
    for character in found[0]:
        marks = marks + 1 if unicodedata.category(character).startswith("M") else 0
        if marks <= _MOST_MARKS:
            kept.append(character)
    return "".join(kept)


def one_line(text: str) -> str:
    r"""All white space as single spaces.

    >>> one_line("  What\n is   it? ")
    'What is it?'
    """
    return " ".join(clean(text).split())


def tidy_lines(text: str) -> str:
    r"""Single spaces inside lines, no space at their ends, nothing around the whole.

    >>> tidy_lines(" a  b \n  c ")
    'a b\nc'
    """
    return "\n".join(" ".join(line.split()) for line in text.split("\n")).strip("\n")
