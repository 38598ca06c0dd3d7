"""What each stored vector stands for: one record a row."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from indexer.arrays import RecordArray
from indexer.content.passages import EmbeddingText
from indexer.errors import IndexDamagedError, naming
from indexer.files import map_array

# One record a vector: the passage it belongs to, what it stands for, the characters of the passage's text it
# covers, and the hash of the embedded text, by which the next build finds the vector again.
ROW: Final = np.dtype([("passage", "<i4"), ("role", "u1"), ("start", "<i4"), ("end", "<i4"), ("text", "S16")])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Embedded texts of a build: one ROW record and one vector each, ascending by passage.

    Attributes:
        records: shape (n,), dtype `ROW`.
        vectors: shape (n, dim), of `to_shorts` for what is searched, of `to_bytes` for sentences.
    """

    records: RecordArray
    vectors: npt.NDArray[Any]


def open_rows(path: Path) -> RecordArray:
    """Map the records of a generation; the caller has verified the file's hash.

    Raises:
        IndexDamagedError: it holds no records.
    """
    with naming(path, IndexDamagedError, "roll back or rebuild the index"):
        return map_array(path, ROW, (None,))


def row_records(texts: Sequence[tuple[int, EmbeddingText]]) -> RecordArray:
    """One `ROW` record for each (passage number, text)."""
    records = [(number, int(t.role), t.span[0], t.span[1], text_hash(t.text)) for number, t in texts]
    return np.array(records, dtype=ROW)


def text_hash(text: str) -> bytes:
    """16 bytes that stand for an embedded text, never containing a trailing NUL, which NumPy would drop."""
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest().encode()
