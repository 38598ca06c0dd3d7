"""What an author might mend: questions asked twice, answers that disagree or are not found, dead links. Pure."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import unquote

import numpy as np

from indexer.arrays import FloatArray
from indexer.documents import Document, Passage, PassageKind
from indexer.words.analysis import words

# Two questions this near ask the same. Chosen by the project's own articles, where no pair of different ones reaches
# it. `make refit`: in four public sets of real questions two pairs do, and both ask the same; of the two more from .93
# on one does. Titles that are no questions ("part 3 test", "part 1 test") reach .98 and differ.
NEAR_DUPLICATE = 0.95
LONG_ANSWER_WORDS = 300
# A shorter paragraph, such as "See also", may well stand in many documents.
_REPEATED_WORDS = 8
_BLOCK = 2048
_PAGES = (".html", ".htm")
_TEXTS = (".md", ".markdown", ".mdx")


class FindingKind(StrEnum):
    """What is wrong."""

    SAME_QUESTION = "same question"
    DIFFERENT_ANSWERS = "same question, different answers"
    NOT_FOUND_FIRST = "not found first"
    EMPTY_ANSWER = "empty answer"
    LONG_ANSWER = "long answer"
    REPEATED_PARAGRAPH = "repeated paragraph"
    DEAD_ANCHOR = "dead anchor"
    DEAD_LINK = "dead link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to mend.

    Attributes:
        kind: what is wrong.
        places: passage ids, or ``path:line`` of a link.
        advice: one sentence: what was found and what to do.
    """

    kind: FindingKind
    places: tuple[str, ...]
    advice: str


def lint_passages(
    passages: Sequence[Passage], questions: FloatArray, top_1: Mapping[str, str] | None = None
) -> list[Finding]:
    """Look through the passages.

    Args:
        passages: all of them.
        questions: the embedding of each FAQ entry's question, in the order of `passages`; shape (entries, dim),
            float32, unit length.
        top_1: for FAQ entries whose own question was asked, the passage id of its first hit.
    """
    entries = [passage for passage in passages if passage.kind is PassageKind.FAQ]
    groups = _asking_the_same(entries, questions)
    findings = [_same_question([entries[place] for place in group]) for group in groups]
    group_of = {entries[place].passage_id: number for number, group in enumerate(groups) for place in group}
    by_id = {passage.passage_id: passage for passage in passages}
    for entry in entries:
        count = len(entry.text.split())
        if not count:
            advice = f"{_quoted(entry)} has no answer; write one or take the question out"
            findings.append(_finding(FindingKind.EMPTY_ANSWER, [entry], advice))
        elif count > LONG_ANSWER_WORDS:
            advice = f"the answer to {_quoted(entry)} has {count:,} words; split it into questions of their own"
            findings.append(_finding(FindingKind.LONG_ANSWER, [entry], advice))
        first = (top_1 or {}).get(entry.passage_id, entry.passage_id)
        same = group_of.get(first, -1) == group_of.get(entry.passage_id, -2)
        if first != entry.passage_id and not same and first in by_id:
            advice = (
                f"{_quoted(entry)} finds {_quoted(by_id[first])} first; join the two, "
                "or say in both what sets them apart"
            )
            findings.append(_finding(FindingKind.NOT_FOUND_FIRST, [entry, by_id[first]], advice))
    return findings + _repeated(passages)


def lint_links(documents: Sequence[Document], paths: Iterable[str]) -> list[Finding]:
    """Look for links to fragments and content files that are not there.

    Args:
        documents: all of them.
        paths: every file of the content folder, also those that could not be read.
    """
    by_path = {document.path: document for document in documents}
    there = {*paths, *by_path}
    findings = []
    for document in documents:
        for link in document.links:
            target, _, fragment = link.target.partition("#")
            target, fragment = unquote(target.partition("?")[0]), unquote(fragment)
            path = posixpath.normpath(posixpath.join(posixpath.dirname(document.path), target)) if target else ""
            where = (f"{document.path}:{link.line}",)
            if path and path not in there:
                if _names_content(target, document.path) and not path.startswith(".."):
                    advice = f"leads to {target}, which is not there; correct the link or take it out"
                    findings.append(Finding(kind=FindingKind.DEAD_LINK, places=where, advice=advice))
                continue
            other = by_path.get(path or document.path)
            if other is not None and other.anchors is not None and _is_dead(fragment, other.anchors):
                advice = (
                    f"leads to #{fragment} in {other.path}, where no heading and no id has that name; "
                    "correct the link or name the place"
                )
                findings.append(Finding(kind=FindingKind.DEAD_ANCHOR, places=where, advice=advice))
    return findings


