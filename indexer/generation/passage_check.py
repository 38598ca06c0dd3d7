"""Whether a passage table holds passages, read through once when it is opened: a search then finds nothing amiss."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexer.arrays import BoolArray, IntArray
from indexer.documents import Passage
from indexer.errors import IndexDamagedError, naming
from indexer.generation.passage_table import PassageTable
from indexer.schema import checked_fields

_DIGEST = 2**64


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageShapes:
    """What rows of vectors may refer to in each passage; all arrays have shape (passages,).

    Attributes:
        lengths: characters of its text, int64.
        alternates: how many it has, int64.
        have_question: whether it has a question of its own, bool.
        languages: ISO 639-1 codes of all passages.
        documents: how many there are.
    """

    lengths: IntArray
    alternates: IntArray
    have_question: BoolArray
    languages: frozenset[str]
    documents: int


def check_passages(path: Path, table: PassageTable) -> PassageShapes:
    """Read every passage.

    Args:
        path: of the table.
        table: opened from it.

    Raises:
        IndexDamagedError: names the file and what is wrong in it.
    """
    with naming(path, IndexDamagedError, "roll back or rebuild the index"):
        table.check_file()
        size = len(table)
        lengths, alternates = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
        have_question = np.zeros(size, dtype=np.bool_)
        languages, documents = set(), set()
        tags = 0
        for expected, (number, passage_id, document_id, kind, fields) in enumerate(table.records()):
            try:
                passage = checked_fields(Passage, fields)
            except ValueError as error:
                raise ValueError(f"passage {number}: {error}") from None
            named = (passage["passage_id"], passage["document_id"], passage["kind"])
            if number != expected or named != (passage_id, document_id, kind):
                raise ValueError(f"passage {expected} is not there, or another one in its place")
            lengths[number], alternates[number] = len(passage["text"]), len(passage["alternates"])
            have_question[number] = bool(passage["question"])
            languages.add(passage["lang"])
            documents.add(hash(document_id))
            tags += sum(hash((tag, number)) for tag in set(passage["tags"]))
        # Their sum, for the two come in different orders, and of a million passages neither is to be held.
        if (sum(map(hash, table.tagged())) - tags) % _DIGEST:
            raise ValueError("the tags to filter by are not those of its passages")
        table.release()
    return PassageShapes(
        lengths=lengths,
        alternates=alternates,
        have_question=have_question,
        languages=frozenset(languages),
        documents=len(documents),
    )
