"""The labelled sets that numbers are fitted on: each indexed once, with a capped number of questions."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.build import build_index, index_passages
from indexer.content.passages import lexical_text
from indexer.generation.generation import Generation
from indexer.labelled import LabelledQuestions
from indexer.model.encoder import Encoder
from indexer.store.index_store import IndexStore
from indexer.words.lexicon import LexicalText
from search_api.evaluation.dataset import read_passages

_CORPUS = Path(__file__).parents[2] / "corpus"
OWN = "own questions, tuning"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledSet:
    """One set.

    Attributes:
        name: of its folder, or `OWN`.
        generation: of its passages.
        passage_ids: of each passage, by its number.
        texts: the words of each passage, by its number.
        queries: those asked of the questions with an answer, by query id.
        qrels: for each of these the grade > 0 of the passages that answer it.
        unanswerable: those asked of the questions without an answer.
    """

    name: str
    generation: Generation
    passage_ids: Sequence[str]
    texts: Sequence[LexicalText]
    queries: dict[str, str]
    qrels: dict[str, dict[str, int]]
    unanswerable: Sequence[str]

    @classmethod
    def of(cls, name: str, generation: Generation, questions: LabelledQuestions, cap: int, seed: int) -> LabelledSet:
        """A set of at most `cap` questions of each kind, the same for the same seed."""
        passages = list(generation.passages.all())
        known = {passage.passage_id for passage in passages}
        answerable = [key for key in questions.queries if known.intersection(questions.qrels.get(key, ()))]
        asked = _sample(answerable, cap, seed)
        return cls(
            name=name,
            generation=generation,
            passage_ids=[passage.passage_id for passage in passages],
            texts=[lexical_text(passage) for passage in passages],
            queries={key: questions.queries[key] for key in asked},
            qrels={key: questions.qrels[key] for key in asked},
            unanswerable=_sample(list(questions.unanswerable.values()), cap, seed),
        )


def index_sets(
    folders: Sequence[Path], scratch: Path, encoder: Encoder, *, cap: int, seed: int
) -> Iterator[LabelledSet]:
    """The project's articles with the questions for tuning, never those kept for measuring; then each folder's set.

    Args:
        folders: of data sets in the BEIR layout.
        scratch: folder for the indexes.
        encoder: they are built with.
        cap: questions of each kind that are asked of a set, at most.
        seed: which are taken.
    """
    store = IndexStore(scratch / "own")
    build_index(_CORPUS / "articles", store.folder, encoder=encoder)
    yield LabelledSet.of(OWN, store.load(), LabelledQuestions.read(_CORPUS / "questions" / "tuning"), cap, seed)
    for folder in folders:
        store = IndexStore(scratch / "sets" / folder.name)
        index_passages(read_passages(folder / "corpus.jsonl"), store.folder, encoder)
        yield LabelledSet.of(folder.name, store.load(), LabelledQuestions.read(folder), cap, seed)


def _sample(keys: list[str], cap: int, seed: int) -> list[str]:
    return keys if len(keys) <= cap else random.Random(seed).sample(keys, cap)
