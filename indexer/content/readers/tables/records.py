"""FAQ entries from records of named fields: rows of a table, JSON objects, YAML maps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from indexer.content.readers.prose.metadata import Metadata, lang_of, line_of, tags_of
from indexer.content.readers.prose.page import document_of
from indexer.content.readers.prose.text import clean
from indexer.documents import Document, FaqEntry, SkippedRow
from indexer.errors import ContentError

FIELDS: dict[str, tuple[str, ...]] = {
    "question": ("question", "questions", "q", "title", "name", "pregunta", "frage"),
    "answer": (
        "answer",
        "answers",
        "a",
        "text",
        "response",
        "content",
        "body",
        "acceptedanswer",
        "respuesta",
        "réponse",
        "antwort",
    ),
    "alternates": (
        "alternates",
        "alternate",
        "alternatives",
        "variants",
        "paraphrases",
        "alternate_questions",
        "similar_questions",
    ),
    "url": ("url", "link", "href"),
    "tags": ("tags", "tag", "keywords", "labels"),
    "id": ("id", "_id", "entry_id", "key"),
    "heading": ("heading", "section", "category", "group", "topic"),
    "lang": ("lang", "language", "locale"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One entry as a file gives it.

    Attributes:
        fields: by lower-case name.
        place: where it stands, for errors, as "line 3" or "entries[2]".
        line: 1-based line in the file, if known.
    """

    fields: Mapping[str, object]
    place: str
    line: int | None = None


def field_of(fields: Mapping[str, object], name: str) -> object:
    """The value of a field under any of its names; None if it has none."""
    return next((fields[alias] for alias in FIELDS[name] if fields.get(alias) not in (None, "", [])), None)


def table_document(path: str, records: Iterable[Record | ContentError], metadata: Metadata) -> Document:
    """A document of one FAQ entry a record; a record that is wrong costs that record alone.

    Args:
        path: of the file.
        records: or what is wrong with one that cannot even be read.
        metadata: of the whole.

    Raises:
        ContentError: not one record is right.
    """
    entries: list[FaqEntry] = []
    wrong: list[ContentError] = []
    langs: set[str] = set()
    seen: dict[str, Record] = {}
    for record in records:
        try:
            entries.append(_new_entry(path, record, seen))
        except ContentError as error:
            wrong.append(error)
        else:
            assert isinstance(record, Record)
            langs.add(lang_of(field_of(record.fields, "lang")))
    if not entries:
        raise wrong[0] if wrong else ContentError(path, "has no entries; add at least one question with its answer")
    document = document_of(
        path, entries, replace(metadata, lang=metadata.lang or (langs.pop() if len(langs) == 1 else ""))
    )
    return replace(document, skipped_rows=tuple(SkippedRow(error.reason, error.line) for error in wrong))


def _new_entry(path: str, record: Record | ContentError, seen: dict[str, Record]) -> FaqEntry:
    """The entry of a record, if its id is not among those seen."""
    if isinstance(record, ContentError):
        raise record
    entry = _entry(path, record)
    if entry.entry_id and (other := seen.setdefault(entry.entry_id, record)) is not record:
        reason = f'id "{entry.entry_id}" at {record.place} is also at {other.place}; every id may stand once'
        raise ContentError(path, reason, line=record.line)
    return entry


def _entry(path: str, record: Record) -> FaqEntry:
    fields = record.fields
    question = line_of(field_of(fields, "question"))
    url = line_of(field_of(fields, "url"))
    answer = answer_text(field_of(fields, "answer"))
    if not question:
        raise ContentError(
            path, f"no question at {record.place}; fill in `question` or remove the entry", line=record.line
        )
    if not answer and not url:
        reason = (
            f'no answer to "{question[:80]}" at {record.place}; fill in `answer`, or `url` if it is answered elsewhere'
        )
        raise ContentError(path, reason, line=record.line)
    alternates = field_of(fields, "alternates")
    phrasings = re.split(r"[|\n]", alternates) if isinstance(alternates, str) else alternates
    heading = field_of(fields, "heading")
    path_of = heading if isinstance(heading, list | tuple) else [heading]
    return FaqEntry(
        question=question,
        answer=answer,
        alternates=tuple(line for part in phrasings if (line := line_of(part)))
        if isinstance(phrasings, list | tuple)
        else (),
        heading_path=tuple(line for part in path_of if (line := line_of(part))),
        anchor=line_of(fields.get("anchor")),
        url=url,
        tags=tags_of(field_of(fields, "tags")),
        entry_id=line_of(field_of(fields, "id")),
    )


def answer_text(value: object) -> str:
    """An answer as text: markup is read, objects as schema.org's ``{"text": ...}`` are opened."""
    if isinstance(value, Mapping):
        value = {str(key).lower(): inner for key, inner in value.items()}.get("text")
    if isinstance(value, list | tuple):
        return "\n\n".join(text for part in value if (text := answer_text(part)))
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    lines = clean(str(value)).strip().split("\n")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines))
