"""What is known of a model once it is exported, and the names of its files."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from indexer.errors import ModelError, naming
from indexer.files import read_signed, sha256_file
from indexer.schema import Count, Sha256, checked_fields, format_of

CARD, TOKENIZER, TORCH_FOLDER = "encoder.json", "tokenizer.json", "sentence-transformers"
_CARD_FORMAT = 3
_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}
ADVICE: Final = "run `faq index` again"


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
    dim: Annotated[Count, Field(ge=1)]
    max_tokens: Annotated[Count, Field(ge=1)]
    query_prompt: str
    document_prompt: str
    document_graph: str = ""
    query_graph: str = ""
    inputs: tuple[str, ...] = ()
    sha256: dict[str, Sha256] = field(default_factory=dict)
    format: int = _CARD_FORMAT

    @classmethod
    def read(cls, folder: Path) -> EncoderCard:
        """Read an exported model's card and check every file's hash before anything parses it.

        Raises:
            ModelError: a file is missing, differs from its hash, or the card is of another format.
        """
        with naming(folder / CARD, ModelError, ADVICE):
            content = read_signed(folder / CARD)
            if (found := format_of(content)) != _CARD_FORMAT:
                age = "a newer" if found > _CARD_FORMAT else "an older"
                raise ModelError(
                    f"{folder / CARD} is of {age} version: it has format {found}, this version reads {_CARD_FORMAT}; "
                    "run `faq index` again"
                )
            card = cls(**checked_fields(cls, content))
            if not {*card.inputs} <= _INPUTS:
                raise ValueError(f"inputs: only {', '.join(sorted(_INPUTS))} are known")
            graphs = {card.document_graph, card.query_graph} if card.runtime is Runtime.ONNX else set()
            for name in (*card.sha256, *graphs - {*card.sha256}):
                if name not in card.sha256 or os.path.isabs(name) or os.path.normpath(name).split(os.sep)[0] == "..":
                    raise ValueError(f"{ascii(name)[:80]} is no file of this model")
        for name, expected in card.sha256.items():
            check_hash(folder / name, expected)
        return card


def check_hash(path: Path, expected: str) -> None:
    """Compare a model file with its SHA-256.

    Raises:
        ModelError: it is missing, or differs.
    """
    with naming(path, ModelError, "install or export it again"):
        actual = sha256_file(path)
    if actual != expected:
        raise ModelError(
            f"model file {path} is damaged: SHA-256 {actual[:12]}… where {expected[:12]}… belongs; "
            "install or export it again"
        )
