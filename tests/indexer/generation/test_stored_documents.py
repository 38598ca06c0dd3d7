"""Documents on disk: all that a reader made of a file comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.content.corpus import read_corpus
from indexer.errors import IndexDamagedError
from indexer.generation.stored_documents import read_documents, write_documents
from tests.conftest import ROOT, SAMPLE


@pytest.mark.parametrize("folder", [SAMPLE, ROOT / "corpus" / "articles"], ids=lambda folder: folder.name)
def test_documents_come_back_as_they_were(tmp_path: Path, folder: Path) -> None:
    documents = read_corpus(folder).by_key()
    write_documents(tmp_path / "documents.json", documents)
    assert read_documents(tmp_path / "documents.json") == documents
    assert len(documents) > 1


@pytest.mark.parametrize("content", [b"", b"[]", b'{"a": {"path": "a"}}', b"\xff"])
def test_a_file_that_holds_none_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "documents.json"
    path.write_bytes(content)
    with pytest.raises(IndexDamagedError, match=r"documents\.json"):
        read_documents(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(IndexDamagedError, match="No such file"):
        read_documents(tmp_path / "documents.json")
