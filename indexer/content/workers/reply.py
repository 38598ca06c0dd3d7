"""What a worker sends back for a file, as JSON: nothing that a worker says is ever run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from indexer.documents import Document


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A document, or why there is none.

    Attributes:
        document: as it was read; None if it could not be.
        reason: what was wrong with the file and what to do, "" if it was read.
        line: 1-based line of that, if known.
        worn: the worker holds more memory than a new one would; it is not to be used again.
    """

    document: Document | None = None
    reason: str = ""
    line: int | None = None
    worn: bool = False


@cache
def adapter() -> TypeAdapter[Any]:
    """Writes and checks replies."""
    return TypeAdapter(Reply)
