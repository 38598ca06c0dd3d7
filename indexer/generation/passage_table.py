"""Passages on disk, in one read-only SQLite file: by number, by id, by document, by tag."""

from __future__ import annotations

import errno
import json
import os
import re
import sqlite3
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any, Self

import numpy as np

from indexer.arrays import IntArray
from indexer.documents import Passage, PassageKind
from indexer.errors import IndexDamagedError, naming
from indexer.schema import checked_fields

_SCHEMA = """
CREATE TABLE passages (
  number INTEGER PRIMARY KEY, passage_id TEXT NOT NULL UNIQUE, document_id TEXT NOT NULL, kind TEXT NOT NULL,
  fields TEXT NOT NULL);
CREATE INDEX by_document ON passages (document_id, number);
CREATE INDEX by_kind ON passages (kind, number);
CREATE TABLE tags (tag TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (tag, number)) WITHOUT ROWID;
"""
# At most this many answers to `numbers` are kept, and a few more passages than this: visitors often ask the same.
_KEPT_FILTERS, _KEPT_PASSAGES = 16, 2_000
# And not more bytes of each; a character in memory takes at most this many.
_KEPT_BYTES, _CHAR = 32_000_000, 4
_NAMES = [field.name for field in fields(Passage)]
_values = attrgetter(*_NAMES)
_DEFINITIONS = "SELECT name, sql FROM sqlite_master"
_FIELDS = "SELECT fields FROM passages"


