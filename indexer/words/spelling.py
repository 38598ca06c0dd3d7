"""Misspelt words to the words of this corpus."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from indexer.words.analysis import UNSPACED, stems

_SHORTEST = 4
# One slip in a short word, two in a long one: more would turn words into others.
_LONG = 8
# Without the first half of "mustn't", which is no slip of "must"; "husbnad's" is one of "husband's".
_WORD = re.compile(rf"[^\W\d_{UNSPACED}]++(?!['’](?!s\b))")


class Spelling:
    """Puts the corpus's word in the place of a misspelt one.

    A word is misspelt if the corpus has neither it nor another form of it, if the model's tokenizer does not know
    it as one word, and if the corpus has a word with the same first letter within one slip (a letter missing, added,
    wrong or swapped with its neighbour; two slips from eight letters on).

    Args:
        counts: how often each word stands in the corpus.
        languages: ISO 639-1 codes of the corpus, for forms of words.
        is_whole: tells for each of some words whether the model's tokenizer has it whole.
    """

    def __init__(
        self, counts: Mapping[str, int], languages: Sequence[str], is_whole: Callable[[Sequence[str]], Sequence[bool]]
    ) -> None:
        self._counts = counts
        self._languages = languages
        self._is_whole = is_whole
        # Also "don't" as "dont" and as "don" and "t": they are no slips of "done".
        known = [form for word in counts for form in (word, word.replace("'", ""), *_WORD.findall(word))]
        self._stems = {lang: set(stems(known, lang)) for lang in languages}
        # By first letter and length: of a large vocabulary only a small part is compared.
        self._alike: dict[tuple[str, int], list[str]] = defaultdict(list)
        for word in counts:
            if len(word) >= _SHORTEST - 1 and word.isalpha():
                self._alike[word[0], len(word)].append(word)

    def correct(self, question: str) -> str:
        """The question with its misspelt words corrected; the same text if there are none."""
        found = {word.group().casefold() for word in _WORD.finditer(question)}
        strange = [word for word in sorted(found) if len(word) >= _SHORTEST and not self._has(word)]
        whole = self._is_whole(strange) if strange else ()
        corrections = {
            word: near
            for word, known in zip(strange, whole, strict=True)
            if not known and (near := self._nearest(word))
        }
        if not corrections:
            return question
        return _WORD.sub(lambda word: corrections.get(word.group().casefold(), word.group()), question)

    def _has(self, word: str) -> bool:
        return word in self._counts or any(stems([word], lang)[0] in self._stems[lang] for lang in self._languages)

    def _nearest(self, word: str) -> str | None:
        slips = 2 if len(word) >= _LONG else 1
        lengths = range(len(word) - slips, len(word) + slips + 1)
        alike = [other for length in lengths for other in self._alike.get((word[0], length), ())]
        near = process.extract(word, alike, scorer=OSA.distance, score_cutoff=slips, limit=None)
        # The fewest slips, then the commonest word, then the alphabet: never chance.
        return min(near, key=lambda match: (match[1], -self._counts[match[0]], match[0]))[0] if near else None
