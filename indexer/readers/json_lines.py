"""FAQ entries in JSON lines, one object a line."""

from __future__ import annotations

from indexer.documents import Document
from indexer.readers.json_table import parse_json, record_of
from indexer.readers.metadata import Metadata
from indexer.readers.records import table_document


def read(path: str, text: str) -> Document:
    """Read a file with one ``{"question": ..., "answer": ...}`` a line.

    Raises:
        ContentError: a line is not such an object, or an id occurs twice.
    """
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    records = [record_of(path, parse_json(path, line, line=number), f"line {number}", number) for number, line in lines]
    return table_document(path, records, Metadata())
