"""Inline markup of reStructuredText in time that grows with the text: docutils' own takes the square of it."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.parsers.rst.states import Inliner

from indexer.content.readers.rest_limits import Budget

# How much looking docutils may do over one text: from each mark on to the end of the text, from each letter of a word
# on to the end of the word. No paragraph that people write comes near.
_MOST_LOOKING = 4_000_000
_MARK = re.compile(r"[*`|_\[]|\w[-.+:]")
_WORD = re.compile(r"[!-~]+")
_PIECE = re.compile(r".{1,500}(?!\S)\s?|.{1,500}", re.DOTALL)
_MARKS = "`_|*:"


class TextInliner(Inliner):
    """Reads a text beyond measure piece by piece, and marks without an end as the words they stand at.

    Args:
        budget: what the whole file may be made of.
    """

    def __init__(self, budget: Budget) -> None:
        super().__init__()
        self._budget = budget

    def parse(self, text: str, lineno: int, memo: Any, parent: Any) -> tuple[list[nodes.Node], list[Any]]:
        """The nodes of a text; no messages.

        Raises:
            TooMuchError: the file is made of too many.
        """
        if not _is_beyond_measure(text):
            parts = super().parse(text, lineno, memo, parent)[0]
            self._budget.spend(len(parts))
            return parts, []
        # Each piece is a node of its own: docutils looks for a node among all that stand beside it.
        pieces: list[nodes.Node] = []
        for piece in _PIECE.findall(text):
            parts = super().parse(piece, lineno, memo, parent)[0]
            self._budget.spend(len(parts))
            pieces.append(nodes.inline("", "", *parts))
        return pieces, []

    def problematic(self, text: str, rawsource: str, message: Any) -> Any:
        """The words of a mark that is none."""
        return nodes.Text(text.strip(_MARKS))

    @property
    def reporter(self) -> Any:
        """Takes complaints and forgets them."""
        return _SILENT

    @reporter.setter
    def reporter(self, reporter: Any) -> None:
        """Leave the one of the document to the blocks."""


# docutils looks for these in the class itself, not in what it inherits.
for _name, _value in list(vars(Inliner).items()):
    if isinstance(_value, str) and not _name.startswith("__"):
        setattr(TextInliner, _name, _value)


class _Silent:
    def get_source_and_line(self, lineno: int | None = None) -> tuple[None, int | None]:
        return None, lineno

    def warning(self, *_: Any, **__: Any) -> nodes.system_message:
        return nodes.system_message("", level=1, source="", type="INFO")

    info = error = severe = system_message = warning


_SILENT = _Silent()


def _is_beyond_measure(text: str) -> bool:
    length = len(text)
    if length * length < _MOST_LOOKING:
        return False
    marks = sum(1 for _ in _MARK.finditer(text))
    return marks * length > _MOST_LOOKING or sum(len(word) ** 2 for word in _WORD.findall(text)) > _MOST_LOOKING
