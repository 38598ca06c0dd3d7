"""The vocabulary of the whole project: documents, the blocks they are made of, and passages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from slugify import slugify

_SLUG_LENGTH = 64


class PassageKind(StrEnum):
    """What a passage is made of."""

    PARAGRAPH = "paragraph"
    FAQ = "faq"


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    r"""One paragraph, list or table of a document, as readable text.

    Attributes:
        text: the words; lines inside a list or table are separated by ``\n``.
        alternates: questions that it answers, as visitors might put them.
        heading_path: headings above it, outermost first, without the document title.
        anchor: fragment of the nearest heading on the published page, "" if none.
    """

    text: str
    alternates: tuple[str, ...] = ()
    heading_path: tuple[str, ...] = ()
    anchor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaqEntry:
    """One question with its answer.

    Attributes:
        question: as its author wrote it, on one line.
        answer: readable text; paragraphs are separated by a blank line.
        alternates: other phrasings of the same question.
        heading_path: headings above it, outermost first, without the document title.
        anchor: fragment of the question on the published page, "" if none.
        url: where this entry alone is published, "" for the document's own.
        tags: in addition to the document's.
        entry_id: the author's own id, "" to derive one from the question.
    """

    question: str
    answer: str
    alternates: tuple[str, ...] = ()
    heading_path: tuple[str, ...] = ()
    anchor: str = ""
    url: str = ""
    tags: tuple[str, ...] = ()
    entry_id: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A link as its author wrote it.

    Attributes:
        target: where it leads.
        line: 1-based line in the file.
    """

    target: str
    line: int


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row of a table, or an entry of a list, that could not be read.

    Attributes:
        reason: what was wrong and what to do.
        line: 1-based line in the file, if known.
    """

    reason: str
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One content file.

    Attributes:
        document_id: `document_id_of` its path; unique within a content folder.
        path: file relative to the content folder, in POSIX form.
        title: from front matter, the top heading or the file name.
        blocks: paragraphs and FAQ entries in reading order.
        url: where it is published, "" if unknown.
        tags: lower-case labels to filter by.
        lang: ISO 639-1 code, "" if it names none.
        detected: the language of its words, if it names none and they are enough to tell; else "".
        updated: ISO 8601 date of the last change to the content, "" if unknown.
        links: to this document and to others of the same content.
        anchors: every fragment that leads into it, None if its reader does not tell.
        skipped_rows: what of a table was left out of it, in the file's order.
    """

    document_id: str
    path: str
    title: str
    blocks: tuple[Paragraph | FaqEntry, ...]
    url: str = ""
    tags: tuple[str, ...] = ()
    lang: str = ""
    detected: str = ""
    updated: str = ""
    links: tuple[Link, ...] = ()
    anchors: tuple[str, ...] | None = None
    skipped_rows: tuple[SkippedRow, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """What a search returns: a paragraph, or one FAQ entry with its question and answer.

    Attributes:
        passage_id: stable and readable, ``document_id/place``; used in links and judgements.
        kind: paragraph or FAQ entry.
        document_id, document_title, document_url: of the document it comes from.
        heading_path: headings above it, outermost first.
        question: the FAQ question, "" for a paragraph.
        alternates: other phrasings of the question, or questions that a paragraph answers.
        text: the paragraph or the answer.
        url: link to its place, "" if the document has none.
        tags: its own and its document's, sorted.
        lang: ISO 639-1 code.
        updated: ISO 8601 date, "" if unknown.
    """

    passage_id: str
    kind: PassageKind
    document_id: str
    document_title: str
    text: str
    question: str = ""
    alternates: tuple[str, ...] = ()
    heading_path: tuple[str, ...] = ()
    document_url: str = ""
    url: str = ""
    tags: tuple[str, ...] = ()
    lang: str = "en"
    updated: str = ""


@lru_cache(maxsize=1024)
def slug(text: str) -> str:
    """Lower-case words joined by hyphens, at most 64 characters, never empty.

    >>> slug("Should I go alone, if he won't?")
    'should-i-go-alone-if-he-won-t'
    >>> slug("夫婦のカウンセリング")
    '夫婦のカウンセリング'
    """
    return (
        slugify(text, allow_unicode=True, max_length=_SLUG_LENGTH, word_boundary=True)
        or slugify(text, allow_unicode=True, max_length=_SLUG_LENGTH)
        or "untitled"
    )


def document_id_of(path: str) -> str:
    """The id of a content file: its path without the suffix, each part a slug.

    >>> document_id_of("couples/When he refuses.md")
    'couples/when-he-refuses'
    """
    folder, _, name = path.rpartition("/")
    stem = name.rpartition(".")[0] or name
    return "/".join(slug(part) for part in (*folder.split("/"), stem) if part)
