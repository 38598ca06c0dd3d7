"""What a new generation changes: passages added, changed, moved, removed, and questions answered by another. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from indexer.documents import Passage, PassageKind
from indexer.errors import QueryError
from indexer.labelled import LabelledQuestions
from indexer.question import MAX_QUESTION_CHARS, clean_question

MAX_FAQ_PROBES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageChanges:
    """How the passages of two generations differ, each by its passage id, in reading order.

    Attributes:
        before: how many there were.
        added, removed: in the new or in the previous generation only.
        changed: in both, with other words, title or headings.
        moved: (previous id, new id) of passages with the same words in another place.
    """

    before: int
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[tuple[str, str], ...]

    @property
    def removed_share(self) -> float:
        """Which part of the previous passages is gone; in [0, 1]."""
        return len(self.removed) / self.before if self.before else 0.0


def compare_passages(before: Sequence[Passage], after: Sequence[Passage]) -> PassageChanges:
    """Compare the passages of the previous and of the new generation."""
    old = {passage.passage_id: passage for passage in before}
    new = {passage.passage_id: passage for passage in after}
    by_words: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for key, passage in old.items():
        if key not in new:
            by_words[_own_words(passage)].append(key)
    moved = {}
    for key, passage in new.items():
        if key not in old and (homes := by_words[_own_words(passage)]):
            moved[key] = homes.pop(0)
    gone = set(moved.values())
    return PassageChanges(
        before=len(old),
        added=tuple(key for key in new if key not in old and key not in moved),
        changed=tuple(key for key in new if key in old and _all_words(old[key]) != _all_words(new[key])),
        removed=tuple(key for key in old if key not in new and key not in gone),
        moved=tuple((origin, key) for key, origin in moved.items()),
    )


@dataclass(frozen=True, slots=True)
class Probe:
    """A question asked of both generations.

    Attributes:
        question: its words.
        right: ids of the passages that answer it.
        entry: number of the FAQ entry whose own question it is; -1 for one of the site's labelled questions.
    """

    question: str
    right: frozenset[str]
    entry: int = -1

    @property
    def labelled(self) -> bool:
        """Whether it is one of the site's labelled questions."""
        return self.entry < 0


@dataclass(frozen=True, slots=True)
class Probes:
    """The questions that are asked.

    Attributes:
        probes: labelled questions first, then FAQ questions in reading order.
        faq_entries: how many FAQ entries there are; of more than 10,000 an even sample is asked.
    """

    probes: tuple[Probe, ...]
    faq_entries: int


def probes_of(passages: Sequence[Passage], questions: LabelledQuestions | None) -> Probes:
    """The labelled questions whose passages are there, and each FAQ entry's own question."""
    known = {passage.passage_id for passage in passages}
    labelled = [
        Probe(text, frozenset(right))
        for key, text in (questions.queries.items() if questions else ())
        if questions and (right := known.intersection(questions.qrels.get(key, ())))
    ]
    entries = [number for number, passage in enumerate(passages) if passage.kind is PassageKind.FAQ]
    asked = entries
    if len(entries) > MAX_FAQ_PROBES:
        asked = [entries[place] for place in np.linspace(0, len(entries) - 1, MAX_FAQ_PROBES).astype(int)]
    own = []
    for number in asked:
        entry = passages[number]
        try:
            question = clean_question(entry.question[:MAX_QUESTION_CHARS])
        except QueryError:  # nothing in it that can be asked
            continue
        own.append(Probe(question, frozenset([entry.passage_id]), number))
    return Probes((*labelled, *own), len(entries))


@dataclass(frozen=True, slots=True)
class QuestionChange:
    """A question whose first hit is another passage now.

    Attributes:
        question: its words, from the content or from the site's labelled questions.
        before, after: passage id of the first hit, "" for none.
    """

    question: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionChanges:
    """What becomes of the probes.

    Attributes:
        labelled, faq: how many labelled and FAQ questions were asked; `faq_entries`: how many there are.
        not_re_asked: how many of the FAQ questions were not asked again, for nothing near them changed.
        p1: share of the labelled questions answered first, or of the FAQ questions if none is labelled; None
            without any.
        changed: the first hit is another passage; new entries' questions do not count here or below.
        newly_right, newly_wrong: the right passage is first now and was not; or was and is not any more.
        not_compared: why there is no comparison with the previous generation, "" if there is one.
    """

    labelled: int
    faq: int
    faq_entries: int
    not_re_asked: int
    p1: float | None
    changed: tuple[QuestionChange, ...] = ()
    newly_right: tuple[QuestionChange, ...] = ()
    newly_wrong: tuple[QuestionChange, ...] = ()
    not_compared: str = ""


def compare_questions(
    probes: Probes,
    passages: PassageChanges | None,
    kept: frozenset[str],
    before: Sequence[str] | None,
    after: Sequence[str],
    *,
    not_re_asked: int = 0,
    not_compared: str = "",
) -> QuestionChanges:
    """Compare the first hits of two generations.

    Args:
        probes: what was asked.
        passages: their changes; None without a previous generation.
        kept: new ids of the passages that both generations have, in the same or another place.
        before: passage id of each probe's first hit in the previous generation; None if there are none to compare with.
        after: the same in the new generation.
        not_re_asked: how many of the hits in `after` are those of `before`, not asked again.
        not_compared: why there is no `before`.
    """
    labelled = sum(probe.labelled for probe in probes.probes)
    judged = [
        first in probe.right
        for probe, first in zip(probes.probes, after, strict=True)
        if probe.labelled or not labelled
    ]
    asked = QuestionChanges(
        labelled=labelled,
        faq=len(probes.probes) - labelled,
        faq_entries=probes.faq_entries,
        not_re_asked=not_re_asked,
        p1=sum(judged) / len(judged) if judged else None,
        not_compared=not_compared,
    )
    if before is None:
        return asked
    new_ids, changed, newly_right, newly_wrong = dict(passages.moved if passages else ()), [], [], []
    for probe, was, first in zip(probes.probes, before, after, strict=True):
        right = probe.right & kept
        now = new_ids.get(was, was)
        if not right or now == first:
            continue
        change = QuestionChange(probe.question, was, first)
        changed.append(change)
        if first in right and now not in right:
            newly_right.append(change)
        elif now in right and first not in right:
            newly_wrong.append(change)
    return replace(asked, changed=tuple(changed), newly_right=tuple(newly_right), newly_wrong=tuple(newly_wrong))


def _own_words(passage: Passage) -> tuple[str, str, str]:
    return passage.kind.value, passage.question, passage.text


def _all_words(passage: Passage) -> tuple[object, ...]:
    return (
        passage.kind, passage.question, passage.alternates, passage.text, passage.heading_path, passage.document_title
    )  # fmt: skip
