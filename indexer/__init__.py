"""Content to index: reads articles and FAQ lists, embeds them, and keeps the index on disk."""

from indexer.build import BuildReport, build_index
from indexer.corpus import Corpus, read_corpus
from indexer.documents import Document, FaqEntry, Paragraph, Passage, PassageKind
from indexer.encoder import Encoder, load_encoder
from indexer.errors import FaqError
from indexer.generation import Generation
from indexer.index_store import IndexStore
from indexer.labelled import LabelledQuestions

__all__ = [
    "BuildReport",
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
    "build_index",
    "load_encoder",
    "read_corpus",
]
