"""Tables of contents and other lists of links to the same site, which are no content."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.content.readers.prose.blocks import Block, BlockKind

# So many paragraphs in a row that are nothing but links are a list of links.
_LEAST_PARAGRAPHS = 3


def without_link_lists(blocks: Sequence[Block]) -> list[Block]:
    """Without tables of contents: lists, or three paragraphs in a row, that are nothing but links to this site."""
    result: list[Block] = []
    run: list[Block] = []
    for block in (*blocks, Block(kind=BlockKind.CODE, text="")):
        if block.kind is BlockKind.TEXT and block.local_links:
            run.append(block)
            continue
        result.extend(run if len(run) < _LEAST_PARAGRAPHS else [])
        run = []
        if not (block.kind is BlockKind.LIST and block.local_links) and not _is_contents_term(block):
            result.append(block)
    return result[:-1]


def _is_contents_term(block: Block) -> bool:
    return block.kind is BlockKind.TERM and bool(block.inner) and all(part.local_links for part in block.inner)
