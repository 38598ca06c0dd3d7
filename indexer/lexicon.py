"""Words to passages: BM25 over language-aware terms. The only file that imports the BM25 library."""

from __future__ import annotations

import errno
import json
import logging
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Self

import bm25s
import numpy as np
import numpy.typing as npt
import Stemmer
from bm25s import stopwords as _stopwords

from indexer.errors import IndexDamagedError
from indexer.files import sync_file, write_file

FloatArray = npt.NDArray[np.float32]

logging.getLogger("bm25s").setLevel(logging.ERROR)

# Snowball's name for each language it stems.
_STEMMERS = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "cs": "czech", "da": "danish", "nl": "dutch",
    "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish", "it": "italian",
    "lt": "lithuanian", "ne": "nepali", "no": "norwegian", "nb": "norwegian", "fa": "persian", "pl": "polish",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "es": "spanish", "sv": "swedish",
    "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
_STOP_WORDS = {
    "da": _stopwords.STOPWORDS_DANISH, "de": _stopwords.STOPWORDS_GERMAN, "en": _stopwords.STOPWORDS_EN_PLUS,
    "es": _stopwords.STOPWORDS_SPANISH, "fr": _stopwords.STOPWORDS_FRENCH, "it": _stopwords.STOPWORDS_ITALIAN,
    "nb": _stopwords.STOPWORDS_NORWEGIAN, "nl": _stopwords.STOPWORDS_DUTCH, "no": _stopwords.STOPWORDS_NORWEGIAN,
    "pt": _stopwords.STOPWORDS_PORTUGUESE, "ru": _stopwords.STOPWORDS_RUSSIAN, "sv": _stopwords.STOPWORDS_SWEDISH,
    "tr": _stopwords.STOPWORDS_TURKISH,
}  # fmt: skip
# Scripts written without spaces between words: Han, kana, Thai, Lao, Khmer, Burmese.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"(?P<unspaced>[{UNSPACED}]+)|[^\W_](?:[^\W_{UNSPACED}]|['’](?=[^\W\d_]))*")
_GRAM = 4
# How many postings of a question are added up in each index, about a millisecond's work. Those of its rarest tokens
# come first: where there are so many, what they leave out stands in so many passages that it says little.
_POSTINGS = 100_000
_HEADER, _PARTS = "lexicon.json", ("terms", "grams", "questions")


def words(text: str) -> Iterator[str]:
    """The words of a text in lower case; scripts without spaces give overlapping pairs of characters.

    >>> list(words("Can't we talk? 夫婦仲"))
    ["can't", 'we', 'talk', '夫婦', '婦仲']
    """
    for match in _WORD.finditer(unicodedata.normalize("NFKC", text).casefold()):
        run = match["unspaced"]
        if run is None:
            yield match.group().replace("’", "'")
        elif len(run) == 1:
            yield run
        else:
            yield from (run[i : i + 2] for i in range(len(run) - 1))


def terms(text: str, lang: str) -> list[str]:
    """The terms a text is indexed by: its words without the language's stop words, stemmed.

    >>> terms("The counsellors were helping", "en")
    ['counsellor', 'help']
    """
    stops = _stop_words(lang)
    return stems([word for word in words(text) if word not in stops], lang)


def stems(words: list[str], lang: str) -> list[str]:
    """The stem of each word; the word itself in a language without a stemmer."""
    stemmer = _stemmer(lang)
    return list(stemmer.stemWords(words)) if stemmer else words


def grams(text: str) -> list[str]:
    """The four-character pieces of each word, its edges marked, accents folded: what a misspelt word still shares.

    >>> grams("Café")
    [' caf', 'cafe', 'afe ']
    """
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return [piece for word in words(text) for piece in _pieces(word)]


