r"""Text of others made fit for a terminal or a log: what would act there is shown instead."""

from __future__ import annotations

import re
from typing import Final

# Control characters (C0, DEL, C1), line and paragraph separators, what turns the direction of writing (bidi embeddings,
# overrides and isolates), and halves of surrogate pairs: undecodable bytes of a file's name, for example.
CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: str) -> str:
    r"""The text on one line, each control character as its escape sequence in Python.

    >>> print(printable("red\x1b[31m\nevil\u202etxt.exe"))
    red\x1b[31m\nevil\u202etxt.exe
    """
    return CONTROL.sub(lambda found: repr(found.group())[1:-1], text)


def printable_lines(text: str) -> str:
    r"""The same, but that line feeds stay.

    >>> print(printable_lines("one\ntwo\x07"))
    one
    two\x07
    """
    return "\n".join(map(printable, text.split("\n")))
