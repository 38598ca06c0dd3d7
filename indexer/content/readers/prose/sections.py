"""Blocks -> a tree of sections under their headings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from indexer.content.readers.prose.blocks import Block, BlockKind
from indexer.documents import slug


@dataclass(slots=True)
class Section:
    """A heading, the blocks directly below it and the sections inside it.

    Attributes:
        heading: its words, "" for the whole document.
        level: 1 to 6, 0 for the whole document.
        anchor: fragment that leads to it.
    """

    heading: str = ""
    level: int = 0
    anchor: str = ""
    blocks: list[Block] = field(default_factory=list)
    children: list[Section] = field(default_factory=list)

    def descendants(self) -> Iterator[Section]:
        """Every section inside this one, in reading order."""
        for child in self.children:
            yield child
            yield from child.descendants()

    def all_blocks(self) -> list[Block]:
        """Everything below the heading, headings of inner sections included as blocks."""
        blocks = list(self.blocks)
        for child in self.children:
            blocks.append(Block(kind=BlockKind.HEADING, text=child.heading, level=child.level, anchor=child.anchor))
            blocks.extend(child.all_blocks())
        return blocks


def sections_of(blocks: Sequence[Block], *, make_anchors: bool = True) -> Section:
    """The tree of a document.

    Args:
        blocks: in reading order.
        make_anchors: give headings without a fragment the slug of their words, as site generators do.
    """
    root = Section()
    open_sections = [root]
    taken: Counter[str] = Counter()
    for block in blocks:
        if block.kind is not BlockKind.HEADING:
            open_sections[-1].blocks.append(block)
            continue
        while open_sections[-1].level >= block.level:
            open_sections.pop()
        section = Section(heading=block.text, level=block.level, anchor=block.anchor)
        if make_anchors and not section.anchor:
            base = slug(block.text)
            section.anchor = f"{base}-{taken[base]}" if taken[base] else base
            taken[base] += 1
        open_sections[-1].children.append(section)
        open_sections.append(section)
    return root


def as_heading(block: Block, level: int) -> list[Block]:
    """Details or a term that is no question: a heading with what it opens below it."""
    inner = [
        replace(part, level=max(part.level, level + 1)) if part.kind is BlockKind.HEADING else part
        for part in block.inner
    ]
    return [Block(kind=BlockKind.HEADING, text=block.text, level=level, anchor=block.anchor), *inner]
