"""Puts a Document together from what a reader found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from indexer.content.readers.prose.blocks import Block, BlockKind
from indexer.content.readers.prose.metadata import Metadata, title_from_path
from indexer.content.readers.prose.structure import structure
from indexer.content.readers.prose.text import one_line
from indexer.documents import Document, FaqEntry, Paragraph, document_id_of

# What stands with every passage of a document: a longer heading is none, nor is a longer address.
_LONGEST_HEADING, _LONGEST_URL, _MOST_TAGS = 500, 2_000, 100


def document_of(path: str, blocks: Sequence[Paragraph | FaqEntry], metadata: Metadata) -> Document:
    """A document of entries and paragraphs; the file name is its title if it has no other.

    What would stand with each of its passages is cut at a length that no page needs.
    """
    return Document(
        document_id=document_id_of(path),
        path=path,
        title=_short(metadata.title) or title_from_path(path),
        blocks=tuple(_under_short_headings(block) for block in blocks),
        url=metadata.url if len(metadata.url) <= _LONGEST_URL else "",
        tags=tuple(map(_short, metadata.tags[:_MOST_TAGS])),
        lang=metadata.lang,
        updated=metadata.updated,
    )


def _under_short_headings(block: Paragraph | FaqEntry) -> Paragraph | FaqEntry:
    if all(len(heading) <= _LONGEST_HEADING for heading in block.heading_path):
        return block
    return replace(block, heading_path=tuple(map(_short, block.heading_path)))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_HEADING else f"{text[:_LONGEST_HEADING]}…"


def page_document(
    path: str,
    blocks: Sequence[Block],
    metadata: Metadata,
    *,
    page_title: str = "",
    extra: Sequence[FaqEntry] = (),
    make_anchors: bool = True,
) -> Document:
    """A document of a prose page.

    Args:
        path: of the file.
        blocks: the page.
        metadata: its front matter.
        page_title: title to use if neither front matter nor a top heading gives one.
        extra: entries found elsewhere in the file, as JSON-LD; those the page does not show are added at the end.
        make_anchors: whether headings have fragments on the published page.
    """
    title = metadata.title or _top_heading(blocks) or page_title
    title = one_line(title) or title_from_path(path)
    names = (page_title, *metadata.names)
    found = structure(blocks, title=title, path=path, names=names, make_anchors=make_anchors)
    shown = {entry.question.casefold() for entry in found if isinstance(entry, FaqEntry)}
    found.extend(entry for entry in extra if entry.question.casefold() not in shown)
    return document_of(path, found, replace(metadata, title=title))


def _top_heading(blocks: Sequence[Block]) -> str:
    """The heading of the whole page: the only one of the top level, or one with nothing above it."""
    tops = [place for place, block in enumerate(blocks) if block.kind is BlockKind.HEADING and block.level == 1]
    first_heading = next((place for place, block in enumerate(blocks) if block.kind is BlockKind.HEADING), -1)
    return blocks[tops[0]].text if tops and (len(tops) == 1 or tops[0] == 0) and tops[0] == first_heading else ""
