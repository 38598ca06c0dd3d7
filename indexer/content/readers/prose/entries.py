"""Blocks under one question as a FAQ entry, other blocks as a paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from indexer.content.readers.prose.blocks import Block, BlockKind, joined_text
from indexer.content.readers.prose.questions import answer_blocks
from indexer.content.readers.prose.sections import Section
from indexer.content.readers.prose.text import one_line
from indexer.content.readers.prose.wording import ALSO_ASKED, without_question_mark
from indexer.documents import FaqEntry, Paragraph

# Lines that start with "Q:" or the like; a run of white space is looked through once, whatever follows it.
_NEXT_MARKED_LINE = re.compile(r"(?<!\s)[^\S\n]*+\n\s*+(?=[QqPpFf]\w{0,8}\s?\d*[:.])")


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the document a section stands: the headings above and the nearest fragment."""

    headings: tuple[str, ...] = ()
    anchor: str = ""


def entries_of_section(section: Section, place: Place) -> Iterator[FaqEntry]:
    """A section whose heading is the question."""
    yield from entries_of(section.heading, section.all_blocks(), place.headings, section.anchor)


def entries_of(question: str, blocks: Sequence[Block], headings: tuple[str, ...], anchor: str) -> Iterator[FaqEntry]:
    """One entry, none without an answer; a line asking the same in other words, or "Also asked", gives alternates."""
    asked, *others = (without_question_mark(one_line(line)) for line in _NEXT_MARKED_LINE.split(question))
    if blocks:
        phrasings, rest = also_asked(blocks[0])
        others += phrasings
        blocks = [*rest, *blocks[1:]]
    answer = joined_text(answer_blocks(blocks)).strip()
    if asked and answer:
        yield FaqEntry(
            question=one_line(asked), answer=answer, alternates=tuple(others), heading_path=headings, anchor=anchor
        )


def also_asked(block: Block) -> tuple[tuple[str, ...], tuple[Block, ...]]:
    """The phrasings of an "Also asked" line at the head of a block, and what is left of the block, if anything."""
    also = ALSO_ASKED.match(block.text) if block.kind is BlockKind.TEXT else None
    if also is None:
        return (), (block,)
    rest = block.text[also.end() :].strip()
    phrasings = tuple(one_line(other) for other in also["phrasings"].split("|") if other.strip())
    return phrasings, (replace(block, text=rest),) if rest else ()


def paragraphs_of(blocks: Sequence[Block], alternates: tuple[str, ...], place: Place) -> Iterator[Paragraph]:
    """One paragraph, none without words."""
    text = joined_text([_term_line(block) for block in blocks])
    if text:
        yield Paragraph(text=text, alternates=alternates, heading_path=place.headings, anchor=place.anchor)


def _term_line(block: Block) -> Block:
    if block.kind is not BlockKind.TERM or not block.inner:
        return block
    return Block(kind=BlockKind.TEXT, text=f"{one_line(block.text)}: {joined_text(block.inner)}")
