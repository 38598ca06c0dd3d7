"""Files written wrongly, their hashes made right again: refused by name or answered from, never another error."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from indexer.errors import IndexDamagedError, ModelMismatchError
from indexer.files import hash_files, read_signed, sign
from indexer.generation.layout import Layout
from indexer.generation.manifest import Manifest
from search_api.searcher import Searcher
from tests.conftest import HashedWordsEncoder, SmallSite
from tests.proofs.effort import effort

QUESTIONS = ("What does it cost?", "may I come alone", "parking behind the house", "zebra", "sixty pounds")
# Of many fields or elements only these are changed, unless this is a full proof.
_SOME = effort(2, 1_000)
DELETED, HUGE = object(), "a number of 5,000 digits"
WRONG: tuple[Any, ...] = (
    DELETED, None, "x", "", -1, 2**40, HUGE, 0.5, float("nan"), float("inf"), True, [], {}, ["x"], {"x": 1},
    [[[]]],
)  # fmt: skip


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> SmallSite:
    site = SmallSite(tmp_path_factory.mktemp("wrong"), HashedWordsEncoder())
    site.write(
        "a.csv",
        "question,answer,alternates,tags\nWhat does it cost?,Sixty pounds. Students pay half.,The price?,fees\n",
    )
    site.write(
        "b.md",
        "---\ntags: [couples]\n---\n\n# Alone\n\nYou may come alone. Many do so.\n\n## Parking\n\nBehind the house.\n",
    )
    site.write("faq.toml", "[verdict]\nhigh = 0.9\npartial = 0.1\n")
    site.build()
    return site


@pytest.fixture
def site(built: SmallSite, tmp_path: Path) -> SmallSite:
    site = SmallSite(tmp_path / "site", built.encoder)
    shutil.copytree(built.index, site.index)
    return site


def answers(site: SmallSite) -> list[object]:
    searcher = Searcher.open(site.index, encoder=site.encoder)
    return [replace(searcher.search(question, 10), processing_time_ms=0) for question in QUESTIONS]


@pytest.fixture(scope="module")
def right(built: SmallSite) -> list[object]:
    return answers(built)


class Written:
    """One file of a generation, to be written wrongly again and again."""

    def __init__(self, site: SmallSite, name: str, right: list[object]) -> None:
        self.site, self.name, self.right = site, name, right
        self.folder = site.index / "generations" / "000001"
        self.path = self.folder / name
        self.content = self.path.read_bytes()
        self.outcomes = {"refused": 0, "served": 0}

    def try_it(self, content: bytes | Callable[[Path], object], why: object) -> str:
        """Write the file wrongly, make the hashes right and open it: "refused" by name, or "served" as ever."""
        manifest = Layout(self.folder).manifest
        sealed = manifest.read_bytes()
        if callable(content):
            content(self.path)
        else:
            self.path.write_bytes(content)
        if self.path != manifest:
            found = {name: value for name, value in hash_files(self.folder).items() if name != manifest.name}
            manifest.write_bytes(replace(Manifest.read(manifest), files=found).to_bytes())
        try:
            problem = self.site.store.problem("000001")
            if problem is None:
                # What is well-formed may be another value, which nothing tells.
                with suppress(ModelMismatchError):  # the manifest names another model
                    assert len(answers(self.site)) == len(self.right), why
                outcome = "served"
            else:
                assert self.name in str(problem), (why, str(problem))
                assert "\n" not in str(problem)
                with pytest.raises(IndexDamagedError):
                    self.site.store.load(), self.site.store.load().documents()
                outcome = "refused"
        finally:
            self.path.write_bytes(self.content)
            manifest.write_bytes(sealed)
        self.outcomes[outcome] += 1
        return outcome


def some(values: list[Any]) -> list[Any]:
    return values if len(values) <= 2 * _SOME else [*values[:_SOME], *values[-_SOME:]]


def places(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The way to every field and element, outermost first."""
    children = (
        list(value.items()) if isinstance(value, dict) else list(enumerate(value)) if isinstance(value, list) else []
    )
    for key, child in children if len(children) <= 15 and at in ((), ("files",)) else some(children):
        yield (*at, key)
        yield from places(child, (*at, key))


def changed(value: Any, place: tuple[str | int, ...], to: Any) -> Any:
    whole = json.loads(json.dumps(value))
    inner = whole
    for key in place[:-1]:
        inner = inner[key]
    if to is DELETED:
        del inner[place[-1]]
    else:
        inner[place[-1]] = to
    return whole