@lru_cache(maxsize=100_000)  # the same words come again and again
def _pieces(word: str) -> tuple[str, ...]:
    padded = f" {word} "
    return tuple(padded[i : i + _GRAM] for i in range(max(1, len(padded) - _GRAM + 1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class LexicalText:
    """The words of one passage.

    Attributes:
        lang: ISO 639-1 code of the language to read it in.
        questions: its FAQ question and alternates, or its text if it has none.
        text: everything it can be found by, questions included.
    """

    lang: str
    questions: str
    text: str


class Lexicon:
    """How much each passage has in common with a question, by words and by pieces of words.

    Three BM25 indexes: terms (stemmed, in the content's languages), grams of the whole passage, and grams of its
    questions alone. Each is Robertson's BM25 as Lucene computes it (k1 1.5, b 0.75):
    idf = ln(1 + (N - n + 0.5) / (n + 0.5)). A term carries its language, and a question is read in every language
    of the content. Beyond some thousands of passages, the commonest tokens of a long question are left out.

    Attributes:
        languages: ISO 639-1 codes of the content.
        counts: how often each word stands in the content.
    """

    def __init__(
        self,
        languages: tuple[str, ...],
        counts: dict[str, int],
        terms: _Postings,
        grams: _Postings,
        questions: _Postings,
    ) -> None:
        self.languages = languages
        self.counts = counts
        self._terms = terms
        self._grams = grams
        self._questions = questions

    @classmethod
    def build(cls, passages: Sequence[LexicalText]) -> Self:
        """Index all passages, each in its own language."""
        return cls(
            tuple(sorted({p.lang for p in passages})),
            dict(Counter(word for p in passages for word in words(p.text))),
            _Postings.build([[f"{p.lang}:{term}" for term in terms(p.text, p.lang)] for p in passages]),
            _Postings.build([grams(p.text) for p in passages]),
            _Postings.build([grams(p.questions) for p in passages]),
        )

    @property
    def size(self) -> int:
        """How many passages it holds."""
        return self._terms.size

    def bm25(self, question: str) -> FloatArray:
        """BM25 over terms of every passage; shape (passages,), float32, >= 0; all zero if no word is known."""
        return self._terms.scores([f"{lang}:{term}" for lang in self.languages for term in terms(question, lang)])

    def evidence(self, question: str, weights: Sequence[float]) -> FloatArray:
        """What is in common with every passage; shape (passages,), float32, in [0, 1].

        Each of the three scores is divided by its best.

        Args:
            question: its words.
            weights: of terms, grams of the whole passage and grams of its questions; they add up to 1.
        """
        pieces = grams(question)
        parts = (self.bm25(question), self._grams.scores(pieces), self._questions.scores(pieces))
        for part, weight in zip(parts, weights, strict=True):
            best = float(part.max(initial=0.0))
            if best > 0:
                part *= np.float32(weight / best)
        total, *others = parts
        for part in others:
            total += part
        return total

    def save(self, folder: Path) -> None:
        """Write into a new folder, synced to the disk."""
        header = {"languages": self.languages, "size": self._terms.size, "counts": self.counts}
        folder.mkdir()
        for name, postings in zip(_PARTS, (self._terms, self._grams, self._questions), strict=True):
            postings.save(folder / name)
        write_file(folder / _HEADER, json.dumps(header).encode())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; the caller has verified the files' hashes.

        Raises:
            IndexDamagedError: the files do not make a lexicon.
        """
        try:
            header: dict[str, Any] = json.loads((folder / _HEADER).read_text("utf-8"))
            parts = [_Postings.load(folder / name, int(header["size"])) for name in _PARTS]
            return cls(tuple(header["languages"]), header["counts"], *parts)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamagedError(
                f"{folder}: the words of this index cannot be read ({error}); rebuild it"
            ) from error


class _Postings:
    """One BM25 index; None where no text has a token, which the library cannot hold."""

    def __init__(self, bm25: bm25s.BM25 | None, size: int) -> None:
        self._bm25 = bm25
        self.size = size
        if bm25:  # mapped from the disk, but without memmap's own cost a slice
            self._postings = [np.asarray(bm25.scores[name]) for name in ("data", "indices", "indptr")]

    @classmethod
    def build(cls, texts: Sequence[Sequence[str]]) -> Self:
        vocabulary: dict[str, int] = {}
        ids = [[vocabulary.setdefault(token, len(vocabulary)) for token in tokens] for tokens in texts]
        if not vocabulary:
            return cls(None, len(texts))
        bm25 = bm25s.BM25(method="lucene")
        bm25.index((ids, vocabulary), show_progress=False, create_empty_token=False)
        return cls(bm25, len(texts))

    def scores(self, tokens: Sequence[str]) -> FloatArray:
        total = np.zeros(self.size, dtype=np.float32)
        known: dict[str, int] = self._bm25.vocab_dict if self._bm25 else {}
        ids = [known[token] for token in tokens if token in known]
        if not ids:
            return total
        # The library adds token by token; a question has a hundred grams.
        values, passages, bounds = self._postings
        spans = self._heard(bounds, ids)
        np.add.at(
            total,
            np.concatenate([passages[start:stop] for start, stop in spans]),
            np.concatenate([values[start:stop] for start, stop in spans]),
        )
        return total

    @staticmethod
    def _heard(bounds: npt.NDArray[np.int64], ids: list[int]) -> list[tuple[int, int]]:
        """Where the postings of tokens begin and end; of too many, those of the rarest, and of one in any case."""
        tokens = np.array(ids)
        starts, stops = bounds[tokens], bounds[tokens + 1]
        counts = stops - starts
        if counts.sum() > _POSTINGS:
            order = np.argsort(counts, kind="stable")
            kept = max(1, int(np.searchsorted(np.cumsum(counts[order]), _POSTINGS, side="right")))
            starts, stops = starts[order[:kept]], stops[order[:kept]]
        return list(zip(starts.tolist(), stops.tolist(), strict=True))

    def save(self, folder: Path) -> None:
        folder.mkdir()
        if self._bm25:
            self._bm25.save(str(folder), show_progress=False)
            for path in sorted(folder.iterdir()):
                sync_file(path)
            try:
                self.load(folder, self.size)
            except ValueError as error:  # NumPy can take a full disk for success
                raise OSError(errno.ENOSPC, "only a part was written, as on a full disk", str(folder)) from error

    @classmethod
    def load(cls, folder: Path, size: int) -> Self:
        if not folder.exists() or not any(folder.iterdir()):
            return cls(None, size)
        bm25 = bm25s.BM25.load(str(folder), mmap=True, show_progress=False, verbosity=0)
        return cls(bm25, size)


@cache
def _stemmer(lang: str) -> Any:
    name = _STEMMERS.get(lang)
    return Stemmer.Stemmer(name) if name else None


@cache
def _stop_words(lang: str) -> frozenset[str]:
    return frozenset(_STOP_WORDS.get(lang, ()))