class PassageTable:
    """All passages of a generation; a passage's number is its place in the build order, from 0.

    Safe to share between threads: SQLite itself is called under a lock. Every method raises `IndexDamagedError` where
    the file cannot be read any more.

    Args:
        connection: to a file that `write` made, usable from every thread.
        name: of the file, for errors.
        kept_passages: once more passages than this were read, they are read again.
        kept_bytes: the same for the memory that passages take, and for that of the answers to `numbers`.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        name: str,
        *,
        kept_passages: int = _KEPT_PASSAGES,
        kept_bytes: int = _KEPT_BYTES,
    ) -> None:
        self._connection = connection
        self._name = name
        self._kept_passages, self._kept_bytes = kept_passages, kept_bytes
        # A connection holds on to itself until it is closed, and to its file.
        weakref.finalize(self, connection.close)
        self._lock = threading.Lock()
        self._filters: dict[tuple[str | None, PassageKind | None], IntArray] = {}
        self._passages: dict[int, Passage] = {}
        self._kept_chars = 0
        self._size = int(self._rows("SELECT count(*) FROM passages")[0][0])

    def __len__(self) -> int:
        return self._size

    @staticmethod
    def write(path: Path, passages: Iterable[Passage]) -> None:
        """Write a new file; the caller syncs it.

        Raises:
            OSError: it cannot be written, on a full disk for example.
        """
        try:
            with closing(sqlite3.connect(path)) as connection:
                # The file is made aside and synced whole, so SQLite's own journal would be work for nothing.
                connection.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {_SCHEMA}")
                for number, passage in enumerate(passages):
                    fields = json.dumps(fields_of(passage), ensure_ascii=False)
                    row = (number, passage.passage_id, passage.document_id, passage.kind.value, fields)
                    connection.execute("INSERT INTO passages VALUES (?,?,?,?,?)", row)
                    connection.executemany("INSERT INTO tags VALUES (?,?)", [(tag, number) for tag in passage.tags])
                connection.commit()
        except sqlite3.Error as error:  # how SQLite reports a full disk, or one that fails
            raise OSError(f"{path.name}: {error}") from error

    @classmethod
    def open(cls, path: Path, *, kept_passages: int = _KEPT_PASSAGES, kept_bytes: int = _KEPT_BYTES) -> Self:
        """Open a file whose hash the caller has verified.

        Args:
            path: of the file.
            kept_passages: see the class.
            kept_bytes: see the class.

        Raises:
            IndexDamagedError: it is no passage table.
        """
        with naming(path, IndexDamagedError, "roll back or rebuild the index"):
            uri = f"{path.resolve().as_uri()}?mode=ro&immutable=1"
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
            return cls(connection, str(path), kept_passages=kept_passages, kept_bytes=kept_bytes)

    def get(self, numbers: Sequence[int]) -> list[Passage]:
        """The passages with these numbers, in this order."""
        found = {number: passage for number in numbers if (passage := self._passages.get(number))}
        if unread := [number for number in numbers if number not in found]:
            marks = ",".join("?" * len(unread))
            rows = self._rows(f"SELECT number, fields FROM passages WHERE number IN ({marks})", tuple(unread))
            found |= {number: _passage(fields) for number, fields in rows}
            if len(self._passages) > self._kept_passages or self._kept_chars > self._kept_bytes // _CHAR:
                self._passages.clear()
                self._kept_chars = 0
            self._passages |= found
            self._kept_chars += sum(len(fields) for _, fields in rows)
        return [found[number] for number in numbers]

    def number_of(self, passage_id: str) -> int | None:
        """The number of the passage with this id, or None."""
        rows = self._rows("SELECT number FROM passages WHERE passage_id = ?", (passage_id,))
        return int(rows[0][0]) if rows else None

    def of_document(self, document_id: str) -> list[Passage]:
        """A document's passages in reading order; empty if there is no such document."""
        return [
            _passage(row[0]) for row in self._rows(f"{_FIELDS} WHERE document_id = ? ORDER BY number", (document_id,))
        ]

    def all(self) -> Iterable[Passage]:
        """Every passage, in order."""
        for start in range(0, self._size, 1000):
            rows = self._rows(f"{_FIELDS} WHERE number BETWEEN ? AND ? ORDER BY number", (start, start + 999))
            yield from (_passage(row[0]) for row in rows)

    def records(self) -> Iterator[tuple[int, str, str, str, str]]:
        """Every row as it stands in the file, by number: that, the passage's id, its document's, kind and fields."""
        columns, start = "number, passage_id, document_id, kind, fields", -(2**63)
        while rows := self._rows(
            f"SELECT {columns} FROM passages WHERE number > ? ORDER BY number LIMIT 1000", (start,)
        ):
            yield from rows
            start = rows[-1][0]

    def tagged(self) -> Iterator[tuple[str, int]]:
        """Every tag with the number of each passage that has it, ascending."""
        last: tuple[Any, Any] = ("", -(2**63))
        while rows := self._rows(
            "SELECT tag, number FROM tags WHERE (tag, number) > (?, ?) ORDER BY tag, number LIMIT 1000", last
        ):
            yield from rows
            last = rows[-1]

    def check_file(self) -> None:
        """Have SQLite check the file and its indexes.

        Raises:
            OSError: the disk fails.
            ValueError: they are not as `write` makes them.
        """
        with closing(sqlite3.connect(":memory:")) as fresh:
            fresh.executescript(_SCHEMA)
            made = dict(fresh.execute(_DEFINITIONS).fetchall())
        found = dict(self._rows(_DEFINITIONS))
        for name, definition in made.items():
            if name not in found or found[name] != definition:
                raise ValueError(f"its table or index {name} is not ours")
        if (problem := str(self._rows("PRAGMA integrity_check(1)")[0][0])) != "ok":
            code = re.search(r"error code=(\d+)", problem)
            if code and int(code[1]) & 0xFF == sqlite3.SQLITE_IOERR:  # of a disk that fails, not of what is on it
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            raise ValueError(f"SQLite says: {problem}")

    def release(self) -> None:
        """Give back the pages that SQLite holds: after all were read once, a search needs few of them."""
        self._rows("PRAGMA shrink_memory")

    def tags(self) -> dict[str, int]:
        """Number of passages by tag, the most common first, then by name."""
        return dict(self._rows("SELECT tag, count(*) FROM tags GROUP BY tag ORDER BY 2 DESC, 1"))

    def kinds(self) -> dict[str, int]:
        """Number of passages by kind; every kind is named."""
        return {kind.value: 0 for kind in PassageKind} | dict(
            self._rows("SELECT kind, count(*) FROM passages GROUP BY kind ORDER BY kind")
        )

    def documents(self) -> int:
        """How many documents the passages come from."""
        return int(self._rows("SELECT count(DISTINCT document_id) FROM passages")[0][0])

    def sample_questions(self, count: int) -> list[str]:
        """A few FAQ questions from documents spread evenly over the content, always the same ones."""
        first_entries = self._rows(
            "SELECT min(number) FROM passages WHERE kind = ? GROUP BY document_id ORDER BY 1", ("faq",)
        )
        step = max(1, len(first_entries) // count)
        return [passage.question for passage in self.get([row[0] for row in first_entries[::step][:count]])]

    def numbers(self, *, tag: str | None = None, kind: PassageKind | None = None) -> IntArray:
        """Numbers of the passages with this tag and of this kind, ascending; shape (n,), int64, read-only."""
        key = (tag, kind)
        if (found := self._filters.get(key)) is None:
            # Of a million passages they take long to read, and what a page offers to filter by is asked for often.
            found = self._numbers(tag, kind)
            found.flags.writeable = False
            kept = list(self._filters.values())
            if len(kept) >= _KEPT_FILTERS or sum(each.nbytes for each in kept) + found.nbytes > self._kept_bytes:
                self._filters.clear()
            if len(found):  # a tag that nothing has may be anything a visitor makes up
                self._filters[key] = found
        return found

    def _numbers(self, tag: str | None, kind: PassageKind | None) -> IntArray:
        query, values = "SELECT p.number FROM passages p", []
        if tag is not None:
            query += " JOIN tags t ON t.number = p.number AND t.tag = ?"
            values.append(tag)
        if kind is not None:
            query += " WHERE p.kind = ?"
            values.append(kind.value)
        return np.fromiter((row[0] for row in self._rows(query + " ORDER BY 1", tuple(values))), dtype=np.int64)

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        try:
            with self._lock:
                return self._connection.execute(query, values).fetchall()
        except (sqlite3.Error, OverflowError) as error:  # of a disk that fails, or a file that was altered under it
            raise IndexDamagedError(f"{self._name} cannot be read ({error}); rebuild the index") from error


def fields_of(passage: Passage) -> dict[str, Any]:
    """As `dataclasses.asdict`, in a tenth of its time: nothing in a passage needs to be copied."""
    return dict(zip(_NAMES, _values(passage), strict=True))


def _passage(fields: str) -> Passage:
    return Passage(**checked_fields(Passage, fields))
