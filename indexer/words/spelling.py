"""Misspelt words to the words of this corpus."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from indexer.words.analysis import UNSPACED, stems

# Without the first half of "mustn't", which is no slip of "must"; "husbnad's" is one of "husband's".
_WORD = re.compile(rf"[^\W\d_{UNSPACED}]++(?!['’](?!s\b))")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpellingLimits:
    """Which words may be corrected, and how far: more slips would turn words into others.

    Attributes:
        shortest: words of fewer letters are left alone.
        long: words of at least as many letters may have two slips, shorter ones one.
    """

    # Not fitted. `make refit`: flat, since few questions have a slip; without any correction -.0006 ± .0011, with
    # two slips from six letters on -.0018 ± .0010.
    shortest: int = 4
    long: int = 8


DEFAULT_SPELLING_LIMITS = SpellingLimits()


class Spelling:
    """Puts the corpus's word in the place of a misspelt one.

    A word is misspelt if the corpus has neither it nor another form of it, if it is more than one token of the model,
    and if the corpus has a word with the same first letter within one slip (a letter missing, added,
    wrong or swapped with its neighbour; two slips in a long word).

    Args:
        counts: how often each word stands in the corpus.
        languages: ISO 639-1 codes of the corpus, for forms of words.
        are_single_tokens: tells for each of some words whether it is one token of the model.
        limits: which words may be corrected, and how far.
    """

    def __init__(
        self,
        counts: Mapping[str, int],
        languages: Sequence[str],
        are_single_tokens: Callable[[Sequence[str]], Sequence[bool]],
        limits: SpellingLimits = DEFAULT_SPELLING_LIMITS,
    ) -> None:
        self._limits = limits
        self._counts = counts
        self._languages = languages
        self._are_single_tokens = are_single_tokens
        # Also "don't" as "dont" and as "don" and "t": they are no slips of "done".
        known = [form for word in counts for form in (word, word.replace("'", ""), *_WORD.findall(word))]
        self._stems = {lang: set(stems(known, lang)) for lang in languages}
        # Of a large vocabulary only a small part is compared.
        self._by_letter_and_length: dict[tuple[str, int], list[str]] = defaultdict(list)
        for word in counts:
            if len(word) >= limits.shortest - 1 and word.isalpha():
                self._by_letter_and_length[word[0], len(word)].append(word)

    def correct(self, question: str) -> str:
        """The question with its misspelt words corrected; the same text if there are none."""
        asked = {word.group().casefold() for word in _WORD.finditer(question)}
        unknown = [word for word in sorted(asked) if len(word) >= self._limits.shortest and not self._has(word)]
        single = self._are_single_tokens(unknown) if unknown else ()
        corrections = {
            word: near
            for word, is_single in zip(unknown, single, strict=True)
            if not is_single and (near := self._nearest(word))
        }
        if not corrections:
            return question
        return _WORD.sub(lambda word: corrections.get(word.group().casefold(), word.group()), question)

    def _has(self, word: str) -> bool:
        return word in self._counts or any(stems([word], lang)[0] in self._stems[lang] for lang in self._languages)

    def _nearest(self, word: str) -> str | None:
        slips = 2 if len(word) >= self._limits.long else 1
        lengths = range(len(word) - slips, len(word) + slips + 1)
        compared = [other for length in lengths for other in self._by_letter_and_length.get((word[0], length), ())]
        near = process.extract(word, compared, scorer=OSA.distance, score_cutoff=slips, limit=None)
        # The fewest slips, then the commonest word, then the alphabet: never chance.
        return min(near, key=lambda match: (match[1], -self._counts[match[0]], match[0]))[0] if near else None
