"""A text to what it is indexed by: its words, their stems without stop words, and pieces of words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator
from functools import cache, lru_cache
from typing import Any

import Stemmer

from indexer.errors import ModelError

# Snowball's name for each language it stems.
_STEMMERS = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "cs": "czech", "da": "danish", "nl": "dutch",
    "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish", "it": "italian",
    "lt": "lithuanian", "ne": "nepali", "no": "norwegian", "nb": "norwegian", "fa": "persian", "pl": "polish",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "es": "spanish", "sv": "swedish",
    "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
# The library's name for the stop words of each language it has.
_STOP_WORDS = {
    "da": "DANISH", "de": "GERMAN", "en": "EN_PLUS", "es": "SPANISH", "fr": "FRENCH", "it": "ITALIAN",
    "nb": "NORWEGIAN", "nl": "DUTCH", "no": "NORWEGIAN", "pt": "PORTUGUESE", "ru": "RUSSIAN", "sv": "SWEDISH",
    "tr": "TURKISH",
}  # fmt: skip
# Scripts written without spaces between words: Han, kana, Thai, Lao, Khmer, Burmese.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_WORD = re.compile(rf"(?P<unspaced>[{UNSPACED}]+)|[^\W_](?:[^\W_{UNSPACED}]|['’](?=[^\W\d_]))*")
_GRAM = 4
# What was made of a word is kept for the next time, for the same words come again and again; of a longer word not,
# or a visitor's words of 2,000 letters would fill the memory. So there are at most 20 MB of pieces.
_REMEMBERED_WORDS, _REMEMBERED_LETTERS = 10_000, 24


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


def terms(text: str, lang: str, stops: Collection[str] | None = None) -> list[str]:
    """The terms a text is indexed by: its words without stop words, stemmed.

    Args:
        text: in any script.
        lang: ISO 639-1 code.
        stops: words to leave out; None for `stop_words` of the language.

    >>> terms("The counsellors were helping", "en")
    ['counsellor', 'help']
    """
    stops = stop_words(lang) if stops is None else stops
    return stems([word for word in words(text) if word not in stops], lang)


def stems(words: list[str], lang: str) -> list[str]:
    """The stem of each word; the word itself in a language without a stemmer."""
    known = _stemmer(lang)
    if known is None:
        return words
    if all(len(word) <= _REMEMBERED_LETTERS for word in words):
        return list(known.stemWords(words))
    rare = _stemmer(lang, remembers=False)
    return [stem for word in words for stem in (known if len(word) <= _REMEMBERED_LETTERS else rare).stemWords([word])]


def grams(text: str) -> list[str]:
    """The four-character pieces of each word, its edges marked, accents folded: what a misspelt word still shares.

    >>> grams("Café")
    [' caf', 'cafe', 'afe ']
    """
    if not text.isascii():
        text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return [
        piece
        for word in words(text)
        for piece in (_known_pieces if len(word) <= _REMEMBERED_LETTERS else _pieces)(word)
    ]


def _pieces(word: str) -> tuple[str, ...]:
    padded = f" {word} "
    return tuple(padded[i : i + _GRAM] for i in range(max(1, len(padded) - _GRAM + 1)))


_known_pieces = lru_cache(_REMEMBERED_WORDS)(_pieces)


@cache
def stop_words(lang: str) -> frozenset[str]:
    """Words of a language that say nothing about a text; none for a language without a list.

    Only a build needs them: an index brings its own along. The lists of the package stop-words do no better (mean
    nDCG@10 of eight sets .858 with either, .856 without any) and are less sound: its Turkish one is damaged.

    Raises:
        ModelError: the lists are not installed.
    """
    if lang not in _STOP_WORDS:
        return frozenset()
    try:
        from bm25s import stopwords
    except ImportError as error:
        raise ModelError(f"indexing needs the extra: pip install 'semantic-faq-search[models]' ({error})") from error
    return frozenset(getattr(stopwords, f"STOPWORDS_{_STOP_WORDS[lang]}"))


@cache
def _stemmer(lang: str, *, remembers: bool = True) -> Any:
    name = _STEMMERS.get(lang)
    return Stemmer.Stemmer(name, _REMEMBERED_WORDS if remembers else 0) if name else None