def with_more(value: Any) -> Any:
    """The same with one unknown field in the outermost object."""
    return {**value, "added by a later version": [{"x": 1.5}]} if isinstance(value, dict) else value


def dumped(value: Any, *, signed: bool) -> bytes:
    text = json.dumps(value).replace(json.dumps(HUGE), "9" * 5_000)
    return sign(text) if signed else text.encode()


JSON_FILES = (
    "manifest.json", "confidence.json", "settings.json", "documents.json", "lexicon/lexicon.json",
    "lexicon/terms/vocabulary.json", "lexicon/grams/vocabulary.json",
)  # fmt: skip
# Where a field may be anything that is of its type, or may be missing.
FREE: dict[str, set[str] | None] = {
    "manifest.json": {"published_at", "model", "content_hash", "code_fingerprint", "recall", "fingerprint", "stale"},
    "confidence.json": {"slope", "intercept", "questions"},
    "settings.json": {"high", "partial"},
    "documents.json": None,
    "lexicon/lexicon.json": {"stop_words", "counts"},
    "lexicon/terms/vocabulary.json": None,
    "lexicon/grams/vocabulary.json": None,
}


@pytest.mark.parametrize("name", JSON_FILES)
def test_every_field_of_json_files(site: SmallSite, right: list[object], name: str) -> None:
    written = Written(site, name, right)
    signed = name == "manifest.json"
    value = json.loads(read_signed(written.path) if signed else written.content)
    for place in places(value):
        for wrong in WRONG:
            outcome = written.try_it(dumped(changed(value, place, wrong), signed=signed), (place, wrong))
            free = FREE[name]
            if len(place) == 1 and free is not None and place[0] not in free:
                assert outcome == "refused", (place, wrong)
    print(name, written.outcomes)
    assert written.outcomes["refused"] > 10


@pytest.mark.parametrize("name", ["manifest.json", "confidence.json", "settings.json", "lexicon/lexicon.json"])
def test_a_field_that_this_version_does_not_know_is_ignored(site: SmallSite, right: list[object], name: str) -> None:
    written = Written(site, name, right)
    signed = name == "manifest.json"
    value = json.loads(read_signed(written.path) if signed else written.content)
    seen = []

    def write(path: Path) -> None:
        path.write_bytes(dumped(with_more(value), signed=signed))
        seen.append(path.read_bytes() != written.content)

    assert written.try_it(write, "more") == "served"
    assert seen == [True]
    write(written.path)
    if not signed:
        manifest = Layout(written.folder).manifest
        found = {name: value for name, value in hash_files(written.folder).items() if name != manifest.name}
        manifest.write_bytes(replace(Manifest.read(manifest), files=found).to_bytes())
    assert answers(site) == right


RUBBISH = (
    b"", b"\n", b"\0", b"null", b"[]", b"{}", b"7", b'"x"', b"NaN", b"\xff\xfe{}", b'{"a":', b"9" * 5_000,
    b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 10_000, b'"\\ud800"', b"PK\x03\x04", b"\x93NUMPY\x01\x00v\x00{}",
    b"\x93NUMPY\x01\x00\x46\x00{'descr': '<i2', 'fortran_order': False, 'shape': (4000000000, 4000000000)}\n",
    b"\x80\x04K\x01.", b"SQLite format 3\0" + bytes(200), b"IwFl" + bytes(60),
)  # fmt: skip


