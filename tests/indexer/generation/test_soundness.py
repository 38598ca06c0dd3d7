"""What hashes cannot tell about a generation is checked before it is published."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from indexer.arrays import ByteArray, FloatArray, IntArray
from indexer.errors import IndexDamagedError
from indexer.generation.generation import Generation
from indexer.generation.soundness import check_sound
from indexer.vectors.nearest import ExactNeighbours
from indexer.vectors.rounding import to_shorts
from indexer.vectors.stored_rows import StoredRows, StoredSentences
from tests.conftest import HashedWordsEncoder, SmallSite

FAQ = "question,answer\nWhat does it cost?,Sixty pounds. Students pay half.\nCan I park?,Behind the house.\n"


@pytest.fixture
def sound(site: SmallSite) -> Generation:
    site.write("fees.csv", FAQ)
    site.build()
    return site.store.load()


def with_vectors(generation: Generation, change: Callable[[FloatArray], None]) -> Generation:
    values = generation.vectors.vectors(slice(None)).copy()
    change(values)
    return replace(generation, vectors=StoredRows(to_shorts(values)))


def with_sentences(generation: Generation, rounded: ByteArray) -> Generation:
    return replace(generation, sentences=StoredSentences(rounded))


def set_row(row: int, value: float) -> Callable[[FloatArray], None]:
    def change(values: FloatArray) -> None:
        values[row] = value

    return change


def swapped_index(generation: Generation) -> Generation:
    """An index that answers with other rows than it holds, as after a wrong read."""
    index = ExactNeighbours(generation.vectors)
    honest = index.search_many

    def search_many(queries: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        found, cosines = honest(queries, k)
        return (found + 1) % len(generation.vectors), cosines

    index.search_many = search_many  # type: ignore[method-assign]
    return replace(generation, nearest=index)


def test_what_a_build_makes_is_sound(sound: Generation) -> None:
    assert sound.manifest.passages == 2
    check_sound(sound)


def test_entries_that_ask_the_same_find_one_another(site: SmallSite) -> None:
    site.write("a.csv", FAQ)
    site.write("b.csv", FAQ)
    site.build()
    check_sound(site.store.load())


SPOILED: dict[str, tuple[Callable[[Generation], Generation], str]] = {
    "passages": (lambda g: replace(g, manifest=replace(g.manifest, passages=3)), "2 passages where 3 belong"),
    "documents": (lambda g: replace(g, manifest=replace(g.manifest, documents=2)), "1 documents where 2 belong"),
    "vectors": (lambda g: replace(g, manifest=replace(g.manifest, vectors=7)), "6 vectors where 7 belong, 6 rows"),
    "dimensions": (lambda g: replace(g, manifest=replace(g.manifest, dim=65)), "64 dimensions where 65 belong"),
    "sentences": (
        lambda g: replace(g, sentences=StoredSentences(g.sentences.rounded[1:])),
        "1 sentences where 2 belong",
    ),
    "order": (lambda g: replace(g, rows=g.rows[::-1]), "not in the order of its passages"),
    "a passage without a vector": (lambda g: replace(g, rows=g.rows[[0, 0, 0, 0, 0, 0]]), "one has no vector"),
    "not finite": (lambda g: with_vectors(g, set_row(2, np.nan)), r"vector 2 has length 0\.0000 instead of 1"),
    "zero": (lambda g: with_vectors(g, set_row(5, 0.0)), r"vector 5 has length 0\.0000 instead of 1"),
    "a sentence of nothing": (
        lambda g: replace(g, sentences=StoredSentences(g.sentences.rounded * np.int8(0))),
        "sentence vector 0",
    ),
    "an index that answers wrongly": (swapped_index, r"fees/what-does-it-cost is not found by its own question"),
}


@pytest.mark.parametrize(("spoil", "said"), SPOILED.values(), ids=SPOILED)
def test_what_is_not_sound_is_named(sound: Generation, spoil: Callable[[Generation], Generation], said: str) -> None:
    with pytest.raises(IndexDamagedError, match=rf"generation 000001 is not published: .*{said}"):
        check_sound(spoil(sound))


class Halved(HashedWordsEncoder):
    """Forgets to make its vectors unit vectors."""

    def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> FloatArray:
        return super().encode_documents(texts, progress) / np.float32(2)


def test_an_unsound_build_is_not_published(site: SmallSite) -> None:
    site.publish("first words")
    spoiled = Halved()
    spoiled.fingerprint = "1" * 64
    with pytest.raises(IndexDamagedError, match=r"vector 0 has length 0\.5000"):
        site.build(spoiled)
    assert site.store.generations() == ["000001"]
    assert site.store.current() == "000001"


def test_a_build_whose_entries_are_not_found_is_not_published(site: SmallSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site.publish("first words")
    site.write("fees.csv", FAQ)
    honest = ExactNeighbours.search_many

    def search_many(self: ExactNeighbours, queries: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        found, cosines = honest(self, queries, k)
        return 0 * found, cosines  # always the first row

    monkeypatch.setattr(ExactNeighbours, "search_many", search_many)
    with pytest.raises(IndexDamagedError, match="is not found by its own question"):
        site.build()
    assert (site.store.generations(), site.store.current()) == (["000001"], "000001")


def test_of_unchanged_entries_a_sample_is_looked_for_and_of_others_each(site: SmallSite) -> None:
    site.write("a.csv", "question,answer\n" + "".join(f"What of w{n}?,It is v{n}.\n" for n in range(9)))
    site.build()
    generation = site.store.load()
    asked: list[int] = []
    counting = ExactNeighbours(generation.vectors)
    honest = counting.search_many

    def search_many(queries: FloatArray, k: int) -> tuple[IntArray, FloatArray]:
        asked.append(len(queries))
        return honest(queries, k)

    counting.search_many = search_many  # type: ignore[method-assign]
    generation = replace(generation, nearest=counting)
    check_sound(generation, sampled=2)
    unchanged = np.ones(9, dtype=np.bool_)
    check_sound(generation, unchanged, sampled=2)
    unchanged[4:] = False
    check_sound(generation, unchanged, sampled=2)
    assert asked == [9, 2, 7]
