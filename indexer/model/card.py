"""What is known of a model once it is exported, and the names of its files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from indexer.errors import ModelError
from indexer.files import read_signed, sha256_file

CARD, TOKENIZER, TORCH_FOLDER = "encoder.json", "tokenizer.json", "sentence-transformers"
_CARD_FORMAT = 3


class Runtime(StrEnum):
    """What runs an exported model."""

    ONNX = "onnx"
    TORCH = "torch"


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderCard:
    """What an exported model is; stored beside it as ``encoder.json``.

    Attributes:
        name: the model's name as the user gave it.
        fingerprint: of the files it was exported from.
        runtime: what runs it.
        dim: length of an embedding.
        max_tokens: the model's window, special tokens and prompt included.
        query_prompt, document_prompt: put before every query or document, "" for none.
        document_graph, query_graph: files of the ONNX graphs, which may be one; "" where torch runs the model.
        inputs: names of the graphs' inputs.
        sha256: hash of every file beside this one, by its relative path.
    """

    name: str
    fingerprint: str
    runtime: Runtime
    dim: int
    max_tokens: int
    query_prompt: str
    document_prompt: str
    document_graph: str = ""
    query_graph: str = ""
    inputs: tuple[str, ...] = ()
    sha256: dict[str, str] = field(default_factory=dict)
    format: int = _CARD_FORMAT

    @classmethod
    def read(cls, folder: Path) -> EncoderCard:
        """Read an exported model's card and check every file's hash before anything parses it.

        Raises:
            ModelError: a file is missing, differs from its hash, or the card is of another format.
        """
        try:
            fields = json.loads(read_signed(folder / CARD))
            card = cls(**fields | {"inputs": tuple(fields["inputs"]), "runtime": Runtime(fields["runtime"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ModelError(f"{folder / CARD} cannot be read ({error}); run `faq index` again") from error
        if card.format != _CARD_FORMAT:
            raise ModelError(f"{folder} has format {card.format}, this version reads {_CARD_FORMAT}; index again")
        for name, expected in card.sha256.items():
            check_hash(folder / name, expected)
        return card


def check_hash(path: Path, expected: str) -> None:
    """Compare a model file with its SHA-256.

    Raises:
        ModelError: it is missing, or differs.
    """
    try:
        actual = sha256_file(path)
    except OSError as error:
        raise ModelError(f"model file {path} cannot be read ({error.strerror}); install or export it again") from error
    if actual != expected:
        raise ModelError(
            f"model file {path} is damaged: SHA-256 {actual[:12]}… where {expected[:12]}… belongs; "
            "install or export it again"
        )
