"""Texts to embeddings: the `Encoder` protocol, and which of its implementations an exported model needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from indexer.arrays import FloatArray
from indexer.errors import ModelError, naming
from indexer.model.card import ADVICE, CARD, EncoderCard, Runtime
from indexer.model.onnx_encoder import OnnxEncoder
from indexer.model.torch_encoder import TorchEncoder


@runtime_checkable
class Encoder(Protocol):
    """Anything that turns texts into unit vectors.

    Attributes:
        name: the model's name as the user gave it.
        fingerprint: changes whenever the embeddings may change.
        dim: length of an embedding.
        max_tokens: the window; a longer text would be cut off.
    """

    name: str
    fingerprint: str
    dim: int
    max_tokens: int

    def encode_query(self, texts: Sequence[str]) -> FloatArray:
        """Embed questions, with the model's query prompt; shape (n, dim), float32, unit length."""
        ...

    def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> FloatArray:
        """Embed content, with the model's document prompt; shape (n, dim), float32, unit length.

        Args:
            texts: in any order; the rows of the result follow it.
            progress: called with the number of texts finished since the last call.
        """
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """How much of the window each text takes as a document, special tokens and prompt included."""
        ...


def load_encoder(folder: Path, *, threads: int | None = None) -> Encoder:
    """Load an exported model, every file verified by its hash first.

    Args:
        folder: of the exported model.
        threads: how many embed where there are many texts; default one for each core.

    Raises:
        ModelError: missing, damaged, or of an unknown format.
    """
    card = EncoderCard.read(folder)
    with naming(folder, ModelError, ADVICE):
        encoder: Encoder
        if card.runtime is Runtime.TORCH:
            encoder = TorchEncoder(folder, card)
        else:
            try:
                encoder = OnnxEncoder(folder, card, threads)
            except ImportError as error:
                raise ModelError(f"onnxruntime and tokenizers are needed to serve: {error}") from error
        # Files that match their hashes may have been written wrongly.
        trial = encoder.encode_query(["?"])
        if trial.shape != (1, card.dim) or not np.isfinite(trial).all():
            raise ValueError(
                f"it gives {trial.shape[-1]} numbers where {CARD} says {card.dim}, or such as are infinite"
            )
    return encoder