def test_every_file_replaced_by_rubbish(site: SmallSite, right: list[object]) -> None:
    folder = site.index / "generations" / "000001"
    for name in hash_files(folder):
        written = Written(site, name, right)
        for content in RUBBISH:
            outcome = written.try_it(content, (name, content[:20]))
            # What a site sets, and what is read of files, may be nothing.
            assert outcome == "refused" or (name, content) in {("settings.json", b"{}"), ("documents.json", b"{}")}
        for length in (len(written.content) // 2, len(written.content) - 1):
            assert written.try_it(written.content[:length], (name, length)) == "refused"


def rewritten(change: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        array = np.load(path).copy()
        np.save(path, change(array))

    return write


def filled(value: float) -> Callable[[npt.NDArray[Any]], npt.NDArray[Any]]:
    def fill(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        for name in array.dtype.names or ():
            if name != "text":
                array[name] = np.array(value).astype(array.dtype[name])
        if array.dtype.names is None:
            array[...] = np.array(value).astype(array.dtype)
        return array

    return fill


ARRAYS: dict[str, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {
    "a row less": lambda array: array[:-1],
    "a row more": lambda array: np.concatenate((array, array[-1:])),
    "nothing": lambda array: array[:0],
    "flat": lambda array: array.reshape(-1) if array.ndim > 1 else array.reshape(1, -1),
    "another byte order": lambda array: array.astype(array.dtype.newbyteorder(">")),
    "text": lambda array: np.full(array.shape, "x"),
}  # fmt: skip
VALUES: dict[str, Callable[[npt.NDArray[Any]], npt.NDArray[Any]]] = {
    "all below 0": filled(-1), "all huge": filled(2**30), "not a number": filled(np.nan), "infinite": filled(np.inf),
    "falling": lambda array: array[::-1],
}  # fmt: skip
# Which of these values still make files of the right kind: they are numbers like others there.
WELL_FORMED = {
    "adaptation.npy": {"all below 0", "all huge", "falling"},
    "vectors.npy": {"falling"},
    "sentences.npy": {"falling", "all below 0"},
    "own_question_top_1.npy": {"all below 0", "falling"},
    "lexicon/terms/idf.npy": {"all huge", "falling"},
    "lexicon/grams/idf.npy": {"all huge", "falling"},
    "lexicon/terms/norms.npy": {"all huge", "falling"},
    "lexicon/grams/norms.npy": {"all huge", "falling"},
    "lexicon/terms/counts.npy": {"falling", "all below 0"},
    "lexicon/grams/counts.npy": {"falling", "all below 0"},
}


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_every_array_of_another_kind_or_with_wrong_numbers(site: SmallSite, right: list[object]) -> None:
    folder = site.index / "generations" / "000001"
    names = [name for name in hash_files(folder) if name.endswith(".npy")]
    assert len(names) == 16
    for name in names:
        written = Written(site, name, right)
        for how, change in (ARRAYS | VALUES).items():
            byte = how == "another byte order" and np.load(written.path).dtype.itemsize == 1
            same = change(np.load(written.path).copy()).tobytes() == np.load(written.path).tobytes()
            outcome = written.try_it(rewritten(change), (name, how))
            assert outcome == "refused" or byte or same or how in WELL_FORMED.get(name, ()), (name, how)


SQL = (
    "UPDATE passages SET fields = '{}' WHERE number = 0",
    "UPDATE passages SET fields = 'x'",
    "UPDATE passages SET fields = x'ff'",
    "UPDATE passages SET fields = CAST(x'ff' AS TEXT)",
    "UPDATE passages SET kind = 'poem'",
    "UPDATE passages SET passage_id = 'other' WHERE number = 1",
    "UPDATE passages SET document_id = 'other' WHERE number = 1",
    "UPDATE passages SET number = 77 WHERE number = 2",
    "UPDATE passages SET number = -1 WHERE number = 0",
    "DELETE FROM passages WHERE number = 0",
    "DELETE FROM passages",
    "DELETE FROM tags",
    "UPDATE tags SET tag = 'other'",
    "INSERT INTO tags VALUES ('fees', 99)",
    "INSERT INTO tags VALUES (x'00', 0)",
    "DROP TABLE tags",
    "DROP TABLE passages",
    "DROP INDEX by_kind",
    "ALTER TABLE passages RENAME COLUMN fields TO content",
    "ALTER TABLE passages RENAME TO old; CREATE VIEW passages AS SELECT * FROM old",
    "ALTER TABLE passages RENAME TO old; CREATE TABLE passages AS SELECT * FROM old",
    "UPDATE passages SET fields = json_set(fields, '$.text', '') WHERE number = 0",
    "UPDATE passages SET fields = json_set(fields, '$.text', 1)",
    "UPDATE passages SET fields = json_set(fields, '$.question', '') WHERE kind = 'faq'",
    "UPDATE passages SET fields = json_set(fields, '$.question', 'Why?') WHERE kind = 'paragraph'",
    "UPDATE passages SET fields = json_set(fields, '$.alternates', json('[]')) WHERE kind = 'faq'",
    "UPDATE passages SET fields = json_set(fields, '$.alternates', json('[1]'))",
    "UPDATE passages SET fields = json_set(fields, '$.lang', 'de')",
    "UPDATE passages SET fields = json_set(fields, '$.tags', json('[\"other\"]'))",
    "UPDATE passages SET fields = json_remove(fields, '$.updated')",
)


@pytest.mark.parametrize("statement", SQL)
def test_passages_written_wrongly(site: SmallSite, right: list[object], statement: str) -> None:
    written = Written(site, "passages.sqlite", right)

    def write(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(statement)
            connection.commit()

    assert written.try_it(write, statement) == "refused" or statement.endswith("'$.updated')")
