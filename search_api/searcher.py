"""Questions to hits: one generation, one encoder."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from indexer.arrays import IntArray
from indexer.content.passages import Role
from indexer.documents import Passage, PassageKind
from indexer.errors import ModelMismatchError, NotFoundError, QueryError
from indexer.generation.generation import Generation
from indexer.model.encoder import Encoder, load_encoder
from indexer.question import clean_question
from indexer.retrieval.retriever import Ranked, Retriever
from indexer.settings import Settings
from indexer.store.index_store import IndexStore
from search_api.highlight import Highlight, answering_sentence
from search_api.thresholds import Thresholds

MAX_LIMIT = 100
_RELATED, _RELATED_DEPTH = 3, 12


class MatchedBy(StrEnum):
    """Which text of a passage was nearest to the question."""

    QUESTION = "question"
    ALTERNATE = "alternate"
    ANSWER = "answer"
    QUESTION_ANSWER = "question_answer"
    PARAGRAPH = "paragraph"


class Answered(StrEnum):
    """Whether the best hit answers the question."""

    HIGH = "high"
    PARTIAL = "partial"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One passage found.

    Attributes:
        passage: what was found.
        score: higher is better; comparable within one result only.
        matched_by, matched_text: the text of the passage that was nearest to the question.
        highlight: the sentence of `passage.text` that answers best, None for a passage without text.
    """

    passage: Passage
    score: float
    matched_by: MatchedBy
    matched_text: str
    highlight: Highlight | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResult:
    """The answer to one question.

    Attributes:
        query: the question as it was searched: NFC, control characters and outer space removed.
        answered: whether the best hit answers; `confidence`: the probability that it does, in [0, 1].
        hits: best first, from `offset` on.
        related: passages of FAQ entries the visitor may have meant, none of them among the hits.
        total: how many hits paging can reach.
        generation: number of the generation that answered.
        processing_time_ms: milliseconds, the embedding of the question included.
    """

    query: str
    answered: Answered
    confidence: float
    hits: tuple[Hit, ...]
    related: tuple[Passage, ...]
    total: int
    generation: str
    processing_time_ms: float


