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
_DIGIT = re.compile(r"\d")
# A code that is typed in two pieces, E-1234 or E 1234; with a space it begins with capitals or one letter, and no
# article. A word before a year begins no code.
_SPLIT_CODE = re.compile(
    r"(?<![^\W_])(?:([A-Za-z]{1,10})[-_]|([A-Z]{2,4}|[B-HJ-Zb-hj-z]) )(?=(?!(?:19|20)\d\d(?!\d))\d{2,}(?![^\W_]))"
)
_CODE = re.compile(r"[a-z]+(\d{2,})")
_LONG_NUMBER = re.compile(r"\d{4,}")
_VERSION = re.compile(r"(?<![\w.])\d{1,9}(?:\.\d{1,9})+(?![\w])")
_GRAM = 4
# What was made of a word is kept for the next time, for the same words come again and again; of a longer word not,
# or a visitor's words of 2,000 letters would fill the memory. So there are at most 20 MB of pieces.
_REMEMBERED_WORDS, _REMEMBERED_LETTERS = 10_000, 24


def words(text: str) -> Iterator[str]:
    """The words of a text in lower case; scripts without spaces give overlapping pairs of characters.

    However a code is typed, it is one word, and so is its number; a version is one beside its numbers.

    >>> list(words("Can't we talk? 夫婦仲"))
    ["can't", 'we', 'talk', '夫婦', '婦仲']
    >>> list(words("Error E-1234 in 1.10"))
    ['error', 'e1234', '1234', 'in', '1', '10', '1.10']
    """
    text = unicodedata.normalize("NFKC", text)
    has_digits = _DIGIT.search(text) is not None
    text = (_SPLIT_CODE.sub(r"\1\2", text) if has_digits else text).casefold()
    for match in _WORD.finditer(text):
        run = match["unspaced"]
        if run is None:
            yield match.group().replace("’", "'")
            if has_digits and (code := _CODE.fullmatch(match.group())):
                yield code[1]
        elif len(run) == 1:
            yield run
        else:
            yield from (run[i : i + 2] for i in range(len(run) - 1))
    if has_digits:
        yield from _VERSION.findall(text)


def codes(text: str) -> set[str]:
    """What of a text names one thing only, as error codes and part numbers do: letters with digits, or a long number.

    >>> sorted(codes("Error E-1234 of the B12 in 2024, order 48392"))
    ['1234', '48392', 'b12', 'e1234']
    """
    return {
        word for word in words(text) if _CODE.fullmatch(word) or (_LONG_NUMBER.fullmatch(word) and not _is_year(word))
    }


def is_number(word: str) -> bool:
    """Whether a word is a number, or several with points between them."""
    return word.replace(".", "").isdigit()


def _is_year(word: str) -> bool:
    return len(word) == 4 and word.startswith(("19", "20"))


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
