"""Whether rows of vectors stand for what their passages have: a search then never looks for what is not there."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np

from indexer.arrays import Int32Array, RecordArray
from indexer.content.passages import Role
from indexer.errors import IndexDamagedError, naming
from indexer.files import read_array
from indexer.generation.layout import Layout
from indexer.generation.passage_check import PassageShapes
from indexer.vectors.stored_rows import StoredRows, StoredSentences

# What rounding leaves.
_UNIT_TOLERANCE = 1e-3
_BLOCK = 8192
_ADVICE = "roll back or rebuild the index"


def check_rows(path: Path, rows: RecordArray, shapes: PassageShapes) -> None:
    """Check the records of what is searched.

    Raises:
        IndexDamagedError: names the file and what is wrong in it.
    """
    with _beside_passages(path):
        owners, roles = _spans(rows, shapes), rows["role"]
        first = np.flatnonzero(np.diff(owners, prepend=-1))
        if not np.array_equal(owners[first], np.arange(len(shapes.lengths))):
            raise ValueError("a passage has no row")
        if (roles > Role.ENTRY).any():
            raise ValueError("a row stands for what no search finds")
        if not np.array_equal(np.flatnonzero(roles == Role.QUESTION), first[shapes.have_question]):
            raise ValueError("the rows of questions are not those of the passages")
        alternates = np.flatnonzero(roles == Role.ALTERNATE)
        of = owners[alternates]
        place = alternates - first[of] - shapes.have_question[of]
        if ((place < 0) | (place >= shapes.alternates[of])).any():
            raise ValueError("a row stands for a phrasing that is not there")


def check_sentence_rows(path: Path, rows: RecordArray, shapes: PassageShapes) -> None:
    """Check the records of sentences.

    Raises:
        IndexDamagedError: names the file and what is wrong in it.
    """
    with _beside_passages(path):
        _spans(rows, shapes)
        if (rows["role"] != Role.SENTENCE).any():
            raise ValueError("a row stands for no sentence")


def check_units(path: Path, vectors: StoredRows | StoredSentences) -> None:
    """Check that vectors have the length 1.

    Raises:
        IndexDamagedError: names the file and the first vector that has not.
    """
    with naming(path, IndexDamagedError, _ADVICE):
        for start in range(0, len(vectors), _BLOCK):
            values = vectors.vectors(slice(start, start + _BLOCK))
            lengths = np.sqrt(np.vecdot(values, values))
            wrong = np.flatnonzero(~(np.abs(lengths - 1) <= _UNIT_TOLERANCE))  # so that NaN is wrong too
            if len(wrong):
                raise ValueError(f"vector {start + int(wrong[0]):,} has length {lengths[wrong[0]]:.4f} instead of 1")


def _beside_passages(path: Path) -> AbstractContextManager[None]:
    return naming(path, IndexDamagedError, f"it must go with {Layout(path.parent).passages}; {_ADVICE}")


def open_own_question_top_1(path: Path, entries: int, passages: int) -> Int32Array:
    """Read `Generation.own_question_top_1`; the caller has verified the file's hash.

    Raises:
        IndexDamagedError: it does not hold one number of a passage, or -1, for each entry.
    """
    with naming(path, IndexDamagedError, _ADVICE):
        found = read_array(path, np.int32, (entries,))
        if len(found) and not -1 <= found.min() <= found.max() < passages:
            raise ValueError("it names a passage that is not there")
        return found


def _spans(rows: RecordArray, shapes: PassageShapes) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The passage of each row, once these ascend and its characters are some of the passage's text."""
    owners = rows["passage"].astype(np.int64)
    if (np.diff(owners) < 0).any():
        raise ValueError("its rows are not in the order of the passages")
    if len(owners) and not 0 <= owners[0] <= owners[-1] < len(shapes.lengths):
        raise ValueError("a row is of a passage that is not there")
    if not ((rows["start"] >= 0) & (rows["start"] <= rows["end"]) & (rows["end"] <= shapes.lengths[owners])).all():
        raise ValueError("a row covers characters that are not there")
    return owners
