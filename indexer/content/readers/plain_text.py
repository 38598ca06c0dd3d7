"""Plain text (.txt or no suffix): headings, paragraphs and numbered questions without any marks."""

from __future__ import annotations

from indexer.content.readers.prose.metadata import Metadata
from indexer.content.readers.prose.page import page_document
from indexer.content.readers.prose.text_blocks import blocks_of
from indexer.content.readers.reader import TextReader
from indexer.documents import Document


def read(path: str, text: str) -> Document:
    """Read a plain text page; headings and questions are told by their shape."""
    blocks, title = blocks_of(text)
    return page_document(path, blocks, Metadata(title=title), make_anchors=False)


READER = TextReader(read)
