"""YAML FAQs (.yml, .yaml): Microsoft's ``YamlMime:FAQ``, or a list of questions with their answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from indexer.content.readers.markdown import render
from indexer.content.readers.prose.blocks import joined_text
from indexer.content.readers.prose.html_blocks import blocks_of
from indexer.content.readers.prose.metadata import line_of, metadata_of
from indexer.content.readers.prose.yaml_text import load_yaml
from indexer.content.readers.reader import TextReader
from indexer.content.readers.tables.records import FIELDS, Record, answer_text, field_of, table_document
from indexer.documents import Document
from indexer.errors import ContentError

_LISTS = ("questions", "faqs", "faq", "entries", "items", "qa", "qas")
_GROUPS = ("sections", "categories", "groups", "topics")
_NAMES = ("name", "title", "section", "category", "heading", "group", "topic")


def read(path: str, text: str) -> Document:
    """Read a YAML file of questions and answers; answers are Markdown.

    Raises:
        ContentError: it does not parse, holds no questions, or an entry is incomplete.
    """
    value = load_yaml(path, text, what="YAML")
    fields = {str(key): inner for key, inner in value.items()} if isinstance(value, Mapping) else {}
    about = fields.get("metadata")
    metadata = metadata_of({**(about if isinstance(about, Mapping) else {}), **fields})
    records = list(_records(path, value, (), "", 0))
    if not records:
        raise ContentError(path, "holds no questions; use a list of `question:` and `answer:`, or `sections:` of them")
    return table_document(path, records, metadata)


READER = TextReader(read)


def _records(path: str, value: object, headings: tuple[str, ...], place: str, depth: int) -> Iterator[Record]:
    """Records of a list, of a map that holds lists, or of a map of question to answer."""
    if depth > 20:
        raise ContentError(path, f"is nested too deeply at {place}")
    if isinstance(value, list):
        for number, entry in enumerate(value):
            yield from _records(path, entry, headings, f"{place or 'entries'}[{number}]", depth + 1)
    elif isinstance(value, Mapping):
        named = {str(key).lower(): inner for key, inner in value.items()}
        if any(
            isinstance(named.get(name), str)
            for name in FIELDS["question"]
            if name not in ("title", "name", "questions")
        ):
            yield _record(named, headings, place)
            return
        inner = [name for name in (*_GROUPS, *_LISTS) if isinstance(named.get(name), list | Mapping)]
        title = next((line for name in _NAMES if (line := line_of(named.get(name)))), "") if place else ""
        below = (*headings, title) if title else headings
        for name in inner:
            yield from _records(path, named[name], below, f"{place}.{name}" if place else name, depth + 1)
        if not inner and place and isinstance(named.get("answer"), str):
            yield _record(named, headings, place)


def _record(fields: dict[str, object], headings: tuple[str, ...], place: str) -> Record:
    question = line_of(field_of(fields, "question"))
    plain = {
        **fields,
        "question": _plain(question).replace("\n", " ") or question,
        "answer": _plain(answer_text(field_of(fields, "answer"))),
    }
    if headings and not field_of(fields, "heading"):
        plain["heading"] = headings
    return Record(fields=plain, place=place)


def _plain(text: str) -> str:
    return joined_text(blocks_of(render(text))[0]) if text else ""
