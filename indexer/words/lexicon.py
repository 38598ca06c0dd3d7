"""Words to passages: BM25 over language-aware terms and over pieces of words."""

from __future__ import annotations

import json
import math
import threading
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple, Self

import numpy as np
from pydantic import Field
from typing_extensions import TypedDict

from indexer.arrays import FloatArray, IntArray
from indexer.errors import IndexDamagedError, naming
from indexer.files import write_file
from indexer.schema import Count, checked_json
from indexer.words.analysis import codes, grams, is_number, stop_words, terms, words
from indexer.words.postings import DEFAULT_BM25, Bm25, Postings

HEADER, _PARTS = "lexicon.json", ("terms", "grams")
# How many texts of a passage each part reads: the whole one, and for grams its questions too.
_TEXTS = (1, 2)


class _Header(TypedDict):
    """What stands in the header's file."""

    size: Count
    stop_words: dict[str, list[str]]
    counts: dict[str, Annotated[Count, Field(ge=1)]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingLimits:
    """At most how many postings of a question are added up: more cost more time than they are worth.

    Attributes:
        terms: of its terms.
        grams: of its grams; a question has more of them, and each says less.
    """

    # Chosen by time in large corpora. With 5,000 postings of grams one of the 145 own questions was lost; `make refit`,
    # on sets too small to reach 30,000 of terms, shows 5,000 to 30,000 of grams as equal (± .0006) and 1,000 as hardly
    # worse (-.0013 ± .0011).
    terms: int = 30_000
    grams: int = 10_000


DEFAULT_POSTING_LIMITS = PostingLimits()


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


class LexicalScores(NamedTuple):
    """The passages that have something in common with a question.

    Attributes:
        passages: their numbers, int64, ascending; shape (n,).
        scores: of each, float32 in (0, 1], where 1 is the best in everything; shape (n,).
    """

    passages: IntArray
    scores: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How much of a question's words a passage has, each weighed by its idf.

    Attributes:
        share: that the passage has, in [0, 1].
        unknown: that no passage has, in [0, 1].
    """

    share: float = 0.0
    unknown: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What is known of an earlier build.

    Attributes:
        lexicon: of that build.
        new_numbers: for each of its passages the number of the one that has the same words now, or -1; shape
            (passages,), int64.
        gone: the words of those without one.
    """

    lexicon: Lexicon
    new_numbers: IntArray
    gone: Sequence[LexicalText]


class Lexicon:
    """How much each passage has in common with a question, by words and by pieces of words; safe to share.

    BM25 (`Postings`) over terms (stemmed, in the content's languages), over grams of the whole passage, and over grams
    of its questions alone. A term carries its language, and a question is read in every language of the
    content. Beyond some thousands of passages, the commonest tokens of a long question are left out.

    Attributes:
        languages: ISO 639-1 codes of the content.
        counts: how often each word stands in the content; words of digits alone are left out.
        size: how many passages it holds.
    """

    def __init__(
        self,
        size: int,
        stops: Mapping[str, Collection[str]],
        counts: dict[str, int],
        terms: Postings,
        grams: Postings,
    ) -> None:
        self.size = size
        self.counts = counts
        self.languages = tuple(stops)
        self._stops = stops
        self._terms = terms
        self._grams = grams
        self._spare = threading.local()

    @classmethod
    def build(cls, passages: Sequence[LexicalText], earlier: Earlier | None = None, bm25: Bm25 = DEFAULT_BM25) -> Self:
        """Index all passages, each in its own language.

        Args:
            passages: in the order of their numbers.
            earlier: what is known of an earlier build is not counted again.
            bm25: how often a token stands, and in how long a text, in a score.
        """
        known = earlier.lexicon._stops if earlier else {}
        languages = sorted({passage.lang for passage in passages})
        stops = {lang: known[lang] if lang in known else stop_words(lang) for lang in languages}
        counted = np.ones(len(passages), dtype=np.bool_)
        counts: Counter[str] = Counter()
        if earlier is not None:
            counted[earlier.new_numbers[earlier.new_numbers >= 0]] = False
            counts.update(earlier.lexicon.counts)
            counts.subtract(word for text in earlier.gone for word in words(text.text))
        fresh = [(number, passages[number]) for number in np.flatnonzero(counted).tolist()]
        counts.update(word for _, passage in fresh for word in words(passage.text))

        def terms_of(p: LexicalText) -> list[str]:
            return [f"{p.lang}:{term}" for term in terms(p.text, p.lang, stops[p.lang])]

        return cls(
            len(passages),
            stops,
            # A large site has more words of digits than others, and nobody misspells those.
            {word: count for word, count in sorted(counts.items()) if count > 0 and not is_number(word)},
            Postings.build(
                ((number, (terms_of(passage),)) for number, passage in fresh),
                len(passages),
                earlier=(earlier.lexicon._terms, earlier.new_numbers) if earlier else None,
                bm25=bm25,
            ),
            Postings.build(
                ((number, (grams(passage.text), grams(passage.questions))) for number, passage in fresh),
                len(passages),
                texts=_TEXTS[1],
                earlier=(earlier.lexicon._grams, earlier.new_numbers) if earlier else None,
                bm25=bm25,
            ),
        )

    def bm25(self, question: str, limits: PostingLimits = DEFAULT_POSTING_LIMITS) -> FloatArray:
        """BM25 over terms of every passage; shape (passages,), float32, >= 0; all zero if no word is known."""
        total = np.zeros(self.size, dtype=np.float32)
        passages, (values,) = self._terms.of(self._terms_of(question), limits.terms)
        np.add.at(total, passages, values)
        return total

    def scores(
        self, question: str, weights: Sequence[float], limits: PostingLimits = DEFAULT_POSTING_LIMITS
    ) -> LexicalScores:
        """How much passages have in common with a question: a weighted sum of three BM25 scores.

        Each of the three is divided by its best.

        Args:
            question: its words.
            weights: of terms, grams of the whole passage and grams of its questions; they add up to 1.
            limits: of the postings that are added up.
        """
        with_terms, (by_terms,) = self._terms.of(self._terms_of(question), limits.terms)
        with_grams, by_grams = self._grams.of(grams(question), limits.grams)
        parts = ((with_terms, by_terms), *((with_grams, values) for values in by_grams))
        # All zero between two questions: to write a million zeros for each would cost more than the sums.
        part, total = self._spare.__dict__.pop("sums", None) or np.zeros((2, self.size), dtype=np.float32)
        for (passages, values), weight in zip(parts, weights, strict=True):
            np.add.at(part, passages, values)
            # To pick some out costs several times as much a passage as to go over all of them.
            where = passages if 8 * len(passages) < self.size else slice(None)
            if best := float(part[where].max(initial=0.0)):
                total[where] += part[where] * np.float32(weight / best)
            part[where] = 0
        found = np.flatnonzero(total > 0)
        scores = total[found]
        total[found] = 0
        self._spare.sums = (part, total)
        return LexicalScores(found, scores)

    def coverage(self, question: str, passage: int) -> Coverage:
        """How much of a question's words a passage has, in that language of the content in which it has most.

        Args:
            question: its words.
            passage: number of the passage.
        """
        found = [
            self._coverage(f"{lang}:", terms(question, lang, stops), passage) for lang, stops in self._stops.items()
        ]
        return max(found, key=lambda each: each.share, default=Coverage())

    def _coverage(self, prefix: str, asked: Sequence[str], passage: int) -> Coverage:
        postings, unknown_idf = self._terms, math.log1p(2 * self.size + 1)
        total = has = unknown = 0.0
        for term in dict.fromkeys(asked):
            token = postings.vocabulary.get(prefix + term)
            if token is None:
                total, unknown = total + unknown_idf, unknown + unknown_idf
                continue
            idf = float(postings.idf[0, token])
            total += idf
            holders = postings.passages[postings.bounds[token] : postings.bounds[token + 1]]
            place = int(np.searchsorted(holders, passage))
            if place < len(holders) and holders[place] == passage:
                has += idf
        return Coverage(share=has / total, unknown=unknown / total) if total else Coverage()

    def with_codes_of(self, question: str) -> IntArray:
        """Numbers of the passages that have a code of a question, ascending; see `codes`.

        Args:
            question: its words.
        """
        postings = self._terms
        tokens = [
            postings.vocabulary[token]
            for code in codes(question)
            for lang in self.languages
            if (token := f"{lang}:{code}") in postings.vocabulary
        ]
        holders = [postings.passages[postings.bounds[token] : postings.bounds[token + 1]] for token in tokens]
        return np.unique(np.concatenate(holders)).astype(np.int64) if holders else np.empty(0, dtype=np.int64)

    def save(self, folder: Path) -> None:
        """Write into a new folder, synced to the disk."""
        stops = {lang: sorted(words) for lang, words in self._stops.items()}
        folder.mkdir()
        for name, postings in zip(_PARTS, (self._terms, self._grams), strict=True):
            postings.save(folder / name)
        header = {"size": self.size, "stop_words": stops, "counts": self.counts}
        write_file(folder / HEADER, json.dumps(header).encode())

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote; the caller has verified the files' hashes.

        Raises:
            IndexDamagedError: names the file that is no part of such a lexicon.
        """
        path = folder / HEADER
        with naming(path, IndexDamagedError, "roll back or rebuild the index"):
            header: _Header = checked_json(_Header, path.read_bytes())
            stops = {lang: frozenset(words) for lang, words in header["stop_words"].items()}
        terms, grams = (
            Postings.load(folder / name, header["size"], texts) for name, texts in zip(_PARTS, _TEXTS, strict=True)
        )
        return cls(header["size"], stops, header["counts"], terms, grams)

    def _terms_of(self, question: str) -> list[str]:
        return [f"{lang}:{term}" for lang, stops in self._stops.items() for term in terms(question, lang, stops)]
