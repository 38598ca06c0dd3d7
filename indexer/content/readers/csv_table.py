"""FAQ tables: .csv (delimiter sniffed) and .tsv, one question a row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from indexer.content.readers.prose.metadata import Metadata
from indexer.content.readers.reader import TextReader
from indexer.content.readers.tables.records import FIELDS, Record, table_document
from indexer.documents import Document
from indexer.errors import ContentError

_DELIMITERS = ",;\t|"
_FIELD_LIMIT = 20 * 1024 * 1024


def read(path: str, text: str) -> Document:
    """Read a table with the columns question and answer and, if wanted, alternates, url, tags, id, heading, lang.

    Raises:
        ContentError: a column or a question is missing, a row does not fit the header, an id occurs twice.
    """
    header_line = text.lstrip("\n").partition("\n")[0]
    delimiter = "\t" if path.lower().endswith(".tsv") else max(_DELIMITERS, key=header_line.count)
    return table_document(path, _records(path, text, delimiter), Metadata())


READER = TextReader(read)


def _records(path: str, text: str, delimiter: str) -> Iterator[Record]:
    previous = csv.field_size_limit(_FIELD_LIMIT)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        header: list[str] = []
        end = 0
        while True:
            start, row = end + 1, next(rows, None)
            if row is None:
                break
            end = rows.line_num
            if not any(cell.strip() for cell in row):
                continue
            if not header:
                header = _header(path, row, start)
                continue
            if len(row) > len(header) and any(cell.strip() for cell in row[len(header) :]):
                reason = (
                    f"{len(row)} cells under {len(header)} columns; put quotes round cells that contain {delimiter!r}"
                )
                raise ContentError(path, reason, line=start)
            yield Record(fields=dict(zip(header, row, strict=False)), place=f"line {start}", line=start)
        if not header:
            raise ContentError(path, "has no header; its first line must name the columns question and answer", line=1)
    except csv.Error as error:
        raise ContentError(path, f"is not a valid table: {error}; check the quotes", line=max(1, end + 1)) from error
    finally:
        csv.field_size_limit(previous)


def _header(path: str, row: list[str], line: int) -> list[str]:
    names = [cell.strip().lower().replace(" ", "_") for cell in row]
    missing = [name for name in ("question", "answer") if not any(alias in names for alias in FIELDS[name])]
    if missing:
        found = ", ".join(cell.strip() for cell in row)[:200]
        raise ContentError(path, f"no column {' and '.join(missing)}; found the columns {found}", line=line)
    twice = next((name for name in names if name and names.count(name) > 1), "")
    if twice:
        raise ContentError(path, f'column "{twice}" stands twice; rename one', line=line)
    return names
