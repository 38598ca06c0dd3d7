"""A file of a generation, written wrongly with the hashes made right again, and what becomes of it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.errors import IndexDamagedError, ModelMismatchError
from indexer.files import hash_files
from indexer.generation.layout import Layout
from indexer.generation.manifest import Manifest
from search_api.searcher import Searcher
from tests.conftest import SmallSite

QUESTIONS = ("What does it cost?", "may I come alone", "parking behind the house", "zebra", "sixty pounds")
RUBBISH = (
    b"", b"\n", b"\0", b"null", b"[]", b"{}", b"7", b'"x"', b"NaN", b"\xff\xfe{}", b'{"a":', b"9" * 5_000,
    b"[" * 10_000 + b"]" * 10_000, b'{"a":' * 10_000, b'"\\ud800"', b"PK\x03\x04", b"\x93NUMPY\x01\x00v\x00{}",
    b"\x93NUMPY\x01\x00\x46\x00{'descr': '<i2', 'fortran_order': False, 'shape': (4000000000, 4000000000)}\n",
    b"\x80\x04K\x01.", b"SQLite format 3\0" + bytes(200), b"IwFl" + bytes(60),
)  # fmt: skip


def answers(site: SmallSite) -> list[object]:
    searcher = Searcher.open(site.index, encoder=site.encoder)
    return [replace(searcher.search(question, 10), processing_time_ms=0) for question in QUESTIONS]


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
