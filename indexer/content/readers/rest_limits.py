"""What a reStructuredText file may make of itself: docutils unfolds without end, and squares some numbers."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from docutils.parsers.rst.directives.tables import CSVTable
from docutils.transforms import Transform

from indexer.errors import ContentError

# docutils looks through all that stand beside it for many a block, and copies all lines below a list: beyond so many
# blocks, and more in a longer file, it takes minutes. A page has one in 60 characters, seldom one in 30.
_FEWEST_BLOCKS = 4_000
_CHARACTERS_A_BLOCK = 50
_FEWEST_PARTS = 15_000
_CHARACTERS_A_PART = 25
_MOST_COPIED_LINES = 4_000_000_000
_MOST_TARGETS_TOGETHER = 300
_MOST_ATTRIBUTION_LINES = 5_000_000
_MOST_CELL_LINES = 20_000_000
_MOST_CLASSIFIERS = 1000
_BLOCK = re.compile(r"[ \t]*+(?:[-*+•‣⁃|:>]|\w{1,10}[.)]|\(\w|\.\.|__ |([!-/:-@[-`{-~])\1{3,}+[ \t]*$)")
_ATTRIBUTION = re.compile(r"[ \t]++(?:---?(?!-)|—)")
_TARGET = re.compile(r"[ \t]*+(?:\.\. _|__ )")
_GRID_TOP = re.compile(r"[ \t]*+\+-")
_GRID = re.compile(r"[ \t]*+[+|]")
_MOST_EMPTY_CELLS = 10_000
# What substitutions may make of a text: as much again some times over, and so many characters for a short one.
_UNFOLDED_TIMES = 3
_UNFOLDED_FREE = 100_000
_MOST_NESTED = 5_000
_EACH = 50


class TooMuchError(Exception):
    """A file asks for far more than it holds; says what to do."""


def refuse_beyond_docutils(path: str, text: str) -> None:
    """Stop before docutils, which takes minutes or hours over what no page has.

    Raises:
        ContentError: the file has too many blocks of some kind; with the line where they are too many.
    """
    lines = text.split("\n")
    most_blocks = _FEWEST_BLOCKS + len(text) // _CHARACTERS_A_BLOCK
    blocks = targets = attributions = cells = 0
    above, in_grid = "", False
    for number, line in enumerate(lines, 1):
        if line.strip():
            blocks += not above.strip() or bool(_BLOCK.match(line))
            targets = targets + 1 if _TARGET.match(line) else 0
            attributions += bool(_ATTRIBUTION.match(line))
            in_grid = bool(_GRID_TOP.match(line)) or (in_grid and bool(_GRID.match(line)))
            cells += len(line) * (line.count("+") + line.count("|")) if in_grid else 0
        above = line
        reason = (
            f"has more than {most_blocks} paragraphs, lists, rows and directives in {len(text)} characters"
            if blocks > most_blocks or blocks * len(lines) > _MOST_COPIED_LINES
            else f"has {targets} targets in a row"
            if targets > _MOST_TARGETS_TOGETHER
            else f"has {attributions} quotations with their authors"
            if attributions * len(lines) > _MOST_ATTRIBUTION_LINES
            else "has tables of too many cells"
            if cells > _MOST_CELL_LINES
            else "has a term of too many classifiers"
            if line.count(" : ") > _MOST_CLASSIFIERS
            else ""
        )
        if reason:
            raise ContentError(path, f"{reason}, too many for one page; split it", line=number)


class Budget:
    """Counts what docutils makes of a file while it reads it.

    Args:
        length: of the file, in characters.
    """

    def __init__(self, length: int) -> None:
        self._texts = _FEWEST_BLOCKS + length // _CHARACTERS_A_BLOCK
        self._parts = _FEWEST_PARTS + length // _CHARACTERS_A_PART

    def spend(self, parts: int) -> None:
        """One more text, of so many parts.

        Raises:
            TooMuchError: there are too many.
        """
        self._texts -= 1
        self._parts -= parts
        if self._texts < 0 or self._parts < 0:
            raise TooMuchError("has too many short texts, cells or links for one page; split it")


class BoundedTable(CSVTable):
    """A table whose short rows are not filled up without end."""

    def extend_short_rows_with_empty_cells(self, columns: int, parts: Any) -> None:
        """Fill up rows to the longest.

        Raises:
            TooMuchError: most of the table would be empty cells.
        """
        missing = sum(columns - len(row) for part in parts for row in part if len(row) < columns)
        if missing > _MOST_EMPTY_CELLS:
            raise TooMuchError(
                f"has a table of {columns} columns that lacks {missing} cells; give each row its own cells"
            )
        super().extend_short_rows_with_empty_cells(columns, parts)


class BoundedSubstitutions(Transform):
    """Refuses substitutions that stand for far more than is written, before docutils puts them in.

    Raises:
        TooMuchError: they do.
    """

    # Before docutils' own, at 220.
    default_priority = 210

    def apply(self, **_: Any) -> None:
        """Weigh every definition once, with those it uses, and add up all uses."""
        # Lines across the page say nothing, and docutils looks through the whole page for each.
        for parent in [self.document, *self.document.findall(nodes.section)]:
            if any(isinstance(child, nodes.transition) for child in parent.children):
                parent[:] = [child for child in parent.children if not isinstance(child, nodes.transition)]
        self._definitions = self.document.substitution_defs
        self._weights: dict[str, tuple[int, int]] = {}
        limit = _UNFOLDED_FREE + _UNFOLDED_TIMES * getattr(self.document.settings, "source_length", 0)
        characters = nested = 0
        for used in self.document.findall(nodes.substitution_reference):
            weight, below = self._weight(self._name(used))
            characters += weight
            nested += below
            if characters > limit or nested > _MOST_NESTED:
                raise TooMuchError("has substitutions for far more text than it holds; write them out")

    def _name(self, used: nodes.Element) -> str:
        name = str(used["refname"])
        return name if name in self._definitions else str(self.document.substitution_names.get(name.lower(), ""))

    def _weight(self, name: str) -> tuple[int, int]:
        """How many characters a substitution stands for, and how many others it puts in."""
        if name in self._weights or name not in self._definitions:
            return self._weights.get(name, (0, 0))
        self._weights[name] = (0, 0)  # for one that uses itself, which docutils refuses
        definition = self._definitions[name]
        characters, nested = _EACH + len(definition.astext()), 0
        for node in definition.findall(nodes.Element):
            characters += sum(len(str(value)) for value in node.attributes.values())
            if isinstance(node, nodes.substitution_reference):
                weight, below = self._weight(self._name(node))
                characters, nested = characters + weight, nested + below + 1
        self._weights[name] = (characters, nested)
        return self._weights[name]
