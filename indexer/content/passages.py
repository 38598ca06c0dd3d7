"""Document to passages, and for each passage the texts that are embedded. Pure: no file, no model."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from sentencex import segment

from indexer.documents import Document, FaqEntry, Paragraph, Passage, PassageKind, slug
from indexer.words.lexicon import LexicalText

Span = tuple[int, int]
CountTokens = Callable[[Sequence[str]], list[int]]

# A heading path or a question may take at most this share of the window; the words below it need the rest.
_MAX_CONTEXT_SHARE = 0.5
# No text has more characters in a token, taken over a window of them, but for spaces and words of hundreds of letters.
_MOST_CHARS_A_TOKEN = 40


class Role(IntEnum):
    """What of its passage a vector stands for. Values are stored on disk."""

    QUESTION = 0
    ALTERNATE = 1
    ANSWER = 2
    """The answer or paragraph alone."""
    ENTRY = 3
    """The answer under its document's title and its question, or the paragraph under title and headings."""
    SENTENCE = 4
    """One sentence of the text; never searched, only used to find the sentence that answers."""


@dataclass(frozen=True, slots=True)
class EmbeddingText:
    """One text to embed for a passage.

    Attributes:
        role: what it stands for.
        text: what the encoder gets, always within its window.
        span: the part of `Passage.text` it covers as character offsets; (0, 0) for questions and alternates.
    """

    role: Role
    text: str
    span: Span = (0, 0)


