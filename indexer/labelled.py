"""Labelled questions in the BEIR layout: what visitors asked and the passages that answer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from indexer.errors import DatasetError, QueryError
from indexer.question import MAX_QUESTION_CHARS, clean_question

T = TypeVar("T")


class _Sentences(TypedDict):
    query_id: str
    passage_id: str
    sentences: list[str]


@dataclass(frozen=True, slots=True)
class LabelledQuestions:
    """Questions with judgements.

    Attributes:
        queries: question by query id.
        qrels: for each query id the ids of passages that answer it, with a grade > 0; a query without a passage
            here is not scored.
        unanswerable: questions that nothing in the content answers, by query id.
        sentences: by query id and passage id the sentences of the passage that answer, any of them.
    """

    queries: dict[str, str]
    qrels: dict[str, dict[str, int]]
    unanswerable: dict[str, str]
    sentences: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, *others: Path) -> Self:
        """Read ``queries.jsonl``, ``qrels/test.tsv``, and if any ``queries_unanswerable.jsonl``, ``sentences.jsonl``.

        Args:
            folder: holds them.
            others: each holds more; the ids of all then have the number of their folder in front.

        Raises:
            DatasetError: a file is missing or malformed; names the file and the line.
        """
        if others:
            return cls._together([cls.read(each) for each in (folder, *others)])
        queries = _read_questions(folder / "queries.jsonl")
        unanswerable, sentences = folder / "queries_unanswerable.jsonl", folder / "sentences.jsonl"
        return cls(
            queries=queries,
            qrels=_read_qrels(folder / "qrels" / "test.tsv", queries),
            unanswerable=_read_questions(unanswerable) if unanswerable.exists() else {},
            sentences=_read_sentences(sentences) if sentences.exists() else {},
        )

    @classmethod
    def _together(cls, parts: Sequence[Self]) -> Self:
        def merged(tables: Iterable[dict[str, T]]) -> dict[str, T]:
            return {f"{number}/{key}": row for number, table in enumerate(tables, 1) for key, row in table.items()}

        return cls(
            queries=merged(part.queries for part in parts),
            qrels=merged(part.qrels for part in parts),
            unanswerable=merged(part.unanswerable for part in parts),
            sentences=merged(part.sentences for part in parts),
        )

    def check(self, passage_ids: Iterable[str]) -> None:
        """Make sure that every judged passage exists.

        Raises:
            DatasetError: one does not.
        """
        missing = {key for judged in self.qrels.values() for key in judged}.difference(passage_ids)
        if missing:
            raise DatasetError(
                f"{len(missing)} judged passages are not in the index, such as {min(missing)!r}; "
                "their place was renamed or removed: correct the qrels"
            )


def json_lines(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a JSON Lines file, each with its place for an error message.

    Raises:
        DatasetError: the file cannot be read or a line is no JSON object.
    """
    for where, line in _lines(path):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DatasetError(f"{where}: is not JSON ({error})") from error
        if not isinstance(row, dict):
            raise DatasetError(f"{where}: must be a JSON object")
        yield where, row


def _read_questions(path: Path) -> dict[str, str]:
    """Question by id, cleaned as a visitor's would be; of one longer than a visitor may ask, its beginning."""
    questions: dict[str, str] = {}
    for where, row in json_lines(path):
        key, text = row.get("_id"), row.get("text")
        if not isinstance(key, str) or not key or not isinstance(text, str):
            raise DatasetError(f"{where}: '_id' and 'text' must be texts, and '_id' not empty")
        if key in questions:
            raise DatasetError(f"{where}: the id {key[:80]!r} stands in another line too")
        try:
            questions[key] = clean_question(text[:MAX_QUESTION_CHARS], "text")
        except QueryError as error:
            raise DatasetError(f"{where}: {error}") from error
    return questions


def _read_qrels(path: Path, queries: dict[str, str]) -> dict[str, dict[str, int]]:
    qrels: dict[str, dict[str, int]] = {}
    for where, line in _lines(path):
        fields = line.split("\t")
        if fields[0] == "query-id":
            continue
        if len(fields) != 3 or not re.fullmatch(r"\s*-?\d{1,9}\s*", fields[2]):
            raise DatasetError(f"{where}: must be query id, passage id and a whole number, separated by tabs")
        if fields[0] not in queries:
            raise DatasetError(f"{where}: no query in queries.jsonl has the id {fields[0][:80]!r}")
        if int(fields[2]) > 0:
            qrels.setdefault(fields[0], {})[fields[1]] = int(fields[2])
    return qrels


def _read_sentences(path: Path) -> dict[str, dict[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    adapter = TypeAdapter(_Sentences)
    for where, row in json_lines(path):
        try:
            labelled = adapter.validate_python(row, strict=True)
        except ValidationError as error:
            name = ".".join(map(str, error.errors()[0]["loc"]))
            raise DatasetError(
                f"{where}: {name}: must be as in {{query_id, passage_id, sentences: [text, ...]}}"
            ) from None
        found.setdefault(labelled["query_id"], {})[labelled["passage_id"]] = tuple(labelled["sentences"])
    return found


def _lines(path: Path) -> Iterator[tuple[str, str]]:
    try:
        lines = path.read_text("utf-8-sig").split("\n")  # not splitlines: JSON may hold U+2028 as it is
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}; a data set has the BEIR layout") from error
    except UnicodeDecodeError as error:
        raise DatasetError(f"{path} is not UTF-8 (byte {error.start:,})") from error
    except ValueError as error:  # a NUL in its name
        raise DatasetError(f"{str(path)!r} cannot be read: {error}") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield f"{path}:{number}", line
