"""Three generations, one word apart, and ways to damage them."""

from __future__ import annotations

import pytest

from indexer.generation.generation import Generation
from tests.conftest import SmallSite


def damage(site: SmallSite, number: str, name: str = "rows.npy") -> None:
    path = site.index / "generations" / number / name
    path.write_bytes(path.read_bytes()[:-1] + b"?")


@pytest.fixture
def three(site: SmallSite) -> SmallSite:
    """Generations 000001 to 000003, each of the words "words of build N"."""
    for number in range(1, 4):
        site.publish(f"words of build {number}")
    return site


def words_of(generation: Generation) -> str:
    return generation.passages.get([0])[0].text
