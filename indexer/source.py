"""Content as it was read, and the passages it is cut into."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from indexer.content.corpus import Corpus, read_corpus
from indexer.content.languages import language_of, usual_language
from indexer.content.passages import Splitter, passages_of
from indexer.documents import Document, Passage
from indexer.errors import ContentError


@dataclass(frozen=True, slots=True)
class Source:
    """Where passages come from.

    Attributes:
        content: a folder or one file.
        corpus: as it was read.
        known: documents by key that an earlier build had read from the very same files.
    """

    content: Path
    corpus: Corpus
    known: Mapping[str, Document]

    @classmethod
    def read(cls, content: Path, known: Mapping[str, Document], earlier: Mapping[str, Document], index: Path) -> Self:
        """Read all files but those that are known.

        Args:
            content: a folder or one file.
            known: documents by key that need not be read again.
            earlier: documents by key that stand for files that cannot be read now.
            index: the index folder, which is no content.

        Raises:
            ContentError: there is nothing that can be read.
        """
        corpus = read_corpus(content, known, earlier=earlier, index=index)
        if not corpus.documents:
            reasons = "; ".join(str(error) for error in corpus.skipped[:3])
            raise ContentError(str(content), f"nothing to index here{': ' + reasons if reasons else ''}")
        return cls(content, corpus, known)

    @property
    def stale(self) -> tuple[str, ...]:
        """Paths of the documents that are those of an earlier build, as their files cannot be read now; sorted."""
        return self.corpus.stale_paths

    def passages(self, splitter: Splitter, earlier: Sequence[Passage]) -> list[Passage]:
        """Cut the documents; the passages of known ones are taken from the earlier ones.

        Raises:
            ContentError: there is no passage in any of them.
        """
        documents = self.corpus.documents
        usual = usual_language(documents)
        old: dict[str, list[Passage]] = defaultdict(list)
        for passage in earlier:
            old[passage.document_id].append(passage)
        passages = []
        for document in documents:
            lang = language_of(document, usual)
            here = old[document.document_id] if self.corpus.keys[document.path] in self.known else []
            passages += here if here and here[0].lang == lang else passages_of(document, splitter, lang)
        if not passages:
            raise ContentError(str(self.content), "there is no paragraph and no FAQ entry in it to index")
        return passages
