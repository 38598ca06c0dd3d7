"""Reads a text as if it stood in a file."""

from __future__ import annotations

from indexer.content import readers
from indexer.documents import Document


def read(path: str, text: str) -> Document:
    return readers.read(path, text.encode())
