"""Passages on disk: everything written comes back, by number, id, document, tag and kind."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.documents import Passage, PassageKind
from indexer.errors import IndexDamagedError
from indexer.generation.passage_table import PassageTable


def passage(number: int, document: str, kind: PassageKind = PassageKind.PARAGRAPH, *tags: str) -> Passage:
    return Passage(
        passage_id=f"{document}/{number}",
        kind=kind,
        document_id=document,
        document_title=document.upper(),
        text=f"text {number}",
        question=f"question {number}?" if kind is PassageKind.FAQ else "",
        tags=tags,
    )


PASSAGES = [
    passage(0, "a", PassageKind.PARAGRAPH, "sleep"),
    passage(1, "a", PassageKind.FAQ, "fees", "sleep"),
    passage(2, "b", PassageKind.FAQ, "fees"),
    passage(3, "b", PassageKind.FAQ),
    passage(4, "c", PassageKind.PARAGRAPH, "age", "sleep"),
]


@pytest.fixture
def table(tmp_path: Path) -> PassageTable:
    PassageTable.write(tmp_path / "passages.sqlite", PASSAGES)
    return PassageTable.open(tmp_path / "passages.sqlite")


@given(
    st.lists(
        st.builds(
            Passage,
            passage_id=st.text(),
            text=st.text(),
            question=st.text(),
            alternates=st.lists(st.text()).map(tuple),
            heading_path=st.lists(st.text()).map(tuple),
            tags=st.sets(st.text()).map(sorted).map(tuple),
        ),
        unique_by=lambda p: p.passage_id,
        max_size=5,
    )
)
def test_any_passages_come_back_as_they_were(passages: list[Passage]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "passages.sqlite"
        PassageTable.write(path, passages)
        assert list(PassageTable.open(path).all()) == passages


def test_passages_come_in_the_order_asked_for(table: PassageTable) -> None:
    assert table.get([3, 0, 3]) == [PASSAGES[3], PASSAGES[0], PASSAGES[3]]
    assert table.get([]) == []


@pytest.mark.parametrize("kept", [0, 2, 9])
@pytest.mark.usefixtures("table")
def test_what_was_read_before_makes_no_difference(tmp_path: Path, kept: int) -> None:
    table = PassageTable.open(tmp_path / "passages.sqlite", kept_passages=kept)
    for numbers in ([0, 1], [1, 2, 3, 1], [4], [0, 4, 1]):
        assert table.get(numbers) == [PASSAGES[number] for number in numbers]


def test_a_number_is_found_by_id(table: PassageTable) -> None:
    assert [table.number_of(p.passage_id) for p in PASSAGES] == [0, 1, 2, 3, 4]
    assert table.number_of("a/9") is None


@pytest.mark.parametrize("hostile", ["' OR 1=1 --", "a/%", "", "\x00"])
def test_an_id_is_never_read_as_sql(table: PassageTable, hostile: str) -> None:
    assert table.number_of(hostile) is None
    assert table.of_document(hostile) == []
    assert table.numbers(tag=hostile).tolist() == []


def test_a_document_has_its_passages_in_reading_order(table: PassageTable) -> None:
    assert table.of_document("b") == PASSAGES[2:4]
    assert table.of_document("nothing") == []


@pytest.mark.parametrize(
    ("tag", "kind", "numbers"),
    [
        (None, None, [0, 1, 2, 3, 4]),
        ("sleep", None, [0, 1, 4]),
        (None, PassageKind.FAQ, [1, 2, 3]),
        ("sleep", PassageKind.FAQ, [1]),
        ("unknown", None, []),
    ],
)
def test_numbers_by_tag_and_kind(
    table: PassageTable, tag: str | None, kind: PassageKind | None, numbers: list[int]
) -> None:
    found = table.numbers(tag=tag, kind=kind)
    assert found.dtype.name == "int64"
    assert found.tolist() == numbers


def test_counts(table: PassageTable) -> None:
    assert len(table) == 5
    assert table.documents() == 3
    assert table.kinds() == {"paragraph": 2, "faq": 3}
    assert list(table.tags().items()) == [("sleep", 3), ("fees", 2), ("age", 1)]


def test_a_kind_that_is_not_there_is_counted_as_zero(tmp_path: Path) -> None:
    PassageTable.write(tmp_path / "p", PASSAGES[:1])
    assert PassageTable.open(tmp_path / "p").kinds() == {"paragraph": 1, "faq": 0}


def test_example_questions_come_from_different_documents(table: PassageTable) -> None:
    assert table.sample_questions(4) == ["question 1?", "question 2?"]
    assert table.sample_questions(1) == ["question 1?"]


def test_threads_may_share_a_table(table: PassageTable) -> None:
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda n: table.get([n % 5, (n + 1) % 5]), range(400)):
            assert {found[0], found[1]} <= set(PASSAGES)


@pytest.mark.parametrize("content", [b"", b"not a database" * 100])
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "p").write_bytes(content)
    with pytest.raises(IndexDamagedError, match="rebuild"):
        PassageTable.open(tmp_path / "p")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexDamagedError, match="nothing"):
        PassageTable.open(tmp_path / "nothing")


def test_a_file_altered_under_it_is_refused(tmp_path: Path, table: PassageTable) -> None:
    path = tmp_path / "passages.sqlite"
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
    with pytest.raises(IndexDamagedError, match="cannot be read"):
        table.of_document("a")
