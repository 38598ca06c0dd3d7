"""Content to index: reads articles and FAQ lists, embeds them, and keeps the index on disk."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from indexer.build import build_index
    from indexer.content.corpus import Corpus, read_corpus
    from indexer.documents import Document, FaqEntry, Paragraph, Passage, PassageKind
    from indexer.errors import FaqError, QueryError
    from indexer.generation.confidence import Confidence
    from indexer.generation.generation import Generation
    from indexer.labelled import LabelledQuestions
    from indexer.model.encoder import Encoder, load_encoder
    from indexer.report import BuildReport
    from indexer.settings import Settings
    from indexer.store.index_store import IndexStore

__all__ = [
    "BuildReport",
    "Confidence",
    "Corpus",
    "Document",
    "Encoder",
    "FaqEntry",
    "FaqError",
    "Generation",
    "IndexStore",
    "LabelledQuestions",
    "Paragraph",
    "Passage",
    "PassageKind",
    "QueryError",
    "Settings",
    "build_index",
    "load_encoder",
    "read_corpus",
]

# Each name is imported when it is first used: a program that only searches need not load what builds.
_HOMES = {
    "BuildReport": "indexer.report",
    "build_index": "indexer.build",
    "Confidence": "indexer.generation.confidence",
    "Corpus": "indexer.content.corpus",
    "read_corpus": "indexer.content.corpus",
    "Document": "indexer.documents",
    "FaqEntry": "indexer.documents",
    "Paragraph": "indexer.documents",
    "Passage": "indexer.documents",
    "PassageKind": "indexer.documents",
    "Encoder": "indexer.model.encoder",
    "load_encoder": "indexer.model.encoder",
    "FaqError": "indexer.errors",
    "QueryError": "indexer.errors",
    "Generation": "indexer.generation.generation",
    "IndexStore": "indexer.store.index_store",
    "LabelledQuestions": "indexer.labelled",
    "Settings": "indexer.settings",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
