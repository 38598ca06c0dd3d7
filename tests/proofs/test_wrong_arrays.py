"""Arrays, passages and ann indexes written wrongly, their hashes made right again; see `test_wrong_files`."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from indexer.build import build_index
from indexer.files import hash_files
from indexer.generation.layout import Layout
from indexer.generation.manifest import Manifest
from indexer.vectors.engines import SearchLimits
from tests.conftest import SmallSite
from tests.proofs.effort import effort
from tests.proofs.written import RUBBISH, Written


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
def test_every_array_of_another_kind_or_with_wrong_numbers(copied: SmallSite, right: list[object]) -> None:
    folder = copied.index / "generations" / "000001"
    names = [name for name in hash_files(folder) if name.endswith(".npy")]
    assert len(names) == 16
    for name in names:
        written = Written(copied, name, right)
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
def test_passages_written_wrongly(copied: SmallSite, right: list[object], statement: str) -> None:
    written = Written(copied, "passages.sqlite", right)

    def write(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(statement)
            connection.commit()

    assert written.try_it(write, statement) == "refused" or statement.endswith("'$.updated')")


def test_what_finds_the_nearest_is_what_the_manifest_says(copied: SmallSite, right: list[object]) -> None:
    manifest = Layout(copied.index / "generations" / "000001").manifest
    written = Written(copied, manifest.name, right)
    for kind in ("2 bit", "clusters of 2 bit", "by heart", ""):
        wrong = replace(Manifest.read(manifest), nearest=kind)
        assert written.try_it(wrong.to_bytes(), kind) == "refused"


def test_an_ann_index_written_wrongly(copied: SmallSite, right: list[object]) -> None:
    limits = SearchLimits(max_exact=1)
    shutil.rmtree(copied.index)
    copied.write("a.md", "# Beds\n\n" + "\n\n".join(f"Bed {n} wants {2 * n} cans of water" for n in range(40)))
    build_index(copied.content, copied.index, encoder=copied.encoder, limits=limits)
    written = Written(copied, "vectors.faiss", right)
    folder = copied.index / "aside"
    other = SmallSite(folder, copied.encoder)
    other.write("a.md", "# Beds\n\n" + "\n\n".join(f"Bed {n} wants water" for n in range(20)))
    build_index(other.content, other.index, encoder=copied.encoder, limits=limits)
    foreign = (other.index / "generations" / "000001" / "vectors.faiss").read_bytes()
    for content in (*RUBBISH, written.content[:-1], written.content[: len(written.content) // 2], foreign):
        assert written.try_it(content, content[:20]) == "refused"
    chance = np.random.default_rng(0)
    for _ in range(effort(50, 2_000)):  # whatever is in it: neither another error nor the end of the process
        altered = bytearray(written.content)
        for place in chance.integers(0, len(altered) if chance.random() < 0.5 else 400, 2):
            altered[place] = chance.choice((0, 255, int(chance.integers(256))))
        written.try_it(bytes(altered), "altered")
    print(written.outcomes)
