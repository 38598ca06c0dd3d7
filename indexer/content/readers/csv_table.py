"""FAQ tables: .csv (delimiter sniffed) and .tsv, one question a row."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator

from indexer.content.readers.prose.metadata import Metadata
from indexer.content.readers.reader import TextReader
from indexer.content.readers.tables.records import FIELDS, Record, table_document
from indexer.documents import Document
from indexer.errors import ContentError

_DELIMITERS = ",;\t|"
# After so many rows with wrong quotes nobody can tell any more where a row begins.
_MAX_FAILURES = 50
_FIELD_LIMIT = 20 * 1024 * 1024


def read(path: str, text: str) -> Document:
    """Read a table with the columns question and answer and, if wanted, alternates, url, tags, id, heading, lang.

    A row without a question, one that does not fit the header and one whose id stood above are left out.

    Raises:
        ContentError: a column is missing, or not one row is right.
    """
    header_line = text.lstrip("\n").partition("\n")[0]
    delimiter = "\t" if path.lower().endswith(".tsv") else max(_DELIMITERS, key=header_line.count)
    return table_document(path, _records(path, text, delimiter), Metadata())


READER = TextReader(read)


def _records(path: str, text: str, delimiter: str) -> Iterator[Record | ContentError]:
    header: list[str] = []
    for line, row in _rows(path, text, delimiter):
        if isinstance(row, ContentError):
            yield row
        elif not header:
            header = _header(path, row, line)
        elif len(row) > len(header) and any(cell.strip() for cell in row[len(header) :]):
            reason = f"{len(row)} cells under {len(header)} columns; put quotes round cells that contain {delimiter!r}"
            yield ContentError(path, reason, line=line)
        else:
            yield Record(fields=dict(zip(header, row, strict=False)), place=f"line {line}", line=line)
    if not header:
        raise ContentError(path, "has no header; its first line must name the columns question and answer", line=1)


def _rows(path: str, text: str, delimiter: str) -> Iterator[tuple[int, list[str] | ContentError]]:
    """Each row that is not blank, or what is wrong with it, with its first line.

    A row with wrong quotes may take all that follows for its own: what comes after its first line is read anew.
    """
    csv.field_size_limit(_FIELD_LIMIT)
    lines = list(io.StringIO(text, newline=""))
    start, failures = 0, 0
    while start < len(lines):
        rows = csv.reader(lines[start:], delimiter=delimiter, strict=True)
        end = start
        try:
            for row in rows:
                if any(cell.strip() for cell in row):
                    yield end + 1, row
                end = start + rows.line_num
            return
        except csv.Error as error:
            failures += 1
            rest = "; nothing below is read" if failures == _MAX_FAILURES else ""
            yield end + 1, ContentError(path, f"is no valid row: {error}; check the quotes{rest}", line=end + 1)
            start = end + 1 if failures < _MAX_FAILURES else len(lines)


def _header(path: str, row: list[str], line: int) -> list[str]:
    names = [cell.strip().lower().replace(" ", "_") for cell in row]
    counts = Counter(names)
    missing = [name for name in ("question", "answer") if not any(alias in counts for alias in FIELDS[name])]
    if missing:
        found = ", ".join(cell.strip() for cell in row)[:200]
        raise ContentError(path, f"no column {' and '.join(missing)}; found the columns {found}", line=line)
    twice = next((name for name, count in counts.items() if name and count > 1), "")
    if twice:
        raise ContentError(path, f'column "{twice[:80]}" stands twice; rename one', line=line)
    return names
