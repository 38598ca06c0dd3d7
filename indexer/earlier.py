"""What an earlier build left that the next one may start from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from indexer.code_fingerprint import code_fingerprint
from indexer.documents import Document
from indexer.errors import IndexDamagedError, IndexStoreError
from indexer.generation.generation import Generation
from indexer.store.index_store import IndexStore, Sound


@dataclass(frozen=True, slots=True)
class Earlier:
    """The published generation, as far as a build can use it.

    Attributes:
        sound: what is published, or stands in for it; None for nothing that is sound.
        documents: its documents by key; none where they are damaged, and then `sound` has that as its problem.
        reusable: the generation, if what was read and cut for it is what this code would read and cut.
    """

    sound: Sound | None
    documents: Mapping[str, Document]
    reusable: Generation | None

    def reusable_with(self, fingerprint: str) -> Generation | None:
        """The generation, if its embeddings are of this model, too."""
        return self.reusable if self.reusable and self.reusable.manifest.fingerprint == fingerprint else None

    @classmethod
    def of(cls, store: IndexStore, *, full: bool = False) -> Self:
        """Look at what is published; for a full build nothing of it is reusable."""
        try:
            sound = store.load_sound()
        except IndexStoreError:  # none yet, or none that is sound: build from nothing
            return cls(None, {}, None)
        generation = sound.generation
        same = not full and generation.manifest.code_fingerprint == code_fingerprint()
        reusable = generation if same else None
        try:
            return cls(sound, generation.documents(), reusable)
        except IndexDamagedError as error:
            return cls(Sound(generation, str(error)), {}, reusable)
