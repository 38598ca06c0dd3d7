"""Plain text (.txt or no suffix): headings, paragraphs and numbered questions without any marks."""

from __future__ import annotations

from indexer.documents import Document
from indexer.readers.document import page_document
from indexer.readers.metadata import Metadata
from indexer.readers.text_blocks import blocks_of


def read(path: str, text: str) -> Document:
    """Read a plain text page; headings and questions are told by their shape."""
    blocks, title = blocks_of(text)
    return page_document(path, blocks, Metadata(title=title), make_anchors=False)
