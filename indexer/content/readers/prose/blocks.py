"""The blocks every prose format is turned into before its structure is read."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class BlockKind(StrEnum):
    """What a block looks like on the page."""

    HEADING = "heading"
    TEXT = "text"
    LIST = "list"
    TABLE = "table"
    CODE = "code"
    DETAILS = "details"
    TERM = "term"
    QUESTION = "question"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of a page, in reading order.

    Attributes:
        kind: what it looks like.
        text: its words; of DETAILS, TERM and QUESTION only the line that opens it.
        level: of a HEADING, 1 (outermost) to 6.
        anchor: fragment that leads to it, "" if none.
        lead: the emphasised words a TEXT starts with; equal to `text` if all of it is.
        local_links: nothing but links to this page or its own site.
        inner: what DETAILS, TERM and QUESTION open.
        items: of a LIST, the blocks of each item.
        rows: of a TABLE, the cells of each row, header first.
    """

    kind: BlockKind
    text: str
    level: int = 0
    anchor: str = ""
    lead: str = ""
    local_links: bool = False
    inner: tuple[Block, ...] = ()
    items: tuple[tuple[Block, ...], ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def joined_text(blocks: tuple[Block, ...] | list[Block]) -> str:
    r"""Blocks as readable text: a blank line between paragraphs, none before a list that belongs to the text above.

    >>> intro = Block(kind=BlockKind.TEXT, text="You need:")
    >>> joined_text([intro, Block(kind=BlockKind.LIST, text="- a pen"), Block(kind=BlockKind.TEXT, text="Done.")])
    'You need:\n- a pen\n\nDone.'
    """
    parts: list[str] = []
    previous: BlockKind | None = None
    for block in blocks:
        text = block.text
        if block.inner:
            text = "\n".join(part for part in (text, joined_text(block.inner)) if part)
        if not text:
            continue
        if parts:
            close = previous is BlockKind.TEXT and block.kind in (BlockKind.LIST, BlockKind.TABLE, BlockKind.CODE)
            parts.append("\n" if close or previous is BlockKind.HEADING else "\n\n")
        parts.append(text)
        previous = block.kind
    return "".join(parts)
