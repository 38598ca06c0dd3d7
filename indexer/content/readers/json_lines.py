"""FAQ entries in JSON lines, one object a line."""

from __future__ import annotations

from indexer.content.readers.json_table import parse_json, record_of
from indexer.content.readers.prose.metadata import Metadata
from indexer.content.readers.reader import TextReader
from indexer.content.readers.tables.records import Record, table_document
from indexer.documents import Document
from indexer.errors import ContentError


def read(path: str, text: str) -> Document:
    """Read a file with one ``{"question": ..., "answer": ...}`` a line.

    Raises:
        ContentError: no line is such an object.
    """
    lines = ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())
    return table_document(path, (_record(path, line, number) for number, line in lines), Metadata())


READER = TextReader(read)


def _record(path: str, line: str, number: int) -> Record | ContentError:
    try:
        return record_of(path, parse_json(path, line, line=number), f"line {number}", number)
    except ContentError as error:
        return error
