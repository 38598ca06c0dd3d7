"""FAQ entries in JSON lines, one object a line."""

from __future__ import annotations

from indexer.content.readers.json_table import parse_json, record_of
from indexer.content.readers.prose.metadata import Metadata
from indexer.content.readers.reader import TextReader
from indexer.content.readers.tables.records import table_document
from indexer.documents import Document


def read(path: str, text: str) -> Document:
    """Read a file with one ``{"question": ..., "answer": ...}`` a line.

    Raises:
        ContentError: a line is not such an object, or an id occurs twice.
    """
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    records = [record_of(path, parse_json(path, line, line=number), f"line {number}", number) for number, line in lines]
    return table_document(path, records, Metadata())


READER = TextReader(read)