def _asking_the_same(entries: Sequence[Passage], questions: FloatArray) -> list[list[int]]:
    """Groups of places in `entries` whose questions are equal or nearly so, in reading order."""
    equal: dict[Hashable, list[int]] = defaultdict(list)
    for place, entry in enumerate(entries):
        equal[_plain(entry.question) or place].append(place)
    first_places = [places[0] for places in equal.values()]
    members = dict(zip(first_places, equal.values(), strict=True))
    leader = {first: first for first in first_places}

    def leader_of(place: int) -> int:
        while leader[place] != place:
            place = leader[place]
        return place

    vectors = questions[first_places]
    for start in range(0, len(first_places), _BLOCK):
        near = vectors[start : start + _BLOCK] @ vectors[start:].T >= NEAR_DUPLICATE
        for row, column in np.argwhere(np.triu(near, 1)).tolist():
            one, other = leader_of(first_places[start + row]), leader_of(first_places[start + column])
            if one != other:
                leader[max(one, other)] = min(one, other)
    groups: dict[int, list[int]] = defaultdict(list)
    for first in first_places:
        groups[leader_of(first)] += members[first]
    return [sorted(group) for group in groups.values() if len(group) > 1]


def _same_question(entries: Sequence[Passage]) -> Finding:
    one = entries[0]
    # The one that differs most visibly stands for the others.
    other = next((entry for entry in entries if _plain(entry.text) != _plain(one.text)), entries[1])
    if _plain(other.text) != _plain(one.text):
        advice = f"{_quoted(one)} and {_quoted(other)} ask the same and are answered differently; keep one answer"
        return _finding(FindingKind.DIFFERENT_ANSWERS, entries, advice)
    advice = f'{_quoted(one)} is asked {len(entries)} times; keep one, other wordings below it as "Also asked:"'
    return _finding(FindingKind.SAME_QUESTION, entries, advice)


def _repeated(passages: Sequence[Passage]) -> list[Finding]:
    """Paragraphs that stand word by word in two documents."""
    homes: dict[str, list[Passage]] = defaultdict(list)
    for passage in passages:
        if passage.kind is PassageKind.PARAGRAPH:
            homes[_plain(passage.text)].append(passage)
    findings = []
    for text, found in homes.items():
        documents = len({passage.document_id for passage in found})
        if documents > 1 and text.count(" ") + 1 >= _REPEATED_WORDS:
            advice = f"the same paragraph stands in {documents} documents; keep it in one and link to it"
            findings.append(_finding(FindingKind.REPEATED_PARAGRAPH, found, advice))
    return findings


def _names_content(target: str, path: str) -> bool:
    """Whether a link can only mean a content file: Markdown, or a page from a page."""
    suffix = posixpath.splitext(target)[1].lower()
    relative = not target.startswith("/")
    return relative and (suffix in _TEXTS or (suffix in _PAGES and path.lower().endswith(_PAGES)))


def _is_dead(fragment: str, anchors: Sequence[str]) -> bool:
    # "#top" is every page's; "#/…" and "#!…" are addresses of programs, "#:~:" a text to mark.
    if not fragment or fragment.lower() == "top" or fragment[0] in "/!:":
        return False
    # Site generators differ in how they write what is no letter and no digit.
    wanted = _letters(fragment)
    return fragment not in anchors and wanted not in map(_letters, anchors)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text.casefold())


def _plain(text: str) -> str:
    """The words alone, in lower case: what makes two texts the same to a reader."""
    return " ".join(words(text))


def _quoted(passage: Passage) -> str:
    text = passage.question or (passage.heading_path[-1] if passage.heading_path else passage.document_title)
    return f"“{text}”"


def _finding(kind: FindingKind, passages: Sequence[Passage], advice: str) -> Finding:
    return Finding(kind=kind, places=tuple(passage.passage_id for passage in passages), advice=advice)
