"""Cleaning of text, whatever format it came from."""

from __future__ import annotations

import re
import unicodedata

_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff\ufffe\uffff\ud800-\udfff]")
_LINE_ENDS = re.compile("\r\n?|\u2028|\u2029|\x85")
_SPACES = re.compile(r"[^\S\n]+")


def clean(text: str) -> str:
    r"""NFC, ``\n`` line ends, and none of the characters that are not text.

    >>> clean("one\r\ntwo\x00 \ud800three")
    'one\ntwo three'
    """
    return unicodedata.normalize("NFC", _NOT_TEXT.sub("", _LINE_ENDS.sub("\n", text)))


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
    return "\n".join(line.strip() for line in _SPACES.sub(" ", text).split("\n")).strip()
