"""A small article, and an encoder that writes down what it embeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from indexer.arrays import FloatArray
from tests.conftest import HashedWordsEncoder, SmallSite

ARTICLE = """---
lang: en
---

# Calm talks

## Asking

Ask when both are rested. Say what you miss.

## FAQ

### Can I go alone?

Yes, many do. It helps both.

### What does it cost?

Sixty pounds. Students pay half.
"""


class CountingEncoder(HashedWordsEncoder):
    """Remembers every text it was given."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> FloatArray:
        self.texts += texts
        return super().encode_documents(texts, progress)


@pytest.fixture
def encoder() -> CountingEncoder:
    return CountingEncoder()


@pytest.fixture
def built(site: SmallSite, encoder: CountingEncoder) -> SmallSite:
    """`ARTICLE`, indexed; the encoder has forgotten its texts."""
    site.encoder = encoder
    site.write("calm-talks.md", ARTICLE)
    site.build()
    encoder.texts.clear()
    return site
