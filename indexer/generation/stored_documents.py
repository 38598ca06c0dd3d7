"""The documents of a generation in one JSON file, so that the next build reads only the files that changed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter

from indexer.documents import Document
from indexer.errors import IndexDamagedError, naming
from indexer.files import write_file
from indexer.schema import checked_json


def write_documents(path: Path, documents: Mapping[str, Document]) -> None:
    """Write documents by the key of their file, `Corpus.keys`, synced to the disk."""
    write_file(path, TypeAdapter(dict[str, Document]).dump_json(dict(sorted(documents.items()))))


def read_documents(path: Path) -> dict[str, Document]:
    """Read what `write_documents` wrote; the caller has verified its hash.

    Raises:
        IndexDamagedError: it holds no documents.
    """
    with naming(path, IndexDamagedError, "roll back or rebuild the index"):
        documents: dict[str, Document] = checked_json(dict[str, Document], path.read_bytes())
        return documents
