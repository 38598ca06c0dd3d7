"""An encoder that runs sentence-transformers itself, for models that cannot be exported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from indexer.arrays import FloatArray
from indexer.model.card import TORCH_FOLDER, EncoderCard
from indexer.model.sentence_transformer import load_sentence_transformer


class TorchEncoder:
    """An `Encoder` for models that cannot be exported: sentence-transformers itself.

    Args:
        folder: an exported model whose runtime is torch.
        card: read from that folder.
    """

    def __init__(self, folder: Path, card: EncoderCard) -> None:
        self.name, self.fingerprint, self.dim, self.max_tokens = card.name, card.fingerprint, card.dim, card.max_tokens
        self._document_prompt = card.document_prompt
        self._model = load_sentence_transformer(folder / TORCH_FOLDER)

    def encode_query(self, texts: Sequence[str]) -> FloatArray:
        """See `indexer.model.encoder.Encoder`."""
        vectors = self._model.encode_query(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)

    def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> FloatArray:
        """See `indexer.model.encoder.Encoder`."""
        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        for start in range(0, len(texts), 256):
            part = list(texts[start : start + 256])
            vectors[start : start + len(part)] = self._model.encode_document(
                part, normalize_embeddings=True, show_progress_bar=False
            )
            if progress is not None:
                progress(len(part))
        return vectors

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """See `indexer.model.encoder.Encoder`."""
        tokenizer = self._model.tokenizer
        texts = [self._document_prompt + text for text in texts]
        if not callable(tokenizer):  # of a static model: a bare tokenizer
            return [len(encoding.ids) for encoding in tokenizer.encode_batch(texts)]
        return [len(tokenizer(text, truncation=False, verbose=False)["input_ids"]) for text in texts]
