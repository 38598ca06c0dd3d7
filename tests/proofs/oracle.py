"""What a whole index is: everything in a generation tells the same version of the content."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from indexer.errors import IndexMissingError
from indexer.generation.generation import Generation
from indexer.store.index_store import IndexStore
from tests.conftest import HashedWordsEncoder

_VERSION = re.compile(r"version(\d+)")


def version_of(generation: Generation) -> int:
    """The one version of `write_version` that passages, words and vectors tell; anything mixed is an AssertionError."""
    passages = list(generation.passages.all())
    assert len(passages) == generation.manifest.passages == 3
    told = set(_VERSION.findall(" ".join(f"{p.document_title} {p.question} {p.text}" for p in passages)))
    told |= {found[1] for word in generation.lexicon.counts if (found := _VERSION.fullmatch(word))}
    assert len(told) == 1, f"mixed: {sorted(told)}"
    (version,) = map(int, told)
    assert len(generation.rows) == len(generation.vectors) == generation.manifest.vectors
    assert len(generation.sentence_rows) == len(generation.sentences) == generation.manifest.sentences
    if generation.manifest.model == HashedWordsEncoder.name:
        asked = HashedWordsEncoder().encode_query([next(p.question for p in passages if p.question)])[0]
        (nearest,), (cosine,) = generation.nearest.search(asked, 1)
        assert cosine > 0.9999
        assert passages[generation.rows[nearest]["passage"]].question
        assert np.isfinite(generation.vectors.vectors(np.arange(len(generation.vectors)))).all()
    return version


def published(index: Path) -> tuple[str, int] | None:
    """Number and version of what an index folder serves, None before the first publication."""
    try:
        generation = IndexStore(index).load()
    except IndexMissingError:
        return None
    return generation.manifest.generation, version_of(generation)


def leftovers(index: Path) -> list[str]:
    """Whatever lies in an index folder that belongs to none of its generations, its models or its lock."""
    known = {"current", "generations", "models", "lock"}
    odd = [entry.name for entry in index.iterdir() if entry.name not in known]
    odd += [entry.name for entry in (index / "generations").iterdir() if not re.fullmatch(r"\d{6}", entry.name)]
    models = index / "models"
    odd += [e.name for e in (models.iterdir() if models.exists() else ()) if not re.fullmatch("[0-9a-f]{16}", e.name)]
    for number in IndexStore(index).generations():
        Generation.load(index / "generations" / number)  # what is kept is whole
    return odd
