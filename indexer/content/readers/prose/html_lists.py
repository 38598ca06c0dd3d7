"""Lists of an HTML page as blocks."""

from __future__ import annotations

from indexer.content.readers.prose.blocks import Block, BlockKind, joined_text


def list_block(items: list[list[Block]], first: int | None) -> Block:
    r"""A list as lines of text, numbered from `first` or with dashes.

    >>> list_block([[Block(kind=BlockKind.TEXT, text="a pen")], [Block(kind=BlockKind.TEXT, text="paper")]], 1).text
    '1. a pen\n2. paper'
    """
    lines = []
    for number, item in enumerate(items, first or 0):
        marker = "- " if first is None else f"{number}. "
        text = "\n".join(block.text if not block.inner else joined_text([block]) for block in item)
        indent = " " * len(marker)
        lines.append(marker + text.replace("\n", "\n" + indent))
    return Block(
        kind=BlockKind.LIST,
        text="\n".join(lines),
        local_links=all(_is_local_item(item) for item in items),
        items=tuple(tuple(item) for item in items),
    )


def _is_local_item(item: list[Block]) -> bool:
    has_list = any(block.kind is BlockKind.LIST for block in item)
    return all(
        block.local_links or (has_list and block.kind is BlockKind.TEXT and len(block.text) < 60) for block in item
    )