class Searcher:
    """Answers questions from one generation; safe to share between threads.

    Args:
        generation: loaded from an `IndexStore`.
        encoder: the one the generation was built with.
        settings: go before those of the generation's site; default: those of the environment.

    Attributes:
        settings: that are in force.
        thresholds: where `Answered` begins to be HIGH and PARTIAL.
        problem: set by `open`: why this is not the published generation, "" if it is.

    Raises:
        ModelMismatchError: the generation was built with another model.
    """

    def __init__(self, generation: Generation, encoder: Encoder, *, settings: Settings | None = None) -> None:
        if generation.manifest.fingerprint != encoder.fingerprint:
            raise ModelMismatchError(
                f"the index was built with {generation.manifest.model} ({generation.manifest.fingerprint[:12]}), "
                f"not with {encoder.name} ({encoder.fingerprint[:12]}); search with that model or rebuild the index"
            )
        self.problem = ""
        self.generation = generation
        self.encoder = encoder
        self._retriever = Retriever(generation, encoder)
        self.settings = (settings or Settings()).with_site(generation.settings)
        self.thresholds = Thresholds.of(self.settings, generation.confidence)

    @classmethod
    def open(cls, index: Path | str, *, encoder: Encoder | None = None, settings: Settings | None = None) -> Self:
        """Open the published generation of an index folder, with the model kept in that folder.

        While that generation or its model is damaged the newest sound one stands in for it; `problem` then says why.

        Raises:
            IndexMissingError, IndexDamagedError, ModelError: see `IndexStore.first_usable` and `load_encoder`.
        """
        store = IndexStore(Path(index))

        def with_encoder(generation: Generation) -> tuple[Generation, Encoder]:
            return generation, encoder or load_encoder(store.model_folder(generation.manifest.fingerprint))

        usable, problem = store.first_usable(with_encoder)
        searcher = cls(*usable, settings=settings)
        searcher.problem = problem
        return searcher

    def search(
        self,
        question: str,
        k: int = 5,
        *,
        offset: int = 0,
        tag: str | None = None,
        kind: PassageKind | str | None = None,
    ) -> SearchResult:
        """Find the passages that answer a question.

        Args:
            question: free text in any language, at most 2000 characters.
            k: number of hits, 1 to 100.
            offset: hits to pass over, 0 or more.
            tag: only passages with this tag.
            kind: only paragraphs, or only FAQ entries.

        Raises:
            QueryError: an argument is out of its range, or no passage has this tag.
        """
        started = time.perf_counter()
        question = clean_question(question)
        kind = _check(k, offset, kind)
        allowed = self._allowed(tag, kind)
        ranked = self._retriever.rank(question, allowed)
        shown = slice(offset, offset + k)
        numbers, related = ranked.passages[shown], self._related(ranked.passages[offset + k :])
        passages = self.generation.passages.get([*numbers.tolist(), *related.tolist()])
        hits = self._hits(passages[: len(numbers)], ranked, shown)
        confidence = self.generation.confidence.probability(ranked.log_odds)
        return SearchResult(
            query=question,
            answered=self._answered(confidence),
            confidence=round(confidence, 4),
            hits=hits,
            related=tuple(passages[len(numbers) :]),
            total=len(ranked.passages),
            generation=self.generation.manifest.generation,
            processing_time_ms=round((time.perf_counter() - started) * 1000, 3),
        )

    def rank_many(self, questions: Sequence[str]) -> list[Ranked]:
        """Rank all candidates of many questions without looking them up; what evaluation needs.

        Args:
            questions: cleaned already, as `LabelledQuestions` has them.
        """
        return self._retriever.rank_many(questions)

    def marked_sentences(self, ranked: Ranked, numbers: IntArray) -> list[str]:
        """The sentence that would be marked in each of some passages, "" in one without text; what evaluation needs.

        Args:
            ranked: of the question.
            numbers: of passages, hits or not, int64; shape (n,).
        """
        rows = self._retriever.answering_sentences(numbers, ranked.query).tolist()
        sentences = []
        for passage, row in zip(self.generation.passages.get(numbers.tolist()), rows, strict=True):
            mark = self._highlight(passage, row)
            sentences.append(passage.text[mark.start : mark.end] if mark else "")
        return sentences

    def _related(self, numbers: IntArray) -> IntArray:
        """The best FAQ entries among the candidates that are not shown."""
        near = numbers[:_RELATED_DEPTH]
        return near[self._retriever.have_question(near)][:_RELATED]

    def _hits(self, passages: Sequence[Passage], ranked: Ranked, shown: slice) -> tuple[Hit, ...]:
        """The hits of some ranked passages, each with the sentence that answers best.

        Args:
            passages: the ones that are shown.
            ranked: all candidates.
            shown: where in them the passages stand.
        """
        sentences = self._retriever.answering_sentences(ranked.passages[shown], ranked.query)
        columns = (ranked.passages[shown], ranked.scores[shown], ranked.best_rows[shown], sentences)
        return tuple(
            self._hit(passage, number, score, row, self._highlight(passage, sentence))
            for passage, number, score, row, sentence in zip(
                passages, *(column.tolist() for column in columns), strict=True
            )
        )

    def _highlight(self, passage: Passage, sentence: int) -> Highlight | None:
        return answering_sentence(passage, self.generation.sentence_rows[sentence] if sentence >= 0 else None)

    def _answered(self, confidence: float) -> Answered:
        if confidence >= self.thresholds.high:
            return Answered.HIGH
        return Answered.PARTIAL if confidence >= self.thresholds.partial else Answered.NONE

    def passage(self, passage_id: str) -> Passage:
        """The passage with this id.

        Raises:
            NotFoundError: there is none.
        """
        number = self.generation.passages.number_of(passage_id)
        if number is None:
            raise NotFoundError("no passage has this id in the current index; ids come from search results")
        return self.generation.passages.get([number])[0]

    def document(self, document_id: str) -> list[Passage]:
        """All passages of a document in reading order.

        Raises:
            NotFoundError: there is none.
        """
        passages = self.generation.passages.of_document(document_id)
        if not passages:
            raise NotFoundError("no document has this id in the current index; ids come from search results")
        return passages

    def describe(self) -> dict[str, Any]:
        """What is being searched, as the API's ``GET /index`` returns it."""
        manifest, table = self.generation.manifest, self.generation.passages
        return {
            "generation": manifest.generation,
            "published_at": manifest.published_at,
            "documents": manifest.documents,
            "passages": manifest.passages,
            "stale": list(manifest.stale),
            "kinds": table.kinds(),
            "model": {"name": manifest.model, "fingerprint": manifest.fingerprint, "dimensions": manifest.dim},
            "tags": [{"tag": tag, "passages": count} for tag, count in table.tags().items()],
            "examples": table.sample_questions(4),
        }

    def _allowed(self, tag: str | None, kind: PassageKind | None) -> IntArray | None:
        if tag is None and kind is None:
            return None
        numbers = self.generation.passages.numbers(tag=tag, kind=kind)
        if tag is not None and not len(numbers) and tag not in self.generation.passages.tags():
            known = ", ".join(list(self.generation.passages.tags())[:20])
            raise QueryError("tag", f"no passage has this tag; known tags: {known or 'none'}")
        return numbers

    def _hit(self, passage: Passage, number: int, score: float, row: int, highlight: Highlight | None) -> Hit:
        record = self.generation.rows[row]
        role = Role(int(record["role"]))
        if role is Role.QUESTION:
            by, text = MatchedBy.QUESTION, passage.question
        elif role is Role.ALTERNATE:
            # The question's own row, if there is one, comes before the alternates'.
            first = self._retriever.first_row(number) + bool(passage.question)
            by, text = MatchedBy.ALTERNATE, passage.alternates[row - first]
        else:
            text = passage.text[int(record["start"]) : int(record["end"])]
            if passage.kind is PassageKind.PARAGRAPH:
                by = MatchedBy.PARAGRAPH
            else:
                by = MatchedBy.ANSWER if role is Role.ANSWER else MatchedBy.QUESTION_ANSWER
        return Hit(
            passage=passage,
            score=round(score, 6),
            matched_by=by,
            matched_text=text,
            highlight=highlight,
        )


def _check(k: int, offset: int, kind: PassageKind | str | None) -> PassageKind | None:
    if not 1 <= k <= MAX_LIMIT:
        raise QueryError("limit", f"is {k}, from 1 to {MAX_LIMIT} are allowed")
    if offset < 0:
        raise QueryError("offset", f"is {offset}, 0 or more is allowed")
    try:
        return None if kind is None else PassageKind(kind)
    except ValueError:
        raise QueryError("kind", f"must be one of: {', '.join(k.value for k in PassageKind)}") from None