class Splitter:
    """Cuts text at sentence ends into parts that fit a model's window.

    Args:
        max_tokens: the window.
        count_tokens: tokens each text takes, special tokens included; never less for a longer text.
    """

    def __init__(self, max_tokens: int, count_tokens: CountTokens) -> None:
        self.max_tokens = max_tokens
        self._count_tokens = count_tokens
        self._empty = self._tokens("")

    def context(self, parts: Sequence[str]) -> str:
        """Join title, headings or question into one line, the outermost parts dropped while it is too long."""
        kept = [part for part in parts if part]
        room = int(self.max_tokens * _MAX_CONTEXT_SHARE)
        while len(kept) > 1 and not self._fits(" - ".join(kept), room):
            kept.pop(0)
        joined = " - ".join(kept)
        if not self._fits(joined, room):
            joined = joined[slice(*self.spans(joined, "en", room=room)[0])]
        return joined

    def spans(self, text: str, lang: str, *, context: str = "", room: int | None = None) -> list[Span]:
        """Cut a text into parts which each fit the window below `context`.

        Returns:
            Character offsets, in order, covering every word of the text; one span if it fits whole.
        """
        room = (room or self.max_tokens) - (self._tokens(context) if context else 0)
        whole = _trim(text, (0, len(text)))
        if self._fits(text, room):
            return [whole]
        pieces: list[Span] = []
        for span in sentence_spans(text, lang):
            pieces.extend([span] if self._tokens(text[slice(*span)]) <= room else self._words(text, span, room))
        counts = self._count_tokens([text[slice(*piece)] for piece in pieces])
        parts: list[Span] = []
        used = 0
        for (start, end), count in zip(pieces, counts, strict=True):
            if parts and used + count <= room:
                parts[-1] = (parts[-1][0], end)
                used += count
            else:
                parts.append((start, end))
                used = count
        return parts

    def _words(self, text: str, span: Span, room: int) -> Iterator[Span]:
        """Cut a sentence that is longer than the window: at a space where there is one, else anywhere."""
        start, end = span
        while start < end:
            size = end - start
            while size > room * _MOST_CHARS_A_TOKEN:  # too long in any case: not worth counting
                size //= 2
            while size > 1 and self._tokens(text[start : start + size]) > room:
                size = max(1, size // 2)
            stop = start + size
            if stop < end and (space := text.rfind(" ", start + 1, stop)) > start:
                stop = space
            trimmed = _trim(text, (start, stop))
            if trimmed[0] < trimmed[1]:
                yield trimmed
            start = stop

    def _fits(self, text: str, room: int) -> bool:
        # A plain character gives at most one token, so a short text, as most sentences are, needs no count.
        return (text.isascii() and len(text) + self._empty <= room) or self._tokens(text) <= room

    def _tokens(self, text: str) -> int:
        return self._count_tokens([text])[0]


def passages_of(document: Document, splitter: Splitter, lang: str) -> list[Passage]:
    """The passages of a document in reading order.

    A FAQ entry is one passage however long; a paragraph longer than the window becomes several.

    Args:
        document: its blocks are read in order.
        splitter: knows the window.
        lang: used where the document names none.
    """
    lang = document.lang or lang
    taken: dict[str, int] = {}
    passages = []
    for block in document.blocks:
        blank = _blank(document, block, lang)
        if isinstance(block, FaqEntry):
            place = _free(slug(block.entry_id or block.question), taken)
            entry = replace(
                blank,
                passage_id=f"{document.document_id}/{place}",
                kind=PassageKind.FAQ,
                question=block.question,
                alternates=block.alternates,
                text=block.answer,
                url=block.url or blank.url,
                tags=tuple(sorted({*document.tags, *block.tags})),
            )
            passages.append(entry)
            continue
        context = splitter.context((document.title, *block.heading_path))
        alternates = block.alternates
        for start, end in splitter.spans(block.text, lang, context=context):
            place = _free(slug(block.heading_path[-1] if block.heading_path else document.title), taken)
            passage_id = f"{document.document_id}/{place}"
            passages.append(replace(blank, passage_id=passage_id, alternates=alternates, text=block.text[start:end]))
            alternates = ()  # of a paragraph in several parts, the first one is where the answer begins
    return passages


def _blank(document: Document, block: Paragraph | FaqEntry, lang: str) -> Passage:
    """What every passage of a block says, whatever its own words."""
    return Passage(
        passage_id="",
        kind=PassageKind.PARAGRAPH,
        document_id=document.document_id,
        document_title=document.title,
        text="",
        heading_path=block.heading_path,
        document_url=document.url,
        url=_link(document.url, block.anchor),
        tags=tuple(sorted(set(document.tags))),
        lang=lang,
        updated=document.updated,
    )


def embedding_texts(passage: Passage, splitter: Splitter) -> list[EmbeddingText]:
    """The texts to embed for one passage: questions, answer alone, answer in context, and its sentences."""
    texts: list[EmbeddingText] = []
    questions = [(Role.QUESTION, passage.question)] if passage.question else []
    for role, question in (*questions, *((Role.ALTERNATE, alternate) for alternate in passage.alternates)):
        start, end = splitter.spans(question, passage.lang)[0]
        texts.append(EmbeddingText(role, question[start:end]))
    about = (passage.question,) if passage.kind is PassageKind.FAQ else passage.heading_path
    context = splitter.context((passage.document_title, *about))
    if passage.text:
        for span in splitter.spans(passage.text, passage.lang, context=context):
            part = passage.text[slice(*span)]
            texts.append(EmbeddingText(Role.ANSWER, part, span))
            texts.append(EmbeddingText(Role.ENTRY, f"{context}\n{part}" if context else part, span))
        sentences = sentence_spans(passage.text, passage.lang)
        if len(sentences) > 1:
            for span in sentences:
                for start, end in splitter.spans(passage.text[slice(*span)], passage.lang)[:1]:
                    texts.append(EmbeddingText(Role.SENTENCE, passage.text[span[0] + start : span[0] + end], span))
    return texts


def lexical_text(passage: Passage) -> LexicalText:
    """The words a passage can be found by: title, headings, questions and text."""
    questions = "\n".join(filter(None, (passage.question, *passage.alternates))) or passage.text
    parts = (passage.document_title, *passage.heading_path, passage.question, *passage.alternates, passage.text)
    return LexicalText(lang=passage.lang, questions=questions, text="\n".join(part for part in parts if part))


def sentence_spans(text: str, lang: str) -> list[Span]:
    """Character offsets of the sentences of a text, without surrounding space; a line break ends a sentence.

    >>> sentence_spans("Yes. It helps.", "en")
    [(0, 4), (5, 14)]
    """
    spans = []
    line_start = 0
    for line in text.splitlines(keepends=True):
        start = line_start
        for sentence in segment(lang, line):
            span = _trim(text, (start, start + len(sentence)))
            if span[0] < span[1]:
                spans.append(span)
            start += len(sentence)
        line_start += len(line)
    return spans


def _trim(text: str, span: Span) -> Span:
    start, end = span
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _free(place: str, taken: dict[str, int]) -> str:
    """A place that is not taken yet; `taken` has for each the last number that was tried behind it."""
    candidate, number = place, taken.get(place, 1)
    while candidate in taken:
        number += 1
        candidate = f"{place}-{number}"
    taken[place] = number
    taken.setdefault(candidate, 1)
    return candidate


def _link(url: str, anchor: str) -> str:
    return f"{url}#{anchor}" if url and anchor and "#" not in url else url
