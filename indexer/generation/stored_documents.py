"""The documents of a generation in one JSON file, so that the next build reads only the files that changed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from indexer.documents import Document
from indexer.errors import IndexDamagedError
from indexer.files import write_file


def write_documents(path: Path, documents: Mapping[str, Document]) -> None:
    """Write documents by the key of their file, `Corpus.keys`, synced to the disk."""
    write_file(path, _adapter().dump_json(dict(sorted(documents.items()))))


def read_documents(path: Path) -> dict[str, Document]:
    """Read what `write_documents` wrote; the caller has verified its hash.

    Raises:
        IndexDamagedError: it holds no documents.
    """
    try:
        documents: dict[str, Document] = _adapter().validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise IndexDamagedError(f"{path}: the documents of this index cannot be read ({error}); rebuild it") from error
    return documents


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter  # needed to build only

    return TypeAdapter(dict[str, Document])
