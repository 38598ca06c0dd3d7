"""Which language a document is in, where it does not say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from indexer.documents import Document, Paragraph

# Of 400 pages of documentation in a dozen languages these tell the same as all their text; the first 1,000 characters,
# often full of code, do not.
_SAMPLE_CHARS, _WINDOWS = 1000, 4
# Of fewer characters the language is not told.
ENOUGH_CHARS = 200


def detect_language(document: Document) -> str:
    """ISO 639-1 code of the language of a document's words; "" if it names one, or has fewer than 200 characters."""
    sample = _sample(document)
    return "" if document.lang or len(sample) < ENOUGH_CHARS else language_of_texts([sample])


def language_of(document: Document, usual: str) -> str:
    """The language a document names, else that of its words, else the usual one."""
    return document.lang or document.detected or usual


def usual_language(documents: Sequence[Document]) -> str:
    """The language that most documents are in; of documents that are all short, that of all their words."""
    found = Counter(lang for document in documents if (lang := document.lang or document.detected)).most_common(1)
    return found[0][0] if found else language_of_texts(map(_sample, documents))


def text_by_language(documents: Sequence[Document]) -> Counter[str]:
    """How many characters there are in each language; none where there are too few to tell any."""
    known = any(document.lang or document.detected for document in documents)
    if not known and sum(len(_sample(document)) for document in documents) < ENOUGH_CHARS:
        return Counter()
    usual = usual_language(documents)
    found: Counter[str] = Counter()
    for document in documents:
        found[language_of(document, usual)] += sum(len(text) for text in _texts(document))
    return found


def language_of_texts(texts: Iterable[str]) -> str:
    """ISO 639-1 code of the language that several texts are in, taken together."""
    from py3langid import classify  # loads its model: only where a language is unknown

    return str(classify(" ".join(texts))[0])


def _sample(document: Document) -> str:
    """Its words, or as many of them from places all over it as tell its language."""
    text = " ".join(_texts(document))
    if len(text) <= _SAMPLE_CHARS:
        return text
    width = _SAMPLE_CHARS // _WINDOWS
    starts = [(len(text) - width) * window // (_WINDOWS - 1) for window in range(_WINDOWS)]
    return " ".join(text[start : start + width] for start in starts)


def _texts(document: Document) -> Iterator[str]:
    for block in document.blocks:
        yield block.text if isinstance(block, Paragraph) else f"{block.question} {block.answer}"
