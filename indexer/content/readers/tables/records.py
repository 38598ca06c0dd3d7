"""FAQ entries from records of named fields: rows of a table, JSON objects, YAML maps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from indexer.content.readers.prose.metadata import Metadata, lang_of, line_of, tags_of
from indexer.content.readers.prose.page import document_of
from indexer.content.readers.prose.text import clean
from indexer.documents import Document, FaqEntry
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


def table_document(path: str, records: Iterable[Record], metadata: Metadata) -> Document:
    """A document of one FAQ entry a record.

    Raises:
        ContentError: a record has no question, or neither answer nor url, or an id occurs twice.
    """
    entries: list[FaqEntry] = []
    langs: set[str] = set()
    seen: dict[str, Record] = {}
    for record in records:
        entry = _entry(path, record)
        if entry.entry_id:
            if (other := seen.get(entry.entry_id)) is not None:
                reason = f'id "{entry.entry_id}" at {record.place} is also at {other.place}; every id may stand once'
                raise ContentError(path, reason, line=record.line)
            seen[entry.entry_id] = record
        langs.add(lang_of(field_of(record.fields, "lang")))
        entries.append(entry)
    lang = metadata.lang or (langs.pop() if len(langs) == 1 else "")
    if not entries:
        raise ContentError(path, "has no entries; add at least one question with its answer")
    return document_of(
        path,
        entries,
        Metadata(title=metadata.title, url=metadata.url, tags=metadata.tags, lang=lang, updated=metadata.updated),
    )


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
