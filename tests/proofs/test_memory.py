"""Whatever visitors ask, a server takes no more memory: all that it remembers is bounded in bytes."""

from __future__ import annotations

import gc
import random
import string
from collections.abc import Callable

import psutil
import pytest

from indexer.documents import Passage, PassageKind
from indexer.generation.passage_table import PassageTable
from indexer.model.query_cache import QueryCache
from search_api.searcher import Searcher
from tests.conftest import SmallSite
from tests.proofs.effort import effort

# More than all that may be remembered, and less than a fraction of what was kept of such questions without a bound.
_ALLOWED_BYTES = 60_000_000


def drawn_word(chance: random.Random, letters: int) -> str:
    return "".join(chance.choices(string.ascii_lowercase, k=letters))


def one_long_word(chance: random.Random) -> str:
    return drawn_word(chance, 2_000)


def many_words(chance: random.Random) -> str:
    return " ".join(drawn_word(chance, 24) for _ in range(80))


def an_ordinary_question(chance: random.Random) -> str:
    return f"how do I talk about {drawn_word(chance, 7)} with my {drawn_word(chance, 5)}?"


class OneVector:
    """An encoder whose every vector is the same, at once: what is measured is what surrounds it."""

    def __init__(self, site: SmallSite) -> None:
        inner = site.encoder
        self.name, self.fingerprint, self.dim, self.max_tokens = inner.name, inner.fingerprint, inner.dim, 40
        self._vector = inner.encode_query(["words"])
        self.encode_documents, self.count_tokens = inner.encode_documents, inner.count_tokens

    def encode_query(self, texts: object) -> object:
        return self._vector.repeat(len(texts), axis=0)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ask", "times"),
    [(one_long_word, effort(900, 6_000)), (many_words, effort(1_250, 12_500)),
     (an_ordinary_question, effort(3_000, 60_000))],
)  # fmt: skip
def test_memory_stays_level(site: SmallSite, ask: Callable[[random.Random], str], times: int) -> None:
    site.write("a.md", "# Trust\n\nTalk about it.\n\n## Can I go alone?\n\nYes. It helps.\n")
    site.build()
    encoder = QueryCache(OneVector(site))  # type: ignore[arg-type]
    searcher, chance = Searcher(site.store.load(), encoder), random.Random(7)
    process = psutil.Process()
    for _ in range(20):
        searcher.search(ask(chance))
    gc.collect()
    before = process.memory_info().rss
    for _ in range(times):
        searcher.search(ask(chance))
    gc.collect()
    after = process.memory_info().rss
    print(f"{times:,} times {ask.__name__}: {before / 1e6:,.0f} -> {after / 1e6:,.0f} MB")
    assert after - before < _ALLOWED_BYTES


def test_passages_that_are_kept_are_bounded_in_bytes(site: SmallSite) -> None:
    path = site.content / "passages.sqlite"
    long = [
        Passage(
            passage_id=f"a/{number}",
            kind=PassageKind.FAQ,
            document_id="a",
            document_title="A",
            question="Why?",
            text=f"{number} " + 100_000 * "x",
            tags=("all", f"tag {number}"),
        )
        for number in range(20)
    ]
    PassageTable.write(path, long)
    table = PassageTable.open(path, kept_bytes=1_000_000)
    for _ in range(3):
        for number in range(20):
            assert table.get([number]) == [long[number]]
    assert sum(len(passage.text) for passage in table._passages.values()) <= 400_000
    for number in range(200):
        assert len(table.numbers(tag=f"made up {number}")) == 0
    assert table.numbers(tag="all").tolist() == list(range(20))
    assert list(table._filters) == [("all", None)]


def test_what_answers_are_filtered_by_is_bounded_in_bytes(site: SmallSite) -> None:
    path = site.content / "passages.sqlite"
    PassageTable.write(
        path,
        [
            Passage(
                passage_id=f"a/{number}", kind=PassageKind.PARAGRAPH, document_id="a", document_title="A", text="x",
                tags=tuple("abcd"),
            )
            for number in range(100)
        ],
    )  # fmt: skip
    table = PassageTable.open(path, kept_bytes=2_000)  # 100 numbers of 8 bytes fit twice
    for tag in "abcdabcd":
        assert table.numbers(tag=tag).tolist() == list(range(100))
        assert len(table._filters) <= 2
