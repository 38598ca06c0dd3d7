"""FAQ entries in JSON: a list of objects, an object that holds one, or schema.org's FAQPage."""

from __future__ import annotations

import json
from collections.abc import Mapping

from indexer.content.readers.prose.metadata import Metadata, metadata_of
from indexer.content.readers.reader import TextReader
from indexer.content.readers.tables.json_ld import faq_questions
from indexer.content.readers.tables.records import Record, table_document
from indexer.documents import Document
from indexer.errors import ContentError

_LISTS = ("faqs", "faq", "questions", "entries", "items", "data")


def read(path: str, text: str) -> Document:
    """Read a JSON file of questions and answers.

    Raises:
        ContentError: it is not JSON, holds no list of entries, or none that is complete.
    """
    value = parse_json(path, text)
    questions = faq_questions(value)
    if questions:
        records = [Record(fields=fields, place=f"mainEntity[{place}]") for place, fields in enumerate(questions)]
        return table_document(path, records, _metadata(value))
    name, entries = _entries(path, value)
    return table_document(
        path, [record_of(path, entry, f"{name}[{place}]") for place, entry in enumerate(entries)], _metadata(value)
    )


READER = TextReader(read)


def parse_json(path: str, text: str, *, line: int | None = None) -> object:
    """The value of a JSON text.

    Args:
        path: named in the error.
        text: the JSON.
        line: its line in the file if it is one line of several.

    Raises:
        ContentError: it is not JSON, or nested too deeply.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise ContentError(
            path, f"is not valid JSON: {error.msg} at column {error.colno}", line=line or error.lineno
        ) from error
    except RecursionError as error:
        raise ContentError(path, "is nested too deeply to be a list of questions", line=line) from error
    except ValueError as error:
        raise ContentError(path, f"is not valid JSON: {error}", line=line) from error


def record_of(path: str, entry: object, place: str, line: int | None = None) -> Record | ContentError:
    """One entry as a record, or the error that says that it is no object."""
    if not isinstance(entry, Mapping):
        return ContentError(path, f'{place} is not an object with "question" and "answer"', line=line)
    return Record(fields={str(key).lower(): value for key, value in entry.items()}, place=place, line=line)


def _entries(path: str, value: object) -> tuple[str, list[object]]:
    if isinstance(value, list):
        return "entries", value
    if isinstance(value, Mapping):
        for name in _LISTS:
            if isinstance(entries := value.get(name), list):
                return name, entries
    raise ContentError(path, 'holds no list of entries; use [{"question": ..., "answer": ...}, ...] or {"faqs": [...]}')


def _metadata(value: object) -> Metadata:
    if not isinstance(value, Mapping):
        return Metadata()
    fields = dict(value)
    return metadata_of(
        {"title": fields.get("name"), "lang": fields.get("inLanguage"), "updated": fields.get("dateModified"), **fields}
    )
