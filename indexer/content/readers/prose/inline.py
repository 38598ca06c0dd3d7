"""Runs of inline text and the paragraphs they make."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from indexer.content.readers.prose.blocks import Block, BlockKind
from indexer.content.readers.prose.text import clean, tidy_lines

_WHITE = re.compile(r"\s+")


@dataclass(slots=True)
class Runs:
    """Inline text collected until a block ends.

    Attributes:
        anchor: last fragment seen that no block has taken yet.
    """

    anchor: str = ""
    _runs: list[tuple[str, bool, bool | None]] = field(default_factory=list)
    _worded: bool = False

    def add(self, text: str, *, bold: bool = False, local: bool | None = None) -> None:
        """Add words as they stand in the source.

        Args:
            text: the words; white space is worth one space.
            bold: they are emphasised.
            local: they are a link to this site (True), to another (False) or no link (None).
        """
        even = text.isprintable() and "  " not in text
        self._runs.append((text if even else _WHITE.sub(" ", text), bold, local))
        self._worded = self._worded or _has_words(text)

    def add_image(self, description: str, *, local: bool | None = None) -> None:
        """Add what an image shows; a paragraph of nothing but short ones ("Screenshot") says nothing."""
        self.add(f" {description} " if self._worded or len(description.split()) > 3 else " ", local=local)

    def add_break(self) -> None:
        """Add a line break."""
        self._runs.append(("\n", False, None))

    def take(self) -> list[Block]:
        """The paragraphs collected, two line breaks between them; empties the runs."""
        if not self._worded:
            self._runs = []
            return []
        paragraphs: list[list[tuple[str, bool, bool | None]]] = [[]]
        for run in self._runs:
            empty = not run[0].strip(" ")
            if run[0] == "\n" and paragraphs[-1] and paragraphs[-1][-1][0] == "\n":
                paragraphs.append([])
            elif not (empty and paragraphs[-1] and paragraphs[-1][-1][0] == "\n"):
                paragraphs[-1].append(run)
        self._runs, self._worded = [], False
        blocks = [block for runs in paragraphs if (block := _paragraph(runs, self.anchor))]
        if blocks:
            self.anchor = ""
        return blocks


def _paragraph(runs: list[tuple[str, bool, bool | None]], anchor: str) -> Block | None:
    text = visible_text("".join(run[0] for run in runs))
    if not text:
        return None
    local = [run[2] for run in runs if any(map(str.isalpha, run[0]))] if any(run[2] for run in runs) else []
    return Block(
        kind=BlockKind.TEXT,
        text=text,
        lead=_lead(runs) if any(run[1] for run in runs) else "",
        local_links=bool(local) and all(local),
        anchor=anchor,
    )


def _lead(runs: list[tuple[str, bool, bool | None]]) -> str:
    """The emphasised words that a paragraph begins with."""
    lead: list[str] = []
    leads = False
    for words, bold, _ in runs:
        has_words = _has_words(words)
        if words.strip() and not bold and (has_words or leads):
            # Punctuation straight behind the emphasis belongs to it: **Is it free**?
            if lead and not has_words:
                lead.append(words)
                continue
            if lead and words[:1] in "?？":
                lead.append(words[:1])
            break
        lead.append(words)
        leads = leads or has_words
    return visible_text("".join(lead))


def visible_text(text: str) -> str:
    """Inline text with tidy spaces; "" if there is no letter or digit in it."""
    text = tidy_lines(clean(text))
    return text if _has_words(text) else ""


def _has_words(text: str) -> bool:
    return any(map(str.isalnum, text))
