"""Every kind of file made to hurt a reader is read, or refused by name, within seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.indexer.content.hostile import GENERATORS
from tests.indexer.content.hostile.process import MEGABYTE, ReadingProcess

_SIZE = 20_000
# Of CPU; the slowest takes 3 s on a quiet machine, and what grows with the square of the size takes minutes.
_SECONDS = 20


@pytest.fixture(scope="module")
def process() -> Iterator[ReadingProcess]:
    with ReadingProcess(seconds=2 * _SECONDS) as process:
        yield process


@pytest.mark.parametrize("name", GENERATORS)
def test_a_hostile_file_is_read_or_refused_within_seconds(process: ReadingProcess, name: str) -> None:
    path, raw = GENERATORS[name](_SIZE)
    outcome = process.read(path, raw)

    assert outcome.failed == ""
    assert outcome.seconds < _SECONDS


@pytest.mark.parametrize("name", GENERATORS)
def test_a_generator_makes_about_the_size_it_is_asked_for(name: str) -> None:
    assert _SIZE / 4 < len(GENERATORS[name](_SIZE)[1]) < 4 * _SIZE < MEGABYTE
